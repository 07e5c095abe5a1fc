"""The command line, `segue`. One module per group of commands, each loaded only when it is called."""

import os
import sys
import traceback
from importlib.metadata import version

import cyclopts
from rich.console import Console
from rich.text import Text

from domain.errors import SegueError


def _in_a_line(error: cyclopts.CycloptsError) -> Text:
    """What is wrong with the options, as `main` says what is wrong with anything else."""
    return Text(f"segue: {' '.join(str(error).split())}")


app = cyclopts.App(
    name="segue",
    help="Intent-driven email journeys. `segue up` runs everything on this machine; the other commands talk to it.",
    version=lambda: version("segue"),
    version_flags=["--version"],
    error_console=Console(stderr=True, soft_wrap=True, highlight=False),
    error_formatter=_in_a_line,
    help_format="rich",
)

_COMMANDS = {
    "up": ("up:up", "Run everything on this machine until Ctrl-C."),
    "demo": ("demo:demo", "Play shoppers through all journeys with time sped up, and check what they got."),
    "rehearse": ("rehearse:rehearse", "Play one customer through a journey, and show what would be sent and why."),
    "ingest": ("ingest:ingest", "Report a file of Segment calls (NDJSON, plain or gzip; - for standard input)."),
    "backtest": ("backtest:backtest", "Run a journey over recorded events, and compare two versions; nothing is sent."),
    "enroll": ("enrollments:enroll", "Begin a journey for a customer."),
    "signal": ("enrollments:signal", "Tell a customer's running journeys that something happened."),
    "status": ("enrollments:status", "Show a customer's journeys and intent: where each is, why, what comes next."),
    "customers": ("customers:customers", "List customers by segment, stage or tier of intent, and why they are there."),
    "customer": ("customer:app", "Show, export or erase a customer; let an erased address be written to again."),
    "joins": ("joins:joins", "Tell which ids turned out to be a customer's, and what was moved and ended for it."),
    "cancel": ("enrollments:cancel", "Cancel a customer's running journeys."),
    "pause": ("enrollments:pause", "Hold a customer's running journeys still."),
    "resume": ("enrollments:resume", "Let a customer's paused journeys go on."),
    "skip": ("enrollments:skip", "Pass over what a customer's journeys wait for."),
    "messages": ("listings:messages", "List the ledger: every mail that was or was not sent, and why."),
    "explain": ("explain:explain", "Tell why a customer did, or did not, get each mail."),
    "journeys": ("listings:journeys", "List the deployed journeys."),
    "catalog": ("catalog:app", "Import the shop's products and reviews, and list them."),
    "import": ("imports:app", "Import customers, consents, past events from files; killed, it goes on where it was."),
    "retain": ("retain:retain", "Clear what was kept long enough; --dry-run only counts."),
    "coupons": ("coupons:coupons", "List the coupons that mails gave out, and what came of each."),
    "keys": ("keys:app", "Make, list and revoke the keys that backends and web pages report with."),
    "rearm": ("breakers:rearm", "Let a journey send again that was held back for its bounces or complaints."),
    "sources": ("sources:app", "List the scheduled sources; let one look now, pause or resume it."),
    "check": ("check:check", "Prove what can be proved of journeys before they are launched: every path, every rule."),
    "replay": ("replay:replay", "Tell before a deploy which running enrollments the new code would break."),
    "draw": ("draw:draw", "Print a journey as a picture (Mermaid); --docs writes the catalogue of all."),
    "preview": ("preview:preview", "Render a mail for a sample customer: its subject, its HTML, or its plain text."),
    "send-test": ("preview:send_test", "Send a mail to an address of yours, made for a sample customer or a real one."),
    "serve": ("production:serve", "Run collector and dispatcher (production)."),
    "codec-server": ("production:codec_server", "Decode encrypted payloads for Temporal's UI and command line."),
    "migrate": ("production:migrate", "Bring the database to this version's schema."),
    "register-search-attributes": (
        "production:register",
        "Make Temporal know the search attributes that journeys are listed by.",
    ),
}

for _name, (_where, _help) in _COMMANDS.items():
    app.command(f"starter.cli.{_where}", name=_name, help=_help)


def main() -> None:
    """Run a command. Expected errors are one line on standard error and exit status 2."""
    status = _run()
    # Everything is closed by now but the native threads of Temporal's SDK. One that calls into Python while the
    # interpreter shuts down aborts the process, after the work and before the exit status.
    os._exit(status)


def _run() -> int:
    try:
        try:
            app()
            status = 0
        except SegueError as error:
            print(f"segue: {error}", file=sys.stderr)
            status = 2
        except KeyboardInterrupt:
            status = 130
        except SystemExit as leaving:
            status = _status(leaving)
        except BrokenPipeError:
            raise
        except Exception:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # whoever read our output has had enough (`| head`)
        return 141
    return status


def _status(leaving: SystemExit) -> int:
    """What the interpreter makes of `sys.exit`."""
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    print(leaving.code, file=sys.stderr)
    return 1
