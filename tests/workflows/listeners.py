"""Journeys that name what they wait for in every way that code can, for tests of who listens to what."""

from datetime import timedelta
from typing import Any, ClassVar

import domain.signals
from domain import signals
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from workflows.vocabulary import Journey, On, Plan

HOUR = timedelta(hours=1)
ANSWERS = (Click, Revisit)
EITHER = Click | Purchase
VIDEO_WATCHED = "Video Watched"


async def _asked_by(journey: Journey) -> None:
    await journey.reaction(Unsubscribe, within=HOUR)


def _nested(journey: Journey) -> Any:
    async def inner() -> None:
        await _asked_by(journey)

    return inner


class _Asking:
    """Asks for somebody else."""

    async def ask(self, journey: Journey) -> None:
        """Wait for an order."""
        await journey.reaction(Purchase, within=HOUR)


class _Listener(Journey):
    """Base of these."""

    plan = Plan(name="listener", trigger=On("Never"), goal=None, topic="tests", owner="tests")


class Silent(_Listener):
    """Names Click and Revisit in words and annotations alone."""

    heard: Click | None = None
    kinds: tuple[type[Signal], ...]

    async def steps(self) -> None:
        """Wait for no Click."""
        answer: Revisit | None = None
        await self.wait(HOUR)
        assert answer is None

    def unused(self, signal: Click) -> Revisit:
        """See the class."""
        raise NotImplementedError


class ByName(_Listener):
    """Names a kind."""

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(Click, within=HOUR)


class Inherited(ByName):
    """Has the steps of another."""


class ByTuple(_Listener):
    """Names a tuple of kinds."""

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(*ANSWERS, within=HOUR)


class ByUnion(_Listener):
    """Names a union of kinds."""

    async def steps(self) -> None:
        """See the class."""
        if isinstance(await self.reaction(Click, within=HOUR), EITHER):
            return


class ByModule(_Listener):
    """Names a kind by its module."""

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(signals.Revisit, within=HOUR)


class ByModuleOfModule(_Listener):
    """Names a kind by its module's whole name."""

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(domain.signals.Revisit, within=HOUR)


class ByAttribute(_Listener):
    """Keeps the kinds in the class."""

    kinds: ClassVar[list[type[Signal]]] = [Revisit, Click]

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(*self.kinds, within=HOUR)


class ByProperty(_Listener):
    """Keeps the kinds in a property and a static method."""

    @property
    def kind(self) -> type[Revisit]:
        """See the class."""
        return Revisit

    @staticmethod
    def other() -> type[Click]:
        """See the class."""
        return Click

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(self.kind, self.other(), within=HOUR)


class ByDefault(_Listener):
    """Keeps the kind in a default."""

    async def steps(self, kind: type[Signal] = Revisit, *, other: type[Signal] = Click) -> None:
        """See the class."""
        await self.reaction(kind, other, within=HOUR)


class ByFunction(_Listener):
    """Names a function that names another that names the kind."""

    async def steps(self) -> None:
        """See the class."""
        await _nested(self)()


class ByClass(_Listener):
    """Leaves the asking to a class of this module."""

    async def steps(self) -> None:
        """See the class."""
        await _Asking().ask(self)


class ByMixin(_Asking, _Listener):
    """Leaves the asking to what it is made from."""

    async def steps(self) -> None:
        """See the class."""
        await self.ask(self)


class Everything(_Listener):
    """Waits for anything."""

    async def steps(self) -> None:
        """See the class."""
        await self.reaction(Signal, within=HOUR)


class Watches(_Listener):
    """Waits for events by their names."""

    async def steps(self) -> None:
        """See the class."""
        match await self.reaction(Observation, within=HOUR):
            case Observation(name="Product Shared" | "Price Dropped"):
                return
            case Observation(name=name) if name == VIDEO_WATCHED:
                return


def enclosed(kind: type[Signal]) -> type[Journey]:
    """A journey that waits for a kind of its surroundings."""

    class Enclosed(_Listener):
        """See `enclosed`."""

        async def steps(self) -> None:
            """See the class."""
            await self.reaction(kind, within=HOUR)

    return Enclosed
