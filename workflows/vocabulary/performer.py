"""Performs verbs on Temporal: timers, local activities, the send activity. The only module that does.

Order and number of the commands issued here are part of what replays: change them only behind a patch
(`workflow.patched`), see docs/decisions.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from domain import calls
from domain.calls import Delivery
from domain.enrollment import Start
from domain.gate import Ask
from domain.intent import Intent, Tier
from domain.message import MessageStatus, Verdict
from workflows.vocabulary import search, stubs, verbs
from workflows.vocabulary.display import Display
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.words import in_words

ENDING_TOLD_WITHIN = timedelta(minutes=5)
"""Real time. The dispatcher delivers within a second; it is given longer than it takes to restart."""


def _never() -> bool:
    return False


class Performer:
    """Performs one enrollment's verbs, one after the other."""

    def __init__(self, plan: Plan, start: Start, inbox: Inbox, display: Display) -> None:
        self._plan, self._start, self._inbox, self._display = plan, start, inbox, display
        self._steps_named: dict[str, int] = {}
        self._published: tuple[str, Tier] | None = None
        self._because = f"after {start.occasion.name}"
        self._planned: datetime | None = None
        """When the last wait was to end: a mail is due then, however late Temporal wakes us."""
        self.mails = 0

    def now(self) -> datetime:
        """Product time, the same on every replay."""
        return self._start.clock.product(workflow.now())

    async def perform(self, verb: verbs.Verb[Any]) -> Any:
        """Do what the verb asks and return its answer. An ending cuts every wait short; the answer is then void."""
        self._show(verb.describe())
        match verb:
            case verbs.Send():
                return await self._send(verb)
            case verbs.Wait(duration):
                self._because = f"{in_words(duration)} later"
                return await self._sleep_until(self.now() + duration, verb.describe())
            case verbs.WaitUntil(moment):
                return await self._sleep_until(moment, verb.describe())
            case verbs.WaitUntilLocal():
                return await self._wait_for_wall_clock(verb)
            case verbs.Quiet():
                return await self._wait_for_quiet(verb)
            case verbs.Reaction():
                return await self._wait_for_reaction(verb)
            case _:
                return await self._ask(verb)

    async def _ask(self, verb: verbs.Verb[Any]) -> Any:
        customer = self._start.customer
        match verb:
            case verbs.Score():
                return await self._score()
            case verbs.ReadFact(fact):
                fact_request = calls.FactRequest(customer=customer, fact=fact.name, occasion=self._start.occasion)
                return (await stubs.read_fact(fact_request, verb.describe())).value
            case verbs.ChooseOffer():
                tier = (await self._score()).tier
                return await stubs.choose_offer(
                    calls.OfferRequest(customer=customer, tier=tier, at=self.now()), verb.describe()
                )
            case verbs.ChooseVariant(experiment, variants):
                request = calls.VariantRequest(
                    customer=customer,
                    enrollment=self._start.enrollment,
                    experiment=experiment,
                    variants=variants,
                    at=self.now(),
                )
                return (await stubs.choose_variant(request, verb.describe())).name
            case _:
                raise TypeError(f"the performer does not know the verb {type(verb).__name__}")

    # -- waits ---------------------------------------------------------------------------------------------------

    async def _sleep_until(self, moment: datetime, summary: str, woken_by: Callable[[], bool] = _never) -> None:
        """Wait until a product moment, an ending, or what `woken_by` tells; whichever is first."""
        self._planned = moment
        remaining = self._start.clock.timer(moment - self.now())
        if not remaining:
            return
        self._show(summary, moment)
        try:
            await workflow.wait_condition(
                lambda: self._inbox.has_ended() or woken_by(), timeout=remaining, timeout_summary=summary
            )
        except TimeoutError:
            return

    async def _wait_for_quiet(self, verb: verbs.Quiet) -> None:
        # The database knows the last activity, so the many events of a busy shopper need no signal each.
        last = self._start.occasion.occurred_at
        while not self._inbox.has_ended():
            await self._sleep_until(last + verb.duration, verb.describe())
            if self._inbox.has_ended():
                return
            request = calls.ActivityRequest(customer=self._start.customer, names=verb.since)
            self._because = f"quiet for {in_words(verb.duration)}"
            last = (await stubs.read_last_activity(request, "when was the customer last active?")).at or last
            if last + verb.duration <= self.now():
                return

    async def _wait_for_wall_clock(self, verb: verbs.WaitUntilLocal) -> None:
        after, moment = self.now(), None
        while not self._inbox.has_ended():
            request = calls.LocalTimeRequest(customer=self._start.customer, wall_clock=verb.wall_clock, after=after)
            found = (await stubs.find_local_time(request, verb.describe())).at
            if found == moment:
                return
            # Asked again at wake-up: the customer may have moved to another zone meanwhile.
            after = moment = found
            await self._sleep_until(found, verb.describe())

    async def _wait_for_reaction(self, verb: verbs.Reaction[Any]) -> Any:
        await self._sleep_until(
            self.now() + verb.within, verb.describe(), woken_by=lambda: self._inbox.holds(verb.kinds)
        )
        reaction = self._inbox.take(verb.kinds)
        if reaction is not None:
            self._planned = None  # it came when it came
        silence = f"no answer in {in_words(verb.within)}"
        self._because = verbs.SIGNAL_WORDS[type(reaction)] if reaction else silence
        self._display.note(self.now(), f"{verb.describe()}: {self._because}")
        return reaction

    # -- sending -------------------------------------------------------------------------------------------------

    async def _send(self, verb: verbs.Send) -> Delivery:
        step = self._name_step(verb.template)
        due = min(self._planned or self.now(), self.now())
        delivery = await self._try_to_send(verb, step, due)
        while delivery.until is not None:
            self._display.note(self.now(), f"{step}: {delivery.reason}")
            await self._sleep_until(delivery.until, f"{step}: {delivery.reason}")
            if self._has_ended(verb):
                delivery = self._dropped(delivery.message)
            else:
                delivery = await self._try_to_send(verb, step, due)
        if delivery.ended_by is not None:
            await self._hear_of_ending(delivery.ended_by)
        self._planned = None
        self._display.note(delivery.at, f"{step}: {delivery.status.value} ({delivery.reason})")
        self.mails += delivery.went_out
        return delivery

    async def _try_to_send(self, verb: verbs.Send, step: str, due: datetime) -> Delivery:
        """Ask the gate once and do as it says."""
        intent = await self._score()
        self._publish(step, intent.tier)
        gated = await stubs.decide(self._gate_request(verb, step, due), f"may {step} go now?")
        decision = gated.decision
        if decision.verdict is Verdict.DROP or self._has_ended(verb):
            return self._dropped(gated.message, decision.reason, ended_by=decision.ended_by)
        if decision.verdict is Verdict.DEFER:
            return Delivery(
                message=gated.message,
                status=MessageStatus.DEFERRED,
                reason=decision.reason,
                at=self.now(),
                until=decision.until,
            )
        rendered = await stubs.render(
            calls.RenderRequest(message=gated.message, occasion=self._start.occasion, intent=intent, at=self.now()),
            f"writing {verb.template}",
        )
        if rendered.problem or self._has_ended(verb):
            return self._dropped(gated.message, rendered.problem)
        return await self._hand_over(verb, gated.message, step, due)

    async def _hand_over(self, verb: verbs.Send, message: str, step: str, due: datetime) -> Delivery:
        # Reactions from before this mail answer an earlier one.
        self._inbox.forget_before(self.now())
        request = calls.SendRequest(
            message=message,
            customer=self._start.customer,
            ask=self._ask_for(verb, due),
            occasion=self._start.occasion,
            ends_on=self._ends_on(verb),
            because=self._because,
            at=self.now(),
        )
        self._show(f"sending {step}")
        handle = stubs.start_sending(request, f"{step} ({verb.template})")
        try:
            await workflow.wait_condition(lambda: handle.done() or self._has_ended(verb))
        except asyncio.CancelledError:
            self.mails += (await self._end_sending(handle, message)).went_out
            raise
        return await self._end_sending(handle, message)

    async def _end_sending(self, handle: "workflow.ActivityHandle[Delivery]", message: str) -> Delivery:
        """Return what became of a message; where it still goes, let the attempt under way end and no other follow."""
        if not handle.done():
            handle.cancel()
        try:
            return await handle
        except ActivityError:
            # Never begun; or the last attempt failed, and being cancelled it is not retried; or its row is gone.
            return self._dropped(message)

    def _gate_request(self, verb: verbs.Send, step: str, due: datetime) -> calls.GateRequest:
        return calls.GateRequest(
            enrollment=self._start.enrollment,
            workflow_id=workflow.info().workflow_id,
            journey=self._plan.name,
            customer=self._start.customer,
            step=step,
            template=verb.template,
            ask=self._ask_for(verb, due),
            occasion=self._start.occasion,
            ends_on=self._ends_on(verb),
            offer=verb.offer,
            at=self.now(),
        )

    def _ask_for(self, verb: verbs.Send, due: datetime) -> Ask:
        return Ask(
            kind=verb.kind,
            topic=self._plan.topic,
            stage=verb.stage,
            urgent=verb.urgent,
            due_at=due,
            stale_after=verb.stale_after,
        )

    def _ends_on(self, verb: verbs.Send) -> tuple[str, ...]:
        return () if verb.is_owed else self._plan.ends_on

    def _has_ended(self, verb: verbs.Send) -> bool:
        return self._inbox.has_ended() and not verb.is_owed

    def _dropped(self, message: str, reason: str | None = None, ended_by: str | None = None) -> Delivery:
        ending = self._inbox.ending
        why = ending.why if ending else reason or "not sent"
        return Delivery(message=message, status=MessageStatus.DROPPED, reason=why, at=self.now(), ended_by=ended_by)

    async def _hear_of_ending(self, event: str) -> None:
        """Wait for the signal of an event that the database knows already: it tells the revenue."""
        try:
            await workflow.wait_condition(
                self._inbox.has_ended, timeout=ENDING_TOLD_WITHIN, timeout_summary=f"hearing of {event}"
            )
        except TimeoutError:
            self._inbox.end_with(event)

    def _name_step(self, template: str) -> str:
        name = template.rsplit("/", 1)[-1]
        self._steps_named[name] = count = self._steps_named.get(name, 0) + 1
        self._display.step = name if count == 1 else f"{name}-{count}"
        return self._display.step

    # -- what is shown -------------------------------------------------------------------------------------------

    async def _score(self) -> Intent:
        previous = self._display.intent.tier if self._display.intent else None
        request = calls.ScoreRequest(customer=self._start.customer, previous=previous, at=self.now())
        self._display.intent = intent = await stubs.score(request, "how likely is a purchase?")
        return intent

    def _publish(self, step: str, tier: Tier) -> None:
        """Make step and tier searchable, in one upsert and only when they changed: each is an event in history."""
        if self._published != (step, tier):
            self._published = (step, tier)
            workflow.upsert_search_attributes([search.STEP.value_set(step), search.TIER.value_set(tier.value)])

    def _show(self, doing: str, due: datetime | None = None) -> None:
        self._display.doing_now(doing, due)
        workflow.set_current_details(self._display.markdown())
