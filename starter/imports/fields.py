"""Fields that several kinds of imports have: ids, addresses, moments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from domain.errors import InvalidEventError
from domain.profile import normalise_email
from domain.segment_api import EARLIEST, MAX_ID, parse_moment
from domain.soundness import require_sound
from starter.imports.rows import Columns, shown


class FieldError(Exception):
    """A field is wrong. Becomes a `Mistake` with the row's place."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        super().__init__(f"{field} {problem}: {remedy}")
        self.field, self.problem, self.remedy = field, problem, remedy


WRITE_A_MOMENT: Final = "write a date and time, such as 2026-03-01T09:00:00Z"


def require_known(fields: Mapping[str, Any], columns: Columns) -> None:
    """Make sure that every field has a meaning: of a misspelt one nobody would know that it was lost."""
    for name in fields:
        if not columns.know(name):
            raise FieldError(shown(name), "is no known field", f"known are {columns}")


def require_storable(fields: Mapping[str, Any]) -> None:
    """Make sure that a database can keep all of it, and that it is no larger than a call may be."""
    try:
        require_sound(fields, "")
    except InvalidEventError as error:
        raise FieldError(error.field, error.problem, "send less, or valid text") from None


def read_identifier(fields: Mapping[str, Any], name: str = "id") -> str | None:
    """An id; numbers become texts."""
    value = fields.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_ID:
        raise FieldError(name, "is no id", f"write a text of at most {MAX_ID} characters")
    return value


def read_address(fields: Mapping[str, Any]) -> str | None:
    """A mail address, in its normal form."""
    if "email" not in fields:
        return None
    email = normalise_email(fields["email"])
    if email is None:
        raise FieldError("email", "is no mail address", "correct it, or leave it empty")
    return email


def read_moment(fields: Mapping[str, Any], now: datetime, name: str = "at") -> datetime | None:
    """A moment that has been."""
    try:
        moment = parse_moment(fields.get(name))
    except ValueError:
        raise FieldError(name, "is no moment", WRITE_A_MOMENT) from None
    if moment is not None and moment > now:
        raise FieldError(name, "lies in the future", "import what has happened")
    if moment is not None and moment < EARLIEST:
        raise FieldError(name, "lies before 1970", "leave it out if the moment is not known")
    return moment


def read_words(fields: Mapping[str, Any], name: str, longest: int) -> str | None:
    """A text of at most so many characters."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise FieldError(name, "is no such text", f"write one of at most {longest} characters")
    return value.strip()
