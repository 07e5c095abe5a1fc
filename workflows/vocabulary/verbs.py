"""The verbs: all that a journey can ask of the world, as frozen values.

`await`ing a verb hands it to whoever runs the journey's `steps` and returns that runner's answer. On Temporal the
runner is `performer.Performer`. Because a verb is a value with a declared answer, the same `steps` can be run by
something that merely enumerates the answers, or that reads them from a journal.

Wire names, and what a verb is about, stand in the journals of running enrollments: renaming one takes several deploys.
"""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Final, Generic, TypeVar

from pydantic import TypeAdapter

from domain.calls import Delivery
from domain.facts import Fact
from domain.intent import Intent
from domain.message import Kind, Stage
from domain.moments import Moment, Timing
from domain.offer import Offer
from domain.signals import SIGNAL_NAMES, Click, Observation, Purchase, Revisit, Signal, Unsubscribe
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


_NOTHING: Final[TypeAdapter[Any]] = TypeAdapter(None)


class Verb(Generic[R]):
    """One request to the world whose answer is an `R`."""

    wire_name: ClassVar[str]
    """Frozen."""
    answers: ClassVar[TypeAdapter[Any]] = _NOTHING
    """Writes an answer as JSON, and reads it."""

    def __await__(self) -> Generator["Verb[Any]", R, R]:
        """Hand this verb to the runner, and return its answer."""
        return (yield self)

    @property
    def is_owed(self) -> bool:
        """Whether it is done even though the journey has ended: a confirmation is owed, a reminder is not."""
        return False

    @property
    def about(self) -> str:
        """What it asks about, as the journal notes it."""
        return ""

    def encode(self, answer: R) -> Any:
        """An answer as JSON."""
        return self.answers.dump_python(answer, mode="json")

    def decode(self, recorded: Any) -> R:
        """The answer that was written as JSON.

        Raises:
            ValueError: this verb cannot be answered so.
        """
        answer: R = self.answers.validate_python(recorded)
        return answer

    def describe(self) -> str:
        """What happens while this verb is performed, in words; operators read it in the Temporal UI."""
        raise TypeError(f"{type(self).__name__} does not describe itself")


@dataclass(frozen=True, kw_only=True)
class Send(Verb[Delivery]):
    """Send a template's mail when the gate lets it, waiting as long as the gate says."""

    wire_name: ClassVar[str] = "send"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(Delivery)

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

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return self.template

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"sending {self.template}"


@dataclass(frozen=True)
class Wait(Verb[None]):
    """Let time pass."""

    wire_name: ClassVar[str] = "wait"

    duration: timedelta

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting {in_words(self.duration)}"


@dataclass(frozen=True)
class WaitUntil(Verb[None]):
    """Let time pass until a moment."""

    wire_name: ClassVar[str] = "wait_until"

    moment: datetime

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until {self.moment:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class WaitUntilLocal(Verb[None]):
    """Wait until the customer's own wall clock next shows a time."""

    wire_name: ClassVar[str] = "wait_until_local"

    wall_clock: time

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until {self.wall_clock:%H:%M} where the customer lives"


@dataclass(frozen=True)
class Quiet(Verb[None]):
    """Wait until the customer has done none of these things for a while."""

    wire_name: ClassVar[str] = "quiet"

    duration: timedelta
    since: tuple[str, ...]

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until quiet for {in_words(self.duration)}"


@dataclass(frozen=True)
class Until(Verb[Timing]):
    """Wait until so long before a moment that the customer's events report, and that may move meanwhile."""

    wire_name: ClassVar[str] = "until"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(Timing)

    moment: Moment
    before: timedelta

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return self.moment.name

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting until {self.came(Timing.ON_TIME)}"

    def came(self, timing: Timing) -> str:
        """What was waited for, in words, as it came: `7 days before the renewal`, `less than 7 days before …`."""
        moment = f"the {self.moment.name}"
        if not self.before or timing is Timing.PASSED:
            return moment
        early = f"{in_words(self.before)} before {moment}"
        return f"less than {early}" if timing is Timing.LATE else early


@dataclass(frozen=True)
class Reaction(Verb[S | None]):
    """Wait for the customer to answer the last mail, for a limited time."""

    wire_name: ClassVar[str] = "reaction"

    kinds: tuple[type[S], ...]
    within: timedelta

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return " ".join(SIGNAL_NAMES[kind] for kind in self.kinds)

    def encode(self, answer: S | None) -> Any:
        """The signal with the name of its kind."""
        return (
            None if answer is None else {"kind": SIGNAL_NAMES[type(answer)], "signal": answer.model_dump(mode="json")}
        )

    def decode(self, recorded: Any) -> S | None:
        """The signal, which must be of a kind that is asked for."""
        match recorded:
            case None:
                return None
            case {"kind": told, "signal": fields}:
                for kind in self.kinds:
                    if SIGNAL_NAMES[kind] == told:
                        return kind.model_validate(fields)
        raise ValueError("it asks for no such signal")

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"waiting {in_words(self.within)} for {' or '.join(SIGNAL_WORDS[kind] for kind in self.kinds)}"


@dataclass(frozen=True)
class Score(Verb[Intent]):
    """Score the customer's intent now."""

    wire_name: ClassVar[str] = "score"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(Intent)

    def describe(self) -> str:
        """See `Verb.describe`."""
        return "scoring intent"


@dataclass(frozen=True)
class ReadFact(Verb[F]):
    """Read one fact about the customer now."""

    wire_name: ClassVar[str] = "fact"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(bool | str)

    fact: Fact[F]

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return self.fact.name

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"reading whether {self.fact.name}"


@dataclass(frozen=True)
class Suppress(Verb[None]):
    """Send the customer no more marketing until they return: the sunset of somebody who answers nothing."""

    wire_name: ClassVar[str] = "suppress"

    reason: str

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"sending no more marketing: {self.reason}"


@dataclass(frozen=True)
class ChooseOffer(Verb[Offer]):
    """Ask the offer policy."""

    wire_name: ClassVar[str] = "offer"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(Offer)

    def describe(self) -> str:
        """See `Verb.describe`."""
        return "choosing an offer"


@dataclass(frozen=True)
class ChooseVariant(Verb[str]):
    """Ask for the customer's variant of an experiment."""

    wire_name: ClassVar[str] = "variant"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(str)

    experiment: str
    variants: tuple[str, ...]

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return self.experiment

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"choosing a variant of {self.experiment}"


@dataclass(frozen=True)
class Since(Verb[bool]):
    """Ask whether the enrollment comes here after a change of the code was deployed, or passed here before."""

    wire_name: ClassVar[str] = "since"
    answers: ClassVar[TypeAdapter[Any]] = TypeAdapter(bool)

    change: str

    @property
    def about(self) -> str:
        """See `Verb.about`."""
        return self.change

    def describe(self) -> str:
        """See `Verb.describe`."""
        return f"asking whether it came here after {self.change}"
