"""Structured logs, one way in every process. No line carries an address, a name or a body.

Workflows and activities log through the SDK's own loggers, which are silent on replay; their ids are lifted into
fields here.
"""

import logging
import sys

import structlog
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

_CHATTY = (
    *("httpx2", "httpcore2", "uvicorn.error", "uvicorn.access", "alembic", "aiosqlite", "mail.log"),
    "temporalio.worker._worker",
)
"""Loggers whose news is nothing to those who run Segue."""

_LIFTED = ("workflow_id", "run_id", "workflow_type", "activity_type", "attempt")


def configure_logs(*, level: int = logging.INFO, pretty: bool | None = None) -> None:
    """Send all logs to standard error: JSON lines, or coloured lines when it is a terminal."""
    pretty = sys.stderr.isatty() if pretty is None else pretty
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _lift_temporal,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    Runtime.set_default(_runtime(), error_if_already_set=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _runtime() -> Runtime:
    """The SDK's native part, which otherwise writes lines of its own to standard output."""
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporalio.core"))
    shown = TelemetryFilter(core_level="WARN", other_level="ERROR")
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=shown, forwarding=forwarding)))


def _lift_temporal(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Turn the SDK's nested context into plain fields."""
    record = event.get("_record")
    for source in ("temporal_workflow", "temporal_activity"):
        context = getattr(record, source, None) or {}
        event.update({name: context[name] for name in _LIFTED if name in context})
    return event
