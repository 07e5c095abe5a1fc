"""How long marketing rests after an offer, and towards a customer who does not answer. See docs/decisions/0021."""

from datetime import datetime

from domain.gate.facts import PastMessage
from domain.gate.rule import Asked, Delay, Delays


def _after_incentive(asked: Asked, _at: datetime) -> Delay | None:
    offers = [past.sent_or_claimed_at for past in asked.facts.recent if past.incentive]
    if not offers:
        return None
    return Delay(max(offers) + asked.policy.cool_downs.incentive, "an offer went out just before")


def _after_silence(asked: Asked, _at: datetime) -> Delay | None:
    """A journey's own sequence is its author's business; what other journeys said without an answer counts."""
    own, unanswered = asked.ask.place.journey, _unanswered(asked)
    others = [past.sent_or_claimed_at for past in unanswered if past.journey != own]
    if not own or not others:
        return None
    cool_downs = asked.policy.cool_downs
    free_at = max(others) + (cool_downs.ignored if len(unanswered) > 1 else cool_downs.unanswered)
    what = "mails were" if len(unanswered) > 1 else "another journey's mail was"
    # An answer lifts it at any time. A mail that would be stale when it is over asks until then.
    last = asked.ask.fresh_until
    foreseen = last is None or free_at <= last
    return Delay(free_at if foreseen else asked.again_at, f"{what} not answered", foreseen=foreseen)


def _unanswered(asked: Asked) -> list[PastMessage]:
    seen = asked.facts.last_seen_at
    return [] if seen is None else [past for past in asked.facts.recent if past.sent_or_claimed_at > seen]


AFTER_INCENTIVE = Delays("incentive", _after_incentive)
AFTER_SILENCE = Delays("silence", _after_silence)
