import gzip
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain.errors import ConfigurationError
from starter.client import SegueClient
from starter.recording import LONGEST_LINE, Line, Recording
from storage.database import Database
from tests.starter.collectors import KEY, make_collector, served, stored_events

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def page(**fields: Any) -> dict[str, Any]:
    return {"type": "page", "userId": "anna", "messageId": "m", **fields}


def write(path: Path, *lines: dict[str, Any] | bytes, packed: bool = False) -> Path:
    raw = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    return path


async def read(source: Path | None) -> list[Line]:
    with Recording(source) as recording:
        return [line async for line in recording.lines()]


@pytest.mark.parametrize("packed", [False, True])
async def test_calls_come_with_their_line_numbers(tmp_path: Path, packed: bool) -> None:
    calls = [page(messageId=f"m-{number}") for number in range(1_200)]
    lines = await read(write(tmp_path / "calls", *calls[:600], b"", *calls[600:], packed=packed))
    assert [line.call for line in lines] == calls
    assert [line.number for line in lines] == [*range(1, 601), *range(602, 1_202)]


async def test_bad_lines_do_not_stop_the_reading(tmp_path: Path) -> None:
    path = write(
        tmp_path / "calls",
        b"\xef\xbb\xbf" + json.dumps(page()).encode() + b"\r",
        b"{not json",
        b"[]",
        b"\xff",
        b"  ",
        b'{"x": "' + b"y" * 3 * LONGEST_LINE + b'"}',
        b"[" * 90_000,
        page(messageId="last"),
    )
    lines = await read(path)
    assert [(line.number, line.error.problem.split(":")[0] if line.error else None) for line in lines] == [
        (1, None),
        (2, "the body is not JSON"),
        (3, "the line must be a JSON object"),
        (4, "the body is not UTF-8"),
        (6, f"the line is longer than {LONGEST_LINE} bytes"),
        (7, "the body is nested too deeply"),
        (8, None),
    ]
    assert lines[0].call == page()


async def test_the_last_line_needs_no_end(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    path.write_bytes(json.dumps(page()).encode())
    assert [line.call for line in await read(path)] == [page()]


async def test_an_empty_file_holds_nothing(tmp_path: Path) -> None:
    assert await read(write(tmp_path / "calls")) == []


@pytest.mark.parametrize("cut", [9, 200, 2_000])
async def test_a_truncated_file_is_read_up_to_its_end(tmp_path: Path, cut: int) -> None:
    path = write(tmp_path / "calls", *[page(messageId=f"m-{number}") for number in range(5_000)], packed=True)
    path.write_bytes(path.read_bytes()[:-cut])
    lines = await read(path)
    assert lines[-1].error is not None
    assert "corrupt from here on" in lines[-1].error.problem
    assert all(line.error is None for line in lines[:-1])


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nothing-here"):
        await read(tmp_path / "nothing-here")


async def test_calls_without_an_id_get_the_same_one_each_time(tmp_path: Path) -> None:
    call = {"type": "page", "userId": "anna"}
    path = write(tmp_path / "calls", call, call, call | {"name": "Other"}, call | {"messageId": ""})
    first, second = await read(path), await read(path)
    ids = [line.call["messageId"] for line in first if line.call]
    assert len(set(ids)) == 4
    assert first == second


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({}, None),
        ({"timestamp": "T1", "originalTimestamp": "T2", "sentAt": "T3", "receivedAt": "T4"}, "T1"),
        ({"originalTimestamp": "T2", "sentAt": "T3", "receivedAt": "T4"}, "T2"),
        ({"timestamp": None, "receivedAt": "T4"}, "T4"),
    ],
)
async def test_a_recordings_timestamp_is_what_counts(
    tmp_path: Path, recorded: dict[str, Any], expected: str | None
) -> None:
    [line] = await read(write(tmp_path / "calls", page(**recorded)))
    assert line.call is not None
    assert line.call.get("timestamp") == expected
    assert {"sentAt", "originalTimestamp"}.isdisjoint(line.call)


@pytest.mark.parametrize("packed", [False, True])
async def test_timestamps_are_moved_so_that_the_newest_is_then(tmp_path: Path, packed: bool) -> None:
    path = write(
        tmp_path / "calls",
        page(timestamp="2020-01-01T10:00:00Z"),
        page(timestamp="2020-01-02T10:00:00+00:00"),
        page(),
        page(timestamp="not a moment"),
        b"not json",
        page(timestamp="2020-01-01T12:30:00.500Z"),
        packed=packed,
    )
    with Recording(path) as recording:
        assert await recording.newest() == datetime(2020, 1, 2, 10, tzinfo=UTC)
        lines = [line async for line in recording.shifted(NOON)]

    assert [line.call.get("timestamp") if line.call else None for line in lines] == [
        (NOON - timedelta(days=1)).isoformat(),
        NOON.isoformat(),
        None,
        "not a moment",
        None,
        (NOON - timedelta(hours=21, minutes=29, seconds=59, milliseconds=500)).isoformat(),
    ]
    assert lines[4].error is not None


async def test_without_timestamps_there_is_nothing_to_move(tmp_path: Path) -> None:
    with Recording(write(tmp_path / "calls", page())) as recording:
        assert await recording.newest() is None
        assert [line.call async for line in recording.shifted(NOON)] == [page()]


@pytest.mark.parametrize("packed", [False, True])
async def test_standard_input_can_be_read_more_than_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    raw = write(tmp_path / "calls", page(timestamp="2020-01-01T10:00:00Z"), packed=packed).read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    with Recording(None) as recording:
        assert [line.call async for line in recording.shifted(NOON)] == [page(timestamp=NOON.isoformat())]


async def test_a_closed_recording_says_so(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "calls", page()))
    with pytest.raises(ValueError, match="not open"):
        await recording.newest()


async def test_a_recording_reported_twice_is_stored_once(tmp_path: Path, sqlite_database: Database) -> None:
    days = [{"type": "page", "userId": "anna", "timestamp": f"2020-01-{day:02}T10:00:00Z"} for day in range(1, 29)]
    path = write(tmp_path / "calls", *days)
    async with served(make_collector(sqlite_database)) as url, SegueClient(url, KEY) as segue:
        for _ in range(2):
            await segue.batch([line.call for line in await read(path) if line.call])

    events = [stored.event for stored in await stored_events(sqlite_database)]
    assert len(events) == len(days)
    for event, day in zip(events, days, strict=True):
        # The client's clock is corrected by the time a request took.
        assert abs(event.occurred_at - datetime.fromisoformat(day["timestamp"])) < timedelta(seconds=30)
