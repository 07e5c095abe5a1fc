"""The flow towards the provider: what waits although the gate lets it go."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from activities import flow
from activities.flow import ASK_AGAIN, FlowPolicy
from domain.breaker import BreakerPolicy, Tally
from domain.calls import Delivery
from domain.message import Kind, MessageStatus
from domain.warm_up import WarmUp
from storage.breakers import Breaker, Breakers
from storage.database import Database
from storage.ledger import Ledger
from storage.suppressions import Suppressions
from tests.activities.crew import Crew, asking, rendering, sending
from tests.storage.samples import MINUTE, NOON

JOURNEY = "cart-recovery"
MIDNIGHT = NOON + timedelta(hours=12)
WARM_UP = FlowPolicy(warm_up=WarmUp(start=date(2026, 1, 1), per_day=(2,)))
BREAKER = FlowPolicy(breaker=BreakerPolicy(bounces=0.5, sample=6))


class Line:
    """Customers who each get one mail."""

    def __init__(self, database: Database, policy: FlowPolicy) -> None:
        self.crew = Crew(database)
        self._sending = self.crew.sending_over(transport=self.crew.server, flow=policy)

    async def send(self, customer: str, kind: Kind = Kind.MARKETING) -> Delivery:
        await self.crew.shopper(customer)
        return await self.again(customer, kind)

    async def again(self, customer: str, kind: Kind = Kind.MARKETING) -> Delivery:
        now = self.crew.clock.moment
        request = asking(enrollment=f"e-{customer}", customer=customer, kind=kind).model_copy(update={"at": now})
        gated = await self.crew.gate.decide_message(request)
        await self.crew.rendering.render_message(rendering(gated.message))
        return await self._sending.send_message(
            sending(gated.message, kind).model_copy(update={"customer": customer, "at": now})
        )

    async def rules(self) -> list[str]:
        """Who held back what waits now."""
        async with self.crew.database.read() as session:
            rows = await Ledger(session).list()
        return [row.rule for row in rows if row.status is MessageStatus.DEFERRED]

    async def breaker(self) -> Breaker:
        async with self.crew.database.read() as session:
            return await Breakers(session).get(JOURNEY)

    async def suppress(self, customers: Sequence[str], reason: str = "hard bounce") -> None:
        async with self.crew.database.transaction() as session:
            for customer in customers:
                await Suppressions(session).suppress(customer, reason, self.crew.clock.moment, "test")

    async def tally(self, since: timedelta = timedelta(hours=1)) -> Tally:
        async with self.crew.database.read() as session:
            return await Breakers(session).tally(JOURNEY, NOON - since)


async def test_a_warm_up_lets_so_many_go_in_a_day_and_the_rest_the_next(sqlite_database: Database) -> None:
    warm_up = WarmUp(start=NOON.date(), per_day=(2, 3))
    line = Line(sqlite_database, FlowPolicy(warm_up=warm_up))
    first = [await line.send(name) for name in ("anna", "ben", "cleo", "dora")]
    assert [each.status for each in first] == [MessageStatus.SENT] * 2 + [MessageStatus.DEFERRED] * 2
    assert (first[2].until, first[2].reason) == (
        MIDNIGHT,
        f"warm-up: today's 2 mails have gone; waits until {MIDNIGHT:%Y-%m-%d} 00:00 UTC",
    )
    assert await line.rules() == ["warm-up"] * 2
    line.crew.clock.moment = MIDNIGHT
    assert [(await line.again(name)).status for name in ("cleo", "dora")] == [MessageStatus.SENT] * 2
    assert [(await line.send(name)).status for name in ("emil", "fred")] == [
        MessageStatus.SENT,
        MessageStatus.DEFERRED,
    ]
    line.crew.clock.moment = MIDNIGHT + timedelta(days=1)  # the ramp has ended
    for name in ("fred", "gina", "hugo", "ida"):
        assert (await line.send(name)).status is MessageStatus.SENT


async def test_owed_mail_goes_whatever_holds_the_rest_back_and_counts(sqlite_database: Database) -> None:
    line = Line(sqlite_database, FlowPolicy(warm_up=WarmUp(start=NOON.date(), per_day=(1,))))
    for name in ("anna", "ben"):
        assert (await line.send(name, Kind.TRANSACTIONAL)).status is MessageStatus.SENT
    assert (await line.send("cleo")).status is MessageStatus.DEFERRED


async def test_a_breaker_opens_and_stays_open_until_it_is_re_armed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "JUDGE_EVERY", 0.0)
    line = Line(database, BREAKER)
    line.crew.server.refuse_next(3, code=550, problem="5.1.1 no such user")
    for number in range(6):
        await line.send(f"customer-{number}")
    assert await line.tally() == Tally(mails=6, bounces=3)

    held = await line.send("anna")
    assert (held.status, held.until) == (MessageStatus.DEFERRED, NOON + ASK_AGAIN)
    why = "3 of 6 mails bounced (50.0%, at most 50.0% may)"
    assert held.reason.startswith(f"cart-recovery is held back, {why}: re-arm it when that is mended; waits until ")
    assert (await line.breaker()).reason == why
    assert await line.rules() == ["breaker"]
    assert (await line.send("ben", Kind.TRANSACTIONAL)).status is MessageStatus.SENT

    line.crew.clock.moment += timedelta(hours=26)  # nothing is in the window any more, and it is held back still
    assert (await line.again("anna")).status is MessageStatus.DEFERRED

    async with database.transaction() as session:
        before = await Breakers(session).rearm(JOURNEY, line.crew.clock.moment)
    assert before.is_open
    assert (await line.again("anna")).status is MessageStatus.SENT
    assert not (await line.breaker()).is_open


async def test_a_breaker_that_is_re_armed_judges_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "JUDGE_EVERY", 0.0)
    line = Line(database, BREAKER)
    for number in range(6):
        await line.send(f"customer-{number}")
    await line.suppress([f"customer-{number}" for number in range(3)])
    line.crew.clock.moment += MINUTE
    async with database.transaction() as session:
        await Breakers(session).rearm(JOURNEY, line.crew.clock.moment)
    for number in range(10, 16):
        assert (await line.send(f"customer-{number}")).status is MessageStatus.SENT
    await line.suppress(["customer-10", "customer-11"])
    assert (await line.send("anna")).status is MessageStatus.SENT
    await line.suppress(["customer-12", "customer-13", "customer-14"], "complaint")
    assert (await line.send("ben")).status is MessageStatus.DEFERRED
    assert (await line.breaker()).reason == "3 of 7 mails were marked as spam (42.9%, at most 0.3% may)"


async def test_only_who_bounced_after_a_mail_of_the_journey_counts(database: Database) -> None:
    line = Line(database, FlowPolicy())
    await line.crew.shopper("early")
    await line.suppress(["early"])
    for name in ("anna", "ben", "cleo"):
        await line.send(name)
    await line.send("dora", Kind.TRANSACTIONAL)
    line.crew.clock.moment += MINUTE
    await line.suppress(["anna", "dora", "nobody"])
    await line.suppress(["ben"], "complaint")
    await line.suppress(["cleo"], "erasure")
    assert await line.tally() == Tally(mails=3, bounces=1, complaints=1)
    assert await line.tally(since=-MINUTE) == Tally()
