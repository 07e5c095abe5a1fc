"""The troupe: which journeys take part, and the worker that runs them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from temporalio.client import Client
from temporalio.worker import Worker

from rehearsal.stage.errors import StageError
from rehearsal.stage.playhouse import ActivityMethods, Playhouse, WorkerFactory
from worker import build_worker
from workflows.catalogue import JOURNEYS, deployed, journey_named
from workflows.vocabulary import Journey


class Troupe:
    """Journeys on one stage. As long as nobody names one, all that are deployed take part.

    Whoever is named plays without the others: a test does not change when somebody deploys another journey.

    Args:
        house: makes the playhouse, given what builds its worker.
    """

    def __init__(self, house: Callable[[WorkerFactory], Playhouse]) -> None:
        self.house = house(self._build)
        self._named: dict[str, type[Journey]] = {}
        self._is_working = False
        self._working, self._deployed = AsyncExitStack(), AsyncExitStack()

    @asynccontextmanager
    async def gathered(self) -> AsyncIterator[None]:
        """Let the worker that `work` starts, and what was deployed for it, end with the block."""
        async with self._deployed, self._working:
            yield

    def name(self, journey: str | type[Journey]) -> type[Journey]:
        """Let a journey take part: one that is deployed, by its name, or any class.

        Raises:
            UnknownJourneyError: none of that name is deployed.
            JourneyError: another one of its name is.
            StageError: it comes too late.
        """
        found = journey_named(journey) if isinstance(journey, str) else journey
        name = found.plan.name
        if (self._named or JOURNEYS).get(name) is found and self._is_working:
            return found
        if self._is_working:
            # A worker knows the journeys that it was started with, and the test server loses the queries of a second.
            raise StageError(f"{name} comes too late: name every journey with perform before anything happens")
        self._deployed.enter_context(deployed(found))
        self._named[name] = found
        self.house.cast(self._named)
        return found

    async def work(self) -> None:
        """Make sure that a worker runs."""
        if not self._is_working:
            self._is_working = True
            await self._working.enter_async_context(self.house.working())

    def _build(self, client: Client, activities: ActivityMethods) -> Worker:
        # An error in a journey's code fails the enrollment, and so the rehearsal; else both would wait for ever.
        return build_worker(client, activities, journeys=self._named.values() or None, failing_on=[Exception])
