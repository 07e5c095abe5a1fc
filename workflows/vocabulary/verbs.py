"""The verbs: all that a journey can ask of the world, as frozen values.

`await`ing a verb hands it to whoever runs the journey's `steps` and returns that runner's answer. On Temporal the
runner is `performer.Performer`. Because a verb is a value with a declared answer, the same `steps` can be run by
something that merely enumerates the answers, or that reads them from a journal.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Generic, TypeVar

from domain.calls import Delivery
from domain.facts import Fact
from domain.intent import Intent
from domain.message import Kind, Stage
from domain.offer import Offer
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from workflows.vocabulary.words import in_words

R = TypeVar("R")
S = TypeVar("S", bound=Signal)
F = TypeVar("F", bool, str)

SIGNAL_WORDS: dict[type[Signal], str] = {
    Click: "a click",
    Revisit: "a return to the shop",
    Purchase: "a purchase",
    Unsubscribe: "an unsubscription",
    Observation: "an event",
}


class Verb(Generic[R]):
    """One request to the world whose answer is an `R`."""

    def __await__(self) -> Generator["Verb[Any]", R, R]:
        """Hand this verb to the runner, and return its answer."""
        return (yield self)

    @property
    def is_owed(self) -> bool:
        """Whether it is done even though the journey has ended: a confirmation is owed, a reminder is not."""
        return False

    def describe(self) -> str:
        """What happens while this verb is performed, in words; operators read it in the Temporal UI."""
        raise TypeError(f"{type(self).__name__} does not describe itself")


@dataclass(frozen=True, kw_only=True)
class Send(Verb[Delivery]):
    """Send a template's mail when the gate lets it, waiting as long as the gate says."""

    template: str
    kind: Kind
    stage: Stage
    urgent: bool
    stale_after: timedelta | None
    offer: Offer | None

    @property
    def is_owed(self) -> bool:
        """See `Verb.is_owed`."""
        return self.kind is Kind.TRANSACTIONAL

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"sending {self.template}"


@dataclass(frozen=True)
class Wait(Verb[None]):
    """Let time pass."""

    duration: timedelta

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting {in_words(self.duration)}"


@dataclass(frozen=True)
class WaitUntil(Verb[None]):
    """Let time pass until a moment."""

    moment: datetime

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until {self.moment:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class WaitUntilLocal(Verb[None]):
    """Wait until the customer's own wall clock next shows a time."""

    wall_clock: time

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until {self.wall_clock:%H:%M} where the customer lives"


@dataclass(frozen=True)
class Quiet(Verb[None]):
    """Wait until the customer has done none of these things for a while."""

    duration: timedelta
    since: tuple[str, ...]

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until quiet for {in_words(self.duration)}"


@dataclass(frozen=True)
class Reaction(Verb[S | None]):
    """Wait for the customer to answer the last mail, for a limited time."""

    kinds: tuple[type[S], ...]
    within: timedelta

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting {in_words(self.within)} for {' or '.join(SIGNAL_WORDS[kind] for kind in self.kinds)}"


@dataclass(frozen=True)
class Score(Verb[Intent]):
    """Score the customer's intent now."""

    def describe(self) -> str:
        """See `Verb.describe`."""
        return "scoring intent"


@dataclass(frozen=True)
class ReadFact(Verb[F]):
    """Read one fact about the customer now."""

    fact: Fact[F]

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"reading whether {self.fact.name}"


@dataclass(frozen=True)
class ChooseOffer(Verb[Offer]):
    """Ask the offer policy."""

    def describe(self) -> str:
        """See `Verb.describe`."""
        return "choosing an offer"


@dataclass(frozen=True)
class ChooseVariant(Verb[str]):
    """Ask for the customer's variant of an experiment."""

    experiment: str
    variants: tuple[str, ...]

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"choosing a variant of {self.experiment}"
