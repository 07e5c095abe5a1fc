"""The breakers: which journeys are held back, since when and why; and the numbers by which that is judged."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, union

from domain.breaker import Tally
from domain.message import Kind
from domain.model import Instant, Value
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from storage.repository import Repository
from storage.tables import BREAKERS, FEEDBACK, MESSAGES, SUPPRESSIONS
from storage.transitions import HANDED

_REPORTED = {HARD_BOUNCE: "bounced_at", COMPLAINT: "complained_at"}
"""Where a message's feedback tells of it, by the reason of the suppression that follows."""


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
        row = (await self.execute(select(BREAKERS).where(BREAKERS.c.journey == journey))).mappings().one_or_none()
        return Breaker.model_validate(dict(row)) if row else Breaker(journey=journey)

    async def all(self) -> list[Breaker]:
        """Those that ever opened, by the name of their journey."""
        rows = (await self.execute(select(BREAKERS).order_by(BREAKERS.c.journey))).mappings()
        return [Breaker.model_validate(dict(row)) for row in rows]

    async def open(self, journey: str, reason: str, at: datetime) -> None:
        """Hold the journey back. One that is held back already stays so, with its first reason."""
        row = {"journey": journey, "reason": reason, "opened_at": at}
        statement = self.insert(BREAKERS)
        statement = statement.on_conflict_do_update(
            index_elements=["journey"], set_={"reason": reason, "opened_at": at}, where=BREAKERS.c.reason.is_(None)
        )
        await self.execute(statement, [row])

    async def rearm(self, journey: str, at: datetime) -> Breaker:
        """Let the journey go on, judged from now on only. Returns what stood before."""
        before = await self.get(journey)
        row = {"journey": journey, "reason": None, "opened_at": None, "rearmed_at": at}
        statement = self.insert(BREAKERS).on_conflict_do_update(index_elements=["journey"], set_=row)
        await self.execute(statement, [row])
        return before

    async def tally(self, journey: str, since: datetime) -> Tally:
        """The journey's marketing mails handed over since then, and the customers who bounced or complained after one.

        A report that names its message counts against that message's journey. Of one that names none, a customer who
        got mails of two journeys counts against both.
        """
        theirs = (MESSAGES.c.journey == journey) & (MESSAGES.c.handed_over_at >= since)
        handed = theirs & (MESSAGES.c.kind == Kind.MARKETING) & MESSAGES.c.status.in_(sorted(HANDED))
        mails = (await self.execute(select(func.count()).select_from(MESSAGES).where(handed))).scalar_one()
        cases = {reason: await self._cases(handed, since, reason) for reason in _REPORTED}
        return Tally(mails=mails, bounces=cases[HARD_BOUNCE], complaints=cases[COMPLAINT])

    async def _cases(self, handed: ColumnElement[bool], since: datetime, reason: str) -> int:
        """How many customers bounced, or complained, after one of these mails."""
        reported = FEEDBACK.c[_REPORTED[reason]].is_not(None)
        named = select(MESSAGES.c.customer_id).where(
            handed, exists().where(FEEDBACK.c.message == MESSAGES.c.id, reported)
        )
        after_one = exists().where(
            handed,
            MESSAGES.c.customer_id == SUPPRESSIONS.c.customer_id,
            MESSAGES.c.handed_over_at <= SUPPRESSIONS.c.at,
        )
        # What a provider rejects because of an earlier bounce was never tried.
        told = reported | FEEDBACK.c.rejected_at.is_not(None)
        by_name = exists().where(FEEDBACK.c.customer_id == SUPPRESSIONS.c.customer_id, told)
        nameless = select(SUPPRESSIONS.c.customer_id).where(
            SUPPRESSIONS.c.reason == reason, SUPPRESSIONS.c.at >= since, after_one, ~by_name
        )
        who = union(named, nameless).subquery()
        return int((await self.execute(select(func.count()).select_from(who))).scalar_one())
