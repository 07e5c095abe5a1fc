"""One mailbox, two customers: what is said in it holds for whatever comes to it."""

from domain import event as names
from domain.gate import ConsentRule
from domain.message import Verdict
from domain.preferences import PAUSE, Choices, Frequency
from storage.allowances import Allowances
from storage.customers import Customers
from storage.database import Database
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from tests.activities.crew import Crew, asking
from tests.storage.samples import MINUTE, NOON, commit, identify, track

MAILBOX = {"email": "dup.er@shop.example", "consent": True}
LATER = NOON + MINUTE


async def twins(database: Database) -> Crew:
    """A shopper, and a customer with the same address whom nothing joins with them."""
    crew = Crew(database)
    await crew.shopper()
    await commit(database, identify("anna", traits=MAILBOX), identify("77", traits=MAILBOX), identify("ben"))
    return crew


async def test_who_unsubscribes_gets_no_mail_by_another_id_and_may_come_back(database: Database) -> None:
    crew = await twins(database)
    await commit(database, track(names.UNSUBSCRIBED, "77"))
    assert (await crew.gate.decide_message(asking())).decision.rule == "opt-out"
    async with database.read() as session:
        known = await Customers(session).load(["anna", "77", "ben"])
        leaves = await Allowances(session).of([*known.values()])
        assert {each: leave.opted_out for each, leave in leaves.items()} == {"anna": {"*"}, "77": {"*"}, "ben": set()}
        assert not leaves["anna"].allows_any(ConsentRule.ASSUMED)

    async with database.transaction() as session:
        permissions = Permissions(session)
        assert await permissions.lift_opt_out("anna", "*", LATER, by="m1")
        assert await permissions.opt_outs("77") == frozenset()
    assert (await crew.gate.decide_message(asking(enrollment="e-2"))).decision.verdict is Verdict.SEND


async def test_the_word_of_a_mailbox_stays_in_it(database: Database) -> None:
    await twins(database)
    await commit(database, track(names.UNSUBSCRIBED, "77"))
    await commit(database, identify("anna", traits={"email": "anna@elsewhere.example"}, at=LATER))
    async with database.read() as session:
        found = [await Permissions(session).opt_outs(each) for each in ("anna", "77", "ben", "nobody")]
    assert found == [frozenset(), {"*"}, frozenset(), frozenset()]


async def test_caps_a_pause_and_the_chosen_distance_count_what_comes_to_the_mailbox(database: Database) -> None:
    crew = await twins(database)
    sent = asking(enrollment="e-77")
    assert (await crew.gate.decide_message(sent)).decision.verdict is Verdict.SEND
    await commit(database, identify("78", traits=MAILBOX))
    async with database.transaction() as session:
        await PreferenceLog(session).choose("78", Choices(frequency=Frequency.WEEKLY), NOON, "m1")
        assert (await PreferenceLog(session).choices("anna")).frequency is Frequency.WEEKLY
    assert (await crew.gate.decide_message(asking(enrollment="e-2"))).decision.rule == "own wish"
    other = sent.model_copy(update={"customer": "78", "enrollment": "e-78"})
    assert (await crew.gate.decide_message(other)).decision.verdict is Verdict.DEFER
    async with database.transaction() as session:
        await PreferenceLog(session).choose("77", Choices(paused_until=NOON + PAUSE), LATER, "m2")
    assert (await crew.gate.decide_message(asking(enrollment="e-3"))).decision.rule == "pause"
