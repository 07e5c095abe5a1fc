"""The flow of mail towards the provider: what may not leave now although the gate lets it go.

Asked in the transaction that hands a mail over, after the gate, and about marketing only: what is owed always goes. The
rate per second is not here but with Temporal (`worker.build_worker`).
"""

import time
from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.breaker import HELD_BACK, BreakerPolicy, trips
from domain.message import Decision, Kind, MessageStatus, Verdict
from domain.model import Value
from domain.warm_up import WARMING_UP, WarmUp, day_of, next_day
from storage.breakers import Breaker, Breakers
from storage.ledger import Ledger, LedgerRow

ASK_AGAIN: Final = timedelta(hours=1)
"""How long a mail of a journey that is held back waits before it asks again. One that is stale by then is dropped."""

JUDGE_EVERY: Final = 10.0
"""Real seconds. Counting a day's mails before each of them would be the most work of all."""


class FlowPolicy(Value):
    """The settings of the flow."""

    warm_up: WarmUp | None = None
    breaker: BreakerPolicy = BreakerPolicy()


class Flow:
    """Holds mail back for the sender's good name."""

    def __init__(self, policy: FlowPolicy) -> None:
        self._policy = policy
        self._judged: dict[str, float] = {}

    async def objection(self, session: AsyncSession, row: LedgerRow, now: datetime) -> Decision | None:
        """When the message may leave at the earliest, and why not now; None: now."""
        if row.kind is Kind.TRANSACTIONAL or row.status is not MessageStatus.RENDERED:
            return None  # owed; or the provider may have it already, and is only asked again
        return await self._breaker(session, row.journey, now) or await self._warm_up(session, now)

    async def _breaker(self, session: AsyncSession, journey: str, now: datetime) -> Decision | None:
        breakers = Breakers(session)
        breaker = await breakers.get(journey)
        reason = breaker.reason or await self._judge(breakers, breaker, now)
        if reason is None:
            return None
        why = f"{journey} is held back, {reason}: re-arm it when that is mended"
        return _later(HELD_BACK, why, now + ASK_AGAIN)

    async def _judge(self, breakers: Breakers, breaker: Breaker, now: datetime) -> str | None:
        """Open the breaker if the numbers say so, and return why."""
        if time.monotonic() - self._judged.get(breaker.journey, -JUDGE_EVERY) < JUDGE_EVERY:
            return None
        self._judged[breaker.journey] = time.monotonic()
        since = now - self._policy.breaker.window
        if breaker.rearmed_at is not None:
            since = max(since, breaker.rearmed_at)
        reason = trips(await breakers.tally(breaker.journey, since), self._policy.breaker)
        if reason is not None:
            await breakers.open(breaker.journey, reason, now)
        return reason

    async def _warm_up(self, session: AsyncSession, now: datetime) -> Decision | None:
        """Whoever asks at the same moment sees the same count: the limit may be passed by the mails under way."""
        limit = self._policy.warm_up.limit_at(now) if self._policy.warm_up else None
        if limit is None or await Ledger(session).count_handed_over(day_of(now)) < limit:
            return None
        gone = "1 mail has" if limit == 1 else f"{limit} mails have"
        return _later(WARMING_UP, f"warm-up: today's {gone} gone", next_day(now))


def _later(rule: str, why: str, until: datetime) -> Decision:
    reason = f"{why}; waits until {until:%Y-%m-%d %H:%M} UTC"
    return Decision(verdict=Verdict.DEFER, reason=reason, until=until, rule=rule)
