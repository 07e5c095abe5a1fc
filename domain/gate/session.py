"""Nobody is mailed while they are in the shop. See docs/decisions/0025."""

from datetime import datetime

from domain.gate.rule import Asked, Delay, Delays


def _in_session(asked: Asked, _at: datetime) -> Delay | None:
    seen = asked.facts.last_seen_at
    if seen is None or asked.ask.urgent:
        return None
    # A sender's clock may run ahead: nobody is seen in the future.
    over = min(seen, asked.facts.now) + asked.policy.in_session
    return Delay(over, "in the shop just now")


IN_SESSION = Delays("in session", _in_session)
