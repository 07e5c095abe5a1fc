"""The ledger: one row per message, from the gate's decision to the mail server's answer.

A message is claimed once, handed over once, and its end is recorded once, whatever is retried. Where a process dies
between handing over and recording, nobody knows whether the server took the mail: that is a status, not an error.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, Select, case, func, select, update

from domain.calls import GateRequest
from domain.errors import UnknownMessageError
from domain.gate import PastMessage
from domain.joining import Said
from domain.message import WENT_OUT, Decision, Kind, MessageStatus, Stage, Verdict, ledger_id
from domain.model import CustomerId, Instant, Value
from domain.offer import Offer
from storage.mailboxes import shared_with
from storage.repository import Repository
from storage.salt import Salt, hash_email
from storage.tables import FEEDBACK, MESSAGES
from storage.transitions import COUNTED, ENDED, HANDED, RENDERABLE, SETTLEABLE, UNDECIDED, WAITING, require_transition

NOBODY_SAW = "handed over, and nobody saw the server's answer"
NOT_TAKEN = "the mail server did not take it, and by then it was given up"

SEVERAL = "several"
"""Kept in the place of a mailbox's hash where a message may lie in two: it is no mailbox's hash."""

_BODY = ("subject", "html", "text", "links")
_COLUMNS = [column for column in MESSAGES.c if column.name not in _BODY]

_LAST_HANDED_OVER_AT = case(
    (MESSAGES.c.decided_at > MESSAGES.c.handed_over_at, MESSAGES.c.decided_at), else_=MESSAGES.c.handed_over_at
)

_STATUS_OF = {
    Verdict.SEND: MessageStatus.CLAIMED,
    Verdict.DEFER: MessageStatus.DEFERRED,
    Verdict.DROP: MessageStatus.DROPPED,
}


class LedgerRow(Value):
    """A message without its body. Moments are product time."""

    id: str
    enrollment: str
    workflow_id: str
    journey: str
    customer: CustomerId
    step: str
    template: str
    kind: Kind
    topic: str
    stage: Stage
    urgent: bool
    status: MessageStatus
    reason: str
    """Of the last decision or of the end, in a line."""
    rule: str = ""
    """Name of the gate's rule that decided last, where one objected (`domain.gate.RULES`), or of the flow's."""
    offer: Offer | None
    decided_at: Instant
    """Last; handing it over once more is a decision, too."""
    due_at: Instant | None
    """When the journey wanted it sent; while it is deferred, when the gate is asked again."""
    claimed_at: Instant | None
    rendered_at: Instant | None
    handed_over_at: Instant | None
    """When it was handed over; where nobody saw how that ended, when it was the first time."""
    sent_at: Instant | None
    hand_overs: int
    """How often the mail server may have taken it. More than once for transactional mail, or by its key as one."""
    message_id: str | None
    """The Message-ID header, once rendered."""
    address_hash: str | None = None
    """Of the mailbox it was handed over for; None where that is not known."""
    inherited: bool = False
    """Whether it came to its customer by a join, from another mailbox than theirs."""

    def may_be_repeated(self, now: datetime, repeats_safely: timedelta | None) -> bool:
        """Whether it may be handed over again although nobody saw how the last time ended.

        Transactional mail may, since it is owed; marketing while the mail server would recognise it.
        """
        if self.kind is Kind.TRANSACTIONAL:
            return True
        if repeats_safely is None or self.handed_over_at is None:
            return False
        return now - self.handed_over_at < repeats_safely


class StoredBody(Value):
    """What is sent. `links` are the addresses that tracked links lead to, by their number."""

    subject: str
    html: str
    text: str
    links: tuple[str, ...] = ()


class HandOverAnswer(StrEnum):
    """Whether a message is to be given to the mail server now."""

    PROCEED = "proceed"
    UNKNOWN = "unknown"
    """An earlier attempt gave it to the server and was not heard of again, and it might be doubled: marketing is not
    sent twice."""
    ALREADY = "already"
    """It has ended before; the row tells how."""


class HandOver(Value):
    """The answer, and the message as it stands now."""

    answer: HandOverAnswer
    row: LedgerRow


class Ledger(Repository):
    """Writes and reads the ledger. Whoever decides holds the customer's lock (`Customers.hold_one`)."""

    async def decide(self, request: GateRequest, decision: Decision, now: datetime) -> None:
        """Record the gate's decision. A message that was claimed or dropped before stays as it is."""
        row = _decided_row(request, decision, now)
        statement = self.insert(MESSAGES)
        statement = statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: statement.excluded[name] for name in row if name != "id"},
            where=MESSAGES.c.status.in_(UNDECIDED),
        )
        await self.execute(statement, [row])

    async def decided(self, message: str) -> Decision | None:
        """The decision that stands, for a retry of the gate; None while there is none, or the message is deferred."""
        row = await self.get(message)
        if row is None or row.status in UNDECIDED:
            return None
        verdict = Verdict.DROP if row.status is MessageStatus.DROPPED else Verdict.SEND
        return Decision(verdict=verdict, reason=row.reason, rule=row.rule)

    async def get(self, message: str) -> LedgerRow | None:
        """The message; None when the gate never decided about it."""
        rows = await self._read(select(*_COLUMNS).where(MESSAGES.c.id == message))
        return rows[0] if rows else None

    async def body(self, message: str) -> StoredBody:
        """What was rendered.

        Raises:
            UnknownMessageError: there is no such message, or it is not rendered yet.
        """
        columns = [MESSAGES.c[name] for name in _BODY]
        row = (await self.execute(select(*columns).where(MESSAGES.c.id == message))).mappings().one_or_none()
        if row is None or row["html"] is None:
            raise UnknownMessageError(f"message {message} has no body")
        return StoredBody.model_validate(dict(row))

    async def links(self, message: str) -> tuple[str, ...]:
        """Where a message's tracked links lead, by their number; also when its body is no longer kept.

        Raises:
            UnknownMessageError: there is no such message.
        """
        found = (await self.execute(select(MESSAGES.c.links).where(MESSAGES.c.id == message))).one_or_none()
        if found is None:
            raise UnknownMessageError(f"no message {message} in the ledger")
        return tuple(found.links)

    async def recent_marketing(
        self, customer: str, since: datetime, excluding: str | None = None
    ) -> tuple[PastMessage, ...]:
        """Marketing mail since then, or that is claimed and about to go, to the customer's mailbox; oldest first.

        One that nobody knows the fate of counts from when it was last handed over: it may have come as late as that.
        """
        perhaps = case((MESSAGES.c.status.in_(SETTLEABLE), _LAST_HANDED_OVER_AT))
        moment = func.coalesce(MESSAGES.c.sent_at, perhaps, MESSAGES.c.claimed_at)
        columns = (moment.label("at"), MESSAGES.c.stage, MESSAGES.c.journey, MESSAGES.c.offer)
        statement = select(*columns).where(
            shared_with(MESSAGES.c.customer_id, customer),
            MESSAGES.c.kind == Kind.MARKETING,
            MESSAGES.c.status.in_(COUNTED),
            moment >= since,
            MESSAGES.c.id != (excluding or ""),
        )
        rows = await self.execute(statement.order_by(moment))
        return tuple(
            PastMessage(
                sent_or_claimed_at=row.at,
                stage=Stage(row.stage),
                journey=row.journey,
                incentive=row.offer is not None and Offer.model_validate(row.offer).is_incentive,
            )
            for row in rows
        )

    async def store_body(
        self,
        message: str,
        *,
        subject: str,
        html: str,
        text: str,
        links: Sequence[str],
        rfc_message_id: str,
        now: datetime,
    ) -> bool:
        """Keep what was rendered. Rendering again replaces it, until the message is handed over.

        Returns:
            whether it is kept. It is not where the message was put off meanwhile: it was written for somebody else.

        Raises:
            UnknownMessageError: no such message.
            IllegalTransitionError: it is not claimed, or was handed over already.
        """
        body = {"subject": subject, "html": html, "text": text, "links": list(links), "message_id": rfc_message_id}
        row = await self._hold(message)
        if row.status is MessageStatus.DEFERRED:
            return False
        require_transition(message, row.status, MessageStatus.RENDERED, among=RENDERABLE)
        await self._move(row, MessageStatus.RENDERED, rendered_at=now, **body)
        return True

    async def hand_over(
        self, message: str, now: datetime, repeats_safely: timedelta | None = None, *, address: str | None = None
    ) -> HandOver:
        """Ask to give a message to the mail server, and record that it is given. Commit before giving it.

        Args:
            message: its id.
            now: the moment.
            repeats_safely: for how long the mail server recognises a repetition; see `mail.transport.Transport`.
            address: to whom it goes; kept as a hash, by which the links in it are held to that mailbox.

        Raises:
            UnknownMessageError: no such message.
            IllegalTransitionError: it is not rendered yet.
        """
        row = await self._hold(message)
        begun = row.status is MessageStatus.HANDED_OVER
        if begun and not row.may_be_repeated(now, repeats_safely):
            row = await self._move(row, MessageStatus.UNKNOWN, reason=NOBODY_SAW)
            return HandOver(answer=HandOverAnswer.UNKNOWN, row=row)
        if row.status in ENDED:
            return HandOver(answer=HandOverAnswer.ALREADY, row=row)
        changes: dict[str, Any] = {
            "hand_overs": row.hand_overs + 1,
            "handed_over_at": row.handed_over_at if begun else now,
            "decided_at": now if begun else row.decided_at,
        }
        if address is not None:
            changes["address_hash"] = await self._mailbox(row, address, begun=begun)
        row = await self._move(row, MessageStatus.HANDED_OVER, **changes)
        return HandOver(answer=HandOverAnswer.PROCEED, row=row)

    async def take_back(self, message: str) -> None:
        """The mail server has certainly not taken the message this time: it may be handed over again.

        Where it may have taken it at an earlier attempt, that one's mark stays. Where its journey ended meanwhile, and
        nobody seemed to have seen the answer, it is dropped: this was the answer.

        Raises:
            UnknownMessageError: no such message.
            IllegalTransitionError: it is not handed over.
        """
        row = await self._hold(message)
        if await self._is_settled(row):
            return
        if row.status is MessageStatus.UNKNOWN:
            changes = {"reason": NOT_TAKEN} if row.hand_overs <= 1 else {}
            ended = MessageStatus.DROPPED if row.hand_overs <= 1 else MessageStatus.UNKNOWN
            await self._move(row, ended, hand_overs=max(row.hand_overs - 1, 0), **changes)
            return
        require_transition(message, row.status, MessageStatus.RENDERED, among=frozenset({MessageStatus.HANDED_OVER}))
        before = MessageStatus.HANDED_OVER if row.hand_overs > 1 else MessageStatus.RENDERED
        await self._move(row, before, hand_overs=max(row.hand_overs - 1, 0))

    async def finish(
        self, message: str, status: MessageStatus, reason: str, at: datetime, *, rule: str = ""
    ) -> LedgerRow:
        """Record how a message ended, by a rule of the gate or otherwise. Recording the same end again changes nothing.

        What its provider reported meanwhile stands: an attempt whose answer comes after the report tells nothing new.

        Raises:
            UnknownMessageError: no such message.
            IllegalTransitionError: it ended otherwise, or has not come so far.
        """
        row = await self._hold(message)
        if (row.status is status and status in ENDED) or await self._is_settled(row):
            return row
        sent = {"sent_at": at} if status is MessageStatus.SENT else {}
        return await self._move(row, status, reason=reason, rule=rule, **sent)

    async def settle(self, message: str, status: MessageStatus, reason: str) -> None:
        """Record how a message ended, as its provider reports it; where that is known already, nothing changes.

        Raises:
            UnknownMessageError: no such message.
        """
        row = await self._hold(message)
        if row.status in SETTLEABLE:
            sent = {"sent_at": row.handed_over_at} if status is MessageStatus.SENT else {}
            await self._move(row, status, reason=reason, rule="", **sent)

    async def by_message_id(self, message_id: str) -> str | None:
        """The ledger's id of the message with this Message-ID header; None when it is none of ours."""
        found = select(MESSAGES.c.id).where(MESSAGES.c.message_id == message_id).limit(1)
        return (await self.execute(found)).scalar()

    async def postpone(self, message: str, decision: Decision, now: datetime) -> LedgerRow:
        """Take back a claim: asked again just before the hand-over, the gate said *later*. It has gone nowhere.

        Raises:
            UnknownMessageError: no such message.
            IllegalTransitionError: it was handed over already.
        """
        row = await self._hold(message)
        return await self._move(
            row,
            MessageStatus.DEFERRED,
            reason=decision.reason,
            rule=decision.rule,
            decided_at=now,
            due_at=decision.until,
            claimed_at=None,
            inherited=False,
        )

    async def put_off(self, customer: str, reason: str, at: datetime) -> None:
        """Take back the claims of a customer who becomes another: what was written to them is not for whom they are."""
        claimed = (MESSAGES.c.customer_id == customer) & MESSAGES.c.status.in_(RENDERABLE)
        changes = {"status": MessageStatus.DEFERRED, "reason": reason, "rule": "", "decided_at": at, "due_at": at}
        await self.execute(update(MESSAGES).where(claimed).values(**changes, claimed_at=None))

    async def end_open(self, enrollment: str, reason: str, at: datetime) -> Mapping[MessageStatus, int]:
        """End what an ended enrollment left open: what was not handed over is dropped, the rest is unknown.

        Returns how many ended in each way.
        """
        mine = MESSAGES.c.enrollment_id == enrollment
        waiting = mine & MESSAGES.c.status.in_(WAITING)
        dropped = {"status": MessageStatus.DROPPED, "reason": reason, "rule": "", "decided_at": at}
        ended = {MessageStatus.DROPPED: (await self.execute(update(MESSAGES).where(waiting).values(dropped))).rowcount}
        unheard = mine & (MESSAGES.c.status == MessageStatus.HANDED_OVER)
        unknown = {"status": MessageStatus.UNKNOWN, "reason": NOBODY_SAW}
        moved = await self.execute(update(MESSAGES).where(unheard).values(unknown))
        return ended | {MessageStatus.UNKNOWN: moved.rowcount}

    async def count_sent(self, enrollment: str) -> int:
        """How many mails of an enrollment went out, as far as anybody can know."""
        mine = (MESSAGES.c.enrollment_id == enrollment) & MESSAGES.c.status.in_(sorted(WENT_OUT))
        return int((await self.execute(select(func.count()).select_from(MESSAGES).where(mine))).scalar_one())

    async def said(self, enrollments: Collection[str]) -> dict[str, Said]:
        """What each enrollment has said so far, as far as anybody can know; those that said nothing are left out."""
        latest = func.max(func.coalesce(MESSAGES.c.sent_at, MESSAGES.c.handed_over_at))
        may_have_come = sorted({*WENT_OUT, MessageStatus.HANDED_OVER})
        theirs = MESSAGES.c.enrollment_id.in_(sorted(enrollments)) & MESSAGES.c.status.in_(may_have_come)
        columns = (MESSAGES.c.enrollment_id, func.count().label("mails"), latest.label("last_at"))
        rows = await self.execute(select(*columns).where(theirs).group_by(MESSAGES.c.enrollment_id))
        return {row.enrollment_id: Said(mails=row.mails, last_at=row.last_at) for row in rows}

    async def count_handed_over(self, since: datetime) -> int:
        """How many mails the mail server was given since then, of all journeys and kinds."""
        given = (MESSAGES.c.handed_over_at >= since) & MESSAGES.c.status.in_(sorted(HANDED))
        return int((await self.execute(select(func.count()).select_from(MESSAGES).where(given))).scalar_one())

    async def list(
        self, customer: str | None = None, journey: str | None = None, limit: int | None = None
    ) -> list[LedgerRow]:
        """Messages in the order in which they were decided; with a limit, the newest of them."""
        newest = select(*_COLUMNS).order_by(MESSAGES.c.decided_at.desc(), MESSAGES.c.id.desc())
        if customer is not None:
            newest = newest.where(MESSAGES.c.customer_id == customer)
        if journey is not None:
            newest = newest.where(MESSAGES.c.journey == journey)
        return [*reversed(await self._read(newest.limit(limit)))]

    async def topics_sent(self, customer: str) -> frozenset[str]:
        """The topics of marketing mail that went to the customer, or may have gone."""
        theirs = (MESSAGES.c.customer_id == customer) & (MESSAGES.c.kind == Kind.MARKETING)
        theirs &= MESSAGES.c.status.in_(sorted({*WENT_OUT, MessageStatus.HANDED_OVER}))
        return frozenset((await self.execute(select(MESSAGES.c.topic).where(theirs).distinct())).scalars())

    async def require(self, message: str) -> LedgerRow:
        """The message.

        Raises:
            UnknownMessageError: the gate never decided about it.
        """
        return await self._one(select(*_COLUMNS).where(MESSAGES.c.id == message), message)

    async def _is_settled(self, row: LedgerRow) -> bool:
        """Whether it has ended, and a provider has reported of it."""
        if row.status not in (MessageStatus.SENT, MessageStatus.REFUSED):
            return False
        reported = select(FEEDBACK.c.message).where(FEEDBACK.c.message == row.id)
        return (await self.execute(reported)).first() is not None

    async def _mailbox(self, row: LedgerRow, address: str, *, begun: bool) -> str | None:
        """What is kept of where a message goes. One that may have gone elsewhere before has no mailbox of its own."""
        mailbox = hash_email(address, await Salt(self.session).get())
        if not begun or row.address_hash == mailbox:
            return mailbox
        return SEVERAL if row.address_hash is not None else None

    async def _hold(self, message: str) -> LedgerRow:
        """The message, kept from changing until the transaction ends."""
        statement = select(*_COLUMNS).where(MESSAGES.c.id == message)
        return await self._one(statement.with_for_update() if self.is_postgresql else statement, message)

    async def _one(self, statement: Select[Any], message: str) -> LedgerRow:
        rows = await self._read(statement)
        if not rows:
            raise UnknownMessageError(f"no message {message} in the ledger")
        return rows[0]

    async def _move(self, row: LedgerRow, status: MessageStatus, **changes: Any) -> LedgerRow:
        require_transition(row.id, row.status, status)
        statement = update(MESSAGES).where(MESSAGES.c.id == row.id).values(status=status, **changes)
        moved = await self.execute(statement.returning(*_COLUMNS))
        return _from_row(moved.mappings().one())

    async def _read(self, statement: Select[Any]) -> Sequence[LedgerRow]:
        return [_from_row(row) for row in (await self.execute(statement)).mappings()]


def _decided_row(request: GateRequest, decision: Decision, now: datetime) -> dict[str, Any]:
    ask = request.ask
    return {
        "id": ledger_id(request.enrollment, request.step),
        "enrollment_id": request.enrollment,
        "workflow_id": request.workflow_id,
        "journey": request.journey,
        "customer_id": request.customer,
        "step": request.step,
        "template": request.template,
        "kind": ask.kind,
        "topic": ask.topic,
        "stage": ask.stage,
        "urgent": ask.urgent,
        "status": _STATUS_OF[decision.verdict],
        "reason": decision.reason,
        "rule": decision.rule,
        "offer": request.offer.model_dump(mode="json") if request.offer else None,
        "decided_at": now,
        "due_at": decision.until or ask.due_at,
        "claimed_at": now if decision.verdict is Verdict.SEND else None,
        "hand_overs": 0,
        "links": [],
    }


def _from_row(row: RowMapping) -> LedgerRow:
    fields = dict(row)
    return LedgerRow(enrollment=fields.pop("enrollment_id"), customer=fields.pop("customer_id"), **fields)
