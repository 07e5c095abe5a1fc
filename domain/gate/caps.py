"""How many marketing mails one customer gets: the shop's caps, and the customer's own wishes."""

from collections.abc import Iterator
from datetime import datetime

from domain.gate.policy import DAY, TWO_DAYS
from domain.gate.rule import Asked, Delay, Delays, span_in_words


def _full(asked: Asked, _at: datetime) -> Delay | None:
    """Caps only open as time goes by, so the one that opens last decides, whatever the moment."""
    return max(_reached(asked), default=None)


def _reached(asked: Asked) -> Iterator[Delay]:
    """When each cap that may stand in the way lets the next mail through, and what to call it."""
    ask, caps = asked.ask, asked.policy.caps_of(asked.facts.segment)
    every = [past.sent_or_claimed_at for past in asked.facts.recent]
    stage = [past.sent_or_claimed_at for past in asked.facts.recent if past.stage is ask.stage]
    rules = [(every, caps.per_48h, TWO_DAYS, ""), (stage, caps.per_stage, caps.stage_window, f" for {ask.stage}")]
    if not ask.urgent:
        rules.append((every, caps.per_day, DAY, ""))
    for moments, limit, window, what in rules:
        if len(moments) >= limit:
            # Half open: when the limit-th latest is exactly one window old it no longer counts.
            free_at = sorted(moments)[-limit] + window
            yield Delay(free_at, f"{limit} {'mail' if limit == 1 else 'mails'}{what} in {span_in_words(window)}")


def _wished(asked: Asked, _at: datetime) -> Delay | None:
    every = asked.facts.at_most_every
    if every is None or not asked.facts.recent:
        return None
    free_at = max(past.sent_or_claimed_at for past in asked.facts.recent) + every
    return Delay(free_at, f"asked for 1 mail in {span_in_words(every)}")


def _paused(asked: Asked, _at: datetime) -> Delay | None:
    until = asked.facts.paused_until
    return None if until is None else Delay(until, "asked for a pause")


CAPS = Delays("caps", _full)
WISH = Delays("own wish", _wished)
"""For urgent mail too: whoever asked for less gets less."""
PAUSE = Delays("pause", _paused)
"""For urgent mail too. What would be too late after the pause never goes."""
