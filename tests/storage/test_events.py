import asyncio
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from domain import event as names
from domain.customer import CartLine
from domain.enrollment import Occasion
from domain.errors import InvalidEventError
from domain.event import Event, EventType, StoredEvent
from domain.folding import Order
from storage.customers import Customers
from storage.database import Database
from storage.events import EventStore
from storage.orders import Orders
from tests.storage.samples import MINUTE, NOON, added, commit, crash, identify, ordered, read_customer, track


async def pending(database: Database, limit: int = 1000) -> list[StoredEvent]:
    async with database.read() as session:
        return await EventStore(session).pending(limit)


async def test_an_event_is_read_as_it_was_stored(database: Database) -> None:
    event = Event(
        message_id="m-1",
        type=EventType.TRACK,
        name=names.PRODUCT_VIEWED,
        user_id="anna",
        anonymous_id="visitor",
        previous_id=None,
        occurred_at=datetime(2026, 3, 1, 13, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        received_at=NOON,
        properties={"price": 12.5, "tags": ["a", None], "nested": {"ü": True}},
        context={"page": {"url": "https://shop.example/"}},
    )
    await commit(database, event)

    [stored] = await pending(database)

    assert stored == StoredEvent(seq=stored.seq, customer="anna", event=event, nth=1, starts_visit=True)
    assert stored.event.occurred_at.tzinfo is UTC


async def test_a_stored_event_is_a_duplicate_for_ever(database: Database) -> None:
    first, second = added("boots"), added("hat")

    stored = [await commit(database, each) for each in (first, second)]
    assert [(each.new, each.duplicates) for each in stored] == [
        (frozenset([each.message_id]), 0) for each in (first, second)
    ]
    result = await commit(database, second, first, second)

    assert (result.accepted, result.duplicates) == (0, 3)
    assert [line.quantity for line in (await read_customer(database)).cart.lines] == [1, 1]
    assert len(await pending(database)) == 2


async def test_of_duplicates_in_a_batch_the_first_counts_and_order_stays(database: Database) -> None:
    one, two, three = added("boots"), added("hat"), added("scarf")
    altered = one.model_copy(update={"properties": {"product_id": "other"}})

    result = await commit(database, one, two, altered, three, two)

    assert (result.accepted, result.duplicates) == (3, 2)
    assert [stored.event.message_id for stored in await pending(database)] == [
        one.message_id,
        two.message_id,
        three.message_id,
    ]
    assert [line.product_id for line in (await read_customer(database)).cart.lines] == ["boots", "hat", "scarf"]


async def test_an_empty_batch_is_no_error(database: Database) -> None:
    assert (await commit(database)).accepted == 0


async def test_concurrent_commits_to_one_customer_lose_no_update(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(8)]

    async def report(database: Database) -> None:
        for _ in range(10):
            await commit(database, added("boots"), track(names.PRODUCT_VIEWED))

    await asyncio.gather(*map(report, databases))

    anna = await read_customer(databases[0])
    assert anna.cart.lines[0].quantity == 80
    assert anna.counts == {names.PRODUCT_ADDED: 80, names.PRODUCT_VIEWED: 80}
    in_order = [stored.nth for stored in await pending(databases[0]) if stored.event.name == names.PRODUCT_ADDED]
    assert in_order == list(range(1, 81)), "numbers of events are in the order of their commits"
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_batches_over_many_customers_do_not_wait_in_a_circle(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]

    async def report(database: Database, turn: int) -> None:
        for round_ in range(4):
            # New customers and known ones, in opposite orders.
            users = [f"user-{number}" for number in range(round_ * 50, round_ * 50 + 200)]
            await commit(database, *(added("boots", user) for user in (users if turn % 2 else users[::-1])))

    await asyncio.gather(*(report(database, turn) for turn, database in enumerate(databases)))

    assert (await read_customer(databases[0], "user-0")).cart.lines[0].quantity == 4
    assert (await read_customer(databases[0], "user-199")).cart.lines[0].quantity == 16
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_new_customers_are_created_in_one_order_by_everybody(postgresql_database: Database) -> None:
    async def create_both() -> None:
        async with postgresql_database.transaction() as session:
            await Customers(session).hold_or_create({"zoe": NOON, "mia": NOON})

    async with asyncio.timeout(20), postgresql_database.transaction() as session:
        await Customers(session).hold_or_create({"mia": NOON})
        waiting = asyncio.create_task(create_both())
        await somebody_waits_for_a_lock(postgresql_database)
        await Customers(session).hold_or_create({"zoe": NOON})  # would be a deadlock if the other had begun with Zoe
    await waiting


async def somebody_waits_for_a_lock(database: Database) -> None:
    while True:
        async with database.read() as session:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            if (await (await session.connection()).execute(text(waiting))).scalar():
                return
        await asyncio.sleep(0.02)


async def test_a_batch_that_is_sent_again_while_it_is_committed_counts_once(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    batch = [added("boots"), ordered("1001", "ben"), added("hat", "carla")]

    results = await asyncio.gather(*(commit(database, *batch) for database in databases))

    assert sum(result.accepted for result in results) == 3
    assert sum(result.duplicates for result in results) == 9
    assert (await read_customer(databases[0])).cart.lines[0].quantity == 1
    assert (await read_customer(databases[0], "ben")).orders == 1
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_a_crash_inside_the_transaction_stores_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        await crash(database, added("boots"), ordered())

    assert await pending(database) == []
    async with database.read() as session:
        assert await Customers(session).load(["anna"]) == {}
    assert (await commit(database, added("boots"))).accepted == 1, "and the store goes on"


async def test_one_bad_event_refuses_its_batch_whole(database: Database) -> None:
    with pytest.raises(InvalidEventError, match="userId"):
        await commit(database, added("boots"), added("hat", None))
    assert await pending(database) == []


async def test_what_follows_is_stored_behind_its_cause_and_once(database: Database) -> None:
    removed = track(names.PRODUCT_REMOVED, at=NOON + MINUTE, properties={"product_id": "boots"})
    await commit(database, added("boots"), removed, track(names.PRODUCT_VIEWED, at=NOON + 2 * MINUTE))
    await commit(database, removed)

    stored = await pending(database)

    assert [each.event.name for each in stored] == [
        names.PRODUCT_ADDED,
        names.PRODUCT_REMOVED,
        names.CART_EMPTIED,
        names.PRODUCT_VIEWED,
    ]
    digest = hashlib.sha256(removed.message_id.encode()).hexdigest()
    assert stored[2].event.message_id == f"{digest}/cart-emptied"
    assert (stored[2].customer, stored[2].nth) == ("anna", 1)
    assert (await read_customer(database)).counts[names.CART_EMPTIED] == 1


async def test_what_follows_may_be_there_though_its_cause_is_no_longer(database: Database) -> None:
    removed = track(names.PRODUCT_REMOVED, at=NOON + MINUTE, properties={"product_id": "boots"})
    await commit(database, added("boots"), removed, added("boots"))
    async with database.transaction() as session:
        forget = "DELETE FROM events WHERE message_id = :cause"
        await (await session.connection()).execute(text(forget), {"cause": removed.message_id})
    assert (await commit(database, removed)).accepted == 1
    assert [each.event.name for each in await pending(database)].count(names.CART_EMPTIED) == 1


async def test_an_order_counts_once_however_often_it_is_reported(database: Database) -> None:
    await commit(database, ordered("1001"), ordered("1001"), ordered("1002"))
    await commit(database, ordered("1001"))

    anna = await read_customer(database)
    assert (anna.orders, anna.lifetime_value, anna.counts[names.ORDER_COMPLETED]) == (2, 240.0, 2)
    assert [stored.nth for stored in await pending(database)] == [1, 1, 2, 1]


async def test_an_order_reported_for_two_customers_at_once_counts_for_one(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    results = await asyncio.gather(
        commit(one, ordered("1001", "anna")), commit(other, ordered("1001", "ben")), return_exceptions=True
    )

    async with one.read() as session:
        facts = await Customers(session).load(["anna", "ben"])
    assert sum(customer.orders for customer in facts.values()) == 1, results
    await asyncio.gather(one.aclose(), other.aclose())


async def test_values_no_database_can_hold_are_made_harmless(database: Database) -> None:
    odd = {
        "nul": "a\x00b",
        "surrogate": "\ud83d",
        "nan": float("nan"),
        "deep": [[float("inf")]],
        "big": 2**80,
        "endless": 10**5000,
        "k\x00": 1,
    }
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"deeper": deep}

    await commit(database, track("Odd\x00 Name", properties=odd | {"nested": deep}), added("boots"))

    [stored, _] = await pending(database)
    assert stored.event.name == "Odd\N{REPLACEMENT CHARACTER} Name"
    assert stored.event.properties["nul"] == "a\N{REPLACEMENT CHARACTER}b"
    assert (stored.event.properties["big"], stored.event.properties["endless"]) == (2**80, None)
    assert (stored.event.properties["nan"], stored.event.properties["deep"]) == (None, [[None]])


async def test_pending_is_in_order_until_marked_or_parked(database: Database) -> None:
    await commit(database, *(added("boots", user) for user in ("anna", "ben", "anna", "carla")))
    first, second, third, fourth = await pending(database)
    assert [each.customer for each in (first, second, third, fourth)] == ["anna", "ben", "anna", "carla"]
    assert await pending(database, limit=2) == [first, second]

    async with database.transaction() as session:
        store = EventStore(session)
        await store.mark_dispatched([first.seq, fourth.seq], NOON)
        await store.mark_dispatched([], NOON)
        await store.park(second.seq, "the workflow's input is too large")

    async with database.read() as session:
        store = EventStore(session)
        assert await store.pending(10) == [third]
        assert await store.pending(10, excluding={"anna"}) == []
        assert (await store.count_pending(), await store.count_parked()) == (1, 1)


async def test_what_is_another_customers_by_now_is_not_marked(database: Database) -> None:
    await commit(database, added("boots", "anna"), added("hat", None, anonymous_id="v1"))
    whose = {each.seq: each.customer for each in await pending(database)}
    await commit(database, identify("anna", anonymous_id="v1"))

    async with database.transaction() as session:
        await EventStore(session).mark_dispatched(whose, NOON, whose)

    assert [(each.customer, each.event.properties.get("product_id")) for each in await pending(database)] == [
        ("anna", "hat"),
        ("anna", None),
    ]


async def test_recent_gives_the_latest_in_the_order_they_occurred(database: Database) -> None:
    late = added("scarf", at=NOON - MINUTE)
    await commit(database, *(added(f"p{n}", at=NOON + n * MINUTE) for n in range(5)), late, added("x", "ben"))

    async with database.read() as session:
        store = EventStore(session)
        everything = await store.recent("anna", NOON - MINUTE)
        some = await store.recent("anna", NOON - MINUTE, limit=2)
        later = await store.recent("anna", NOON + 3 * MINUTE)

    assert [each.event.properties["product_id"] for each in everything] == ["scarf", "p0", "p1", "p2", "p3", "p4"]
    assert [each.event.properties["product_id"] for each in some] == ["p3", "p4"]
    assert [each.event.properties["product_id"] for each in later] == ["p3", "p4"]


async def test_last_activity_is_the_latest_that_occurred_not_that_arrived(database: Database) -> None:
    await commit(database, added("boots", at=NOON + MINUTE), added("hat", at=NOON), ordered(at=NOON + 2 * MINUTE))
    async with database.read() as session:
        store = EventStore(session)
        assert await store.last_activity("anna", names.CART_ACTIVITY) == NOON + MINUTE
        assert await store.last_activity("anna", ["Never Done"]) is None
        assert await store.last_activity("nobody", names.CART_ACTIVITY) is None


async def test_ended_by_sees_only_what_was_committed_and_occurred_afterwards(database: Database) -> None:
    began = added("boots")
    await commit(database, ordered("1000"), began)
    [_, stored] = await pending(database)
    occasion = Occasion(event_id=began.message_id, name=began.name, seq=stored.seq, occurred_at=began.occurred_at)
    await commit(database, ordered("999", at=NOON - MINUTE), ordered("1002", "ben"))
    ends_on = [names.ORDER_COMPLETED, names.CART_EMPTIED]

    async with database.read() as session:
        store = EventStore(session)
        assert await store.ended_by("anna", ends_on, occasion) is None, (
            "an old order that is reported late ends nothing"
        )
        assert await store.latest_seq("anna") == stored.seq + 1
        assert await store.latest_seq("nobody") == 0

    await commit(database, identify(), ordered("1001", at=NOON))
    async with database.read() as session:
        store = EventStore(session)
        assert await store.ended_by("anna", ends_on, occasion) == names.ORDER_COMPLETED
        assert await store.ended_by("anna", [names.UNSUBSCRIBED], occasion) is None
        latest = occasion.model_copy(update={"seq": await store.latest_seq("anna")})
        assert await store.ended_by("anna", ends_on, latest) is None


async def test_an_order_is_found_by_the_event_that_reported_it(database: Database) -> None:
    products = [{"product_id": "boots", "price": "120.00", "quantity": 2}]
    properties = {"order_id": "1001", "total": "240", "currency": "eur", "products": products}
    await commit(database, added("hat"), ordered(properties=properties), ordered(properties=properties))

    [cart, first, again] = await pending(database)
    async with database.read() as session:
        orders = Orders(session)
        order = await orders.of_event(first)
        assert await orders.of_event(again) == order
        assert [await orders.of_event(each) for each in (cart, None)] == [None, None]

    assert order == Order(
        order_id="1001",
        total=240.0,
        currency="EUR",
        lines=(CartLine(product_id="boots", price=120.0, quantity=2),),
        completed_at=NOON,
        nth=1,
    )


async def test_an_order_id_of_any_length_is_kept_apart_from_others(database: Database) -> None:
    long = "ü" * 1_900
    await commit(database, ordered(long), ordered(long + "x"), ordered(long))
    assert [(stored.nth, stored.repeats) for stored in await pending(database)] == [(1, False), (2, False), (1, True)]
    assert (await read_customer(database)).orders == 2


async def test_events_that_make_nobody_known_are_stored_of_who_is_there_alone(database: Database) -> None:
    await commit(database, added(user=None, anonymous_id="v1"))
    signing_in = identify("anna", anonymous_id="v1")
    visitors, strangers = track("Looked", "anon-v1"), track("Looked", "ben")
    of_known = {visitors.message_id, strangers.message_id}
    async with database.transaction() as session:
        committed = await EventStore(session).commit([strangers, signing_in, visitors], of_known=of_known)
        assert committed.new == {signing_in.message_id, visitors.message_id}
        assert await Customers(session).load(["anna", "ben"]) == {"anna": await Customers(session).get("anna")}
