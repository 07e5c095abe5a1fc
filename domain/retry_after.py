"""The header Retry-After (RFC 9110, 10.2.3): how long a server asks to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def read_retry_after(value: str, now: datetime) -> timedelta | None:
    """The wait, from seconds or from a date; None where the header says nothing that can be understood.

    Args:
        value: the header's value; empty where it is missing.
        now: real time. A date in the past is no wait.
    """
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return timedelta(seconds=int(value[:9]))
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))
