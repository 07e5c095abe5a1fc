"""What a JSON parser lets through, and a database refuses or another program cannot read.

NUL characters and halves of surrogate pairs in texts, numbers that are not finite or too long, nesting without end.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from domain.errors import InvalidEventError

MAX_CALL: Final = 32 * 1024
"""Bytes of one call as compact JSON: Segment's limit."""

MAX_DEPTH: Final = 20
"""Levels of nesting: beyond any real event. `storage.storable` keeps no more of what comes by another way."""

_SUSPICIOUS = re.compile(r"\\u0000|[0-9]{19}")
"""In serialised JSON: perhaps a NUL character, or an integer of more than 64 bits."""

_INT_BITS: Final = 63
_LONGEST_PATH: Final = 200


def require_sound(call: Mapping[str, Any], path: str) -> None:
    """Make sure that a call can be stored. The common case costs one serialisation; only a suspicious call is walked.

    Args:
        call: as parsed from JSON.
        path: where in the body it stands, e.g. `batch.3`.

    Raises:
        InvalidEventError: it cannot, or it is larger than `MAX_CALL`; names the field.
    """
    try:
        text = json.dumps(call, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(text.encode())
    except (ValueError, TypeError, RecursionError) as error:  # not finite, or half a pair; no JSON; without end
        _raise_first_fault(call, path)
        raise InvalidEventError(path, f"is no JSON: {error}") from None
    if size > MAX_CALL:
        raise InvalidEventError(path, f"has {size} bytes, {MAX_CALL} are allowed for one call: send less in it")
    if text.count("{") + text.count("[") > MAX_DEPTH or _SUSPICIOUS.search(text):
        _raise_first_fault(call, path)


def join(path: str, field: str) -> str:
    """The path of a field, short enough to be shown."""
    return (f"{path}.{field}" if path else field)[:_LONGEST_PATH]


def _raise_first_fault(call: Mapping[str, Any], path: str) -> None:
    for field, problem in _faults(call, path, 0):
        raise InvalidEventError(field, problem)


def _faults(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Find all faults, in order. A field's name may be at fault itself: then its parent is named."""
    if depth > MAX_DEPTH:
        yield path, f"is nested deeper than {MAX_DEPTH} levels: flatten it"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or _text_fault(key):
                yield path, "has a field whose name is not valid text: rename it"
            else:
                yield from _faults(item, join(path, key), depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _faults(item, join(path, str(index)), depth + 1)
    elif problem := _value_fault(value):
        yield path, problem


def _value_fault(value: object) -> str | None:
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number: leave it out"
    if isinstance(value, int) and value.bit_length() > _INT_BITS:
        return "is a number of more than 64 bits: send it as a text"
    return None if value is None or isinstance(value, int | float) else f"is no JSON but a {type(value).__name__}"


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "contains a NUL character (\\u0000), which no database keeps in a text: remove it"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "contains half of a surrogate pair (\\ud800 to \\udfff): send valid Unicode"
    return None
