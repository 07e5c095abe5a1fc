"""The conditions that triggers are made of, besides the event's name."""

from abc import abstractmethod
from datetime import timedelta

from domain.customer import Customer
from domain.event import StoredEvent
from domain.facts import Fact
from domain.intent import Tier
from domain.portrait import Portrait
from domain.segments import Segment
from workflows.vocabulary.trigger import Trigger
from workflows.vocabulary.words import in_words


class AtAGlance(Trigger):
    """A condition that the event and the customer's row decide, without a look at what the customer did before."""

    @abstractmethod
    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:
        """Whether it holds."""

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:
        """See `Trigger.matches`."""
        return self.holds_for(event, portrait.customer)

    def glance(self, event: StoredEvent, customer: Customer) -> bool | None:
        """See `Trigger.glance`."""
        return self.holds_for(event, customer)


class HasCart(AtAGlance):
    """Something lies in the customer's cart: it was not ordered or taken out since."""

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return not customer.cart.is_empty

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return "something is in the cart"


class HasAddress(AtAGlance):
    """The customer can be mailed at all: most who look around are nobody yet."""

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return customer.email is not None

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return "the address is known"


class Nth(AtAGlance):
    """It is the customer's n-th event of its name: `Nth(1)` is the first."""

    def __init__(self, n: int) -> None:
        self.n = n

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return event.nth == self.n

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return "it is the first of its kind" if self.n == 1 else f"it is number {self.n} of its kind"


class Spent(AtAGlance):
    """All of the customer's orders come to more than this, in the shop's currency."""

    def __init__(self, over: float) -> None:
        self.over = over

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return customer.lifetime_value > self.over

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"orders came to more than {self.over:g}"


class CartOver(AtAGlance):
    """The cart is worth at least this, in the shop's currency."""

    def __init__(self, value: float) -> None:
        self.value = value

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return customer.cart.value >= self.value

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"the cart is worth {self.value:g} or more"


class PropertyIs(AtAGlance):
    """A property of the event has one of these values."""

    def __init__(self, name: str, *values: str | float | bool) -> None:
        self.name, self.values = name, values

    def holds_for(self, event: StoredEvent, customer: Customer) -> bool:  # noqa: ARG002 -- the interface
        """See `AtAGlance.holds_for`."""
        return event.event.properties.get(self.name) in self.values

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"{self.name} is {' or '.join(str(value) for value in self.values)}"


class Holds(Trigger):
    """A fact is so. One with several answers is so when it has one of those named."""

    def __init__(self, fact: Fact[bool] | Fact[str], *answers: str) -> None:
        self.fact, self.answers = fact, answers or (True,)

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return self.fact.read(portrait) in self.answers

    def describe(self) -> str:
        """See `Trigger.describe`."""
        if self.answers == (True,):
            return self.fact.name
        return f"{self.fact.name} is {' or '.join(str(answer) for answer in self.answers)}"


class TierAtLeast(Trigger):
    """The customer's intent is of this tier or a higher one."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return portrait.intent.tier >= self.tier

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"intent is {self.tier.value}" + ("" if self.tier is Tier.HIGH else " or higher")


class InSegment(Trigger):
    """The customer belongs to a segment."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return self.segment in portrait.segments

    def describe(self) -> str:
        """See `Trigger.describe`."""
        return f"the customer is {self.segment.value}"


class Times(Trigger):
    """The customer did this so often lately, this time included; with `same`, about one and the same thing."""

    def __init__(self, name: str, times: int, *, within: timedelta, same: str | None = None) -> None:
        self.name, self.times, self.within, self.same = name, times, within, same

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        if self.same is None:
            return portrait.did(self.name, within=self.within) >= self.times
        counted = portrait.counts(self.name, of=self.same, within=self.within)
        return max(counted.values(), default=0) >= self.times

    def describe(self) -> str:
        """See `Trigger.describe`."""
        about = "" if self.same is None else f" with one {self.same}"
        return f"“{self.name}” {self.times} times{about} in {in_words(self.within)}"


class Without(Trigger):
    """The customer did none of these things lately, or since the look back of ninety days began."""

    def __init__(self, *names: str, within: timedelta | None = None) -> None:
        self.names_, self.within = names, within

    def matches(self, event: StoredEvent, portrait: Portrait) -> bool:  # noqa: ARG002 -- the interface
        """See `Trigger.matches`."""
        return portrait.did(*self.names_, within=self.within) == 0

    def describe(self) -> str:
        """See `Trigger.describe`."""
        done = " or ".join(f"“{name}”" for name in self.names_)
        return f"no {done}" + ("" if self.within is None else f" in {in_words(self.within)}")
