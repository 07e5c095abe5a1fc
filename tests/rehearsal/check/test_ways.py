"""One pass over the graph sees what walking every path sees."""

from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from rehearsal.check.endings import NOTHING_AFTER_EXIT
from rehearsal.check.mails import COOL_DOWN
from rehearsal.check.rule import Rule
from rehearsal.check.subject import Subject
from rehearsal.check.violation import Violation
from rehearsal.check.ways import Ways, is_unusual
from rehearsal.explore import Bound, explore
from rehearsal.graph import Branch, Exploration
from rehearsal.paths import Path, all_paths, count_paths
from rehearsal.world import WENT_OUT, TurnKind
from tests.rehearsal.check.wrong_journeys import MailsADayAfterAnOffer, MailsAfterAnOffer
from tests.rehearsal.explored import explored
from tests.rehearsal.program import Op, journey_of, programs
from workflows.cart_recovery import CartRecovery
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey

DAY = timedelta(days=1)


def at_the_end(_: None, branch: Branch) -> tuple[None, Violation | None]:
    """Finds something wrong with every end, by what it is called."""
    if hasattr(branch.to, "branches"):
        return None, None
    return None, Violation(about=str(getattr(branch.to, "why", "")), wrong="", remedy="")


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_path_is_one_of_the_ways(name: str) -> None:
    found = explored(name)
    seen = list(Ways(found).watch(None, at_the_end))
    assert sum(sighting.way.number for sighting in seen) == count_paths(found)


def test_the_simplest_way_to_each_end_is_shown() -> None:
    found = explore(CartRecovery)
    fewest: dict[str, int] = {}
    for path in all_paths(found):
        why = path.outcome.why if path.outcome else ""
        unusual = sum(map(is_unusual, path.branches))
        fewest[why] = min(unusual, fewest.get(why, unusual))
    subject = Subject(CartRecovery, (found,))
    shown = {each.about: each for each in subject.watch(None, at_the_end)}
    assert {why: sum(map(is_unusual, each.path.branches)) for why, each in shown.items() if each.path} == fewest
    assert all(each.path.outcome and each.path.outcome.why == why for why, each in shown.items() if each.path)


def test_no_node_comes_before_one_that_leads_to_it() -> None:
    ways = Ways(explore(CartRecovery))
    assert set(ways.nodes) == set(ways.exploration.nodes)
    assert not any(ways.goes_back(branch) for node in ways.nodes for branch in node.branches)


# -- rules by another way: on each path, with a loop over what happened ----------------------------------------------


def gone_and_mailed(path: Path) -> Iterable[str]:
    """Mails after an ending, unless it came before the first wait was over."""
    has_waited, ended = False, False
    for branch in path.branches:
        for turn in branch.turns:
            if ended and has_waited and turn.kind in WENT_OUT:
                yield turn.template
            ended = ended or (turn.kind is TurnKind.HEARD and branch.world.ending is not None)
        has_waited = has_waited or branch.lasted > timedelta()


def too_soon_after_an_offer(path: Path) -> Iterable[str]:
    offered = None
    for each in path.mails:
        if offered is not None and not each.turn.owed and each.after - offered < DAY:
            yield each.turn.template
        offered = each.after if each.turn.incentive else offered


def by_walking(found: Exploration, look: Callable[[Path], Iterable[str]]) -> set[str]:
    return {template for path in all_paths(found) for template in look(path)}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(programs)
def test_who_left_and_got_a_mail_is_found_as_by_walking_every_path(program: tuple[Op, ...]) -> None:
    journey = journey_of(program)
    found = explore(journey, bound=Bound(states=300))
    if not found.is_complete or count_paths(found) > 20_000:
        return  # too large to be walked in a test
    assert templates_of(NOTHING_AFTER_EXIT, journey, found) == by_walking(found, gone_and_mailed)


@pytest.mark.parametrize("journey", [CartRecovery, MailsAfterAnOffer, MailsADayAfterAnOffer])
def test_mails_after_an_offer_are_found_as_by_walking_every_path(journey: type[Journey]) -> None:
    found = explore(journey)
    assert templates_of(COOL_DOWN, journey, found) == by_walking(found, too_soon_after_an_offer)


def templates_of(rule: Rule[Subject], journey: type[Journey], found: Exploration) -> set[str]:
    return {each.about for each in rule.violations(Subject(journey, (found,)))}
