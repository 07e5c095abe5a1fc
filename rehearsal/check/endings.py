"""Rules about how paths end."""

import traceback
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import Watch, Ways, is_unusual, line_of, simplest
from rehearsal.explore import BrokenError
from rehearsal.graph import Branch, Node
from rehearsal.paths import Path, way_to
from rehearsal.world import WENT_OUT, TurnKind
from workflows.vocabulary.words import in_words


def _ends(subject: Subject) -> Iterator[Violation]:
    if subject.broken is not None:
        yield _fails(subject.broken)
    yield from simplest(each for ways in subject.ways for each in ways.watch(None, _circles(ways)))
    yield from subject.watch(None, lambda _, branch: (None, _too_long(branch, subject.policy.verbs)))
    lives = [life for ways in subject.ways if (life := _simplest_beyond(ways, subject.policy.life))]
    if lives:
        life = min(lives, key=lambda life: life.unusual)
        yield Violation(
            wrong=f"It can live {in_words(life.lasts)}, and {in_words(subject.policy.life)} are allowed.",
            remedy="Shorten its waits, or let a second journey follow the first.",
            path=life.path,
        )


def _fails(error: BrokenError) -> Violation:
    cause = error.__cause__ or error
    places = traceback.extract_tb(cause.__traceback__)
    return Violation(
        line=places[-1].lineno if places else None,
        wrong=f"Its code fails: {type(cause).__name__}: {cause}. Enrollments would stand still there.",
        remedy="Mend it for this path, and check again: nothing else was explored.",
        path=way_to(error.branch),
    )


def _circles(ways: Ways) -> Watch[None]:
    def watch(_: None, branch: Branch) -> tuple[None, Violation | None]:
        back_at = branch.to if isinstance(branch.to, Node) and ways.goes_back(branch) else branch.back_at
        if back_at is None:
            return None, None
        here, there = line_of(branch.node), line_of(back_at)
        return None, Violation(
            line=there,
            wrong=f"It goes round for ever: from line {here} it comes back to line {there}, as it was before.",
            remedy="Count the rounds, e.g. `for _ in range(3)`, and leave after the last.",
        )

    return watch


def _too_long(branch: Branch, limit: int) -> Violation | None:
    if not _is_left(branch) or not _is_long(branch, limit):
        return None
    return Violation(
        wrong=f"A path has more than {limit} steps, and was not followed further.",
        remedy="Make sure that every loop is left after some rounds; nobody reads, or receives, so long a sequence.",
    )


def _explored(subject: Subject) -> Iterable[Violation]:
    limit = subject.policy.verbs
    left = sum(not _is_long(branch, limit) for each in subject.explorations for branch in each.unexplored)
    wrong = Violation(
        wrong=f"It was explored as far as {subject.policy.states:,} states from each beginning; {left:,} branches were "
        "left, and nothing is proved of what follows them.",
        remedy="Ask fewer questions, branch less, or split it into two journeys.",
    )
    return subject.watch(
        None, lambda _, branch: (None, wrong if _is_left(branch) and not _is_long(branch, limit) else None)
    )


def _is_left(branch: Branch) -> bool:
    """Whether its further course was not explored, because a bound was reached."""
    return branch.to is None and branch.back_at is None


def _is_long(branch: Branch, limit: int) -> bool:
    """Whether the bound was that of a path's length; otherwise it was that of states."""
    return len(way_to(branch).branches) > limit


def _nothing_after_exit(subject: Subject) -> Iterable[Violation]:
    def watch(has_waited: bool, branch: Branch) -> tuple[bool, Violation | None]:
        wrong = _sent_to_somebody_gone(branch) if has_waited else None
        return has_waited or branch.lasted > timedelta(), wrong

    return subject.watch(False, watch)


def _sent_to_somebody_gone(branch: Branch) -> Violation | None:
    ending = branch.world.ending
    if ending is None:
        return None
    turns = branch.turns
    if branch.node.world.ending is None:  # it ended on this branch: look at what comes after
        heard = max(index for index, turn in enumerate(turns) if turn.kind is TurnKind.HEARD)
        turns = turns[heard + 1 :]
    sent = next((turn for turn in turns if turn.kind in WENT_OUT), None)
    if sent is None:
        return None
    return Violation(
        line=line_of(branch.node),
        about=sent.template,
        wrong=f"{sent.template} goes out after the journey has ended ({ending.why}).",
        remedy="Owed mail survives the ending: send it before the first wait, or send it as marketing.",
    )


class _Life(NamedTuple):
    """The rest of a path, from a node on."""

    unusual: int
    lasts: timedelta
    first: Branch
    then: "_Life | None"

    @property
    def path(self) -> Path:
        branches = [self.first]
        rest = self.then
        while rest is not None:
            branches.append(rest.first)
            rest = rest.then
        return Path(tuple(branches))


def _simplest_beyond(ways: Ways, limit: timedelta) -> _Life | None:
    """The life with the fewest unusual fates among those that last longer."""
    rests: dict[Node, list[_Life]] = {}
    for node in reversed(ways.nodes):
        rests[node] = _worth_keeping(life for branch in node.branches for life in _lives(branch, ways, rests))
    return next((life for node in ways.nodes[:1] for life in rests[node] if life.lasts > limit), None)


def _lives(branch: Branch, ways: Ways, rests: dict[Node, list[_Life]]) -> Iterator[_Life]:
    unusual = int(is_unusual(branch))
    if not isinstance(branch.to, Node) or ways.goes_back(branch):
        yield _Life(unusual, branch.lasted, branch, None)
        return
    for rest in rests[branch.to]:
        yield _Life(unusual + rest.unusual, branch.lasted + rest.lasts, branch, rest)


def _worth_keeping(lives: Iterable[_Life]) -> list[_Life]:
    """Those than which no simpler one lasts as long, the simplest first: a handful of thousands."""
    kept: list[_Life] = []
    for life in sorted(lives, key=lambda life: (life.unusual, -life.lasts)):
        if not kept or life.lasts > kept[-1].lasts:
            kept.append(life)
    return kept


ENDS = Rule("ends", "Every path ends, after a number of steps and within a life that a person can follow.", _ends)
EXPLORED = Rule("explored", "Everything the journey can do was explored.", _explored)
NOTHING_AFTER_EXIT = Rule("nothing-after-exit", "Nothing goes out once the journey has ended.", _nothing_after_exit)
