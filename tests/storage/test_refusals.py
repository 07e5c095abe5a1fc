"""An opt-out was said of a mailbox, and holds there when whoever said it has another one, or is somebody else."""

from domain import event as names
from domain.gate import ConsentRule
from domain.profile import ALL_MARKETING
from storage.allowances import Allowances
from storage.customers import Customers
from storage.database import Database
from storage.permissions import Permissions
from tests.storage.samples import MINUTE, NOON, commit, identify, track

SHARED = {"email": "x@x.example"}
ELSEWHERE = {"email": "y@y.example"}


async def opt_outs(database: Database, customer: str) -> frozenset[str]:
    """As the gate reads them, and whether sources leave the customer out likewise."""
    async with database.read() as session:
        topics = await Permissions(session).opt_outs(customer)
        leaves = await Allowances(session).of([await Customers(session).get(customer)])
    assert leaves[customer].allows("news", ConsentRule.ASSUMED) is topics.isdisjoint({"news", ALL_MARKETING})
    return topics


async def come_back(database: Database, customer: str, topic: str = ALL_MARKETING) -> None:
    async with database.transaction() as session:
        await Permissions(session).lift_opt_out(customer, topic, NOON + 9 * MINUTE, by="the centre")


async def test_a_visitors_opt_out_holds_for_their_mailbox_when_the_browser_signs_in_elsewhere(
    database: Database,
) -> None:
    await commit(database, identify("vera", traits=ELSEWHERE), identify(None, anonymous_id="v9", traits=SHARED))
    await commit(database, track(names.UNSUBSCRIBED, None, anonymous_id="v9"))
    await commit(database, identify("vera", anonymous_id="v9"))
    await commit(database, identify(None, anonymous_id="phone", traits=SHARED))
    assert await opt_outs(database, "anon-phone") == {ALL_MARKETING}
    assert await opt_outs(database, "vera") == frozenset()
    await come_back(database, "anon-phone")
    assert await opt_outs(database, "anon-phone") == frozenset()


async def test_an_opt_out_stays_in_the_mailbox_when_who_said_it_moves_away(database: Database) -> None:
    await commit(database, identify("anna", traits=SHARED), identify("77", traits=SHARED))
    await commit(database, track(names.UNSUBSCRIBED, "77", properties={"topic": "news"}))
    await commit(database, identify("77", traits=ELSEWHERE, at=NOON + MINUTE))
    for customer in ("anna", "77"):
        assert await opt_outs(database, customer) == {"news"}
    # Each takes back what was said of where they are.
    await come_back(database, "anna", "news")
    assert [await opt_outs(database, each) for each in ("anna", "77")] == [frozenset(), {"news"}]


async def test_what_is_said_in_one_batch_is_of_the_mailbox_that_they_had_then(database: Database) -> None:
    await commit(database, identify("anna", traits=SHARED), identify("77", traits=SHARED))
    await commit(database, identify("ben", traits=ELSEWHERE))
    await commit(
        database,
        track(names.UNSUBSCRIBED, "77", properties={"topic": "news"}),
        identify("77", traits=ELSEWHERE, at=NOON + MINUTE),
        track(names.UNSUBSCRIBED, "77", properties={"topic": "carts"}, at=NOON + 2 * MINUTE),
        identify("77", traits={"email": "z@z.example"}, at=NOON + 3 * MINUTE),
    )
    assert await opt_outs(database, "anna") == {"news"}
    assert await opt_outs(database, "ben") == {"news", "carts"}


async def test_moving_to_and_fro_keeps_one_refusal(database: Database) -> None:
    await commit(database, identify("77", traits=SHARED), track(names.UNSUBSCRIBED, "77"))
    for minute in range(1, 5):
        traits = ELSEWHERE if minute % 2 else SHARED
        await commit(database, identify("77", traits=traits, at=NOON + minute * MINUTE))
    await come_back(database, "77")
    assert await opt_outs(database, "77") == frozenset()
    await commit(database, identify("anna", traits=ELSEWHERE))
    assert await opt_outs(database, "anna") == {ALL_MARKETING}
