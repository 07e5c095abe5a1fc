"""Remedies: what to write in place of a value that a model refused, in words for whoever writes settings."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final, get_args

from pydantic import BaseModel

MOST_NAMED: Final = 20
"""Names that are listed where none is near: more than that nobody reads in a message."""

LIST: Final = 'give a JSON list, such as ["…", "…"]'
OBJECT: Final = 'give a JSON object, such as {"…": …}'

_WORDS: Final[Mapping[str, str]] = {
    "int_parsing": "give a whole number",
    "int_from_float": "give a whole number",
    "float_parsing": "give a number",
    "bool_parsing": "give true or false",
    "time_parsing": "give a time of day, such as 09:00",
    "time_delta_parsing": "give a duration, such as PT5M, PT36H or P7D",
    "date_parsing": "give a day, such as 2026-01-31",
    "date_from_datetime_parsing": "give a day, such as 2026-01-31",
    "missing": "is missing: give it, too",
    "tuple_type": LIST,
    "list_type": LIST,
    "frozen_set_type": LIST,
    "dict_type": OBJECT,
    "model_type": OBJECT,
}
"""By pydantic's kind of error (docs.pydantic.dev/latest/errors/validation_errors), whose words are for programmers."""


def remedy(error: Mapping[str, Any], within: object) -> str:
    """What is wrong with a value, and what to write instead.

    Args:
        error: one of a pydantic `ValidationError`, as `errors()` has it.
        within: the model that refused it, for what else there is in place of a field that there is not.
    """
    if error["type"] == "extra_forbidden":
        *outer, name = error["loc"]
        return f"there is no such setting{instead(str(name), fields_at(within, outer))}"
    said = _WORDS.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    return re.sub(r"^Input should ", "must ", said)


def instead(name: str, known: Collection[str]) -> str:
    """What may have been meant by a name that is not known: the nearest, or a list of those there are."""
    if near := get_close_matches(name, known, n=1, cutoff=0.75):
        return f"; did you mean {near[0]}?"
    listed = sorted(known)
    more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
    return f"; there are {', '.join(listed[:MOST_NAMED])}{more}" if listed else ""


def fields_at(within: object, path: Collection[object]) -> list[str]:
    """The names of the fields of the model at a path of names, keys and indices below another."""
    for part in path:
        model = _model_of(within)
        if model is None:
            return []
        if part in model.model_fields:  # else a key of a dictionary, or an index
            within = model.model_fields[str(part)].annotation
    model = _model_of(within)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_of(annotation: object) -> type[BaseModel] | None:
    """The model in an annotation: itself, one of several, or what a collection holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for each in get_args(annotation) if (model := _model_of(each))), None)
