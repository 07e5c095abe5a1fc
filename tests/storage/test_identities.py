import asyncio
import re
from collections.abc import Awaitable, Iterable

import pytest
from sqlalchemy import select

from domain import event as names
from domain.errors import UnavailableError, UnknownCustomerError
from domain.event import EventType
from domain.identity import Key
from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasures
from storage.events import EventStore
from storage.identities import Identities
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from storage.tables import CustomerRecord, table_of
from tests.storage.samples import MINUTE, NOON, added, commit, identify, ordered, read_customer, track


async def resolve(database: Database, user: str | None = None, anonymous: str | None = None) -> str | None:
    async with database.read() as session:
        return await Customers(session).resolve(user, anonymous)


async def test_a_user_id_is_the_customer_and_an_anonymous_id_a_customer_of_its_own(database: Database) -> None:
    await commit(database, added("boots", "anna"), added("hat", None, anonymous_id="v1"))

    assert await resolve(database, user="anna") == "anna"
    assert await resolve(database, anonymous="v1") == "anon-v1"
    assert await resolve(database, user="nobody") is None
    assert (await read_customer(database, "anon-v1")).cart.lines[0].product_id == "hat"


async def test_an_id_that_is_an_address_never_travels(database: Database) -> None:
    await commit(database, added("boots", "Anna@Example.com"), added("hat", "anna@example.com"))
    await commit(database, added("scarf", "anna@example.com"))

    customer = await resolve(database, user="ANNA@example.com")

    assert customer is not None
    assert re.fullmatch(r"c-[0-9a-f]{16}", customer)
    assert len((await read_customer(database, customer)).cart.lines) == 3


@pytest.mark.parametrize("awkward", ["x" * 300, "y" * 5000, "tab\tand\nline", " "])
async def test_ids_that_cannot_travel_get_another(database: Database, awkward: str) -> None:
    await commit(database, added("boots", awkward))
    await commit(database, added("hat", awkward))

    customer = await resolve(database, user=awkward)

    assert customer is not None
    assert len(customer) <= 190
    assert customer.isprintable()
    assert customer.strip()
    assert len((await read_customer(database, customer)).cart.lines) == 2


async def test_the_visitor_who_signs_in_brings_everything_along(database: Database) -> None:
    consent = identify(None, anonymous_id="v1", traits={"email": "anna@example.com", "consent": True})
    await commit(database, consent, added("boots", None, anonymous_id="v1"), ordered("1", None, anonymous_id="v1"))
    await commit(database, added("hat", None, anonymous_id="v1", at=NOON + MINUTE))
    async with database.transaction() as session:
        await Permissions(session).opt_out("anon-v1", "newsletter", NOON, "m1")

    await commit(database, identify("anna", anonymous_id="v1", at=NOON + 2 * MINUTE, traits={"firstName": "Anna"}))

    anna = await read_customer(database)
    assert (anna.email, anna.first_name, anna.orders, anna.lifetime_value) == ("anna@example.com", "Anna", 1, 120.0)
    assert [line.product_id for line in anna.cart.lines] == ["hat"]
    assert anna.counts == {"identify": 2, names.PRODUCT_ADDED: 2, names.ORDER_COMPLETED: 1}
    async with database.read() as session:
        assert {stored.customer for stored in await EventStore(session).pending(10)} == {"anna"}
        assert await Permissions(session).consent("anna", "any") is True
        assert await Permissions(session).opted_out("anna", "newsletter")
        assert await Identities(session).former_ids("anna") == ("anon-v1",)
    await commit(database, added("scarf", None, anonymous_id="v1", at=NOON + 3 * MINUTE))
    assert len((await read_customer(database)).cart.lines) == 2, "later anonymous events are the known customer's"


async def test_a_suppressed_visitor_stays_suppressed_when_known(database: Database) -> None:
    await commit(database, added("boots", None, anonymous_id="v1"))
    async with database.transaction() as session:
        await Suppressions(session).suppress("anon-v1", "complaint", NOON, "m1")
    await commit(database, identify("anna", anonymous_id="v1", traits={"email": "anna@example.com"}))
    async with database.read() as session:
        assert await Suppressions(session).reason("anna") == "complaint"


async def test_whoever_may_not_write_ids_down_alone_writes_none(
    postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls of somebody named by an address had read who that is, when an erasure took the answer away."""
    database, address = postgresql_database, "x@shop.example"
    await commit(database, added("boots", address))
    customer = await resolve(database, user=address)
    assert customer is not None
    async with database.transaction() as session:
        await Erasures(session).request(customer, "test", NOON)
        [erasure] = await Erasures(session).open()
    both_read, erased = asyncio.Barrier(3), asyncio.Event()
    load = Identities._load

    async def slow(self: Identities, keys: Iterable[Key]) -> dict[Key, str]:
        found = await load(self, keys)
        if found and not erased.is_set():
            await both_read.wait()
            await erased.wait()
        return found

    monkeypatch.setattr(Identities, "_load", slow)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        live = [tasks.create_task(_refused(commit(database, added("hat", address)))) for _ in range(2)]
        await both_read.wait()
        async with database.transaction() as session:
            await Erasures(session).forget(erasure, NOON)
        erased.set()
    assert all(task.result() for task in live)
    await commit(database, added("hat", address))
    async with database.read() as session:
        rows = await (await session.connection()).execute(select(table_of(CustomerRecord).c.id))
        assert [*rows.scalars()] == [await Identities(session).find(user_id=address)]


async def _refused(commit: Awaitable[object]) -> bool:
    try:
        await commit
    except UnavailableError:
        return True
    return False


async def test_nothing_is_sent_twice_to_who_was_anonymous(database: Database) -> None:
    traits = {"email": "anna@example.com"}
    await commit(database, identify(None, anonymous_id="v1", traits=traits), added("boots", None, anonymous_id="v1"))
    await commit(database, identify("anna", anonymous_id="v1"))

    visitor = await read_customer(database, "anon-v1")

    assert visitor.email is None
    assert visitor.cart.is_empty
    assert visitor.orders == 0


async def test_a_known_cart_is_kept_and_the_visitors_is_put_to_it(database: Database) -> None:
    await commit(database, added("boots", "anna"), added("hat", None, anonymous_id="v1"))
    await commit(database, identify("anna", anonymous_id="v1"))
    assert [line.product_id for line in (await read_customer(database)).cart.lines] == ["boots", "hat"]


async def test_signing_in_within_the_batch_counts_for_the_whole_batch(database: Database) -> None:
    await commit(database, added("hat", None, anonymous_id="v1"), identify("anna", anonymous_id="v1"))
    assert [line.product_id for line in (await read_customer(database)).cart.lines] == ["hat"]
    with pytest.raises(UnknownCustomerError):
        await read_customer(database, "anon-v1")


async def test_a_shared_device_goes_from_one_customer_to_the_next(database: Database) -> None:
    await commit(database, added("boots", "anna", anonymous_id="v1"))
    await commit(database, added("hat", "ben", anonymous_id="v1"))
    await commit(database, added("scarf", None, anonymous_id="v1"))

    assert [line.product_id for line in (await read_customer(database, "anna")).cart.lines] == ["boots"]
    assert [line.product_id for line in (await read_customer(database, "ben")).cart.lines] == ["hat", "scarf"]


async def test_alias_joins_a_former_user_id(database: Database) -> None:
    await commit(database, added("boots", "old"), ordered("1", "old", at=NOON - MINUTE))
    alias = track("alias", "new", type=EventType.ALIAS, previous_id="old")
    await commit(database, alias)
    await commit(database, added("hat", "old"))

    assert await resolve(database, user="old") == "new"
    new = await read_customer(database, "new")
    assert ([line.product_id for line in new.cart.lines], new.orders) == (["boots", "hat"], 1)


async def test_alias_there_and_back_does_not_go_in_circles(database: Database) -> None:
    await commit(database, added("boots", "a"), track("alias", "b", type=EventType.ALIAS, previous_id="a"))
    await commit(database, track("alias", "a", type=EventType.ALIAS, previous_id="b"))
    await commit(database, added("hat", "a"), added("scarf", "b"))
    assert await resolve(database, user="a") == await resolve(database, user="b") == "b"


async def test_aliases_follow_when_their_customer_is_joined(database: Database) -> None:
    await commit(database, added("boots", "a", anonymous_id="v1"))
    await commit(database, track("alias", "b", type=EventType.ALIAS, previous_id="a"))
    assert await resolve(database, anonymous="v1") == "b"


async def test_our_own_links_may_name_the_former_id(database: Database) -> None:
    await commit(database, added("boots", None, anonymous_id="v1"), added("x", "c-0123456789abcdef"))
    await commit(database, identify("anna", anonymous_id="v1"))
    await commit(database, track(names.EMAIL_LINK_CLICKED, "anon-v1"))

    assert (await read_customer(database)).counts[names.EMAIL_LINK_CLICKED] == 1
    assert await resolve(database, user="c-0123456789abcdef") == "c-0123456789abcdef"


async def test_the_same_text_as_user_and_as_anonymous_id_is_two_people(database: Database) -> None:
    await commit(database, added("boots", "7"), added("hat", None, anonymous_id="7"))
    await commit(database, identify("anna", anonymous_id="7"))
    assert [line.product_id for line in (await read_customer(database, "7")).cart.lines] == ["boots"]
    assert [line.product_id for line in (await read_customer(database, "anna")).cart.lines] == ["hat"]


async def test_concurrent_first_events_of_one_address_are_one_customer(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(6)]
    await asyncio.gather(*(commit(database, added("boots", "anna@example.com")) for database in databases))

    customer = await resolve(databases[0], user="anna@example.com")

    assert customer is not None
    assert (await read_customer(databases[0], customer)).cart.lines[0].quantity == 6
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_an_anonymous_event_committed_while_its_visitor_signs_in_is_not_lost(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(6)]
    await commit(databases[0], added("boots", None, anonymous_id="v1"))

    await asyncio.gather(
        *(commit(database, added("boots", None, anonymous_id="v1")) for database in databases[:3]),
        *(commit(database, identify("anna", anonymous_id="v1")) for database in databases[3:]),
    )

    assert (await read_customer(databases[0])).cart.lines[0].quantity == 4
    await asyncio.gather(*(database.aclose() for database in databases))


async def test_find_takes_whatever_a_person_knows(database: Database) -> None:
    await commit(database, identify("anna", anonymous_id="v1", traits={"email": "Anna@Example.com"}))
    await commit(database, identify("ben@example.com", traits={"email": "ben@work.example"}))
    await commit(database, identify("old-anna", at=NOON - MINUTE, traits={"email": "anna@example.com"}))

    async with database.read() as session:
        customers = Customers(session)
        ben = await customers.find("ben@example.com")
        assert [await customers.find(each) for each in ("anna", "v1", " ANNA@example.com", "nobody", "x@y.zz")] == [
            "anna",
            "anna",
            "anna",
            None,
            None,
        ]
        assert ben is not None
        assert ben.startswith("c-")
        assert await customers.find("ben@work.example") == ben
        assert await customers.find(ben) == ben


async def test_an_unknown_customer_is_named(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(UnknownCustomerError, match="nobody"):
            await Customers(session).get("nobody")
        with pytest.raises(UnknownCustomerError, match="nobody"):
            await Customers(session).hold_one("nobody")
