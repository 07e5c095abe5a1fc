"""The gate: may this message go now? One decision, in one transaction against the ledger."""

from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity

from activities.gate_facts import Question, read_facts, read_rivals
from activities.moment import moment_of
from activities.subject import hold_subject
from domain import calls
from domain.clock import Clock
from domain.gate import GatePolicy, decide, lanes
from domain.message import Decision, MessageStatus, Verdict, ledger_id
from metrics import mails as metrics
from storage.database import Database
from storage.events import EventStore
from storage.ledger import Ledger
from storage.transitions import WAITING


class Gate:
    """Decides about messages with the shop's policy."""

    def __init__(self, policy: GatePolicy) -> None:
        self._policy = policy

    async def decide(self, session: AsyncSession, question: Question) -> Decision:
        """Read the facts and decide, in the caller's transaction.

        The customer's row is locked first, then their mailbox: two enrollments of one customer, or of two with one
        address, decide one after the other.
        """
        return decide(question.ask, await read_facts(session, self._policy, question), self._policy)


class GateActivities:
    """The gate as an activity."""

    def __init__(self, database: Database, clock: Clock, gate: Gate) -> None:
        self._database, self._clock, self._gate = database, clock, gate

    @activity.defn(name=calls.GATE)
    async def decide_message(self, request: calls.GateRequest) -> calls.Gated:
        """Decide, and claim the ledger row or note why not. Idempotent per enrollment and step.

        A message that was claimed, or went further, stays claimed whatever the facts say by now.
        """
        message = ledger_id(request.enrollment, request.step)
        now = moment_of(request.at, self._clock)
        async with self._database.transaction() as session:
            ledger = Ledger(session)
            customer = await hold_subject(session, request.enrollment, request.customer)
            request = request.model_copy(update={"customer": customer.id})
            decision = await ledger.decided(message)
            is_new = decision is None
            if decision is not None and decision.verdict is Verdict.DROP:
                decision = await self._say_what_ended(session, request, decision)
            if decision is None:
                question = Question(
                    customer=request.customer,
                    enrollment=request.enrollment,
                    message=message,
                    ask=request.ask,
                    occasion=request.occasion,
                    ends_on=request.ends_on,
                    now=now,
                )
                decision = await self._gate.decide(session, question)
                await ledger.decide(request, decision, now)
        if is_new:
            metrics.count_decision(request.journey, decision)
            if decision.verdict is Verdict.DROP:
                metrics.count_end(request.journey, MessageStatus.DROPPED)
        return calls.Gated(message=message, decision=decision)

    async def _say_what_ended(self, session: AsyncSession, request: calls.GateRequest, decision: Decision) -> Decision:
        """A drop that is told once more, with what has ended the journey by now: the ledger keeps only the reason."""
        ended_by = await EventStore(session).ended_by(request.customer, request.ends_on, request.occasion)
        rival = None
        if decision.rule == lanes.GIVES_WAY.name:
            rivals = await read_rivals(session, request.customer, request.enrollment)
            rival = lanes.stronger(request.ask.place, rivals)
        return decision.model_copy(update={"ended_by": ended_by, "gives_way_to": rival.journey if rival else None})

    @activity.defn(name=calls.DROP)
    async def drop_message(self, request: calls.DropRequest) -> bool:
        """Drop a message that waits, because an operator gives it up. Idempotent. Whether it is dropped now."""
        async with self._database.transaction() as session:
            ledger = Ledger(session)
            row = await ledger.require(request.message)
            is_open = row.status in WAITING
            if is_open:
                row = await ledger.finish(request.message, MessageStatus.DROPPED, request.reason, request.at)
        if is_open:
            metrics.count_end(row.journey, row.status)
        return row.status is MessageStatus.DROPPED
