"""A journey: a declaration and a sequence, which is also a Temporal workflow.

The class is run in two ways. Temporal runs it as a workflow: `@journey` gives it a run method, and the verbs it
awaits go to the `Performer`. Anything else may build it from a `Start` and drive `steps` through a `Script`: none of
the verbs touches Temporal.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow

from domain.calls import Delivery
from domain.enrollment import Outcome, Start
from domain.facts import Fact
from domain.intent import Intent
from domain.message import Kind, Stage
from domain.moments import Moment, Timing
from domain.offer import Offer
from domain.signals import Signal
from workflows.vocabulary import verbs
from workflows.vocabulary.enrollment import Enrollment

J = TypeVar("J", bound="Journey")
S = TypeVar("S", bound=Signal)
F = TypeVar("F", bool, str)
M = TypeVar("M", bound=BaseModel)

STALE_AFTER = timedelta(hours=36)
"""A marketing mail that the gate held back for longer is dropped: it was about something else by then."""


class Journey(Enrollment):
    """Base of every journey. Write `plan` and `steps`; decorate with `@journey`. Here are the verbs."""

    def settings(self, model: type[M]) -> M:
        """The journey's settings, as they were when the enrollment began.

        One that the model no longer has is passed over: a running enrollment must outlive it.
        """
        kept = {name: value for name, value in self.start.settings.items() if name in model.model_fields}
        return model.model_validate(kept)

    async def send(
        self,
        template: str,
        *,
        kind: Kind = Kind.MARKETING,
        stage: Stage = Stage.PURCHASE,
        urgent: bool = False,
        stale_after: timedelta | None = STALE_AFTER,
        offer: Offer | None = None,
    ) -> Delivery:
        """Send a template's mail as soon as the gate lets it. Returns what became of it.

        Args:
            template: name under `templates/`, e.g. `cart/reminder`.
            kind: transactional mail is owed: it needs no consent, waits for no hour and survives the journey's end.
            stage: the funnel stage it counts for in the caps.
            urgent: it answers something the customer did just now; the daily cap then lets it pass.
            stale_after: held back for longer, it is dropped. None: never too late.
            offer: what `offer()` chose, to be shown in the mail.
        """
        return await verbs.Send(
            template=template, kind=kind, stage=stage, urgent=urgent, stale_after=stale_after, offer=offer
        )

    async def wait(self, duration: timedelta) -> None:
        """Let time pass."""
        await verbs.Wait(duration)

    async def wait_until(self, moment: datetime) -> None:
        """Let time pass until a product moment, e.g. `reminder.at + timedelta(days=2)`."""
        await verbs.WaitUntil(moment)

    async def wait_until_local(self, wall_clock: time) -> None:
        """Wait until the customer's own clock next shows this time; their zone is read again at wake-up."""
        await verbs.WaitUntilLocal(wall_clock)

    async def quiet(self, duration: timedelta, *, since: Sequence[str]) -> None:
        """Wait until none of these events has happened for a while; each one restarts the wait."""
        await verbs.Quiet(duration, tuple(since))

    async def until(self, moment: Moment, *, before: timedelta = timedelta()) -> Timing:
        """Wait until so long before a moment that the customer's events report, e.g. a renewal. Returns how it came.

        Whenever an event says another date, the wait is for that one. Where the moment is unknown or over, or so long
        before it has passed already, there is nothing to wait for, and the answer says so.
        """
        return await verbs.Until(moment, before)

    async def reaction(self, *kinds: type[S], within: timedelta) -> S | None:
        """Wait for the customer to answer the last mail. Returns the signal, or None when the time ran out."""
        return await verbs.Reaction(kinds, within)

    async def score(self) -> Intent:
        """The customer's intent now."""
        return await verbs.Score()

    async def fact(self, fact: Fact[F]) -> F:
        """One fact about the customer, read now."""
        answer: F = await verbs.ReadFact(fact)
        return answer

    async def suppress(self, reason: str) -> None:
        """Send the customer no more marketing, of whatever journey, until they return. The reason is kept and shown."""
        await verbs.Suppress(reason)

    async def offer(self) -> Offer:
        """The offer the policy grants this customer now; often none."""
        return await verbs.ChooseOffer()

    async def variant(self, experiment: str, variants: Sequence[str]) -> str:
        """The customer's variant of an experiment, the same every time."""
        return await verbs.ChooseVariant(experiment, tuple(variants))

    async def since(self, change: str) -> bool:
        """Whether the enrollment comes here after a change was deployed: then it goes the new way.

        False for one that passed here before, and goes the old way to its end. Each change has a name, which is
        frozen, and one answer for each enrollment.
        """
        return await verbs.Since(change)


def journey(cls: type[J]) -> type[J]:
    """Register a journey as the Temporal workflow of its plan's name.

    Temporal wants a run method on the class itself, so that each workflow type has its own; all do the same.
    """

    async def run(self: J, start: Start) -> Outcome:  # noqa: ARG001 -- taken by __init__, see workflow.init
        return await self._live()

    run.__qualname__ = f"{cls.__qualname__}.run"
    run.__module__ = cls.__module__
    run.__doc__ = cls.__doc__
    # Temporal wants the parameters of run and of __init__ written alike, and methods do not annotate self.
    del run.__annotations__["self"]
    registered: Any = cls
    registered.run = workflow.run(run)
    return workflow.defn(name=cls.plan.name)(cls)
