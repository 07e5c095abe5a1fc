"""How time passes on stage: from one wait to the next, so that each is seen, and until everything has come to rest.

The test server's clock also runs in real time while something works, so that enrollments fall behind the story by the
fraction of a second that their work takes. What is due within `SLACK` of a moment counts as due at it.
"""

import asyncio
from datetime import datetime, timedelta

from rehearsal.stage.errors import StageError
from rehearsal.stage.playhouse import Playhouse
from rehearsal.stage.watcher import PATIENCE, Watcher

SLACK = timedelta(seconds=30)
"""More than all the work of a test takes."""

AFTERWARDS = timedelta(seconds=1)
"""Let pass beyond a moment that something is due at, so that it is mostly done at the next look."""

_SHORTEST, _LONGEST = timedelta(milliseconds=50), timedelta(minutes=10)
"""Steps while something works: doubled each time, since a mail server that says *later* is tried again for hours."""

_LOOKS = 12
"""So often what still works at the end of a stretch of time is looked at: from 50 ms to 100 s of product time."""


class Passing:
    """The time of one stage. `story` is where the test believes to be."""

    def __init__(self, house: Playhouse, watcher: Watcher, start: datetime) -> None:
        self._house, self._watcher = house, watcher
        self.story = start

    async def settle(self) -> None:
        """Let everything that is to happen now happen."""
        await self.play_until(self.story)

    async def play_until(self, moment: datetime, *, to_the_end: bool = False) -> None:
        """Let time pass until then; with `to_the_end` only until every enrollment has ended.

        Raises:
            StageError: a journey's code broke, or goes in circles.
        """
        restless = 0
        while True:
            rest = await self._watcher.look()
            if to_the_end and self._watcher.is_over:
                return
            if not rest.resting:
                if await self._house.now() >= moment and restless >= _LOOKS:
                    return
                await self._work_on(restless)
                restless += 1
                continue
            restless = 0
            if rest.due is None or rest.due > moment + SLACK:
                break
            await self._sleep_until(rest.due + AFTERWARDS)
        if not to_the_end or rest.due is not None:
            await self._sleep_until(moment)

    async def _work_on(self, tries: int) -> None:
        """Give what works a little time; an event that waits for an enrollment to end is delivered again."""
        if await self._house.pending():
            await asyncio.sleep(_SHORTEST.total_seconds())
            await self._house.dispatch()
        await self._sleep(min(_SHORTEST * 2**tries, _LONGEST))

    async def _sleep_until(self, moment: datetime) -> None:
        remaining = moment - await self._house.now()
        if remaining > timedelta():
            await self._sleep(remaining)

    async def _sleep(self, duration: timedelta) -> None:
        try:
            async with asyncio.timeout(PATIENCE + duration.total_seconds() if duration < SLACK else PATIENCE):
                await self._house.advance(duration)
        except TimeoutError:
            busy = self._watcher.doing_journeys()
            raise StageError(
                f"time does not pass: {busy} has been at work for {PATIENCE:g} s without waiting"
            ) from None
