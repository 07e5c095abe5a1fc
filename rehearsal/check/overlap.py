"""The rule about triggers: no customer is wanted by two journeys of equal priority for the same event."""

from collections.abc import Iterator
from itertools import combinations, product

from rehearsal.check.rule import Rule
from rehearsal.check.subject import House
from rehearsal.check.violation import Violation
from workflows.vocabulary.trigger import On, Trigger

_ANY_OTHER = "any other event"


def _overlap(house: House) -> Iterator[Violation]:
    asked = {subject.plan.name for subject in house.subjects}
    for one, other in combinations(house.deployed, 2):
        if one.priority == other.priority and asked & {one.name, other.name}:
            occasion = common_occasion(one.trigger, other.trigger)
            if occasion is not None:
                yield Violation(
                    journeys=(one.name, other.name),
                    about=f"{one.name} {other.name}",
                    wrong=f"Both begin with {occasion}, and both have priority {one.priority}.",
                    remedy="Give one of them the higher priority, or narrow its trigger.",
                )


def common_occasion(one: Trigger, other: Trigger) -> str | None:
    """An event and circumstances that both triggers match, in words; None where there are none.

    Exact for what triggers can say: an event has one name, and every other condition may hold or not, whatever the
    others do. That a product just added is in the cart it does not know.
    """
    leaves = (*one.leaves(), *other.leaves())
    named = [name for leaf in leaves if isinstance(leaf, On) for name in leaf.events]
    names = dict.fromkeys([*named, _ANY_OTHER])
    conditions = list(dict.fromkeys(leaf.describe() for leaf in leaves if not isinstance(leaf, On)))
    for name, values in product(names, product((True, False), repeat=len(conditions))):
        case = dict(zip(conditions, values, strict=True))
        if _match(one, other, name, case):
            return _in_words(name, {what: case[what] for what in case if _matters(one, other, name, case, what)})
    return None


def _match(one: Trigger, other: Trigger, name: str, case: dict[str, bool]) -> bool:
    def is_so(leaf: Trigger) -> bool:
        return name in leaf.events if isinstance(leaf, On) else case[leaf.describe()]

    return one.holds(is_so) and other.holds(is_so)


def _matters(one: Trigger, other: Trigger, name: str, case: dict[str, bool], what: str) -> bool:
    return not _match(one, other, name, {**case, what: not case[what]})


def _in_words(name: str, case: dict[str, bool]) -> str:
    event = name if name == _ANY_OTHER else f"“{name}”"
    so = " and ".join(what for what, holds in case.items() if holds)
    not_so = " or ".join(what for what, holds in case.items() if not holds)
    return f"{event}{f' when {so}' if so else ''}{f' unless {not_so}' if not_so else ''}"


OVERLAP = Rule("overlap", "Two journeys of equal priority are never started by the same event.", _overlap)
