"""Looks at a page of customers for a source, and commits what is due."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from domain.clock import Clock
from domain.gate import GatePolicy
from domain.occasions import SourcePolicy
from domain.sources import source_named
from domain.sweep import SWEEP_PAGE, Page, PageRequest
from metrics.upkeep import count_found
from storage.database import Database
from storage.sources import Looks

PAGE = 500
"""Customers looked at in one go: some milliseconds of database, and a megabyte or two of memory."""

MOST_AT_ONCE = 100
"""Events committed in one go, however many a minute may bring."""


class SweepActivities:
    """The pages of sweeps."""

    def __init__(self, database: Database, clock: Clock, policy: SourcePolicy, gate: GatePolicy) -> None:
        self._database, self._clock = database, clock
        self._policy, self._gate = policy, gate
        self._at_once = min(policy.per_minute // 10, MOST_AT_ONCE)

    @activity.defn(name=SWEEP_PAGE)
    async def sweep_page(self, request: PageRequest) -> Page:
        """Look at the next customers, and commit an event for each of them for whom an occasion is due.

        Idempotent: an occasion that was told is not told again. Takes some ten milliseconds.

        Raises:
            UnknownSourceError: no such source is deployed here.
            UnavailableError: the database is away. Nothing was committed, or all of the page.
        """
        source, now = source_named(request.source), self._clock.now()
        if not self._policy.run:
            return Page(after=None)
        async with self._database.read() as session:
            looks = self._looks(session)
            customers = await looks.page(request.after, PAGE)
            due = await looks.due(source, customers, now)
        now_due = due[: self._at_once]
        committed = 0
        if now_due:
            async with self._database.transaction() as session:
                committed = await self._looks(session).commit(source, now_due, now)
            count_found(source.name, committed)
        if len(due) > len(now_due):  # the rest of the page is looked at again, after the pause
            customers = customers[: customers.index(now_due[-1].user_id or "") + 1]
            return self._page(customers, committed, ends=False)
        return self._page(customers, committed, ends=len(customers) < PAGE)

    def _page(self, customers: list[str], found: int, *, ends: bool) -> Page:
        return Page(
            after=None if ends else customers[-1], looked_at=len(customers), found=found, pause=self._pause(found)
        )

    def _pause(self, found: int) -> timedelta:
        """After so many events: any minute then holds `per_minute` at most, one batch more than the pauses allow."""
        return timedelta(minutes=1) * found / (self._policy.per_minute - self._at_once)

    def _looks(self, session: AsyncSession) -> Looks:
        return Looks(session, self._policy, self._gate.consent, self._gate.default_zone)
