"""Recorded calls as events: the same reading as the collector's, at the moments the recording says."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.clock import REAL_TIME
from domain.errors import InvalidEventError
from domain.event import Event
from domain.segment_api import parse_call, parse_moment
from domain.visitor import PREFIX

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between these a recording can lie. A journey looks back and ahead by years, and the calendar ends in 9999."""


def read_call(call: Mapping[str, Any]) -> Event:
    """Read one call of a recording, received at the moment it happened.

    What was reported with a page's key is known by its message id, as the store keeps it.

    Args:
        call: with its `messageId` and `timestamp`; `sentAt` and `originalTimestamp` left out.

    Raises:
        InvalidEventError: it is no Segment call, or does not say when it happened.
    """
    try:
        moment = parse_moment(call.get("timestamp"))
    except ValueError as error:
        raise InvalidEventError("timestamp", str(error)) from None
    if moment is None:
        raise InvalidEventError("timestamp", "is missing: a backtest must know when it happened")
    if not EARLIEST <= moment < LATEST:
        raise InvalidEventError("timestamp", f"must lie between {EARLIEST:%Y} and {LATEST:%Y}: check who wrote it")
    if not call.get("messageId"):
        raise InvalidEventError("messageId", "is missing: it tells an event from its repetition")
    event = parse_call(call, kind=None, received_at_real=moment, clock=REAL_TIME, new_id=str)
    return event.model_copy(update={"public": True}) if event.message_id.startswith(PREFIX) else event
