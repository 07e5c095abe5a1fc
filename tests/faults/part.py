"""One process of the deployment: the product's own, with minutes of waiting turned into seconds, and broken if asked.

Run as `python -m tests.faults.part worker|serve`, or with a command of `segue` and what it takes. A send whose process
died is noticed after five minutes, and a mute mail server after two: too long for a test that kills something every
second. Nothing else differs from production.
"""

import asyncio
import os
import sys
from dataclasses import replace
from datetime import timedelta
from functools import partial

import worker
from mail.smtp import SmtpTransport
from starter.cli import main as segue
from starter.cli.production import serve
from tests.faults.broken import BROKEN, break_build
from workflows.vocabulary import stubs

ANSWER_WITHIN = timedelta(seconds=3)
SEND_WITHIN = timedelta(seconds=30)
"""A conversation with a mute server, and the wait for a line while others have one."""

PAUSE_AT_MOST = timedelta(seconds=20)
"""Between tries of an activity; in production minutes, which an outage of seconds would stretch to days of the run."""


PROCESSES = {"worker": worker.main, "serve": serve}


def hurry() -> None:
    """Shorten what an outage takes to be noticed."""
    stubs.SEND_TIMEOUT = SEND_WITHIN
    stubs.SEND_RETRY = replace(stubs.SEND_RETRY, maximum_interval=PAUSE_AT_MOST)
    stubs.LOCAL_RETRY = replace(stubs.LOCAL_RETRY, maximum_interval=PAUSE_AT_MOST)
    hasty = partial(SmtpTransport, command_timeout=timedelta(seconds=2), answer_timeout=ANSWER_WITHIN)
    vars(worker)["SmtpTransport"] = hasty


def main(part: str) -> None:
    """Run one part until it is stopped."""
    hurry()
    break_build(os.environ.get(BROKEN, ""))
    if part in PROCESSES:
        asyncio.run(PROCESSES[part]())
    else:
        segue()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception as error:
        sys.exit(f"{sys.argv[1]}: {error}")
