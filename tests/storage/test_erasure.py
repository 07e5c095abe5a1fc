"""Whose former ids are: an id of a browser passes to whoever signs in there next."""

from storage.customers import Customers
from storage.database import Database
from storage.erasure import Erasures
from tests.storage.samples import MINUTE, NOON, added, commit, identify


async def ids(database: Database, customer: str) -> set[str]:
    """Under which ids an erasure looks for the customer."""
    async with database.transaction() as session:
        await Erasures(session).request(customer, "a test", NOON)
        (erasure,) = [each for each in await Erasures(session).open() if each.customer == customer]
        return set(await Erasures(session).ids(erasure))


async def erase(database: Database, customer: str) -> None:
    await ids(database, customer)
    async with database.transaction() as session:
        (erasure,) = [each for each in await Erasures(session).open() if each.customer == customer]
        await Erasures(session).forget(erasure, NOON)


async def a_shared_browser(database: Database) -> None:
    """A visitor turns out to be anna; then ben signs in."""
    await commit(database, added(user=None, anonymous_id="v1"))
    await commit(database, identify("anna", anonymous_id="v1", at=NOON + 60 * MINUTE))
    await commit(database, identify("ben", anonymous_id="v1", at=NOON + 120 * MINUTE))


async def test_former_ids_are_of_whoever_had_them_and_not_of_the_next(database: Database) -> None:
    await a_shared_browser(database)
    assert await ids(database, "ben") == {"ben"}
    assert await ids(database, "anna") == {"anna", "anon-v1"}


async def test_whoever_uses_the_browser_afterwards_stays(database: Database) -> None:
    await a_shared_browser(database)
    await erase(database, "ben")
    await commit(database, added(user=None, anonymous_id="v1", at=NOON + 180 * MINUTE))
    await erase(database, "anna")
    async with database.read() as session:
        assert set(await Customers(session).load(["anna", "ben", "anon-v1"])) == {"anon-v1"}
