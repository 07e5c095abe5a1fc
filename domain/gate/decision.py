"""The gate's decision: all rules in their order."""

from collections.abc import Sequence
from datetime import datetime

from domain.gate import caps, cool_downs, hours, lanes, permission, session
from domain.gate.ask import Ask
from domain.gate.facts import GateFacts
from domain.gate.policy import GatePolicy
from domain.gate.rule import Asked, Delay
from domain.message import Decision, Kind, Verdict

FOR_ANY_MAIL = (
    permission.CLOSED, permission.EXIT_EVENT, permission.ADDRESS, permission.SUPPRESSION, permission.BACKEND,
)  # fmt: skip
FOR_MARKETING = (permission.SUNSET, permission.OPT_OUT, permission.CONSENT, lanes.GIVES_WAY)
WHEN = (
    caps.CAPS, caps.WISH, caps.PAUSE, lanes.WAITS, cool_downs.AFTER_INCENTIVE, cool_downs.AFTER_SILENCE,
    session.IN_SESSION, hours.HOURS,
)  # fmt: skip
STALENESS = "staleness"

RULES = tuple(dict.fromkeys([*(rule.name for rule in (*FOR_ANY_MAIL, *FOR_MARKETING, *WHEN)), "best hour", STALENESS]))
"""Names of all rules, in their order."""

ROUNDS = 2 * len(WHEN) + 1
"""All rules but the hours only open as time goes by: each moves the moment once, and the hours once after each."""


def decide(ask: Ask, facts: GateFacts, policy: GatePolicy) -> Decision:
    """Answer whether the message goes now, waits, or never goes.

    Asked again at `until`, with the same facts otherwise, the answer is *send*. Except for a mail that waits for
    somebody to do something, a stronger journey to end or the customer to answer: it asks again from time to time. So
    does an owed one, for a while, that lacks what may still be told.
    """
    asked = Asked(ask, facts, policy)
    lacking: list[Delay] = []
    for rule in FOR_ANY_MAIL:
        if (objection := rule.objection(asked)) is not None:
            until = asked.owed_again_at if ask.kind is Kind.TRANSACTIONAL and rule.may_be_told else None
            if until is None:
                return _drop(rule.name, objection, ended_by=facts.ended_by)
            lacking.append(Delay(until, objection, rule.name))
    if ask.kind is Kind.TRANSACTIONAL:
        owed = Decision(verdict=Verdict.SEND, reason="transactional: owed to the customer")
        return _defer(lacking) if lacking else owed
    for rule in FOR_MARKETING:
        if (objection := rule.objection(asked)) is not None:
            rival = lanes.stronger(ask.place, facts.rivals) if rule is lanes.GIVES_WAY else None
            return _drop(rule.name, objection, gives_way_to=rival.journey if rival else None)
    return _decide_when(asked)


def _decide_when(asked: Asked) -> Decision:
    until, delays = _first_moment(asked)
    waits = ", then ".join(delay.why for delay in delays)
    last = asked.ask.fresh_until
    if last is not None and until > last:
        # The next asking would fall into the night, say; what it waits for may be over before.
        if not all(delay.foreseen for delay in delays) and (sooner := asked.sooner()) is not None:
            return _decide_when(sooner)
        return _drop(STALENESS, f"too late to make sense: {waits or 'asked late'}, first possible {_utc(until)}")
    best = hours.best_moment(asked, until)
    if best is not None and not any(rule.delay(asked, best.until) for rule in WHEN):
        until, delays = best.until, [*delays, best]
    if not delays:
        return Decision(verdict=Verdict.SEND, reason="all rules of the gate hold")
    return _defer(delays, until)


def _first_moment(asked: Asked) -> tuple[datetime, list[Delay]]:
    """The first moment at which all rules hold, and what the mail waits for until then.

    No rule lets it go before its own moment, so the latest of them is the earliest for all; from there they are asked
    again, since that may be at night.
    """
    at, delays = asked.facts.now, list[Delay]()
    for _ in range(ROUNDS):
        objections = [delay for rule in WHEN if (delay := rule.delay(asked, at)) is not None]
        if not objections:
            break
        delays.append(max(objections, key=lambda delay: delay.until))
        at = delays[-1].until
    return at, delays


def _utc(moment: datetime) -> str:
    """In UTC always: the local time would tell where the customer lives."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _defer(delays: Sequence[Delay], until: datetime | None = None) -> Decision:
    """Later: at a moment, or else when the last delay is over."""
    until = until or delays[-1].until
    waits = ", then ".join(delay.why for delay in delays)
    return Decision(
        verdict=Verdict.DEFER, reason=f"{waits}: waits until {_utc(until)}", until=until, rule=delays[-1].rule
    )


def _drop(rule: str, reason: str, *, ended_by: str | None = None, gives_way_to: str | None = None) -> Decision:
    return Decision(verdict=Verdict.DROP, rule=rule, reason=reason, ended_by=ended_by, gives_way_to=gives_way_to)
