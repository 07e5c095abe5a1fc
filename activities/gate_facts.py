"""What the gate is told: everything its rules need to know, read in the transaction that will claim the message."""

from datetime import datetime
from typing import NamedTuple

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.confirmation import is_confirmed
from domain.enrollment import Occasion
from domain.gate import Ask, GateFacts, GatePolicy, Rival
from domain.ignored import misreported_consent
from domain.message import Kind
from domain.preferences import read_preferences
from storage.customers import Customers
from storage.enrollments import Enrollments
from storage.events import EventStore
from storage.ledger import Ledger
from storage.mailboxes import Mailboxes
from storage.permissions import Permissions
from storage.preferences import PreferenceLog
from storage.suppressions import Suppressions


class Question(NamedTuple):
    """Whether a message may go now."""

    customer: str
    enrollment: str
    message: str
    """Its id in the ledger, whether it is there yet or not."""
    ask: Ask
    occasion: Occasion
    ends_on: tuple[str, ...]
    """Events that end the journey."""
    now: datetime


async def read_facts(session: AsyncSession, policy: GatePolicy, question: Question) -> GateFacts:
    """The facts as of now. Locks the customer's row first, then their mailbox, until the transaction ends."""
    customer, topic, occasion, now = question.customer, question.ask.topic, question.occasion, question.now
    known = await Customers(session).hold_one(customer)
    await Mailboxes(session).hold([known.email])
    permissions, suppressions = Permissions(session), Suppressions(session)
    prefers = read_preferences(known.traits, await PreferenceLog(session).choices(customer))
    since = now - max(policy.horizon, prefers.at_most_every or policy.horizon)
    return GateFacts(
        now=now,
        has_address=known.email is not None,
        unconfirmed=question.ask.kind is Kind.TRANSACTIONAL and await _is_unconfirmed(session, customer, occasion),
        closed=await _closed(session, question.enrollment),
        suppression=await suppressions.reason(customer),
        sunset=await suppressions.sunset(customer),
        opted_out=await permissions.opted_out(customer, topic),
        wants_none=prefers.wants_none,
        consent=await permissions.consent(customer, topic),
        consent_misreported=misreported_consent(known.traits),
        ended_by=await EventStore(session).ended_by(customer, question.ends_on, occasion),
        zone=known.timezone,
        last_seen_at=known.last_seen_at,
        best_hour=prefers.best_hour,
        at_most_every=prefers.at_most_every,
        paused_until=prefers.paused_until,
        segment=prefers.segment,
        rivals=await read_rivals(session, customer, question.enrollment),
        recent=await Ledger(session).recent_marketing(customer, since, excluding=question.message),
    )


async def read_rivals(session: AsyncSession, customer: str, enrollment: str) -> tuple[Rival, ...]:
    """The customer's other open enrollments, those that are about to begin among them."""
    return tuple(
        Rival(journey=row.journey, lane=row.lane, priority=row.priority)
        for row in await Enrollments(session).running([customer])
        if row.lane is not None and row.id != enrollment
    )


async def _is_unconfirmed(session: AsyncSession, customer: str, occasion: Occasion) -> bool:
    events = EventStore(session)
    began = await events.at(occasion.seq)
    if began is None or not began.event.public:
        return False
    said = await events.of_backends(customer, began.event.name)
    return not is_confirmed(began.event, (each.event for each in said))


async def _closed(session: AsyncSession, enrollment: str) -> str | None:
    row = await Enrollments(session).get(enrollment)
    return row.outcome.why if row is not None and row.outcome is not None else None
