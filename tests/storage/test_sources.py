import asyncio
import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from activities.sweeping import PAGE, SweepActivities
from domain import event as names
from domain.clock import PacedClock
from domain.customer import Customer
from domain.enrollment import State
from domain.errors import UnknownSourceError
from domain.event import Event
from domain.gate import ConsentRule, GatePolicy
from domain.occasions import SourcePolicy
from domain.product import Product
from domain.sources import SOURCES
from domain.sweep import Page, PageRequest
from storage.database import Database
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.permissions import Permissions
from storage.products import Products
from storage.sources import Looks
from storage.suppressions import Suppressions
from storage.tables import CustomerRecord, table_of
from tests.storage.samples import NOON, commit, enrollment, identify, ordered, track

DAY = timedelta(days=1)
NOW = NOON + 400 * DAY


class StillClock:
    """Product time that stands."""

    paced = PacedClock()

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def sweeping(database: Database, at: datetime = NOW, **policy: Any) -> SweepActivities:
    return SweepActivities(database, StillClock(at), SourcePolicy(**policy), GatePolicy(default_zone="Europe/Berlin"))


async def sweep(activities: SweepActivities, source: str) -> list[Page]:
    """All pages."""
    pages = [await activities.sweep_page(PageRequest(source=source, after=""))]
    while pages[-1].after is not None:
        pages.append(await activities.sweep_page(PageRequest(source=source, after=pages[-1].after)))
    return pages


async def found(database: Database, source: str, at: datetime = NOW, **policy: Any) -> int:
    return sum(page.found for page in await sweep(sweeping(database, at, **policy), source))


async def told(database: Database, source: str) -> list[tuple[str, dict[str, Any]]]:
    """The events a source has committed, by customer."""
    async with database.read() as session:
        events = await EventStore(session).pending(100_000)
    ours = [each.event for each in events if each.event.name == SOURCES[source].event]
    return sorted(((each.user_id or "", each.properties) for each in ours), key=lambda pair: pair[0])


def met(customer: str, ago: timedelta, **traits: Any) -> list[Event]:
    """Somebody who was on the site so long before now, and may be mailed."""
    at = NOW - ago
    said = {"email": f"{customer}@shop.example", "consent": True} | traits
    return [identify(customer, at=at, traits=said), track(names.PRODUCT_VIEWED, customer, at=at)]


async def who(database: Database, source: str) -> list[str]:
    return [customer for customer, _ in await told(database, source)]


# -- each source -------------------------------------------------------------------------------------------------------


async def test_a_lapse_becomes_one_event_of_its_customer(database: Database) -> None:
    await commit(database, *met("anna", 40 * DAY), *met("ben", 10 * DAY), *met("cleo", 200 * DAY))
    assert await found(database, "lapsed") == 1
    assert await found(database, "lapsed") == 0
    left = (NOW - 40 * DAY).date().isoformat()
    assert await told(database, "lapsed") == [("anna", {"occasion": left, "days_away": 40})]


async def test_who_cannot_be_mailed_is_left_alone(database: Database) -> None:
    people = ["anna", "refuses", "unsubscribed", "suppressed", "topical", "undecided"]
    for each in people:
        await commit(database, *met(each, 40 * DAY))
    nameless = track(names.PRODUCT_VIEWED, "nameless", at=NOW - 40 * DAY)
    await commit(
        database,
        nameless,
        identify("refuses", at=NOW - 39 * DAY, traits={"consent": False}),
        identify("topical", at=NOW - 39 * DAY, traits={"consent": False}),
        identify("topical", at=NOW - 38 * DAY, traits={"consent": {"news": True}}),
        *(each for each in met("silent", 40 * DAY, consent=None)),
        *(each for each in met("twin", 40 * DAY, email="Suppressed@shop.example")),
    )
    async with database.transaction() as session:
        permissions = Permissions(session)
        await permissions.opt_out("unsubscribed", "*", NOW - DAY, "link")
        await permissions.opt_out("undecided", "news", NOW - DAY, "link")
        await Suppressions(session).suppress("suppressed", "no answer to three mails", NOW - DAY, "journey")
    await found(database, "lapsed")
    assert await who(database, "lapsed") == ["anna", "topical", "undecided"]


async def test_where_consent_is_assumed_silence_is_enough(database: Database) -> None:
    await commit(database, *met("silent", 40 * DAY, consent=None))
    async with database.read() as session:
        by_rule = [
            await Looks(session, SourcePolicy(), rule, "UTC").due(SOURCES["lapsed"], ["silent"], NOW)
            for rule in ConsentRule
        ]
    assert [len(due) for due in by_rule] == [0, 1]


async def test_anniversaries_and_birthdays_are_found_by_the_customers_calendar(database: Database) -> None:
    midnight = NOW.replace(hour=11)  # in Kiritimati it is tomorrow
    born = f"1990-{NOW + DAY:%m-%d}"
    await commit(
        database,
        *met("anna", DAY, birthday=born, timezone="Pacific/Kiritimati"),
        *met("ben", DAY, birthday=born, timezone="Nowhere/At_All"),
        *met("cleo", DAY, birthday=f"--{NOW:%m-%d}"),
        *met("dan", DAY, birthday="soon"),
        *met("eve", DAY, birthday=17),
        ordered("1", "anna", at=NOW.replace(year=NOW.year - 1)),
        ordered("2", "ben", at=NOW.replace(year=NOW.year - 1) + 2 * DAY),
    )
    assert await found(database, "birthday", midnight) == 2
    assert await found(database, "birthday", midnight + timedelta(hours=6)) == 0
    assert await told(database, "birthday") == [(each, {"occasion": f"{NOW:%Y}"}) for each in ("anna", "cleo")]
    assert await found(database, "anniversary") == 1
    assert await told(database, "anniversary") == [("anna", {"occasion": "1", "years": 1})]


def bought(number: str, customer: str, days_ago: float, *products: str) -> Event:
    lines = [{"product_id": product, "price": 10} for product in products]
    return ordered(
        number, customer, at=NOW - days_ago * DAY, properties={"order_id": number, "revenue": 10, "products": lines}
    )


async def test_a_repurchase_follows_the_customers_rhythm_or_the_products(database: Database) -> None:
    attributes = {"repurchase_days": "30"}
    coffee = Product(product_id="coffee", name="Coffee", price=10, added_at=NOON, attributes=attributes)
    async with database.transaction() as session:
        await Products(session).save([(0, coffee)], keep_places=False)
    await commit(
        database,
        *(event for each in ("anna", "ben", "cleo", "dan") for event in met(each, 300 * DAY)),
        *(bought(f"a{days}", "anna", days, "soap", "towel") for days in (85, 55)),
        bought("a25", "anna", 25, "soap"),
        *(bought(f"b{days}", "ben", days, "soap") for days in (40, 25)),
        bought("c", "cleo", 40, "coffee", "cup"),
        bought("d", "dan", 40, "cup"),
    )
    await found(database, "repurchase")
    occasions = [(customer, told["product_id"], told["every_days"]) for customer, told in await told_now(database)]
    assert occasions == [("ben", "soap", 15), ("cleo", "coffee", 30)]
    await commit(database, bought("b1", "ben", 0, "soap"))
    assert await found(database, "repurchase", NOW + 23 * DAY) == 1, "anna, every 30 days"
    assert await found(database, "repurchase", NOW + 25 * DAY) == 1, "ben once more, after his next order"


async def told_now(database: Database) -> list[tuple[str, dict[str, Any]]]:
    return await told(database, "repurchase")


async def test_advocates_clicked_or_praised_lately(database: Database) -> None:
    people = ["click", "five-stars", "text", "two-stars", "long-ago", "once", "page"]
    await commit(database, *(event for each in people for event in met(each, 90 * DAY)))
    await commit(
        database, *(bought(f"{each}-{n}", each, 80 - n) for each in people for n in range(2) if each != "once")
    )
    said: Sequence[tuple[str, str, float, dict[str, Any]]] = [
        ("click", names.EMAIL_LINK_CLICKED, 5, {}),
        ("five-stars", names.PRODUCT_REVIEWED, 5, {"rating": 5}),
        ("text", names.PRODUCT_REVIEWED, 5, {"rating": "4"}),
        ("two-stars", names.PRODUCT_REVIEWED, 5, {"rating": 2}),
        ("long-ago", names.EMAIL_LINK_CLICKED, 31, {}),
        ("once", names.EMAIL_LINK_CLICKED, 5, {}),
    ]
    await commit(database, *(track(name, each, at=NOW - ago * DAY, properties=p) for each, name, ago, p in said))
    await commit(database, track(names.EMAIL_LINK_CLICKED, "page", at=NOW - DAY, type="page"))
    await found(database, "advocates")
    assert await who(database, "advocates") == ["click", "five-stars", "text"]
    await commit(database, track(names.EMAIL_LINK_CLICKED, "click", at=NOW + 100 * DAY))
    assert await found(database, "advocates", NOW + 101 * DAY) == 0
    await commit(database, track(names.EMAIL_LINK_CLICKED, "click", at=NOW + 180 * DAY))
    assert await found(database, "advocates", NOW + 181 * DAY) == 1


async def test_a_newsletter_needs_consent_to_it_and_an_idle_customer(database: Database) -> None:
    people = {
        "anna": True,
        "general-refusal": {"*": True, "newsletter": False},
        "topic-only": {"newsletter": True},
        "other-topic": {"cart reminders": True},
        "busy": True,
        "was-busy": True,
    }
    for customer, consent in people.items():
        await commit(database, *met(customer, 20 * DAY, consent=consent))
    await commit(database, *met("new", 13 * DAY))
    async with database.transaction() as session:
        await Enrollments(session).open(enrollment(customer="busy", state=State.RUNNING))
        await Enrollments(session).open(enrollment(customer="was-busy", event_id="event-2", state=State.ENDED))
    await found(database, "newsletter")
    assert await who(database, "newsletter") == ["anna", "topic-only", "was-busy"]


# -- pages, and never twice --------------------------------------------------------------------------------------------


def people(many: int) -> list[list[Event]]:
    """So many who lapsed, in batches."""
    events = [event for number in range(many) for event in met(f"c-{number:05}", 40 * DAY)]
    return [events[start : start + 500] for start in range(0, len(events), 500)]


async def test_a_page_takes_so_many_and_the_next_goes_on_behind_it(database: Database) -> None:
    for batch in people(25):
        await commit(database, *batch)
    pages = await sweep(sweeping(database, per_minute=100), "lapsed")
    assert [(page.found, page.looked_at) for page in pages] == [(10, 10), (10, 10), (5, 5)]
    assert [page.after for page in pages] == ["c-00009", "c-00019", None]
    assert len(set(await who(database, "lapsed"))) == 25


async def test_pages_leave_pauses_so_that_no_minute_holds_too_much(database: Database) -> None:
    for batch in people(95):
        await commit(database, *batch)
    pages = await sweep(sweeping(database, per_minute=30), "lapsed")
    at, begun = timedelta(), list[tuple[timedelta, int]]()
    for page in pages:
        begun.append((at, page.found))
        at += page.pause
    for start, _ in begun:
        in_a_minute = sum(found for moment, found in begun if start <= moment <= start + timedelta(minutes=1))
        assert in_a_minute <= 30
    assert at < timedelta(minutes=4), "and no slower than it must be"


async def test_a_page_that_is_asked_for_again_tells_nobody_twice(database: Database) -> None:
    for batch in people(30):
        await commit(database, *batch)
    activities = sweeping(database, per_minute=100)
    first = await activities.sweep_page(PageRequest(source="lapsed", after=""))
    again = await activities.sweep_page(PageRequest(source="lapsed", after=""))
    assert (first.found, again.found) == (10, 10), "those told drop out, and the page reaches further"
    await sweep(activities, "lapsed")
    assert len(await who(database, "lapsed")) == 30


@pytest.mark.parametrize("source", ["lapsed", "advocates"])
async def test_sweeps_at_the_same_time_tell_nobody_twice(database: Database, source: str) -> None:
    for batch in people(60):
        await commit(database, *batch)
    customers = [f"c-{number:05}" for number in range(60)]
    await commit(database, *(bought(f"{each}-{n}", each, 50 - n) for each in customers for n in range(2)))
    if source == "advocates":
        await commit(database, *(track(names.EMAIL_LINK_CLICKED, each, at=NOW - 20 * DAY) for each in customers))
    # Around midnight: an advocate's key would differ from one sweep to the other.
    midnight = NOW.replace(hour=0)
    both = [sweeping(database, at, per_minute=100) for at in (midnight, midnight - timedelta(seconds=1))]
    await asyncio.gather(*(sweep(each, source) for each in (*both, *both)))
    assert await who(database, source) == customers


async def test_a_sweep_of_nobody_ends_at_once(database: Database) -> None:
    assert await sweep(sweeping(database), "lapsed") == [Page(after=None)]


async def test_sources_that_are_switched_off_find_nothing(sqlite_database: Database) -> None:
    await commit(sqlite_database, *met("anna", 40 * DAY))
    assert await sweep(sweeping(sqlite_database, run=False), "lapsed") == [Page(after=None)]


async def test_a_source_nobody_deployed_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(UnknownSourceError):
        await sweeping(sqlite_database).sweep_page(PageRequest(source="nope", after=""))


async def test_somebody_who_comes_back_between_look_and_commit_is_not_told(database: Database) -> None:
    await commit(database, *met("anna", 40 * DAY))
    async with database.read() as session:
        due = await Looks(session, SourcePolicy(), ConsentRule.RECORDED, "UTC").due(SOURCES["lapsed"], ["anna"], NOW)
    assert len(due) == 1
    await commit(database, track(names.PRODUCT_VIEWED, "anna", at=NOW))
    async with database.transaction() as session:
        looks = Looks(session, SourcePolicy(), ConsentRule.RECORDED, "UTC")
        assert await looks.commit(SOURCES["lapsed"], due, NOW) == 0


async def write(database: Database, many: int) -> None:
    """Write customers who bought twice, without their events, which would take minutes."""
    customer = Customer(id="anna", first_seen_at=NOON, last_seen_at=NOON, orders=2)
    rows = [
        customer.model_dump() | {"id": f"c-{number:05}", "email": f"{number}@shop.example", "cart": {}}
        for number in range(many)
    ]
    async with database.transaction() as session:
        await (await session.connection()).execute(insert(table_of(CustomerRecord)), rows)


async def test_ten_thousand_customers_are_paged_in_little_memory(sqlite_database: Database) -> None:
    await write(sqlite_database, many=10_000)
    clicked = [f"c-{number:05}" for number in range(0, 10_000, 250)]
    await commit(sqlite_database, *(track(names.EMAIL_LINK_CLICKED, each, at=NOW - DAY) for each in clicked))
    gate = GatePolicy(consent=ConsentRule.ASSUMED)
    activities = SweepActivities(sqlite_database, StillClock(), SourcePolicy(), gate)
    tracemalloc.start()
    try:
        pages = await sweep(activities, "advocates")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert await who(sqlite_database, "advocates") == clicked
    assert [page.looked_at for page in pages] == [PAGE] * 20 + [0]
    assert peak < 40_000_000
    print(f"at most {peak / 1e6:.1f} MB")  # noqa: T201 - the figure this test is about
