"""What starts a journey, declared over an event and what is known of the customer. The dispatcher evaluates it.

A trigger says what is so when the event comes. What has to *follow*, or not to follow, takes time: that is the
journey's first verb (`quiet`) and its exits.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from domain.customer import Customer
from domain.event import StoredEvent
from domain.portrait import Portrait


class Trigger(ABC):
    """A condition on one event and the customer who did it. Combine with `&`, `|` and `~`."""

    @abstractmethod
    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:
        """Whether the event starts the journey for this customer."""

    @abstractmethod
    def describe(self) -> str:
        """The condition in words."""

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:  # noqa: ARG002 -- the interface
        """Whether it matches, as far as a glance tells; None: what the customer did before has to be read.

        A flood of page views is turned away by it, without a look at anybody's history.
        """
        return None

    def names(self) -> frozenset[str] | None:
        """Names of events that can match at all; None when any may. Lets the dispatcher skip the rest unread."""
        return None

    def in_order(self) -> tuple[str, ...]:
        """Those names in the order in which the author wrote them: the usual beginning stands first."""
        possible, parts = self.names() or frozenset(), [leaf for leaf in self.leaves() if leaf is not self]
        written = (*(name for part in parts for name in part.in_order()), *sorted(possible))
        return tuple(name for name in dict.fromkeys(written) if name in possible)

    def leaves(self) -> tuple["Trigger", ...]:
        """The conditions it is combined from; itself where it is none."""
        return (self,)

    def holds(self, is_so: Callable[["Trigger"], bool]) -> bool:
        """Whether it matches where its leaves do or do not, as `is_so` says. Checks try every case."""
        return is_so(self)

    def __and__(self, other: "Trigger") -> "Trigger":
        return Both(self, other)

    def __or__(self, other: "Trigger") -> "Trigger":
        return Either(self, other)

    def __invert__(self) -> "Trigger":
        return Not(self)


class On(Trigger):
    """An event of one of these names."""

    def __init__(self, *names: str) -> None:
        if not names:
            raise ValueError("On() names no event: say which one begins the journey")
        self.events = names

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return event.event.name in self.events

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:  # noqa: ARG002 -- the interface
        """See `Trigger.glance`."""
        return event.event.name in self.events

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return " or ".join(f"“{name}”" for name in self.events)

    def names(self) -> frozenset[str]:
        """See `Trigger.names`."""
        return frozenset(self.events)

    def in_order(self) -> tuple[str, ...]:
        """See `Trigger.in_order`."""
        return self.events


class Both(Trigger):
    """Both conditions hold."""

    def __init__(self, one: Trigger, other: Trigger) -> None:
        self.one, self.other = one, other

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:
        """See `Trigger.matches`."""
        return self.one.matches(event, portrait) and self.other.matches(event, portrait)

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:
        """See `Trigger.glance`."""
        seen = (self.one.glance(event, customer), self.other.glance(event, customer))
        if False in seen:
            return False
        return None if None in seen else True

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"{_within(self.one)} and {_within(self.other)}"

    def names(self) -> frozenset[str] | None:
        """See `Trigger.names`."""
        one, other = self.one.names(), self.other.names()
        if one is None or other is None:
            return one if other is None else other
        return one & other

    def leaves(self) -> tuple[Trigger, ...]:
        """See `Trigger.leaves`."""
        return (*self.one.leaves(), *self.other.leaves())

    def holds(self, is_so: Callable[[Trigger], bool]) -> bool:
        """See `Trigger.holds`."""
        return self.one.holds(is_so) and self.other.holds(is_so)


class Either(Trigger):
    """One of the conditions holds, or both."""

    def __init__(self, one: Trigger, other: Trigger) -> None:
        self.one, self.other = one, other

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:
        """See `Trigger.matches`."""
        return self.one.matches(event, portrait) or self.other.matches(event, portrait)

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:
        """See `Trigger.glance`."""
        seen = (self.one.glance(event, customer), self.other.glance(event, customer))
        if True in seen:
            return True
        return None if None in seen else False

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"{self.one.describe()} or {self.other.describe()}"

    def names(self) -> frozenset[str] | None:
        """See `Trigger.names`."""
        one, other = self.one.names(), self.other.names()
        return None if one is None or other is None else one | other

    def leaves(self) -> tuple[Trigger, ...]:
        """See `Trigger.leaves`."""
        return (*self.one.leaves(), *self.other.leaves())

    def holds(self, is_so: Callable[[Trigger], bool]) -> bool:
        """See `Trigger.holds`."""
        return self.one.holds(is_so) or self.other.holds(is_so)


class Not(Trigger):
    """The condition does not hold."""

    def __init__(self, one: Trigger) -> None:
        self.one = one

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:
        """See `Trigger.matches`."""
        return not self.one.matches(event, portrait)

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:
        """See `Trigger.glance`."""
        seen = self.one.glance(event, customer)
        return None if seen is None else not seen

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"not ({self.one.describe()})"

    def leaves(self) -> tuple[Trigger, ...]:
        """See `Trigger.leaves`."""
        return self.one.leaves()

    def holds(self, is_so: Callable[[Trigger], bool]) -> bool:
        """See `Trigger.holds`."""
        return not self.one.holds(is_so)


def _within(trigger: Trigger) -> str:
    """A part of an *and* in words; an *or* in it is set apart."""
    return f"({trigger.describe()})" if isinstance(trigger, Either) else trigger.describe()
