"""Hands messages to the mail server, each once."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.flow import Flow, FlowPolicy
from activities.gate import Gate
from activities.gate_facts import Question
from activities.heartbeat import require_turn, see_through
from activities.moment import moment_of
from activities.subject import hold_subject
from domain import calls
from domain.calls import Delivery
from domain.clock import Clock
from domain.errors import (
    DeferredByServerError,
    MailServerError,
    RefusedMessageError,
    RefusedSenderError,
    SupersededError,
    UnheardError,
    UnknownCustomerError,
)
from domain.message import FOR_ANOTHER, Decision, Kind, MessageStatus, Verdict
from domain.withdrawal import HARD_BOUNCE
from mail.compose import InvalidHeaderError, Outgoing, compose, envelope_address
from mail.links import Links
from mail.transport import Handover, Line, Mail, Transport
from metrics import mails as metrics
from storage.customers import Customers
from storage.database import Database
from storage.ledger import NOBODY_SAW, HandOver, HandOverAnswer, Ledger, LedgerRow
from storage.suppressions import Suppressions

LONGEST_WAIT: Final = timedelta(hours=1)
"""However long a mail server asks to be left alone: the gate is to be asked now and then, whether it still may go."""

SAY_EVERY: Final = 60.0
"""Real seconds between two lines that the mail server takes nothing from us: every mail would say it."""

OWED_HAND_OVERS: Final = 3
"""How often an owed mail is handed over while its answers get lost. A server that always takes it and always hangs up
would else fill a mailbox."""

_END = {Handover.ACCEPTED: metrics.HandoverEnd.ACCEPTED, Handover.UNKNOWN: metrics.HandoverEnd.UNKNOWN}
_STATUS = {Handover.ACCEPTED: MessageStatus.SENT, Handover.UNKNOWN: MessageStatus.UNKNOWN}
_REASONS = {
    Handover.ACCEPTED: "accepted by the mail server",
    Handover.UNKNOWN: "the connection broke after the mail was written: it may or may not have arrived",
}
_REFUSALS = {
    True: "there is no such mailbox, and nothing more goes to it",
    False: "this mail is unwelcome there, and the next one is tried",
}

_log = structlog.get_logger("segue.sending")


class SendingActivities:
    """Sending, over one transport, as one sender (`Name <address>`)."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        gate: Gate,
        transport: Transport,
        links: Links,
        sender: str,
        flow: FlowPolicy | None = None,
    ) -> None:
        self._database, self._clock, self._gate = database, clock, gate
        self._transport, self._links, self._sender = transport, links, sender
        self._flow = Flow(flow or FlowPolicy())
        self._said_at = float("-inf")

    @activity.defn(name=calls.SEND)
    async def send_message(self, request: calls.SendRequest) -> Delivery:
        """Hand a rendered message over, at most once for marketing and at least once for transactional mail.

        Effect: one mail, recorded. Idempotency key: the message's ledger id, which also makes the Message-ID. A mail
        server that knows it gets each mail exactly once, as long as it remembers.
        With a line to the mail server in hand, the gate is asked a last time and the row marked as handed over, in one
        transaction; an attempt that finds the mark of an earlier one knows that its end was not seen. Takes as long as
        a conversation with the mail server, and the wait for its turn, with heartbeats all the while.

        Raises:
            DeferredByServerError: certainly not accepted; Temporal tries again, when the server said if it did.
            UnheardError: perhaps accepted; Temporal tries again, since the server will tell, or since the mail is owed.
        SupersededError: nothing was done, for Temporal counts on another attempt by now.
        """
        try:
            return await see_through(self._attempt(request))
        except MailServerError as error:
            if isinstance(error, RefusedSenderError):
                self._complain(request.message, error)
            if error.wait is None:
                raise
            wait = min(error.wait, LONGEST_WAIT)
            raise ApplicationError(str(error), type=type(error).__name__, next_retry_delay=wait) from None

    def _complain(self, message: str, error: RefusedSenderError) -> None:
        """Tell the operator, who alone can mend it."""
        if time.monotonic() - self._said_at >= SAY_EVERY:
            self._said_at = time.monotonic()
            _log.error("the mail server takes nothing from us: mails wait", message=message, problem=str(error))

    async def _attempt(self, request: calls.SendRequest) -> Delivery:
        async with AsyncExitStack() as stack:
            try:
                line = await stack.enter_async_context(self._transport.line())
            except DeferredByServerError:
                metrics.count_unreached()
                # However long the mail server is away, the customer may buy meanwhile, or the mail become stale.
                async with self._database.transaction() as session:
                    objection = await self._look_again(session, request)
                if objection is None:
                    raise
                return objection
            return await self._send(line, request)

    async def _send(self, line: Line, request: calls.SendRequest) -> Delivery:
        now = moment_of(request.at, self._clock)
        prepared = await self._ready(request, now)
        if isinstance(prepared, Delivery):
            return prepared
        try:
            require_turn()
            with metrics.timed_handover() as attempt:
                handover = await line.deliver(prepared)
                attempt.end = _END[handover]
        except (DeferredByServerError, SupersededError):
            await self._take_back(request.message)
            raise
        except asyncio.CancelledError:
            # The worker stops. Recorded although we are being cancelled: else nobody would dare to send it again.
            if not line.written:
                await asyncio.shield(self._take_back(request.message))
            raise
        except RefusedMessageError as error:
            return await self._refused(request, prepared, error, now)
        if handover is Handover.UNKNOWN and await self._may_go_again(request):
            raise UnheardError("the connection broke after the mail was written: it is owed, and goes again")
        reason = ": ".join(part for part in (request.because, _REASONS[handover]) if part)
        return await self._finish(request.message, _STATUS[handover], reason, now)

    async def _ready(self, request: calls.SendRequest, now: datetime) -> Mail | Delivery:
        """Ask the gate a last time and mark the message as handed over, in one transaction; or tell its end."""
        try:
            async with self._database.transaction() as session:
                prepared = await self._look_again(session, request) or await self._prepare(session, request, now)
                if not isinstance(prepared, Delivery):
                    require_turn()  # nothing is marked then
        except InvalidHeaderError as error:
            # No retry would mend it. Without the error's words, which may hold an address.
            reason = f"no mail can have its {error.header}"
            return await self._finish(request.message, MessageStatus.DROPPED, reason, now)
        return prepared

    async def _may_go_again(self, request: calls.SendRequest) -> bool:
        """Whether a mail whose answer was lost is handed over again: what is owed is better doubled than lost."""
        if request.ask.kind is not Kind.TRANSACTIONAL or self._transport.repeats_safely is not None:
            return False
        async with self._database.read() as session:
            return (await Ledger(session).require(request.message)).hand_overs < OWED_HAND_OVERS

    async def _take_back(self, message: str) -> None:
        async with self._database.transaction() as session:
            await Ledger(session).take_back(message)

    async def _refused(
        self, request: calls.SendRequest, mail: Mail, error: RefusedMessageError, now: datetime
    ) -> Delivery:
        """Record a refusal. Where there is no such mailbox, nothing more goes to it.

        A mail whose earlier hand-over was not answered may have arrived, whatever is said of the repetition.
        """
        async with self._database.read() as session:
            row = await Ledger(session).require(request.message)
        if error.no_mailbox:
            await self._suppress(row, mail.recipient, now)
        reason = f"refused by the mail server with {error.code}: {_REFUSALS[error.no_mailbox]}"
        is_first = row.hand_overs <= 1
        status = MessageStatus.REFUSED if is_first else MessageStatus.UNKNOWN
        return await self._finish(request.message, status, reason if is_first else f"{NOBODY_SAW}; then {reason}", now)

    async def _suppress(self, row: LedgerRow, recipient: str, now: datetime) -> None:
        """Write no more to an address, unless the customer has another by now, or is forgotten."""
        async with self._database.transaction() as session:
            try:
                customer = await hold_subject(session, row.enrollment, row.customer)
            except UnknownCustomerError:
                return
            if customer.email and envelope_address(customer.email) == recipient:
                await Suppressions(session).suppress(customer.id, HARD_BOUNCE, now, "the mail server")

    async def _look_again(self, session: AsyncSession, request: calls.SendRequest) -> Delivery | None:
        """What became of the message since it was rendered: an end, or an objection of the gate; None: go on."""
        now = moment_of(request.at, self._clock)
        ledger = Ledger(session)
        row = await ledger.require(request.message)
        await hold_subject(session, row.enrollment, row.customer)
        row = await ledger.require(request.message)
        if row.status is MessageStatus.RENDERED and row.inherited:
            row = await ledger.postpone(row.id, Decision(verdict=Verdict.DEFER, reason=FOR_ANOTHER, until=now), now)
        if row.status is MessageStatus.DEFERRED:
            return Delivery(
                message=row.id, status=row.status, reason=row.reason, at=now, until=max(row.due_at or now, now)
            )
        if row.status is MessageStatus.RENDERED:
            return await self._ask_again(session, request, row, now)
        if row.status is MessageStatus.HANDED_OVER and row.may_be_repeated(now, self._transport.repeats_safely):
            if not row.inherited:
                return await self._ask_again(session, request, row, now)
            reason = f"{NOBODY_SAW}; not repeated: it went to another mailbox than its customer's"
            row = await ledger.finish(row.id, MessageStatus.UNKNOWN, reason, now)
            metrics.count_end(row.journey, row.status)
            return Delivery(message=row.id, status=row.status, reason=row.reason, at=now)
        row = _counted(await ledger.hand_over(request.message, now)).row
        return Delivery(message=row.id, status=row.status, reason=row.reason, at=row.sent_at or now)

    async def _prepare(self, session: AsyncSession, request: calls.SendRequest, now: datetime) -> Mail | Delivery:
        """Mark the message as handed over and return the mail; or return what became of it already."""
        ledger = Ledger(session)
        customer = await Customers(session).get((await ledger.require(request.message)).customer)
        repeats_safely = self._transport.repeats_safely
        handed = _counted(await ledger.hand_over(request.message, now, repeats_safely, address=customer.email))
        if handed.answer is not HandOverAnswer.PROCEED or customer.email is None:
            row = handed.row
            return Delivery(message=row.id, status=row.status, reason=row.reason, at=row.sent_at or now)
        return await self._write(ledger, handed.row, customer.email, now)

    async def _ask_again(
        self, session: AsyncSession, request: calls.SendRequest, row: LedgerRow, now: datetime
    ) -> Delivery | None:
        """Ask the gate a last time: since it said *send* the customer may have bought, left, or gone to bed.

        What it lets through the flow towards the provider may still hold back.
        A mail that the server may have already is not asked for again then, and nobody will know whether it went; if it
        is owed, only where it may not go at all: a moment that does not suit is no reason to lose it.
        """
        question = Question(
            customer=row.customer,
            enrollment=row.enrollment,
            message=request.message,
            ask=request.ask,
            occasion=request.occasion,
            ends_on=request.ends_on,
            now=now,
        )
        decision = await self._gate.decide(session, question)
        if decision.verdict is Verdict.SEND:
            decision = await self._flow.objection(session, row, now) or decision
        metrics.count_decision(row.journey, decision, again=True)
        ledger, begun, until = Ledger(session), row.status is MessageStatus.HANDED_OVER, decision.until
        match decision.verdict:
            case Verdict.SEND:
                return None
            case Verdict.DEFER if begun and row.kind is Kind.TRANSACTIONAL:
                return None
            case _ if begun:
                reason = f"{NOBODY_SAW}; not asked again: {decision.reason}"
                row, until = await ledger.finish(row.id, MessageStatus.UNKNOWN, reason, now), None
            case Verdict.DEFER:
                row = await ledger.postpone(row.id, decision, now)
            case Verdict.DROP:
                row = await ledger.finish(row.id, MessageStatus.DROPPED, decision.reason, now, rule=decision.rule)
        if decision.verdict is not Verdict.DEFER or begun:
            metrics.count_end(row.journey, row.status)
        return Delivery(
            message=row.id,
            status=row.status,
            reason=row.reason,
            at=now,
            until=until,
            ended_by=decision.ended_by,
            gives_way_to=decision.gives_way_to,
        )

    async def _write(self, ledger: Ledger, row: LedgerRow, address: str, now: datetime) -> Mail:
        body = await ledger.body(row.id)
        message_id = row.message_id or ""
        outgoing = Outgoing(
            sender=self._sender,
            to=address,
            subject=body.subject,
            html=body.html,
            text=body.text,
            message_id=message_id,
            unsubscribe_url=self._links.unsubscribe(row.id) if row.kind is Kind.MARKETING else None,
            date=row.claimed_at or now,
        )
        return Mail(
            sender=envelope_address(self._sender),
            recipient=envelope_address(address),
            raw=compose(outgoing),
            message_id=message_id,
            key=row.id,
        )

    async def _finish(self, message: str, status: MessageStatus, reason: str, at: datetime) -> Delivery:
        async with self._database.transaction() as session:
            row = await Ledger(session).finish(message, status, reason, at)
        metrics.count_end(row.journey, row.status)
        # As the ledger has it: a report of the provider may have been quicker than its answer.
        return Delivery(message=message, status=row.status, reason=row.reason, at=at)


def _counted(handed: HandOver) -> HandOver:
    """The same; where this is how a message ends, it is counted."""
    if handed.answer is HandOverAnswer.UNKNOWN:
        metrics.count_end(handed.row.journey, handed.row.status)
    return handed
