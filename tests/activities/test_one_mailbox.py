"""Customers who share a mailbox: whoever decides about what comes to it decides alone, whomever it is for."""

import asyncio
import random
from collections.abc import Awaitable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from activities.gate import Gate, GateActivities
from activities.gate_facts import Question
from domain.calls import Delivery, Gated, GateRequest
from domain.errors import DeferredByServerError
from domain.event import EMAIL_COMPLAINED, UNSUBSCRIBED
from domain.gate import GatePolicy
from domain.message import Decision, MessageStatus, Verdict
from storage.database import Database
from storage.erasures import Erasures
from storage.events import EventStore
from tests.activities.crew import Crew, asking, rendering, sending
from tests.house import NO_QUIET_HOURS
from tests.stack.waiting import until
from tests.storage.samples import MINUTE, NOON, added, commit, identify, track

POLICY = GatePolicy(quiet=NO_QUIET_HOURS)
HOUSEHOLDS = 12
REPETITIONS = 80
BLOCKED = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


class Meeting(Gate):
    """A gate that keeps a decision to itself until the other one of a household is made, or would have been."""

    def __init__(self, policy: GatePolicy) -> None:
        super().__init__(policy)
        self._first: dict[str, asyncio.Event] = {}

    async def decide(self, session: AsyncSession, question: Question) -> Decision:
        decision = await super().decide(session, question)
        household, _, _ = question.enrollment.partition("/")
        if (other := self._first.pop(household, None)) is not None:
            other.set()
            return decision
        came = self._first[household] = asyncio.Event()
        try:
            await asyncio.wait_for(came.wait(), timeout=0.2)
        except TimeoutError:
            self._first.pop(household, None)
        return decision


class Household:
    """Anna and Ben, two customers with one address."""

    def __init__(self, database: Database, number: int = 0, policy: GatePolicy = POLICY) -> None:
        self.crew, self._database, self._number = Crew(database, policy=policy), database, number
        self.address, self.anna, self.ben = f"both-{number}@shop.example", f"anna-{number}", f"ben-{number}"

    async def move_in(self, *, apart: bool = False) -> None:
        """They have an address, a consent, and a lamp in the cart each; apart: an address each, for now."""
        earlier = NOON - timedelta(hours=1)
        for customer in (self.anna, self.ben):
            traits = {"email": f"{customer}@shop.example" if apart else self.address, "consent": True}
            told = identify(customer, traits=traits, at=earlier), added("lamp", customer, at=earlier)
            await commit(self._database, *told)

    async def ask(self, customer: str, gate: GateActivities | None = None) -> Gated:
        return await (gate or self.crew.gate).decide_message(self._asking(customer))

    async def rendered(self, customer: str) -> str:
        gated = await self.ask(customer)
        assert gated.decision.verdict is Verdict.SEND
        await self.crew.rendering.render_message(rendering(gated.message))
        return gated.message

    async def send(self, message: str) -> Delivery:
        row = await self.crew.row(message)
        return await self.crew.sending.send_message(sending(message).model_copy(update={"customer": row.customer}))

    def _asking(self, customer: str) -> GateRequest:
        return asking(enrollment=f"{self._number}/{customer}", customer=customer)


async def moves(household: Household, customer: str, address: str) -> None:
    await commit(household.crew.database, identify(customer, traits={"email": address}, at=NOON - MINUTE))


async def test_of_two_with_one_address_that_ask_at_once_one_gets_mail(postgresql_database: Database) -> None:
    gate = GateActivities(postgresql_database, Crew(postgresql_database).clock, Meeting(POLICY))
    households = [Household(postgresql_database, number) for number in range(HOUSEHOLDS)]
    await asyncio.gather(*(each.move_in() for each in households))
    asked = [each.ask(customer, gate) for each in households for customer in (each.anna, each.ben)]
    verdicts = [gated.decision.verdict for gated in await asyncio.gather(*asked)]
    sent = [verdicts[at : at + 2].count(Verdict.SEND) for at in range(0, len(verdicts), 2)]
    assert sent == [1] * HOUSEHOLDS


async def test_of_two_whose_mails_were_written_apart_one_goes_once_they_share_a_mailbox(
    postgresql_database: Database,
) -> None:
    """Both claims are right, since the addresses differ. Then Ben tells another one, and both are sent at once."""
    household = Household(postgresql_database)
    await household.move_in(apart=True)
    messages = [await household.rendered(customer) for customer in (household.anna, household.ben)]
    await moves(household, household.ben, f"{household.anna}@shop.example")
    crew = household.crew
    crew.sending = crew.sending_over(transport=crew.server, gate=Meeting(POLICY))
    deliveries = await asyncio.gather(*map(household.send, messages))
    assert sorted(each.status for each in deliveries) == [MessageStatus.DEFERRED, MessageStatus.SENT]
    assert len(crew.server.mails) == 1


@pytest.mark.parametrize("name", [UNSUBSCRIBED, EMAIL_COMPLAINED])
async def test_no_mail_is_handed_over_while_the_other_reader_takes_leave_away(
    postgresql_database: Database, name: str
) -> None:
    """What Ben says is being committed, and nobody else sees it yet, as Anna's mail is about to go."""
    household = Household(postgresql_database)
    await household.move_in()
    message = await household.rendered(household.anna)
    async with postgresql_database.transaction() as session:
        await EventStore(session).commit([track(name, household.ben)])
        sent = asyncio.create_task(household.send(message))
        await until(lambda: blocked(postgresql_database))
    assert (await sent).status is MessageStatus.DROPPED
    assert not household.crew.server.attempts


async def test_no_mail_is_handed_over_while_who_refused_it_moves_away(postgresql_database: Database) -> None:
    """Nothing of what Ben refused is missed between the moment when it is his and when it is the mailbox's."""
    household = Household(postgresql_database)
    await household.move_in()
    message = await household.rendered(household.anna)
    await commit(postgresql_database, track(UNSUBSCRIBED, household.ben))
    async with postgresql_database.transaction() as session:
        await EventStore(session).commit([identify(household.ben, traits={"email": "his-own@shop.example"})])
        sent = asyncio.create_task(household.send(message))
        await until(lambda: blocked(postgresql_database))
    assert (await sent).status is MessageStatus.DROPPED
    assert not household.crew.server.attempts


async def blocked(database: Database) -> int:
    async with database.read() as session:
        return int((await (await session.connection()).execute(text(BLOCKED))).scalar_one())


async def test_a_mail_follows_its_customer_to_a_mailbox_and_is_asked_what_may_come_there(database: Database) -> None:
    household = Household(database)
    await household.move_in(apart=True)
    others = f"{household.ben}@shop.example"
    message = await household.rendered(household.anna)
    await household.send(await household.rendered(household.ben))
    await moves(household, household.anna, others)
    waits = await household.send(message)
    assert (waits.status, waits.until) == (MessageStatus.DEFERRED, NOON + timedelta(days=1))
    assert (await household.ask(household.anna)).decision.rule == "caps"

    await moves(household, household.anna, "her-own@shop.example")
    message = await household.rendered(household.anna)
    await commit(database, track(UNSUBSCRIBED, household.ben))
    await moves(household, household.anna, others)
    assert (await household.send(message)).reason == "unsubscribed from this topic or from all marketing"
    assert [mail.recipient for mail in household.crew.server.mails] == [others]


async def test_what_is_taken_back_counts_for_the_mailbox_until_it_is_put_off(database: Database) -> None:
    household = Household(database)
    await household.move_in()
    message = await household.rendered(household.anna)
    household.crew.server.defer_next()
    with pytest.raises(DeferredByServerError):
        await household.send(message)
    assert (await household.ask(household.ben)).decision.rule == "caps"

    await commit(database, added("vase", household.anna, at=NOON))  # she is in the shop
    assert (await household.send(message)).status is MessageStatus.DEFERRED
    bens = await household.rendered(household.ben)
    assert (await household.ask(household.anna)).decision.rule in ("caps", "in session")
    assert (await household.send(bens)).status is MessageStatus.SENT
    assert len(household.crew.server.mails) == 1


async def test_gates_joins_refusals_and_erasures_of_one_mailbox_never_wait_in_a_circle(
    postgresql_database: Database,
) -> None:
    """PostgreSQL breaks a circle after a second, by failing one of those in it: that would be an error here."""
    households = [Household(postgresql_database, number) for number in range(4)]
    await asyncio.gather(*(each.move_in() for each in households))
    mixer, at_once = Mixer(postgresql_database, households), asyncio.Semaphore(16)

    async def do(number: int) -> None:
        async with at_once:
            await mixer.anything(number)

    done = await asyncio.gather(*map(do, range(REPETITIONS)), return_exceptions=True)
    failed = [each for each in done if isinstance(each, BaseException)]
    assert [each for each in failed if "try the batch again" not in str(each)] == []


class Mixer:
    """Does this and that to some households, the same in each run."""

    def __init__(self, database: Database, households: Sequence[Household]) -> None:
        self._database, self._households, self._dice = database, households, random.Random(7)

    def anything(self, number: int) -> Awaitable[object]:
        dice, household = self._dice, self._dice.choice(self._households)
        both = dice.sample([household.anna, household.ben], 2)
        signs_in = identify(both[0], traits={"email": household.address}, anonymous_id=f"v{dice.randrange(20)}")
        said = dice.choice([UNSUBSCRIBED, EMAIL_COMPLAINED])
        match dice.randrange(7):
            case 0 | 1:
                return household.crew.gate.decide_message(asking(enrollment=f"{number}/{both[0]}", customer=both[0]))
            case 2:
                return commit(self._database, *(track(said, each) for each in both))
            case 3:
                return self._forget(both[0])
            case 4:
                return commit(self._database, added("hat", None, anonymous_id=signs_in.anonymous_id))
            case 5:
                return commit(self._database, signs_in)
            case _:
                return moves(household, both[0], dice.choice(self._households).address)

    async def _forget(self, customer: str) -> None:
        async with self._database.transaction() as session:
            await Erasures(session).request(customer, "a test", NOON)
