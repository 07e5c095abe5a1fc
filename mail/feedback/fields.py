"""Reading fields of providers' JSON: what is missing or of another kind counts as not said."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mail.feedback.adapter import UnreadableReportError


def parse(body: bytes) -> Any:
    """Parse a body.

    Raises:
        UnreadableReportError: it is no JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableReportError("the body is no JSON") from None


def require_object(value: object) -> Mapping[str, Any]:
    """A JSON object.

    Raises:
        UnreadableReportError: it is none.
    """
    if not isinstance(value, dict):
        raise UnreadableReportError("a report must be a JSON object")
    return value


def pick(where: object, *path: str) -> Any:
    """What lies at a path of names; None where it ends early."""
    for name in path:
        where = where.get(name) if isinstance(where, Mapping) else None
    return where


def text(where: object, *path: str) -> str:
    """The text at a path, or a number as text; empty where there is none.

    Without what JSON allows and Unicode does not (half a character), nor NUL, which PostgreSQL cannot keep.
    """
    value = pick(where, *path)
    said = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return said.encode("utf-8", "replace").decode().replace("\x00", "")


def text_or_none(where: object, *path: str) -> str | None:
    """The text at a path; None where there is none, or an empty one."""
    return text(where, *path) or None


def first(values: object) -> Any:
    """The first of a list; None where there is none."""
    return values[0] if isinstance(values, list) and values else None


def moment(said: object, otherwise: datetime) -> datetime:
    """A moment, as seconds since 1970 or in ISO 8601; one without an offset is in UTC."""
    try:
        if isinstance(said, str) and not said.replace(".", "", 1).isdecimal():
            read = datetime.fromisoformat(said)
            return read if read.tzinfo else read.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(said), UTC)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise


def bracketed(message_id: str) -> str | None:
    """A Message-ID with its angle brackets, which some providers leave out; None for none."""
    bare = message_id.strip().strip("<>")
    return f"<{bare}>" if bare else None


def digest(*parts: str) -> str:
    """An id for a report that bears none: the same each time it is reported."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
