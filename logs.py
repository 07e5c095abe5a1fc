"""Structured logs, one way in every process. No line carries an address, a name or a body.

Workflows and activities log through the SDK's own loggers, which are silent on replay; their ids are lifted into
fields here. The fields are `customer`, `journey`, `enrollment`, `workflow_id`, `message` (the ledger's id) and
`event_id`; whatever has a `workflow_id` is given journey and customer by it.
"""

import logging
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

import structlog
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from domain.enrollment import parse_workflow_id

_CHATTY = (
    *("httpx2", "httpcore2", "uvicorn.error", "uvicorn.access", "alembic", "aiosqlite", "mail.log"),
    "temporalio.worker._worker",
)
"""Loggers whose news is nothing to those who run Segue."""

_SLOW: Final = "[TMPRL1104]"
"""The SDK's word, of half a kilobyte, that a workflow's task took over five seconds: that the machine is busy."""

_SAID_AGAIN_AFTER: Final = 60.0
"""Seconds. A busy machine is slow with each task, and after a restart it has one for each journey."""

_MOST_SAID: Final = 120
"""Characters of an error that are said in a plain line."""

_LIFTED = ("workflow_id", "run_id", "workflow_type", "activity_type", "attempt")


def configure_logs(
    *,
    level: int = logging.INFO,
    pretty: bool | None = None,
    file: Path | None = None,
    sdk_metrics: str | None = None,
) -> None:
    """Send all logs to standard error: JSON lines, or coloured lines when it is a terminal.

    Args:
        level: of what is shown.
        pretty: coloured lines; None: as standard error is.
        file: where the lines go instead, as JSON, behind those that are there; its folder may be made later, before
            the first line. Of errors standard error has a plain line then, each kind once.
        sdk_metrics: HOST:PORT where the Temporal SDK serves its metrics; None: nowhere. Set here since logs and metrics
            of its native part belong to one runtime, of which a process has one.
    """
    pretty = (sys.stderr.isatty() if pretty is None else pretty) and file is None
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _lift_temporal,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, delay=True)
    handler.addFilter(_NowAndThen())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    aloud = () if file is None else (_Aloud(file),)
    logging.basicConfig(handlers=[handler, *aloud], level=level, force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    Runtime.set_default(_runtime(sdk_metrics), error_if_already_set=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


class _NowAndThen(logging.Filter):
    """Lets what says `_SLOW` through once a minute, and all else."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at: float | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if _SLOW not in str(record.msg):
            return True
        now = monotonic()
        if self._said_at is not None and now - self._said_at < _SAID_AGAIN_AFTER:
            return False
        self._said_at = now
        return True


class _Aloud(logging.Handler):
    """Says of each kind of error once, for whoever reads something else just now, where to read about it."""

    def __init__(self, file: Path) -> None:
        super().__init__(logging.ERROR)
        self._file, self._said = file, set[str]()

    def emit(self, record: logging.LogRecord) -> None:
        event = record.msg.get("event") if isinstance(record.msg, dict) else None
        if (kind := str(event or record.msg)) in self._said:
            return
        self._said.add(kind)
        what = " ".join(str(event or record.getMessage()).split())[:_MOST_SAID]
        sys.stderr.write(f"segue: error: {what}; see {self._file}\n")


def _runtime(sdk_metrics: str | None) -> Runtime:
    """The SDK's native part, which otherwise writes lines of its own to standard output."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    shown = TelemetryFilter(core_level="WARN", other_level="ERROR")
    metrics = None
    if sdk_metrics is not None:
        metrics = PrometheusConfig(
            bind_address=sdk_metrics, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
        )
    return Runtime(
        telemetry=TelemetryConfig(logging=LoggingConfig(filter=shown, forwarding=forwarding), metrics=metrics)
    )


def _lift_temporal(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Turn the SDK's nested context into plain fields, under the names that all lines use."""
    record = event.get("_record")
    for source in ("temporal_workflow", "temporal_activity"):
        context = getattr(record, source, None) or {}
        event.update({name: context[name] for name in _LIFTED if name in context})
    with suppress(KeyError, ValueError):  # no line of a workflow, or of one that is no enrollment
        journey, customer, _ = parse_workflow_id(event["workflow_id"])
        event.setdefault("journey", journey)
        event.setdefault("customer", customer)  # of the line's own choice where the customer is somebody else by now
    return event
