"""Bulk import: every format, every mistake by its line, and killed anywhere it goes on where it was."""

import csv
import gzip
import json
import signal
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from domain import event as names
from domain.clock import REAL_TIME, SystemClock
from domain.errors import ConfigurationError, InvalidImportError, NotNowError
from starter.imports.consents import ConsentImport
from starter.imports.customers import CustomerImport
from starter.imports.events import EventImport
from starter.imports.importing import BATCH, Importer
from starter.imports.kind import Kind
from starter.imports.mistakes import MistakesFile, path_beside
from starter.lines import LONGEST_LINE, MUCH, Lines
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.imports import ImportProgress, Imports
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from tests.stack.processes import SEGUE, running
from tests.stack.waiting import until
from tests.storage.samples import NOON, commit, identify, ordered, read_customer, track

DAY = timedelta(days=1)
EVENTS = EventImport(REAL_TIME)
CONSENT = ConsentImport(["news", "reviews"])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def errors_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.customers.errors.csv")


def write(file: Path, content: str | bytes) -> None:
    file.write_bytes(content.encode() if isinstance(content, str) else content)


async def import_(
    database: Database, kind: Kind[Any], file: Path, content: str | bytes | None = None, **options: Any
) -> ImportProgress:
    """Write the file, unless it is there, and import it."""
    if content is not None:
        write(file, content)
    tell = options.pop("tell", lambda _: None)
    with Lines(file) as lines:
        importer = Importer(
            database,
            SystemClock(),
            kind,
            lines,
            open_mistakes=lambda line: MistakesFile(errors_of(file), keep_up_to=line),
            tell=tell,
        )
        return await importer.run(**options)


def counts(done: ImportProgress) -> tuple[int, int, int]:
    return done.stored, done.unchanged, done.refused


def mistakes(file: Path) -> list[list[str]]:
    with errors_of(file).open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


def calls(*lines: dict[str, Any]) -> str:
    return "".join(json.dumps({"type": "track", "userId": "anna", **line}) + "\n" for line in lines)


@pytest.mark.parametrize("form", ["comma", "semicolon and BOM", "objects", "gzip"])
async def test_customers_come_from_every_format(database: Database, file: Path, form: str) -> None:
    table = (
        "id,email,first_name,timezone,locale,traits.tier,traits.vip\n"
        'anna,Anna@Example.com,"Anna\nMaria",Europe/Berlin,de,gold,true\n\n'
    )
    row = {
        "id": "anna",
        "email": "Anna@Example.com",
        "first_name": "Anna\nMaria",
        "timezone": "Europe/Berlin",
        "locale": "de",
        "traits": {"tier": "gold", "vip": True},
    }
    content = {
        "comma": table.encode(),
        "semicolon and BOM": b"\xef\xbb\xbf" + table.replace(",", ";").replace("\n", "\r\n").encode(),
        "objects": (json.dumps(row) + "\n").encode(),
        "gzip": gzip.compress(table.encode()),
    }[form]

    assert counts(await import_(database, CustomerImport(), file, content)) == (1, 0, 0)

    anna = await read_customer(database)
    assert (anna.email, anna.first_name, anna.timezone, anna.locale) == (
        "anna@example.com",
        "Anna Maria",
        "Europe/Berlin",
        "de",
    )
    assert {name: anna.traits[name] for name in ("tier", "vip")} == {"tier": "gold", "vip": True}
    async with database.read() as session:
        assert await EventStore(session).count_pending() == 0, "nobody is told"
    assert not errors_of(file).exists()


async def test_what_is_newer_stays(database: Database, file: Path) -> None:
    known = {"email": "new@example.com", "tier": "gold"}
    await commit(database, identify(traits={"email": "first@example.com"}, at=NOON - 30 * DAY), identify(traits=known))
    header = "id,email,locale,at,traits.tier\n"

    await import_(database, CustomerImport(), file, f"{header}anna,undated@example.com,de,,silver\n")
    anna = await read_customer(database)
    assert (anna.email, anna.locale, anna.traits["tier"]) == ("new@example.com", "de", "gold"), "only fills in"

    older = (NOON - DAY).isoformat()
    await import_(database, CustomerImport(), file, f"{header}anna,older@example.com,en,{older},bronze\n")
    anna = await read_customer(database)
    assert (anna.email, anna.locale, anna.traits["tier"]) == ("new@example.com", "de", "gold")

    await import_(
        database, CustomerImport(), file, f"{header}anna,newer@example.com,fr,{datetime.now(UTC).isoformat()},tin\n"
    )
    anna = await read_customer(database)
    assert (anna.email, anna.locale, anna.traits["tier"]) == ("newer@example.com", "fr", "tin")


async def test_who_has_no_id_is_found_by_their_address(database: Database, file: Path) -> None:
    await commit(database, identify(traits={"email": "anna@example.com"}))

    rows = "email,locale\nanna@example.com,de\nben@example.com,en\nben@example.com,fr\n"
    assert counts(await import_(database, CustomerImport(), file, rows)) == (2, 1, 0)

    assert (await read_customer(database)).locale == "de"
    async with database.read() as session:
        ben = await Customers(session).find("ben@example.com")
    assert ben is not None
    assert ben.startswith("c-")
    assert (await read_customer(database, ben)).locale == "en"
    async with database.read() as session:
        assert await customer_ids(session) == {"anna", ben}, "and there is nobody else"


async def customer_ids(session: AsyncSession) -> set[str]:
    return set((await (await session.connection()).execute(text("SELECT id FROM customers"))).scalars())


async def test_mistakes_are_told_by_line_and_stop_nothing(database: Database, file: Path) -> None:
    lines = [
        "id,email,timezone,at,traits.x",
        "u1,not an address,,,",
        "u2,u2@example.com,Berlin,,",
        "u3,,,soon,",
        f"u4,,,{(datetime.now(UTC) + DAY).isoformat()},",
        ",,,,x",
        "u5,,,",
        'u6,"',
        '",,,',
        "u7,\0,,,",
        "u8,,,,ok",
        '"u9"x,,,,',
        "u10,,,,ok",
    ]
    content = "\n".join(lines).encode() + b"\nu11,\xff,,,\nu12,,,,ok\nu13,,,,a,b\n"

    assert counts(await import_(database, CustomerImport(), file, content)) == (4, 0, 10)

    told = {int(line): (field, problem) for line, field, problem, _ in mistakes(file)}
    assert told == {
        2: ("email", "is no mail address"),
        3: ("timezone", "is no time zone"),
        4: ("at", "is no moment"),
        5: ("at", "lies in the future"),
        6: ("id", "is missing"),
        7: ("", "4 columns instead of the header's 5"),
        10: ("", "contains a NUL character"),
        12: ("", "no CSV: ',' expected after '\"'"),
        14: ("", "not UTF-8"),
        16: ("", "6 columns instead of the header's 5"),
    }
    remedies = {int(line): remedy for line, *_, remedy in mistakes(file)}
    assert remedies[7] == "write every column, an empty one too"
    assert remedies[16] == "put quotes around fields that hold the delimiter"
    assert "not an address" not in errors_of(file).read_text()
    assert errors_of(file).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is empty"),
        ("id,email,id\n", "names 'id' more than once"),
        ("Name,Mail\n", r"known are id, email, first_name, timezone, locale, at, traits\.…$"),
        (",".join(f"c{number}" for number in range(10_000)) + "\n", "10000 columns, 320 are allowed"),
        ("id,email\n".encode("utf-16"), "save the file as UTF-8"),
        ('[{"id": "anna"}]', "write one object a line"),
        (b"x" * 3 * LONGEST_LINE, "longer than"),
    ],
)
async def test_what_is_no_such_file_is_refused_as_a_whole(
    sqlite_database: Database, file: Path, content: str | bytes, problem: str
) -> None:
    with pytest.raises(InvalidImportError, match=problem):
        await import_(sqlite_database, CustomerImport(), file, content)
    assert not errors_of(file).exists()


async def test_strict_imports_all_or_nothing(database: Database, file: Path) -> None:
    header = "id,topic,granted,source,at\n"
    await commit(database, identify())
    wrong = f"{header}anna,*,true,form,2026-01-01\nnobody,*,true,form,2026-01-01\nanna,*,true,,2026-01-01\n"

    with pytest.raises(InvalidImportError, match=r"2 rows cannot be imported.*nothing was imported"):
        await import_(database, CONSENT, file, wrong, strict=True)

    assert [each[:3] for each in mistakes(file)] == [
        ["3", "id", "nobody is known by it"],
        ["4", "source", "is missing"],
    ]
    async with database.read() as session:
        assert await Permissions(session).consents("anna") == ()
    assert counts(await import_(database, CONSENT, file, strict=False)) == (1, 0, 2)
    assert len(mistakes(file)) == 2


async def test_a_consent_to_what_no_journey_is_about_is_refused_with_what_there_is(
    database: Database, file: Path
) -> None:
    await commit(database, identify())
    rows = "id,topic,granted,source,at\nanna,News,true,form,2026-01-01\nanna,,true,form,2026-01-01\n"
    assert counts(await import_(database, CONSENT, file, rows)) == (0, 0, 2)
    one_of = "name one of: news, reviews; * is all marketing"
    assert mistakes(file) == [["2", "topic", "no journey has it", one_of], ["3", "topic", "is missing", one_of]]


def test_mistakes_of_two_kinds_in_one_file_stand_apart(file: Path) -> None:
    paths = [path_beside(source, kind) for source in (file, None) for kind in ("customers", "consent")]
    assert [path.name for path in paths] == [
        "people.csv.customers.errors.csv",
        "people.csv.consent.errors.csv",
        "import.customers.errors.csv",
        "import.consent.errors.csv",
    ]


async def test_consents_keep_source_time_and_wording_and_the_last_word_counts(database: Database, file: Path) -> None:
    await commit(database, identify(traits={"email": "anna@example.com"}))
    async with database.transaction() as session:
        await Permissions(session).opt_out("anna", "news", NOON, "m1")
    rows = (
        "id,email,topic,granted,source,at,wording\n"
        'anna,,*,false,letter,2026-02-01T09:00:00Z,"Please, no more"\n'
        "anna,,*,yes,checkout,2025-02-01T09:00:00Z,Send me news\n"
        ",Anna@example.com,news,true,form,2026-02-02,\n"
    )

    assert counts(await import_(database, CONSENT, file, rows)) == (3, 0, 0)
    assert counts(await import_(database, CONSENT, file, rows + "\n")) == (0, 3, 0)

    async with database.read() as session:
        permissions = Permissions(session)
        log = await permissions.consents("anna")
        assert [(each.topic, each.granted, each.source, each.wording) for each in log] == [
            ("*", True, "checkout", "Send me news"),
            ("*", False, "letter", "Please, no more"),
            ("news", True, "form", None),
        ]
        assert await permissions.consent("anna", "anything") is False
        assert await permissions.opted_out("anna", "news"), "their own word stands"


@pytest.fixture
async def shared_address(database: Database) -> str:
    """Anna's, who agreed, and of a visitor who was seen later: anybody's page may have told it."""
    traits = {"email": "anna@example.com"}
    visitor = identify(None, anonymous_id="phone", traits=traits, public=True, at=NOON + DAY)
    seen = track(names.PRODUCT_VIEWED, None, anonymous_id="phone", at=NOON + DAY)
    await commit(database, identify(traits={**traits, "consent": True}), visitor, seen)
    return traits["email"]


async def test_what_is_refused_by_an_address_is_refused_by_everybody_who_has_it(
    database: Database, file: Path, shared_address: str
) -> None:
    header = "email,topic,granted,source,at\n"
    refusal = f"{header}{shared_address},*,false,hotline,{(NOON + DAY).isoformat()}\n"
    assert counts(await import_(database, CONSENT, file, refusal)) == (1, 0, 0)
    assert counts(await import_(database, CONSENT, file, refusal + "\n")) == (0, 1, 0)
    async with database.read() as session:
        said = [await Permissions(session).consent(each, "news") for each in ("anna", "anon-phone")]
    assert said == [False, False]

    consent = f"{header}{shared_address},*,true,checkout,{(NOON + 2 * DAY).isoformat()}\n"
    assert counts(await import_(database, CONSENT, file, consent)) == (1, 0, 0)
    async with database.read() as session:
        said = [await Permissions(session).consent(each, "news") for each in ("anna", "anon-phone")]
    assert said == [True, False], "the one who is known agrees, and no stranger's page by it"


async def test_what_is_told_by_an_address_is_told_of_whom_the_shop_knows(
    database: Database, file: Path, shared_address: str
) -> None:
    await import_(database, CustomerImport(), file, f"email,traits.tier\n{shared_address},gold\n")
    assert (await read_customer(database)).traits["tier"] == "gold"
    assert "tier" not in (await read_customer(database, "anon-phone")).traits
    async with database.read() as session:
        assert await Customers(session).find(shared_address) == "anna"


async def test_past_events_count_for_facts_and_begin_nothing(database: Database, file: Path) -> None:
    await commit(database, ordered("o-2", at=NOON))
    first, second = {"order_id": "o-1", "revenue": 10}, {"order_id": "o-2", "revenue": 9}
    content = calls(
        {"event": names.ORDER_COMPLETED, "timestamp": "2026-01-01T10:00:00Z", "properties": first},
        {"event": names.ORDER_COMPLETED, "timestamp": "2026-03-01T12:00:00Z", "properties": second},
        {
            "event": names.PRODUCT_ADDED,
            "messageId": " ",
            "timestamp": "2026-01-01T09:00:00Z",
            "properties": {"product_id": "lamp"},
        },
        {"event": names.PRODUCT_VIEWED, "properties": {"product_id": "lamp"}},
        {"event": names.PRODUCT_VIEWED, "timestamp": "2099-01-01T09:00:00Z"},
        {"type": "trick", "timestamp": "2026-01-01T09:00:00Z"},
    )

    assert counts(await import_(database, EVENTS, file, content)) == (3, 0, 3)
    assert counts(await import_(database, EVENTS, file, again=True)) == (0, 3, 3)

    anna = await read_customer(database)
    assert (anna.orders, anna.lifetime_value) == (2, 130.0)
    assert (anna.first_order_at, anna.last_order_at) == (datetime(2026, 1, 1, 10, tzinfo=UTC), NOON)
    assert anna.cart.is_empty, "an order came later"
    async with database.read() as session:
        assert [each.event.name for each in await EventStore(session).pending(10)] == [names.ORDER_COMPLETED]
    assert [each[:3] for each in mistakes(file)] == [
        ["4", "timestamp", "is missing"],
        ["5", "timestamp", "lies in the future"],
        ["6", "type", "must be one of track, identify, page, screen, group, alias"],
    ]


async def test_an_old_order_does_not_lift_a_sunset(database: Database, file: Path) -> None:
    await commit(database, track(names.PRODUCT_VIEWED))
    async with database.transaction() as session:
        await Suppressions(session).begin_sunset("anna", "nobody answered", NOON, "m1")
    order = {"event": names.ORDER_COMPLETED, "timestamp": "2026-01-01T10:00:00Z", "properties": {"order_id": "o-1"}}
    await import_(database, EVENTS, file, calls(order))
    async with database.read() as session:
        assert await Suppressions(session).sunset("anna") == "nobody answered"


class StoppedError(Exception):
    """A process that dies, as far as a test within one can tell."""


@pytest.mark.parametrize("kind", [CustomerImport(), EVENTS], ids=["customers", "events"])
async def test_stopped_after_any_batch_it_goes_on_with_nothing_twice(
    database: Database, file: Path, kind: Kind[Any]
) -> None:
    rows = 3 * BATCH + 10
    if kind is EVENTS:
        content = calls(
            *({"event": f"Thing {n % 7}", "timestamp": f"2026-01-01T10:00:{n % 60:02}Z"} for n in range(rows))
        )
        content = content.replace('"event": "Thing 3"', '"event": ""')
    else:
        content = "id,email\n" + "".join(f"u-{n},{'x' if n % 7 == 3 else f'u{n}@example.com'}\n" for n in range(rows))

    def stop(progress: ImportProgress) -> None:
        told.append(progress.line)
        if len(told) > 1:
            raise StoppedError

    seen: list[int] = []
    for _ in range(2):
        told: list[int] = []
        with suppress(StoppedError):
            await import_(database, kind, file, content, tell=stop)
        async with database.read() as session:
            [progress] = await Imports(session).latest(5)
        seen.append(progress.line)
    done = await import_(database, kind, file, content)

    header = 0 if kind is EVENTS else 1
    assert seen == [BATCH + header, 2 * BATCH + header]
    wrong = len([n for n in range(rows) if n % 7 == 3])
    assert counts(done) == (rows - wrong, 0, wrong)
    assert done.line == done.lines == rows + header
    assert [int(each[0]) for each in mistakes(file)] == [n + 1 + header for n in range(rows) if n % 7 == 3]
    assert (await import_(database, kind, file)).finished_at == done.finished_at, "once is enough"


async def test_two_at_once_store_nothing_twice(database: Database, file: Path) -> None:
    content = "id\n" + "".join(f"u-{n}\n" for n in range(BATCH + 5))
    with suppress(StoppedError):
        await import_(database, CustomerImport(), file, content, tell=_stop_at_once)
    first = await import_(database, CustomerImport(), file)
    async with database.transaction() as session:
        behind = first.model_copy(update={"line": 1, "finished_at": None})
        with pytest.raises(NotNowError, match="another process imports this file"):
            await Imports(session).advance(behind, behind)


def _stop_at_once(_progress: ImportProgress) -> None:
    raise StoppedError


async def test_killed_as_a_process_it_goes_on(sqlite_url: str, file: Path, tmp_path: Path) -> None:
    rows = 6_000
    write(file, "id,email\n" + "".join(f"u-{n},u{n}@example.com\n" for n in range(rows)))
    given = {"SEGUE_DATABASE": sqlite_url, "SEGUE_TEMPORAL": "127.0.0.1:1"}
    command = [SEGUE, "import", "customers", str(file)]

    def stored() -> tuple[int, int]:
        with closing(sqlite3.connect(sqlite_url)) as connection:
            [(line,)] = connection.execute("SELECT coalesce(max(line), 0) FROM imports").fetchall()
            [(events,)] = connection.execute("SELECT count(*) FROM events").fetchall()
        return line, events

    async def look() -> int:
        return stored()[0]

    with running(command, tmp_path / "first.out", **given) as process:
        await until(look, lambda line: line > BATCH)
        process.stop(signal.SIGKILL)
    line, events = stored()
    assert 0 < line < rows
    assert events == line - 1, "what is noted is stored, and no more"

    with running(command, tmp_path / "second.out", **given) as process:
        assert process.status() == 0, process.output
    assert stored() == (rows + 1, rows)
    assert "6000 stored, 0 as they were, 0 refused" in process.output


@pytest.mark.parametrize("place", ["a link", "a file of somebody else's", "a folder"])
async def test_mistakes_are_written_nowhere_else(sqlite_database: Database, file: Path, place: str) -> None:
    other = file.with_name("other")
    other.write_text("precious")
    match place:
        case "a link":
            errors_of(file).symlink_to(other)
        case "a folder":
            errors_of(file).mkdir()
        case _:
            errors_of(file).write_text("precious")

    with pytest.raises(ConfigurationError, match="--errors"):
        await import_(sqlite_database, CustomerImport(), file, "id,email\nu1,x\n")

    assert other.read_text() == "precious"
    async with sqlite_database.read() as session:
        assert await Customers(session).load(["u1"]) == {}


async def test_a_spreadsheet_runs_nothing_of_the_mistakes(sqlite_database: Database, file: Path) -> None:
    await import_(sqlite_database, CustomerImport(), file, "id,\"=cmd|'/c calc'!A1\",@sum\nu1,a,b\n")
    [[_, field, *_rest]] = mistakes(file)
    assert field == "(no name)"


@pytest.fixture
def bomb(tmp_path: Path) -> Path:
    path = tmp_path / "bomb.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(b'{"id": "anna"}\n')
        for _ in range(2 * MUCH // 1_000_000):
            packed.write(bytes(1_000_000))
    return path


async def test_a_file_that_unpacks_without_end_is_cut_off(sqlite_database: Database, bomb: Path) -> None:
    done = await import_(sqlite_database, CustomerImport(), bomb)
    assert done.stored == 1
    assert "times its size" in errors_of(bomb).read_text()


async def test_a_quote_that_was_forgotten_costs_one_row(sqlite_database: Database, file: Path) -> None:
    rows = [f"c{number},c{number}@shop.example" for number in range(300)]
    rows[7] = 'c7,"c7@shop.example'
    rows[250] = 'c250,"c250"@shop.example'

    done = await import_(sqlite_database, CustomerImport(), file, "\n".join(["id,email", *rows]) + "\n")

    assert counts(done) == (298, 0, 2)
    assert [told[0] for told in mistakes(file)] == ["9", "252"]


async def test_a_row_may_hold_line_ends(sqlite_database: Database, file: Path) -> None:
    content = 'id,email,traits.street\nanna,anna@shop.example,"1 Street\nTown"\nben,ben@shop.example,\n'
    assert counts(await import_(sqlite_database, CustomerImport(), file, content)) == (2, 0, 0)
    assert (await read_customer(sqlite_database)).traits["street"] == "1 Street\nTown"


@pytest.mark.parametrize(
    "content", ["hanna.secret@private.example,Hanna\nben@shop.example,Ben\n", "hanna,hanna\n1,2\n"]
)
async def test_a_file_without_a_header_is_refused_and_nothing_of_it_told(
    sqlite_database: Database, file: Path, content: str
) -> None:
    with pytest.raises(InvalidImportError, match="names its columns") as refused:
        await import_(sqlite_database, CustomerImport(), file, content)
    assert "hanna" not in str(refused.value)


async def test_a_field_whose_name_is_no_word_is_not_quoted(sqlite_database: Database, file: Path) -> None:
    content = json.dumps({"id": "anna", "hanna.secret@private.example": "x"}) + "\n"
    await import_(sqlite_database, CustomerImport(), file.with_suffix(".ndjson"), content)
    assert "hanna" not in errors_of(file.with_suffix(".ndjson")).read_text()
