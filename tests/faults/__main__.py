"""`make faults ARGS="--seed 7 --kills 200"`: one run, its report, and exit status 1 if a promise was broken."""

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.broken import VARIANTS
from tests.faults.every_event import kill_at_every_event
from tests.faults.plan import RunPlan
from tests.faults.prove import MUST_BREAK, prove
from tests.faults.run import run_once

logging.disable(logging.CRITICAL)


def _plan() -> tuple[RunPlan, Path | None] | list[str] | None:
    """What the command line asks for: a run, the proof of broken builds, or (None) a kill at every event."""
    defaults = RunPlan()
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="default: the time")
    parser.add_argument("--kills", type=int, default=defaults.kills)
    parser.add_argument("--shoppers", type=int, default=defaults.shoppers)
    parser.add_argument("--every", type=float, default=defaults.every, help="seconds between kills, on average")
    parser.add_argument("--pace", type=float, default=defaults.pace, help="product seconds in a real one")
    parser.add_argument("--imported", type=int, default=defaults.imported, help="people in a file beside it all")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default=defaults.database)
    parser.add_argument("--broken", choices=sorted(filter(None, VARIANTS)), default="")
    parser.add_argument("--keep", type=Path, help="a new folder that keeps what every process wrote")
    parser.add_argument("--every-event", action="store_true", help="kill the workers whenever one cart's history grows")
    parser.add_argument("--prove", action="store_true", help="run the broken builds, or this one, and see each caught")
    given = vars(parser.parse_args())
    if given.pop("every_event"):
        return None
    if given.pop("prove"):
        return [given["broken"]] if given["broken"] else [*MUST_BREAK]
    keep = given.pop("keep")
    given["seed"] = int(time.time()) if given["seed"] is None else given["seed"]
    return RunPlan(**given), keep


def _every_event() -> int:
    with tempfile.TemporaryDirectory(prefix="segue-faults-") as folder:
        seen, evidence, violations = asyncio.run(kill_at_every_event(Path(folder)))
    sys.stdout.write(f"killed {len(seen)} times, after event {', '.join(seen)}\n")
    sys.stdout.writelines(f"{row['step']:<14} {row['status']}\n" for row in evidence.messages)
    sys.stdout.writelines(f"{found.promise}: {found.customer}: {found.what}\n" for found in violations)
    return 1 if violations else 0


def main() -> int:
    """Run once."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that whoever is told to stop ends its processes, too
    asked = _plan()
    if asked is None:
        return _every_event()
    if isinstance(asked, list):
        return 0 if asyncio.run(prove(asked)) else 1
    plan, keep = asked
    sys.stdout.write(f"seed             {plan.seed}, {plan.kills} kills, {plan.shoppers} shoppers\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(prefix="segue-faults-") as folder:
        if keep is not None:
            keep.mkdir(parents=True)
        report = asyncio.run(run_once(plan, keep or Path(folder)))
    sys.stdout.writelines(f"{line}\n" for line in report.lines())
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
