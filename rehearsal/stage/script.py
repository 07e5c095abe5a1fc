"""A script: what a customer does and when, in a line, e.g. `click after 2h, purchase of 120 after 30h`.

Times count from the enrollment's beginning. An event of the journey's plan may be written by its name in small
letters (`cart emptied`), any other event by its name in quotes (`"Product Viewed"`).
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from domain.event import ORDER_COMPLETED
from domain.model import Value
from rehearsal.stage.errors import ScriptError
from rehearsal.stage.spans import parse_span, write_span
from workflows.vocabulary.plan import Plan


class Deed(StrEnum):
    """What can happen in a script."""

    CLICK = "click"
    REVISIT = "revisit"
    PURCHASE = "purchase"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    ERASE = "erase"
    CANCEL = "cancel"
    """An operator's, as the next three."""
    PAUSE = "pause"
    RESUME = "resume"
    SKIP = "skip"
    EVENT = "event"
    """Any other, by its name."""


class Cue(Value):
    """One thing that happens."""

    deed: Deed
    after: timedelta = Field(ge=timedelta())
    revenue: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of a purchase."""
    event: str = ""
    """Name of an event."""

    def __str__(self) -> str:
        what = f'"{self.event}"' if self.deed is Deed.EVENT else self.deed.value
        amount = "" if self.revenue is None else f" of {self.revenue:f}"
        return f"{what}{amount} after {write_span(self.after)}"


_PARTS = re.compile(r'(?:"[^"]*"|[^,"])+|"')
_CUE = re.compile(
    r'(?:"(?P<event>[^"]+)"|(?P<word>[^"]+?))(?:\s+(?:of\s+)?(?P<amount>\d+(?:\.\d+)?))?\s+after\s+(?P<span>[^"]+)'
)
_WORDS = {deed.value: deed for deed in Deed if deed is not Deed.EVENT}


def parse_script(text: str, plan: Plan) -> tuple[Cue, ...]:
    """Read a script for a journey. Cues come in the order in which they happen.

    Raises:
        ScriptError: a part cannot be read; says which, and what is possible.
    """
    plain = text.replace("“", '"').replace("”", '"')
    parts = [part.strip() for part in _PARTS.findall(plain)]
    cues = [_parse_cue(part, plan) for part in parts if part]
    return tuple(sorted(cues, key=lambda cue: cue.after))


def write_script(cues: Iterable[Cue]) -> str:
    """A script as `parse_script` reads it."""
    return ", ".join(map(str, cues))


def _parse_cue(part: str, plan: Plan) -> Cue:
    found = _CUE.fullmatch(part)
    if found is None:
        raise ScriptError(f"“{part}” cannot be read: say what happens and when, as in “click after 2h”")
    try:
        after = parse_span(found["span"])
    except ScriptError as error:
        raise ScriptError(f"“{part}”: {error}") from None
    deed, event = _deed(part, found["event"], found["word"], plan)
    if found["amount"] is not None and deed is not Deed.PURCHASE:
        raise ScriptError(f"“{part}”: only a purchase has an amount")
    revenue = None if found["amount"] is None else float(found["amount"])
    return Cue(deed=deed, after=after, revenue=revenue, event=event)


def _deed(part: str, event: str | None, word: str | None, plan: Plan) -> tuple[Deed, str]:
    if event is not None:
        return Deed.EVENT, event
    name = " ".join((word or "").lower().split())
    if name in _WORDS:
        return _WORDS[name], ""
    named = _named(plan)
    if name == ORDER_COMPLETED.lower():
        return Deed.PURCHASE, ""
    if name in named:
        return Deed.EVENT, named[name]
    possible = ", ".join([*_WORDS, *named])
    raise ScriptError(
        f"“{part}”: nothing is called “{name}”; possible are {possible}, or any other event by its name in quotes"
    )


def _named(plan: Plan) -> dict[str, str]:
    """Events of the plan, by their names in small letters."""
    return {event.lower(): event for event in (*([plan.goal] if plan.goal else []), *plan.exits)}
