"""The gate's rules: may this message go, now? Pure, over facts that the store read in one transaction.

The rules are asked in this order, and the first that objects decides:

1. the journey was ended by a committed event (nothing after the purchase): drop
2. no address: drop
3. suppressed: drop
4. transactional: send
5. opted out of the topic, or of all marketing: drop
6. no consent: drop
7. caps and quiet hours: defer to the first moment at which all of them hold
8. that moment is too late to make sense: drop

Rules 1 to 3 hold for transactional mail too.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field, PositiveInt, field_validator

from domain.civil import QuietHours, find_zone, next_allowed, zone_or_default
from domain.message import Decision, Kind, Stage, Verdict
from domain.model import Instant, Value, WireValue

DAY = timedelta(hours=24)
TWO_DAYS = timedelta(hours=48)


class ConsentRule(StrEnum):
    """What marketing needs before it may go."""

    RECORDED = "recorded"
    """A consent on record for the topic, or for all marketing."""
    ASSUMED = "assumed"
    """No recorded refusal: the shop answers for having asked. An opt-out counts all the same."""


class Ask(WireValue):
    """One message asks to go now."""

    kind: Kind
    topic: str
    stage: Stage
    urgent: bool = False
    """It answers what the customer did just now: the daily cap is waived, no other rule is."""
    due_at: Instant
    """When the journey wanted it sent. Staleness counts from here; it defers nothing."""
    stale_after: timedelta | None = Field(default=None, ge=timedelta())
    """How long after `due_at` it still makes sense. None: always."""


class Caps(Value):
    """How many marketing mails one customer gets at most, over all journeys. Windows roll with the clock.

    The daily cap is a rolling 24 h: counted by calendar day it would let two mails through around midnight.
    """

    per_day: PositiveInt = 1
    per_48h: PositiveInt = 3
    per_stage: PositiveInt = 3
    stage_window: timedelta = Field(default=timedelta(days=7), gt=timedelta())

    @property
    def horizon(self) -> timedelta:
        """How far back `GateFacts.recent` must reach."""
        return max(TWO_DAYS, self.stage_window)


class GatePolicy(Value):
    """The settings of the gate. `default_zone` is for customers whose zone is unknown."""

    caps: Caps = Caps()
    quiet: QuietHours = QuietHours()
    default_zone: str = "UTC"
    consent: ConsentRule = ConsentRule.RECORDED

    @field_validator("default_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if find_zone(name) is None:
            raise ValueError(f"{name!r} is no IANA time zone, such as Europe/Berlin")
        return name


class PastMessage(Value):
    """A marketing mail that went to the customer, or that is claimed and about to."""

    sent_or_claimed_at: Instant
    stage: Stage


class GateFacts(Value):
    """What the store knows about the customer at `now`, read inside the transaction that will claim the message."""

    now: Instant
    has_address: bool
    suppression: str | None = None
    """Why nothing at all may go to the address: hard bounce, complaint, erasure."""
    opted_out: bool = False
    """Unsubscribed from this topic or from all marketing."""
    consent: bool | None = None
    """As recorded for the topic or for all marketing. None: never asked, or not reported."""
    closed: str | None = None
    """Why the enrollment counts as ended, where its workflow does not know, e.g. because an operator ended it."""
    ended_by: str | None = None
    """Name of an event that ends the journey and is already committed, though its signal may still be under way."""
    zone: str | None = None
    """IANA name as reported, not checked."""
    recent: tuple[PastMessage, ...] = ()
    """Marketing mails of the last `Caps.horizon`, in any order."""


def decide(ask: Ask, facts: GateFacts, policy: GatePolicy) -> Decision:
    """Answer whether the message goes now, waits, or never goes.

    Asked again at `until`, with the same facts otherwise, the answer is *send*: caps only loosen while nothing is
    sent, and `until` is outside the quiet hours.
    """
    if objection := _objection_to_any_mail(facts):
        return Decision(verdict=Verdict.DROP, reason=objection, ended_by=facts.ended_by)
    if ask.kind is Kind.TRANSACTIONAL:
        return Decision(verdict=Verdict.SEND, reason="transactional: owed to the customer")
    if objection := _objection_to_marketing(facts, policy.consent):
        return _drop(objection)
    return _decide_when(ask, facts, policy)


def _objection_to_any_mail(facts: GateFacts) -> str | None:
    if facts.closed is not None:
        return f"its enrollment was ended: {facts.closed}"
    if facts.ended_by is not None:
        return f"{facts.ended_by} has ended the journey: nothing goes after it"
    if not facts.has_address:
        return "no email address is known"
    if facts.suppression is not None:
        return f"suppressed: {facts.suppression}"
    return None


def _objection_to_marketing(facts: GateFacts, rule: ConsentRule) -> str | None:
    if facts.opted_out:
        return "unsubscribed from this topic or from all marketing"
    if facts.consent is False:
        return "consent was refused or withdrawn"
    if facts.consent is None and rule is ConsentRule.RECORDED:
        return "no consent on record: report it for the customer, or set the consent rule to 'assumed'"
    return None


def _decide_when(ask: Ask, facts: GateFacts, policy: GatePolicy) -> Decision:
    free_at, causes = _free_of_caps(ask, facts, policy.caps)
    # One round finds the moment at which all rules hold: caps only loosen with time, so moving on to the end of
    # the quiet hours cannot close one again.
    until = next_allowed(free_at, zone_or_default(facts.zone, policy.default_zone), policy.quiet)
    if until > free_at:
        causes = [*causes, "quiet hours"]
    waits = ", then ".join(causes)
    if ask.stale_after is not None and until > ask.due_at + ask.stale_after:
        return _drop(f"too late to make sense: {waits or 'asked late'}, first possible {_utc(until)}")
    if until > facts.now:
        return Decision(verdict=Verdict.DEFER, reason=f"{waits}: waits until {_utc(until)}", until=until)
    return Decision(verdict=Verdict.SEND, reason="all rules of the gate hold")


def _free_of_caps(ask: Ask, facts: GateFacts, caps: Caps) -> tuple[datetime, list[str]]:
    """The first moment no cap forbids, and the cap that forbids the moments before it, if one does."""
    free_at, name = max(_reached(ask, facts, caps), default=(facts.now, ""))
    return (free_at, [name]) if free_at > facts.now else (facts.now, [])


def _reached(ask: Ask, facts: GateFacts, caps: Caps) -> Iterator[tuple[datetime, str]]:
    """When each cap that may stand in the way lets the next mail through, and what to call it."""
    every = [past.sent_or_claimed_at for past in facts.recent]
    stage = [past.sent_or_claimed_at for past in facts.recent if past.stage is ask.stage]
    rules = [(every, caps.per_48h, TWO_DAYS, ""), (stage, caps.per_stage, caps.stage_window, f" for {ask.stage}")]
    if not ask.urgent:
        rules.append((every, caps.per_day, DAY, ""))
    for moments, limit, window, what in rules:
        if len(moments) >= limit:
            # Half open: when the limit-th latest is exactly one window old it no longer counts.
            free_at = sorted(moments)[-limit] + window
            yield free_at, f"{limit} {'mail' if limit == 1 else 'mails'}{what} in {_span(window)}"


def _span(window: timedelta) -> str:
    """Hours as far as people count in them, then days."""
    return f"{window / DAY:g} days" if window > TWO_DAYS else f"{window / timedelta(hours=1):g} h"


def _utc(moment: datetime) -> str:
    """In UTC always: the local time would tell where the customer lives."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _drop(reason: str) -> Decision:
    return Decision(verdict=Verdict.DROP, reason=reason)
