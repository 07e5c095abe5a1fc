"""`segue ingest` as a process: what is in a recording is stored, once, and what is wrong in it is named."""

import asyncio
import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain import event as names
from tests.stack.shop import CART, LAMP, Shop
from tests.stack.terminal import Terminal
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 600.0


def page(customer: str, **fields: Any) -> dict[str, Any]:
    return {"type": "page", "userId": customer, "name": "Home", **fields}


def track(customer: str, event: str, at: str) -> dict[str, Any]:
    return {"type": "track", "userId": customer, "event": event, "properties": LAMP, "timestamp": at}


def recording(*lines: dict[str, Any] | str) -> bytes:
    return b"".join((line if isinstance(line, str) else json.dumps(line)).encode() + b"\n" for line in lines)


def write(path: Path, *lines: dict[str, Any] | str) -> str:
    path.write_bytes(recording(*lines))
    return str(path)


async def test_a_recording_counts_once_whether_plain_packed_or_piped(
    shop: Shop, terminal: Terminal, tmp_path: Path
) -> None:
    calls = [page("twila"), page("twila"), page("twila", messageId="visit-1"), page("twila", messageId="visit-1")]
    plain, packed = write(tmp_path / "plain.ndjson", *calls), tmp_path / "packed.ndjson.gz"
    packed.write_bytes(gzip.compress(recording(*calls, page("gerd"))))
    piped = recording(*calls, *[page("stan")] * 250)
    before = await shop.books.count_events()

    assert (await terminal.say("ingest", plain)).startswith("4 events accepted in ")
    assert len(await shop.books.events("twila")) == 3
    said = await asyncio.gather(terminal.say("ingest", str(packed)), terminal.say("ingest", "-", stdin=piped))
    assert [line.split(" in ")[0] for line in said] == ["5 events accepted", "254 events accepted"]
    assert [len(await shop.books.events(customer)) for customer in ("twila", "gerd", "stan")] == [3, 1, 250]
    assert await shop.books.count_events() == before + 3 + 1 + 250


async def test_a_bad_line_is_named_and_stops_nothing(shop: Shop, terminal: Terminal, tmp_path: Path) -> None:
    before = await shop.books.count_events()
    path = write(
        tmp_path / "calls.ndjson",
        page("gudrun"),
        "{not json",
        {"type": "track", "userId": "ghost"},
        page("gudrun"),
        {"type": "page"},
        {"type": "pgae", "userId": "ghost"},
        "",
        '["ghost"]',
        page("ghost", timestamp="yesterday"),
        page("gudrun"),
    )
    found = await terminal.call("ingest", path)

    assert found.returncode == 1
    assert found.stdout.startswith("3 events accepted in ")
    *refused, total = found.stderr.splitlines()
    assert [line.split(": ")[:2] for line in refused] == [
        ["line 2", "the body is not JSON"],
        ["line 3", "event"],
        ["line 5", "userId"],
        ["line 6", "type"],
        ["line 8", "the line must be a JSON object"],
        ["line 9", "timestamp"],
    ]
    assert total == "6 lines refused; nothing of it is stored"
    assert await shop.books.count_events() == before + 3
    assert [len(await shop.books.events(customer)) for customer in ("gudrun", "ghost")] == [3, 0]


async def test_an_old_recording_begins_journeys_only_when_it_is_shifted(
    shop: Shop, terminal: Terminal, tmp_path: Path
) -> None:
    def shopping(customer: str) -> str:
        return write(
            tmp_path / customer,
            track(customer, names.PRODUCT_VIEWED, "2020-01-01T09:00:00Z"),
            track(customer, names.PRODUCT_ADDED, "2020-01-01T09:10:00Z"),
        )

    began = shop.stack.clock.now()
    old, shifted = await asyncio.gather(
        terminal.say("ingest", shopping("olaf")), terminal.say("ingest", shopping("shirin"), "--shift")
    )
    ended = shop.stack.clock.now()

    assert "Its newest event is of 2020-01-01: too old to start a journey; see --shift" in old
    assert "too old" not in shifted
    (begun,) = await until(lambda: shop.books.enrollments("shirin"))
    assert (begun.journey, begun.occasion.name, begun.outcome) == (CART, names.PRODUCT_ADDED, None)
    viewed, added = await shop.books.events("shirin")
    assert began < added.occurred_at < ended
    # In real time they are a second apart, and the collector corrects a client's clock by what a request takes.
    assert abs(added.occurred_at - viewed.occurred_at - timedelta(minutes=10)) < timedelta(seconds=30)
    await shop.books.all_delivered()
    assert len(await shop.books.events("olaf")) == 2
    assert await shop.books.enrollments("olaf") == []


async def test_what_cannot_be_ingested_at_all_is_said_in_a_line(shop: Shop, terminal: Terminal, tmp_path: Path) -> None:
    before = await shop.books.count_events()
    path = write(tmp_path / "calls.ndjson", page("nobody"))
    missing, nowhere = str(tmp_path / "missing.ndjson"), str(tmp_path / "nowhere")

    said = await asyncio.gather(
        terminal.refused("ingest", missing),
        Terminal("--data", nowhere).refused("ingest", path),
        terminal.refused("ingest", path, SEGUE_WRITE_KEYS="not-the-key"),
    )
    assert said[0] == f"cannot read {missing}: No such file or directory"
    assert said[1].startswith(f"nothing runs in {nowhere}: start it with `segue up`")
    assert said[2].startswith(f"{shop.stack.addresses.collector} does not know the write key")
    assert await shop.books.count_events() == before
