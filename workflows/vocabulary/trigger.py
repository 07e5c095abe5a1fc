"""What starts a journey, declared over an event and the customer's facts. The dispatcher evaluates it."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from domain.customer import Customer
from domain.event import StoredEvent


class Trigger(ABC):
    """A condition on one event and the facts of the customer who did it. Combine with `&` and `~`."""

    @abstractmethod
    def matches(self, event: StoredEvent, customer: Customer) -> bool:
        """Whether the event starts the journey for this customer."""

    @abstractmethod
    def describe(self) -> str:
        """The condition in words."""

    def names(self) -> frozenset[str] | None:
        """Names of events that can match at all; None when any may. Lets the dispatcher skip the rest unread."""
        return None

    def leaves(self) -> tuple["Trigger", ...]:
        """The conditions it is combined from; itself where it is none."""
        return (self,)

    def holds(self, is_so: Callable[["Trigger"], bool]) -> bool:
        """Whether it matches where its leaves do or do not, as `is_so` says. Checks try every case."""
        return is_so(self)

    def __and__(self, other: "Trigger") -> "Trigger":
        return Both(self, other)

    def __invert__(self) -> "Trigger":
        return Not(self)


class On(Trigger):
    """An event of this name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def matches(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return event.event.name == self.name

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"“{self.name}”"

    def names(self) -> frozenset[str]:
        """See `Trigger.names`."""
        return frozenset({self.name})


class HasCart(Trigger):
    """Something lies in the customer's cart: it was not ordered or taken out since."""

    def matches(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return not customer.cart.is_empty

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return "something is in the cart"


class Both(Trigger):
    """Both conditions hold."""

    def __init__(self, one: Trigger, other: Trigger) -> None:
        self.one, self.other = one, other

    def matches(self, event: StoredEvent, customer: Customer) -> bool:
        """See `Trigger.matches`."""
        return self.one.matches(event, customer) and self.other.matches(event, customer)

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"{self.one.describe()} and {self.other.describe()}"

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


class Not(Trigger):
    """The condition does not hold."""

    def __init__(self, one: Trigger) -> None:
        self.one = one

    def matches(self, event: StoredEvent, customer: Customer) -> bool:
        """See `Trigger.matches`."""
        return not self.one.matches(event, customer)

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"not ({self.one.describe()})"

    def leaves(self) -> tuple[Trigger, ...]:
        """See `Trigger.leaves`."""
        return self.one.leaves()

    def holds(self, is_so: Callable[[Trigger], bool]) -> bool:
        """See `Trigger.holds`."""
        return not self.one.holds(is_so)
