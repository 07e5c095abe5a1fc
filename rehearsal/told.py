"""What a branch tells the journey, in a word or two: all that the code can tell its outcomes apart by."""

from enum import StrEnum

from domain.intent import Intent
from domain.offer import Offer
from domain.signals import Signal
from rehearsal.fates import FateKind
from rehearsal.graph import Branch
from rehearsal.world import TurnKind
from workflows.vocabulary import verbs
from workflows.vocabulary.verbs import SIGNAL_WORDS

SILENCE = "silence"
"""No reaction came."""

PASSED = ""
"""A wait is over, or a question was answered as before."""


class Told(StrEnum):
    """What became of a mail."""

    SENT = TurnKind.SENT.value
    UNKNOWN = TurnKind.UNKNOWN.value
    REFUSED = TurnKind.REFUSED.value
    DROPPED = TurnKind.DROPPED.value


def told_in(branch: Branch) -> str | None:
    """What the journey is told in a branch; None where it has ended, and is told nothing any more."""
    if branch.world.ending is not None:
        return None
    match branch.node.verb:
        case verbs.Send():
            return _delivery(branch)
        case verbs.Reaction(kinds):
            return _reaction(branch, kinds)
        case verbs.Until():
            return str(branch.fate.answer)
        case _ if branch.fate.kind is FateKind.ANSWER:
            return _answer(branch.fate.answer)
        case _:
            return PASSED


def _delivery(branch: Branch) -> Told:
    kinds = [turn.kind.value for turn in branch.turns if turn.template]
    return Told(kinds[-1])  # before it the gate may have said *later*


def _reaction(branch: Branch, kinds: tuple[type[Signal], ...]) -> str:
    """The oldest unread signal that is asked for answers at once; else the one that comes."""
    arrived = (*(signal for signal, _ in branch.node.world.unread), branch.fate.arrived)
    answer = next((signal for signal in arrived if isinstance(signal, kinds)), None)
    return SILENCE if answer is None else in_a_word(type(answer))


def in_a_word(kind: type[Signal]) -> str:
    """A kind of signal without its article: `click`."""
    return SIGNAL_WORDS[kind].split(" ", 1)[1]


def _answer(answer: object) -> str:
    match answer:
        case bool():
            return "yes" if answer else "no"
        case Intent(tier=tier):
            return tier.value
        case Offer(kind=kind):
            return kind.value
        case _:
            return str(answer)
