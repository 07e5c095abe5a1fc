"""What one run of an enrollment hands to the next when Temporal's history has grown long: where the sequence stands.

All of it stands in the input of the next run, so names are frozen; renaming one takes several deploys.
"""

from datetime import timedelta
from typing import Any

from pydantic import Field

from domain.carried_inbox import InboxState
from domain.intent import Intent, Tier
from domain.model import Instant, WireValue
from domain.pause import Pause


class Entry(WireValue):
    """One line of the journal: what the sequence asked for, and the answer it got."""

    verb: str
    """The verb's wire name, e.g. `send`."""
    about: str = ""
    """What the verb was about: a template, a fact, an experiment, a change, kinds of signals."""
    words: str = ""
    """The verb as operators read it, e.g. `waiting 1 day`."""
    answer: Any = None
    """As JSON; what it means, the verb knows."""


class OpenMail(WireValue):
    """A mail that is not out yet. It keeps its step's name and the moment it was due, whichever run sends it."""

    step: str
    due: Instant
    message: str = ""
    reason: str = ""
    """Why the gate holds it back."""


class OpenVerb(WireValue):
    """The verb that was being performed, and what is left of its wait."""

    verb: str
    about: str = ""
    until: Instant | None = None
    """The moment at which the wait ends. None with no rest either: it begins anew."""
    rest: timedelta | None = None
    """How much of it remains, while it is paused."""
    mail: OpenMail | None = None


class PerformerState(WireValue):
    """What has to be remembered between verbs."""

    because: str
    planned: Instant | None = None
    mails: int = 0
    steps_named: dict[str, int] = Field(default_factory=dict)
    published: tuple[str, Tier] | None = None


class DisplayState(WireValue):
    """What an enrollment shows of itself, as far as it does not follow from what it does."""

    step: str = ""
    intent: Intent | None = None
    story: tuple[str, ...] = ()


class Carried(WireValue):
    """The state of an enrollment between two of its runs."""

    runs: int
    """How many runs came before."""
    journal: tuple[Entry, ...] = ()
    inbox: InboxState
    performer: PerformerState
    display: DisplayState
    open: OpenVerb | None = None
    pause: Pause | None = None
