"""The prompter: sits beside the activities, whispers facts that the test wants otherwise, and notes what was asked."""

from datetime import datetime
from typing import Any

from temporalio import activity
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from domain import calls
from domain.clock import PacedClock
from domain.facts import Fact
from domain.message import Verdict
from domain.offer import Offer
from rehearsal.stage.errors import StageError
from rehearsal.stage.timeline import Timeline, What


class Prompter(ClientInterceptor, Interceptor):
    """Intercepts the activities of a stage's worker."""

    def __init__(self, timeline: Timeline, env: WorkflowEnvironment, paced: PacedClock) -> None:
        self._timeline, self._env, self._paced = timeline, env, paced
        self._templates: dict[str, str] = {}
        self._held: set[tuple[str, datetime]] = set()
        self.facts: dict[Fact[Any], bool | str] = {}
        """What is answered instead of what the database says."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 -- theirs
        """See `temporalio.worker.Interceptor`."""
        return _Prompted(next, self)

    def check(self) -> None:
        """Make sure that every fact may have the value it is to have.

        Raises:
            StageError: it may not.
        """
        for fact, value in self.facts.items():
            if value not in fact.values:
                possible = " or ".join(map(repr, fact.values))
                raise StageError(f"the fact “{fact.name}” is {possible}, and not {value!r}")

    def whispered(self, fact: str) -> bool | str | None:
        """What is to be answered for a fact; None: the truth."""
        return next((value for each, value in self.facts.items() if each.name == fact), None)

    async def note(self, request: object, answer: object) -> None:
        """Note what an activity was asked and what it answered."""
        match request, answer:
            case calls.GateRequest(), calls.Gated(message=message, decision=decision):
                self._templates[message] = request.template
                if decision.verdict is Verdict.DEFER and decision.until is not None:
                    self._hold(message, decision.reason, request.at, decision.until)
            case calls.SendRequest(message=message), calls.Delivery(until=datetime() as until, reason=reason, at=at):
                self._hold(message, reason, at, until)
            case calls.FactRequest(fact=fact), calls.FactAnswer(value=value):
                at = self._paced.product(await self._env.get_current_time())
                self._timeline.note(at, What.ASKED, f"{fact}: {_in_words(value)}")
            case calls.OfferRequest(at=at), Offer(kind=kind, why=why):
                self._timeline.note(at, What.ASKED, f"offer: {kind.value}, {why}" if why else f"offer: {kind.value}")
            case calls.VariantRequest(experiment=experiment, at=at), calls.Variant(name=name):
                self._timeline.note(at, What.ASKED, f"variant of {experiment}: {name}")
            case _:
                return

    def _hold(self, message: str, reason: str, at: datetime, until: datetime) -> None:
        if (message, until) not in self._held:  # an activity may be tried twice
            self._held.add((message, until))
            self._timeline.note(at, What.HELD, reason, template=self._templates.get(message), until=until)


class _Prompted(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, prompter: Prompter) -> None:
        super().__init__(following)
        self._prompter = prompter

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 -- theirs
        request = input.args[0] if input.args else None
        value = None
        if activity.info().activity_type == calls.READ_FACT and isinstance(request, calls.FactRequest):
            value = self._prompter.whispered(request.fact)
        answer = await super().execute_activity(input) if value is None else calls.FactAnswer(value=value)
        await self._prompter.note(request, answer)
        return answer


def _in_words(value: bool | str) -> str:
    return value if isinstance(value, str) else ("yes" if value else "no")
