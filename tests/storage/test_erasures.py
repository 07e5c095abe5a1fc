"""Whose former ids are: an id of a browser passes to whoever signs in there next."""

from storage.customers import Customers
from storage.database import Database
from storage.erasures import Erasures
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


async def test_an_erasure_that_is_asked_under_a_former_id_is_of_whom_they_turned_out_to_be(database: Database) -> None:
    await commit(database, identify(None, anonymous_id="v1", traits={"email": "anna@shop.example"}))
    await commit(database, identify("anna", anonymous_id="v1"))
    async with database.transaction() as session:
        erasures = Erasures(session)
        assert [await erasures.request("anon-v1", "a test", NOON) for _ in range(2)] == [True, False]
        (erasure,) = await erasures.open()
        assert erasure.customer == "anna"
        await erasures.forget(erasure, NOON)
        assert await Customers(session).find("anna@shop.example") is None


async def test_what_stands_for_a_visitor_is_not_asked_of_an_account_with_another_address(database: Database) -> None:
    await commit(database, identify("anna", traits={"email": "anna@shop.example"}))
    await commit(database, identify(None, anonymous_id="v1", traits={"email": "somebody@else.example"}))
    async with database.transaction() as session:
        await Erasures(session).request("anon-v1", "a test", NOON)
    await commit(database, identify("anna", anonymous_id="v1"))
    async with database.transaction() as session:
        assert not await Erasures(session).request("anon-v1", "a test", NOON)
        assert [each.customer for each in await Erasures(session).open()] == ["anon-v1"]
