"""Gets one mail out, on Temporal: score, gate, as many waits as the gate says, rendering, hand-over."""

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from domain import calls
from domain.calls import Delivery
from domain.carried import OpenMail
from domain.enrollment import Start
from domain.gate import Ask
from domain.intent import Intent, Tier
from domain.message import Decision, MessageStatus, Verdict
from workflows.vocabulary import search, stubs
from workflows.vocabulary.bearings import Bearings
from workflows.vocabulary.display import Display
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.plan import Plan
from workflows.vocabulary.verbs import Send
from workflows.vocabulary.watch import SKIPPED, Watch, Woke

ENDING_TOLD_WITHIN = timedelta(minutes=5)
"""Real time. The dispatcher delivers within a second; it is given longer than it takes to restart."""


class Sender:
    """Sends one enrollment's mails, one after the other."""

    def __init__(
        self, plan: Plan, start: Start, *, inbox: Inbox, display: Display, bearings: Bearings, watch: Watch
    ) -> None:
        self._plan, self._start = plan, start
        self._inbox, self._display, self._bearings, self._watch = inbox, display, bearings, watch
        self.mail: OpenMail | None = None
        """What is being sent: the next run goes on with it."""

    async def send(self, verb: Send, begun: OpenMail | None, until: datetime | None) -> Delivery:
        """Send a mail as soon as the gate lets it. An ending or an operator drops one that is not handed over.

        Args:
            verb: what to send.
            begun: the mail, where an earlier run began to send it.
            until: the moment to which the gate had put it off.
        """
        self.mail = mail = begun or self._begin(verb)
        delivery = _put_off(mail, until, self._watch.now()) if until else await self._ask_gate(verb, mail)
        while delivery.until is not None:
            woke, _ = await self._watch.until(delivery.until, f"{mail.step}: {delivery.reason}")
            if self._has_ended(verb):
                delivery = self._dropped(delivery.message)
            elif woke is Woke.SKIPPED:
                delivery = await self._give_up(delivery.message)
            else:
                delivery = await self._ask_gate(verb, mail)
                if woke is Woke.TOLD and delivery.until is not None:
                    # Owed, and it waits all the same. An ended journey does not: the next one needs its workflow id.
                    delivery = self._dropped(delivery.message)
        if delivery.ended_by is not None:
            await self._hear_of_ending(delivery.ended_by)
        elif delivery.gives_way_to is not None:
            self._inbox.give_way(delivery.gives_way_to)
        self.mail = self._bearings.planned = None
        self._display.note(delivery.at, f"{mail.step}: {delivery.status.value} ({delivery.reason})")
        self._bearings.mails += delivery.went_out
        return delivery

    async def score(self) -> Intent:
        """The customer's intent now."""
        previous = self._display.intent.tier if self._display.intent else None
        request = calls.ScoreRequest(
            customer=self._start.customer,
            enrollment=self._start.enrollment,
            previous=previous,
            at=self._watch.now(),
        )
        self._display.intent = intent = await stubs.score(request, "how likely is a purchase?")
        return intent

    def _begin(self, verb: Send) -> OpenMail:
        self._display.step = step = self._bearings.name_step(verb.template)
        return OpenMail(step=step, due=self._bearings.due(self._watch.now()))

    async def _ask_gate(self, verb: Send, mail: OpenMail) -> Delivery:
        """Ask the gate once and do as it says."""
        delivery = await self._try_to_send(verb, mail)
        if delivery.until is not None:
            self.mail = mail.model_copy(update={"message": delivery.message, "reason": delivery.reason})
            self._display.note(self._watch.now(), f"{mail.step}: {delivery.reason}")
        return delivery

    async def _try_to_send(self, verb: Send, mail: OpenMail) -> Delivery:
        intent = await self.score()
        self._publish(mail.step, intent.tier)
        gated = await stubs.decide(self._gate_request(verb, mail), f"may {mail.step} go now?")
        decision = gated.decision
        if decision.verdict is Verdict.DROP or self._has_ended(verb):
            return self._dropped(gated.message, decision.reason, decision)
        if decision.verdict is Verdict.DEFER:
            return Delivery(
                message=gated.message,
                status=MessageStatus.DEFERRED,
                reason=decision.reason,
                at=self._watch.now(),
                until=decision.until,
            )
        rendered = await stubs.render(
            calls.RenderRequest(
                message=gated.message, occasion=self._start.occasion, intent=intent, at=self._watch.now()
            ),
            f"writing {verb.template}",
        )
        await self._watch.hold()
        if rendered.problem or self._has_ended(verb):
            return self._dropped(gated.message, rendered.problem)
        return await self._hand_over(verb, gated.message, mail)

    async def _hand_over(self, verb: Send, message: str, mail: OpenMail) -> Delivery:
        # Reactions from before this mail answer an earlier one.
        self._inbox.forget_before(self._watch.now())
        request = calls.SendRequest(
            message=message,
            customer=self._start.customer,
            ask=self._ask_for(verb, mail),
            occasion=self._start.occasion,
            ends_on=self._ends_on(verb),
            because=self._bearings.because,
            at=self._watch.now(),
        )
        self._watch.show(f"sending {mail.step}")
        handle = stubs.start_sending(request, f"{mail.step} ({verb.template})")
        try:
            await workflow.wait_condition(lambda: handle.done() or self._has_ended(verb))
        except asyncio.CancelledError:
            self._bearings.mails += (await self._end_sending(handle, message)).went_out
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

    async def _give_up(self, message: str) -> Delivery:
        """Drop a mail that the gate holds back, because an operator says so."""
        now = self._watch.now()
        await stubs.drop(calls.DropRequest(message=message, reason=SKIPPED, at=now), "an operator skips it")
        return Delivery(message=message, status=MessageStatus.DROPPED, reason=SKIPPED, at=now)

    def _gate_request(self, verb: Send, mail: OpenMail) -> calls.GateRequest:
        return calls.GateRequest(
            enrollment=self._start.enrollment,
            workflow_id=workflow.info().workflow_id,
            journey=self._plan.name,
            customer=self._start.customer,
            step=mail.step,
            template=verb.template,
            ask=self._ask_for(verb, mail),
            occasion=self._start.occasion,
            ends_on=self._ends_on(verb),
            offer=verb.offer,
            at=self._watch.now(),
        )

    def _ask_for(self, verb: Send, mail: OpenMail) -> Ask:
        return Ask(
            kind=verb.kind,
            topic=self._plan.topic,
            stage=verb.stage,
            urgent=verb.urgent,
            due_at=mail.due,
            stale_after=verb.stale_after,
            place=self._plan.place,
        )

    def _ends_on(self, verb: Send) -> tuple[str, ...]:
        return () if verb.is_owed else self._plan.ends_on

    def _has_ended(self, verb: Send) -> bool:
        # What an operator holds back does not go because the journey ended.
        return self._inbox.has_ended() and (not verb.is_owed or self._watch.is_paused)

    def _dropped(self, message: str, reason: str | None = None, decision: Decision | None = None) -> Delivery:
        ending = self._inbox.ending
        return Delivery(
            message=message,
            status=MessageStatus.DROPPED,
            reason=ending.why if ending else reason or "not sent",
            at=self._watch.now(),
            ended_by=decision.ended_by if decision else None,
            gives_way_to=decision.gives_way_to if decision else None,
        )

    async def _hear_of_ending(self, event: str) -> None:
        """Wait for the signal of an event that the database knows already: it tells the revenue."""
        try:
            await workflow.wait_condition(
                self._inbox.has_ended, timeout=ENDING_TOLD_WITHIN, timeout_summary=f"hearing of {event}"
            )
        except TimeoutError:
            self._inbox.end_with(event)

    def _publish(self, step: str, tier: Tier) -> None:
        """Make step and tier searchable, in one upsert and only when they changed: each is an event in history."""
        if self._bearings.published != (step, tier):
            self._bearings.published = (step, tier)
            workflow.upsert_search_attributes([search.STEP.value_set(step), search.TIER.value_set(tier.value)])


def _put_off(mail: OpenMail, until: datetime, now: datetime) -> Delivery:
    """What the gate said of a mail in an earlier run."""
    return Delivery(message=mail.message, status=MessageStatus.DEFERRED, reason=mail.reason, at=now, until=until)
