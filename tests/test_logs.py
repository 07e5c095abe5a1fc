"""Every line that is about an enrollment says whose it is and of which journey, under the same names."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from logs import configure_logs


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error, of a process that may configure its logs."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    yield stream
    for handler in root.handlers:
        if type(handler) is logging.FileHandler:  # ours, and none of pytest's
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.fixture
def lines(stream: io.StringIO) -> Any:
    """Configures logs as a process does; reads what it has written."""
    configure_logs(pretty=False)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_that_the_machine_is_slow_is_said_once_a_minute(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 59.0, 60.0, 61.0])
    monkeypatch.setattr("logs.monotonic", lambda: next(clock))
    core = logging.getLogger("temporalio.core")
    for number in range(5):
        core.warning("[TMPRL1104] Workflow task %s took longer than it should", number)
    core.warning("[TMPRL1100] Nondeterminism")
    core.warning("[TMPRL1100] Nondeterminism")
    said = [line["event"] for line in lines()]
    assert [each.split()[0] for each in said] == ["[TMPRL1104]", "[TMPRL1104]", "[TMPRL1100]", "[TMPRL1100]"]
    assert "task 3" in said[1]


def test_a_line_of_an_activity_or_of_the_dispatcher_names_journey_and_customer(lines: Any) -> None:
    context = {"workflow_id": "cart-recovery/anna", "workflow_type": "cart-recovery", "attempt": 2, "task_queue": "q"}
    logging.getLogger("temporalio.activity").error("dropped", extra={"temporal_activity": context})
    log = structlog.get_logger("segue.dispatcher")
    log.warning("does not end", workflow_id="post-purchase/bert/o-1", event_id="e-1")
    log.warning("not told", workflow_id="cart-recovery/anon-v1", customer="anna")
    log.warning("job", workflow_id="segue-retention")
    activity, ending, joined, job = lines()
    assert (activity["journey"], activity["customer"], activity["attempt"]) == ("cart-recovery", "anna", 2)
    assert (ending["journey"], ending["customer"], ending["event_id"]) == ("post-purchase", "bert", "e-1")
    assert (joined["journey"], joined["customer"]) == ("cart-recovery", "anna"), "whose it is by now"
    assert "customer" not in job


def test_where_lines_go_to_a_file_an_error_is_said_once_in_plain_words(
    stream: io.StringIO, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "later" / "demo.log"
    configure_logs(file=file)
    file.parent.mkdir()
    log = structlog.get_logger("segue.demo")
    log.warning("slow", customer="anna")
    for customer in ("anna", "bert"):
        log.error("the mail server\ntakes nothing", customer=customer)
    for number in (7, 8):
        logging.getLogger("asyncio").error("task %s was lost", number)

    assert stream.getvalue() == ""
    assert capsys.readouterr().err.splitlines() == [
        f"segue: error: the mail server takes nothing; see {file}",
        f"segue: error: task 7 was lost; see {file}",
    ]
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line.get("customer") for line in written] == ["anna", "anna", "bert", None, None]
    assert (written[0]["event"], written[-1]["event"]) == ("slow", "task 8 was lost")
