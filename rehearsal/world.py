"""What a journey has around it while it is rehearsed: virtual time, mails, what the customer did. Immutable.

A world is what the database, the inbox and Temporal's timers are to an enrollment in production.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.enrollment import Outcome
from domain.message import Stage
from domain.signals import Signal


class Mail(NamedTuple):
    """A marketing mail that counts against the caps. `own`: this enrollment sent it."""

    at: datetime
    stage: Stage
    own: bool = True
    incentive: bool = False
    """It offered something that costs the shop money."""


class Known(NamedTuple):
    """An answer that asking again would give again: for ever, or at the same moment."""

    question: str
    answer: object
    at: datetime | None


Unread = tuple[tuple[Signal, datetime], ...]
"""Reactions that nobody has looked for yet, and when each happened."""


class World(NamedTuple):
    """How things stand. Times are product time."""

    now: datetime
    answers_from: datetime
    """Reactions from before belong to an earlier mail."""
    planned: datetime | None = None
    """When the last wait was to end: a mail is due then."""
    mails: tuple[Mail, ...] = ()
    unread: Unread = ()
    listened: tuple[tuple[type[Signal], datetime], ...] = ()
    """Until when somebody waited for reactions of a kind, since the last mail: none from before then is unread."""
    known: tuple[Known, ...] = ()
    ending: Outcome | None = None
    active: tuple[tuple[tuple[str, ...], datetime], ...] = ()
    """When one of several things was last done, as a wait for quiet found it: the next wait counts from there."""
    suppressed: str | None = None
    """Why no more mail goes at all, as the journey said."""
    cancelled: bool = False
    """Ended by an operator, after whom not even owed mail goes."""

    def unheard_since(self, kind: type[Signal]) -> datetime:
        """From when on a reaction of a kind may have come that nobody has looked for yet."""
        return max(self.answers_from, *(at for each, at in self.listened if each is kind), self.answers_from)

    def last_active(self, names: tuple[str, ...], otherwise: datetime) -> datetime:
        """When the customer last did one of these things, as far as an earlier wait for quiet knows."""
        return next((at for known, at in self.active if known == names), otherwise)

    def knowing_active(self, names: tuple[str, ...], at: datetime) -> "World":
        """The world in which the customer last did one of these things then."""
        others = (each for each in self.active if each[0] != names)
        return self._replace(active=(*others, (names, at)))

    def forgetting(self, before: timedelta) -> "World":
        """The world without mails that count no longer, and answers that held at an earlier moment."""
        mails = tuple(mail for mail in self.mails if self.now - mail.at < before)
        known = tuple(each for each in self.known if each.at is None or each.at == self.now)
        if len(mails) == len(self.mails) and len(known) == len(self.known):
            return self
        return self._replace(mails=mails, known=known)


class TurnKind(StrEnum):
    """What happened."""

    WAITED = "waited"
    HEARD = "heard"
    """The customer did something, or something else ended the journey."""
    HELD = "held"
    """The gate said *later*."""
    SENT = "sent"
    UNKNOWN = "unknown"
    """Handed over, and nobody saw the answer."""
    REFUSED = "refused"
    DROPPED = "dropped"
    ANSWERED = "answered"
    """A fact, a tier, an offer, a variant."""


WENT_OUT = (TurnKind.SENT, TurnKind.UNKNOWN)


class Turn(NamedTuple):
    """One thing that happened. `at` is product time; `words` is how a person would say it."""

    at: datetime
    kind: TurnKind
    words: str
    template: str = ""
    owed: bool = False
    urgent: bool = False
    incentive: bool = False
