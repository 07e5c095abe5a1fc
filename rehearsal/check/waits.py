"""The rule about waits: each lets time pass, and not too much."""

from collections.abc import Iterable
from datetime import timedelta

from rehearsal.check.policy import CheckPolicy
from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import is_first, line_of
from rehearsal.graph import Branch, Node
from rehearsal.snapshot import Place
from workflows.vocabulary.verbs import Quiet, Reaction, Until, Wait, WaitUntil
from workflows.vocabulary.words import in_words

_LEAST = timedelta.resolution
"""Longer than nothing."""


def _waits(subject: Subject) -> Iterable[Violation]:
    sometimes = {node.place for node in subject.nodes if _ahead(node)}

    def watch(_: None, branch: Branch) -> tuple[None, Violation | None]:
        return None, _judge(branch.node, sometimes, subject.policy) if is_first(branch) else None

    return subject.watch(None, watch)


def _ahead(node: Node) -> bool:
    """Whether it waits for a moment that is not past."""
    return isinstance(node.verb, WaitUntil) and node.verb.moment > node.world.now


def _judge(node: Node, sometimes: set[Place], policy: CheckPolicy) -> Violation | None:
    match node.verb:
        case Wait(duration):
            return _outside(node, "waits", duration, _LEAST, policy.longest_wait)
        case WaitUntil(moment):
            # Past where a mail before it was held back, it is over at once, as it should be; past always, it is none.
            lasts = moment - node.world.now
            least = lasts if node.place in sometimes else _LEAST
            return _outside(node, "waits for a moment", lasts, least, policy.longest_wait)
        case Until(_, before):
            return _outside(node, "waits until before a moment", before, timedelta(), policy.longest_wait)
        case Quiet(duration):
            return _outside(node, "waits until quiet for", duration, _LEAST, policy.longest_quiet)
        case Reaction(_, within):
            return _outside(node, "waits for an answer", within, policy.shortest_reaction, policy.longest_reaction)
        case _:
            return None


def _outside(node: Node, what: str, lasts: timedelta, least: timedelta, most: timedelta) -> Violation | None:
    if lasts < least:
        bound = f"{in_words(least)} is the least" if least > _LEAST else "it must let time pass"
        remedy = "Wait longer, or leave the wait out. Settings count too: see SEGUE_JOURNEYS."
    elif lasts > most:
        bound = f"{in_words(most)} is the most"
        remedy = "Wait less: check the unit, and what SEGUE_JOURNEYS says. Who is away so long needs another journey."
    else:
        return None
    return Violation(line=line_of(node), wrong=f"It {what} {_signed(lasts)}; {bound}.", remedy=remedy)


def _signed(duration: timedelta) -> str:
    return in_words(duration) if duration >= timedelta() else f"minus {in_words(-duration)}"


WAITS = Rule("waits", "Every wait lets time pass, and no more than a person would wait.", _waits)
