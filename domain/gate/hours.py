"""When mail arrives on the customer's own clock: not in the quiet hours, within the windows, best in the best hour."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from domain.civil import next_allowed, next_local, zone_or_default
from domain.gate.rule import Asked, Delay, Delays


def _closed_hours(asked: Asked, at: datetime) -> Delay | None:
    policy = asked.policy
    opens = next_allowed(at, _zone(asked), policy.quiet, policy.windows)
    if opens == at:
        return None
    quiet = policy.quiet.covers(at.astimezone(_zone(asked)).time())
    return Delay(opens, "quiet hours" if quiet else "outside the send windows")


def best_moment(asked: Asked, at: datetime) -> Delay | None:
    """The customer's best hour after the first moment at which a mail could go; None: that moment is as good.

    Not for urgent mail, nor when the hour is too far away, nor when the mail would no longer make sense by then. This
    is a wish and no rule: whether the others hold at that moment is for the caller to see.
    """
    hour, zone = asked.facts.best_hour, _zone(asked)
    if hour is None or asked.ask.urgent or at.astimezone(zone).hour == hour:
        return None
    best = next_local(at, zone, time(hour))
    last = asked.ask.fresh_until
    if best - at > asked.policy.best_hour_within or (last is not None and best > last):
        return None
    return Delay(best, "the customer's best hour", "best hour")


def _zone(asked: Asked) -> ZoneInfo:
    return zone_or_default(asked.facts.zone, asked.policy.default_zone)


HOURS = Delays("hours", _closed_hours)
