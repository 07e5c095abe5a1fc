"""The breakers: which journeys are held back, since when and why; and the numbers by which that is judged."""

from datetime import datetime

from sqlalchemy import exists, func, select

from domain.breaker import Tally
from domain.message import Kind
from domain.model import Instant, Value
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from storage.repository import Repository
from storage.tables import BreakerRecord, MessageRecord, SuppressionRecord, table_of
from storage.transitions import HANDED

_BREAKERS = table_of(BreakerRecord)
_MESSAGES = table_of(MessageRecord)
_SUPPRESSIONS = table_of(SuppressionRecord)


class Breaker(Value):
    """One journey's. It is open, and holds the journey back, while there is a reason."""

    journey: str
    reason: str | None = None
    opened_at: Instant | None = None
    rearmed_at: Instant | None = None

    @property
    def is_open(self) -> bool:
        """Whether the journey's marketing is held back."""
        return self.reason is not None


class Breakers(Repository):
    """Opens, re-arms and judges."""

    async def get(self, journey: str) -> Breaker:
        """The journey's breaker; one that never opened, too."""
        row = (await self.execute(select(_BREAKERS).where(_BREAKERS.c.journey == journey))).mappings().one_or_none()
        return Breaker.model_validate(dict(row)) if row else Breaker(journey=journey)

    async def open(self, journey: str, reason: str, at: datetime) -> None:
        """Hold the journey back. One that is held back already stays so, with its first reason."""
        row = {"journey": journey, "reason": reason, "opened_at": at}
        statement = self.insert(_BREAKERS)
        statement = statement.on_conflict_do_update(
            index_elements=["journey"], set_={"reason": reason, "opened_at": at}, where=_BREAKERS.c.reason.is_(None)
        )
        await self.execute(statement, [row])

    async def rearm(self, journey: str, at: datetime) -> Breaker:
        """Let the journey go on, judged from now on only. Returns what stood before."""
        before = await self.get(journey)
        row = {"journey": journey, "reason": None, "opened_at": None, "rearmed_at": at}
        statement = self.insert(_BREAKERS).on_conflict_do_update(index_elements=["journey"], set_=row)
        await self.execute(statement, [row])
        return before

    async def tally(self, journey: str, since: datetime) -> Tally:
        """The journey's marketing mails handed over since then, and the customers who bounced or complained after one.

        A customer who got mails of two journeys counts against both: no report says reliably which one it was about.
        """
        theirs = (_MESSAGES.c.journey == journey) & (_MESSAGES.c.handed_over_at >= since)
        handed = theirs & (_MESSAGES.c.kind == Kind.MARKETING) & _MESSAGES.c.status.in_(sorted(HANDED))
        mails = (await self.execute(select(func.count()).select_from(_MESSAGES).where(handed))).scalar_one()
        after_one = exists().where(
            handed,
            _MESSAGES.c.customer_id == _SUPPRESSIONS.c.customer_id,
            _MESSAGES.c.handed_over_at <= _SUPPRESSIONS.c.at,
        )
        cases = select(_SUPPRESSIONS.c.reason, func.count(_SUPPRESSIONS.c.customer_id.distinct()).label("who"))
        cases = cases.where(_SUPPRESSIONS.c.at >= since, after_one).group_by(_SUPPRESSIONS.c.reason)
        counts = {row["reason"]: row["who"] for row in (await self.execute(cases)).mappings()}
        return Tally(mails=mails, bounces=counts.get(HARD_BOUNCE, 0), complaints=counts.get(COMPLAINT, 0))
