"""Rules about how many mails, and how close together. They count what went out, and do not ask the gate."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from domain.gate import Caps
from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import line_of
from rehearsal.fates import FateKind
from rehearsal.graph import Branch
from rehearsal.world import WENT_OUT, Mail, Turn
from workflows.vocabulary.verbs import Reaction
from workflows.vocabulary.words import in_words

_DAY = timedelta(hours=24)
_TWO_DAYS = timedelta(hours=48)


def _caps(subject: Subject) -> Iterable[Violation]:
    caps = subject.gate.caps
    return _of_each_mail(subject, lambda branch, turn, earlier: _beyond(caps, branch, turn, earlier))


def _beyond(caps: Caps, branch: Branch, turn: Turn, earlier: list[Mail]) -> Violation | None:
    for limit, window, counted, what in _limits(caps, branch, turn, earlier):
        number = 1 + sum(turn.at - mail.at < window for mail in counted)
        if number > limit:
            return Violation(
                line=line_of(branch.node),
                about=f"{turn.template} {what}",
                wrong=f"{turn.template} is the {_ordinal(number)} marketing mail{what} within {in_words(window)}, and "
                f"{limit} {'is' if limit == 1 else 'are'} allowed.",
                remedy="The gate should have held it back: report this with the path, and do not launch.",
            )
    return None


def _limits(
    caps: Caps, branch: Branch, turn: Turn, earlier: list[Mail]
) -> Iterator[tuple[int, timedelta, list[Mail], str]]:
    stage = getattr(branch.node.verb, "stage", None)
    if not turn.urgent:
        yield caps.per_day, _DAY, earlier, ""
    yield caps.per_48h, _TWO_DAYS, earlier, ""
    of_stage = [mail for mail in earlier if mail.stage is stage]
    yield caps.per_stage, caps.stage_window, of_stage, f" of stage {stage}"


def _spacing(subject: Subject) -> Iterable[Violation]:
    least = subject.policy.spacing

    def watch(answered: bool, branch: Branch) -> tuple[bool, Violation | None]:
        """`answered` is whether the customer reacted since the journey's last mail: urgent mail may then come soon."""
        answered = answered or _is_reaction(branch)
        for turn in _marketing(branch):
            last = max((mail.at for mail in branch.node.world.mails if mail.own), default=None)
            close = last is not None and turn.at - last < least and not (turn.urgent and answered)
            return False, _too_close(branch, turn, turn.at - last, least) if last is not None and close else None
        return answered, None

    return subject.watch(False, watch)


def _is_reaction(branch: Branch) -> bool:
    """Whether the customer's answer to a mail ends the wait."""
    if not isinstance(branch.node.verb, Reaction):
        return False
    return branch.fate.kind is FateKind.REACTS or len(branch.world.unread) < len(branch.node.world.unread)


def _too_close(branch: Branch, turn: Turn, apart: timedelta, least: timedelta) -> Violation:
    unasked = " It is urgent, and answers nothing the customer did." if turn.urgent else ""
    return Violation(
        line=line_of(branch.node),
        about=turn.template,
        wrong=f"{turn.template} goes out {in_words(apart)} after the journey's mail before it; "
        f"{in_words(least)} is the least.{unasked}",
        remedy="Wait longer before it, or call it urgent where it answers what the customer did just now.",
    )


def _of_each_mail(
    subject: Subject, judge: Callable[[Branch, Turn, list[Mail]], Violation | None]
) -> Iterable[Violation]:
    """Judge each marketing mail that goes out, with the journey's own before it that may still count."""

    def watch(_: None, branch: Branch) -> tuple[None, Violation | None]:
        earlier = [mail for mail in branch.node.world.mails if mail.own]
        return None, next((judge(branch, turn, earlier) for turn in _marketing(branch)), None)

    return subject.watch(None, watch)


def _cool_down(subject: Subject) -> Iterable[Violation]:
    least = subject.policy.cool_down

    def watch(age: timedelta | None, branch: Branch) -> tuple[timedelta | None, Violation | None]:
        """`age` is how long ago the last incentive went out, while that matters."""
        begins = branch.node.world.now
        last = None if age is None else begins - age
        wrong = None
        for turn in branch.turns:
            if turn.kind in WENT_OUT:
                if last is not None and not turn.owed and turn.at - last < least:
                    wrong = _too_soon(branch, turn, turn.at - last, least)
                last = turn.at if turn.incentive else last
        age = None if last is None else branch.world.now - last
        return None if age is None or age >= least else age, wrong

    return subject.watch(None, watch)


def _too_soon(branch: Branch, turn: Turn, age: timedelta, least: timedelta) -> Violation:
    return Violation(
        line=line_of(branch.node),
        about=turn.template,
        wrong=f"{turn.template} goes out {in_words(age)} after a mail with an incentive; {in_words(least)} is the "
        "least: let the offer work.",
        remedy="Wait longer after the offer, or make it the last mail.",
    )


def _marketing(branch: Branch) -> Iterator[Turn]:
    return (turn for turn in branch.turns if turn.kind in WENT_OUT and not turn.owed)


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")


CAPS = Rule("caps", "No path has more marketing mails than the caps allow.", _caps)
COOL_DOWN = Rule("cool-down", "After an incentive comes no marketing mail for a day.", _cool_down)
SPACING = Rule("spacing", "Two marketing mails of a journey are some hours apart.", _spacing)
