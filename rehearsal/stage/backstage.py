"""Backstage: what a stage is made of, and what each act on it has in common."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.testing import WorkflowEnvironment

from domain.clock import PacedClock
from mail.recording import RecordingTransport
from rehearsal.stage.ear import anybody_listens
from rehearsal.stage.hand import Hand
from rehearsal.stage.passing import Passing
from rehearsal.stage.playhouse import ANNA, Playhouse
from rehearsal.stage.prompter import Prompter
from rehearsal.stage.record import Record
from rehearsal.stage.timeline import Timeline, What
from rehearsal.stage.troupe import Troupe
from rehearsal.stage.watcher import Watcher
from settings import Settings
from storage.database import Database


class Backstage:
    """Of one stage. For the arguments see `rehearsal.stage.opening.open_stage`."""

    def __init__(
        self,
        env: WorkflowEnvironment,
        database: Database,
        paced: PacedClock,
        settings: Settings,
        *,
        zone: str,
        templates: Path,
    ) -> None:
        self.customer = ANNA
        self.traits: dict[str, Any] = {
            "email": f"{ANNA}@shop.example",
            "firstName": "Anna",
            "timezone": zone,
            "consent": True,
        }
        self.mail_server = RecordingTransport()
        self.timeline = Timeline(zone, paced.anchor_product)
        self.prompter = Prompter(self.timeline, env, paced)
        self.troupe = Troupe(
            lambda build: Playhouse(
                env,
                database,
                paced,
                settings,
                transport=self.mail_server,
                interceptors=[self.prompter],
                build=build,
                templates=templates,
            )
        )
        self.house = self.troupe.house
        self.watcher = Watcher(self.house, self.timeline, self.customer)
        self.passing = Passing(self.house, self.watcher, paced.anchor_product)
        self.record = Record(self.house, self.mail_server, self.timeline, self.customer)
        self.hand = Hand(self.house)
        self._is_known = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Stop what was started when the block ends."""
        async with self.troupe.gathered():
            yield

    @property
    def elapsed(self) -> timedelta:
        """Time since the first enrollment began."""
        return self.passing.story - self.timeline.begins

    async def ready(self) -> None:
        """Have a worker, and the customer known.

        Raises:
            StageError: a fact is to be what it cannot be.
        """
        self.prompter.check()
        await self.troupe.work()
        if not self._is_known:
            self._is_known = True
            await self.house.tell(self.customer, self.traits)

    async def do(self, what: str, act: Awaitable[object], *, event: str | None = None) -> None:
        """Let the customer do something, and note whether it meant anything to a journey.

        Args:
            what: in words.
            act: does it.
            event: name of what it reports, where it is given by its name: nobody may listen to that.
        """
        moment, rows, heard = await self.house.now(), len(self.watcher.rows), self.watcher.heard()
        unheard = event is not None and not anybody_listens(self.watcher.rows, event)
        ignored = self._ignored(what, event if unheard else None)
        await act
        await self.come_to_rest()
        begun = len(self.watcher.rows) > rows
        if self.watcher.heard() > heard:
            # Whatever the customer does after half an hour away is a return to the shop as well.
            self.timeline.note(moment, What.HEARD, f"{what}, as a return to the shop" if unheard else what)
        elif not begun:
            self.timeline.note(moment, What.IGNORED, ignored)

    def _ignored(self, what: str, unheard: str | None) -> str:
        """Why something would change nothing, as it stands."""
        if not self.watcher.rows:
            return f"{what}: no journey had begun"
        if self.watcher.is_over:
            return f"{what}: the journey had ended"
        return f"{what}: it changed nothing" if unheard is None else f"the journey does not listen to “{unheard}”"

    async def operate(self, what: str, act: Awaitable[None]) -> None:
        """Let an operator do something, unless it is refused."""
        moment = await self.house.now()
        await act
        self.timeline.note(moment, What.HEARD, f"{what} by an operator")
        await self.come_to_rest()

    async def come_to_rest(self) -> None:
        """Let everything that is to happen by now happen, and read what came of it."""
        await self.passing.settle()
        await self.update()

    async def update(self) -> None:
        """Read what came of it. The story counts from the beginning of the first enrollment."""
        first = next(iter(self.watcher.rows), None)
        if first is not None and self.timeline.begins != first.started_at:
            self.timeline.begins = self.passing.story = first.started_at
        await self.record.update(self.watcher.rows)
