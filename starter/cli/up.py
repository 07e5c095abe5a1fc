"""`segue up`: everything on this machine."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from logs import configure_logs
from metrics.sdk import sdk_address
from settings import Settings, load_settings
from starter.cli.tables import console
from starter.stack import Stack, running_stack


async def up(
    *,
    data: Annotated[Path | None, Parameter(help="Folder for all state (default .segue).")] = None,
    port: Annotated[int | None, Parameter(help="Collector's port (default 8100; 0: any).")] = None,
    ui_port: Annotated[int | None, Parameter(help="Temporal UI's port (default 8233; 0: any).")] = None,
    smtp: Annotated[str | None, Parameter(help="Mail server, smtp://user:pass@host:587; default: an inbox.")] = None,
    inbox_port: Annotated[int | None, Parameter(help="Port of the inbox's page (default 8025; 0: any).")] = None,
    pace: Annotated[float | None, Parameter(help="Product seconds per second; 3600: an hour a second.")] = None,
    temporal: Annotated[str | None, Parameter(help="HOST:PORT of a Temporal server; default: an embedded one.")] = None,
) -> None:
    """Run Temporal with its UI, worker, collector, inbox and database on this machine until Ctrl-C.

    State is kept in the data folder: start it again, and journeys go on where they were.
    """
    settings = load_settings(
        data=data, port=port, ui_port=ui_port, smtp=smtp, inbox_port=inbox_port, pace=pace, temporal=temporal
    )
    sdk_metrics = sdk_address(settings.metrics_port)
    configure_logs(sdk_metrics=sdk_metrics)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    console.print("Starting …")
    async with running_stack(settings, sdk_metrics=sdk_metrics) as stack:
        _greet(stack, settings)
        await stop.wait()
        console.print("\nStopping: mails under way are finished, everything else is kept …")
    console.print("Stopped.")


def _greet(stack: Stack, settings: Settings) -> None:
    where = stack.addresses
    lines = [
        ("Collector", where.collector),
        ("Temporal UI", where.ui or f"not embedded; server {where.temporal}"),
        *([("Codec server", codec_in_words(settings, where.codec))] if settings.payload_keys else []),
        ("Inbox", where.inbox or "none: mail goes to the mail server"),
        ("Gallery", f"{where.inbox}/gallery" if where.inbox else "none: it is part of the inbox"),
        ("Database", where.database),
        *([("Metrics", where.metrics)] if where.metrics else []),
        ("Write key", stack.write_key or "kept by its hash only"),
        ("Pace", f"{where.pace:g}, product time is {stack.clock.now():%Y-%m-%d %H:%M} UTC"),
    ]
    console.print("\n[bold]Segue is up.[/] Ctrl-C stops it.\n")
    for name, value in lines:
        console.print(f"  {name:<12} {value}", highlight=False, soft_wrap=True)
    console.print(
        f"\nReport an event:\n  curl -u {stack.write_key or 'YOUR_WRITE_KEY'}: {where.collector}/v1/track -d "
        """'{"userId": "anna", "event": "Product Added", "properties": {"product_id": "lamp", "price": 49}}'""",
        highlight=False,
        soft_wrap=True,
    )


def codec_in_words(settings: Settings, address: str) -> str:
    """What to enter in a UI that shall show encrypted payloads. The token is named, and not shown."""
    if not address:
        return "none beside that server: run `segue codec-server`, and give its UI the address"
    entered = f"{address}/TOKEN, where TOKEN is what SEGUE_CODEC_TOKEN holds" if settings.codec_token else address
    return f"{entered}; the UI above knows it, another asks behind its glasses, and SEGUE_CODEC_ORIGINS must name it"
