"""Visits: activity on the site cut into sessions, and how long each, and each look within it, took."""

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

from domain.customer import VISIT_GAP
from domain.event import Event

LONGEST_STAY = timedelta(minutes=10)
"""A gap to the next event counts for at most this as time on a page: beyond it the customer was elsewhere."""


def sessions_of(activity: list[Event]) -> list[list[Event]]:
    """By the backend's session id where there is one; an event without joins the one before it, if not too far."""
    sessions: dict[str | int, list[Event]] = {}
    key: str | int = ""
    for number, event in enumerate(activity):
        reported = key_of(event.context, "session") or key_of(event.context, "sessionId")
        if reported is not None:
            key = reported
        elif number == 0 or event.occurred_at - activity[number - 1].occurred_at > VISIT_GAP:
            key = f"gap before {number}"
        sessions.setdefault(key, []).append(event)
    return list(sessions.values())


def count_visits(activity: list[Event]) -> int:
    """How often the customer came, by the pauses between: a session id that is kept for weeks hides no visit."""
    gaps = [later.occurred_at - earlier.occurred_at for earlier, later in pairwise(activity)]
    return bool(activity) + sum(gap > VISIT_GAP for gap in gaps)


def length_of(session: list[Event]) -> timedelta:
    """From first to last event and the reported stay there. Idle stretches of half an hour do not count."""
    gaps = [later.occurred_at - earlier.occurred_at for earlier, later in pairwise(session)]
    last_stay = (_reported_stay(session[-1]) if session else None) or timedelta()
    return sum((gap for gap in gaps if gap <= VISIT_GAP), last_stay)


def time_on(session: list[Event], counts: Callable[[Event], bool]) -> timedelta:
    """How long the customer stayed on what counts."""
    followers = [*session[1:], None]
    looks = zip(session, followers, strict=True)
    return sum((_stay(event, then) for event, then in looks if counts(event)), timedelta())


def key_of(where: Mapping[str, Any], name: str) -> str | int | None:
    """An id among properties; None when there is none."""
    value = where.get(name)
    return value if isinstance(value, str | int) and value != "" else None


def _stay(event: Event, then: Event | None) -> timedelta:
    """As reported, else until the next event of the session. Of a session's last page nothing is known."""
    reported = _reported_stay(event)
    if reported is not None:
        return reported
    return min(then.occurred_at - event.occurred_at, LONGEST_STAY) if then else timedelta()


def _reported_stay(event: Event) -> timedelta | None:
    """`time_on_page` in seconds, believed up to the pause that would have ended the visit."""
    try:
        seconds = float(event.properties["time_on_page"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return timedelta(seconds=min(seconds, VISIT_GAP.total_seconds()))
