"""The two sorts of rules: one forbids a mail for good, the other holds it back for a while."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.gate.ask import Ask
from domain.gate.facts import GateFacts
from domain.gate.policy import DAY, TWO_DAYS, GatePolicy

ASK_AGAIN = timedelta(hours=6)
"""Some waits end when somebody does something, which nobody can foresee: a mail that waits so asks now and then."""

ASK_SOON = timedelta(minutes=15)
"""Where it would be too late by then, it asks earlier, but not more often than that."""

OWED_WAITS = timedelta(hours=1)
"""How long owed mail waits for what may still be told, from when it was due."""

OWED_ASKS_AGAIN = timedelta(minutes=5)


class Asked(NamedTuple):
    """A question to the gate: what asks, what is known, what the shop wants."""

    ask: Ask
    facts: GateFacts
    policy: GatePolicy
    patience: timedelta = ASK_AGAIN
    """After how long a mail asks again that waits for something unforeseen."""

    @property
    def again_at(self) -> datetime:
        """When a mail asks again that waits for something unforeseen: soon, and a last time while it is just fresh."""
        soon, last = self.facts.now + self.patience, self.ask.fresh_until
        return soon if last is None or last <= self.facts.now else min(soon, last)

    def sooner(self) -> "Asked | None":
        """The same question, with half the patience; None: it would ask too often."""
        if self.patience <= ASK_SOON:
            return None
        return self._replace(patience=max((self.again_at - self.facts.now) / 2, ASK_SOON))

    @property
    def owed_again_at(self) -> datetime | None:
        """When owed mail asks again that lacks what may still be told; None: it has waited long enough."""
        last = self.ask.due_at + OWED_WAITS
        return None if last <= self.facts.now else min(self.facts.now + OWED_ASKS_AGAIN, last)


class Delay(NamedTuple):
    """Not yet: the first moment at which the rule holds, and what it waits for, in a few words."""

    until: datetime
    why: str
    rule: str = ""
    foreseen: bool = True
    """Whether the moment is known. Else it is merely when to ask again."""


@dataclass(frozen=True)
class Forbids:
    """A rule that lets a mail go or forbids it. `name` is frozen: it stands in ledgers."""

    name: str
    objection: Callable[[Asked], str | None]
    """Why the mail must never go, in a line; None: it may."""
    may_be_told: bool = False
    """What is lacking may be told in a moment: owed mail waits for it, marketing does not."""


@dataclass(frozen=True)
class Delays:
    """A rule that says at which moments a mail may go. `name` is frozen: it stands in ledgers."""

    name: str
    look: Callable[[Asked, datetime], Delay | None]
    """The first moment, from the given one on, at which the rule holds. It may be earlier where the rule only opens as
    time goes by. None: it has nothing to say."""

    def delay(self, asked: Asked, at: datetime) -> Delay | None:
        """The rule's objection to a moment, in its name."""
        delay = self.look(asked, at)
        return None if delay is None or delay.until <= at else delay._replace(rule=self.name)


def span_in_words(span: timedelta) -> str:
    """Hours as far as people count in them, then days."""
    return f"{span / DAY:g} days" if span > TWO_DAYS else f"{span / timedelta(hours=1):g} h"
