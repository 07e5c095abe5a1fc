"""The explorer: what it must find, that merging loses nothing, and that a bound is never reached in silence."""

import itertools
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings

from domain.enrollment import OutcomeKind
from domain.facts import FIRST_ORDER, HAS_CART
from rehearsal.explore import EVENING, MORNING, Bound, BrokenError, NotTheSameTwiceError, explore
from rehearsal.graph import Exploration
from rehearsal.paths import EndlessError, Path, all_paths, count_paths, draw_paths, way_to
from rehearsal.world import TurnKind
from tests.rehearsal.explored import explored
from tests.rehearsal.program import Op, journey_of, programs
from tests.workflows.journeys import plan
from workflows.cart_recovery import CartRecovery
from workflows.catalogue import JOURNEYS
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import Click, Journey, Kind, Observation

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def story(path: Path) -> object:
    """All of a path that anybody could see."""
    happened = tuple((each.after, each.turn.kind.value, each.turn.words, each.step) for each in path.happened)
    outcome = path.outcome
    return path.told, happened, path.lasts, None if outcome is None else (outcome.kind.value, outcome.why)


def stories(exploration: Exploration) -> Counter[object]:
    return Counter(story(path) for path in all_paths(exploration))


# -- what is found ---------------------------------------------------------------------------------------------------


def mails_of(path: Path) -> tuple[str, ...]:
    return tuple(each.step for each in path.mails)


def test_every_way_of_cart_recovery_is_found() -> None:
    finished = {mails_of(path) for path in all_paths(explore(CartRecovery)) if path.outcome and not exited(path)}
    usual = {
        ("reminder", "objections", "social_proof", "last_call"),
        ("reminder", "deeper", "last_call"),
        ("reminder", "urgency", "last_call"),
        (),  # the reminder could not be sent
    }
    # Besides, any mail after the reminder may not go out, and the sequence goes on.
    assert usual <= finished
    assert all(mails[:1] == ("reminder",) for mails in finished - {()})


def exited(path: Path) -> bool:
    return path.outcome is not None and path.outcome.kind is not OutcomeKind.COMPLETED


def test_every_ending_may_come_during_every_wait() -> None:
    found = {path.outcome.why for path in all_paths(explore(CartRecovery)) if path.outcome}
    assert found == {
        "order completed",
        "cart emptied",
        "unsubscribed",
        "the address bounced",
        "marked as spam",
        "erased",
        "cancelled by an operator",
        "the sequence is complete",
    }


def test_both_values_of_a_fact_are_played() -> None:
    told = [path.told for path in all_paths(explore(PostPurchase))]
    assert any(line.startswith("(first order)") for line in told)
    assert any(line.startswith("(not first order)") for line in told)


def test_what_begins_in_the_evening_meets_the_quiet_hours() -> None:
    silent = next(iter(all_paths(explore(CartRecovery, begins=EVENING))))
    first = silent.mails[0]
    assert first.after == 11 * HOUR + HOUR / 2  # due at 21:30, and held until 08:00
    assert silent.happened[1].turn.kind is TurnKind.HELD


def test_the_usual_path_comes_first_with_its_times() -> None:
    usual = next(iter(all_paths(explore(CartRecovery))))
    assert [(each.step, each.after) for each in usual.mails] == [
        ("reminder", HOUR),
        ("objections", 25 * HOUR),
        ("social_proof", 49 * HOUR),
        ("last_call", 73 * HOUR),
    ]


class AsksTwice(Journey):
    """Asks the same twice, at once and later."""

    plan = plan("asks-twice")

    async def steps(self) -> None:
        one, other = await self.fact(HAS_CART), await self.fact(HAS_CART)
        first = await self.fact(FIRST_ORDER)
        await self.wait(HOUR)
        later, still = await self.fact(HAS_CART), await self.fact(FIRST_ORDER)
        await self.send(f"a/{one}_{other}_{later}_{first}_{still}")


def test_a_fact_read_again_at_once_says_the_same_and_later_may_say_otherwise() -> None:
    steps = {each.step for path in all_paths(explore(AsksTwice)) for each in path.mails}
    values = ("True", "False")
    assert steps == {f"{a}_{a}_{b}_{c}_{c}" for a in values for b in values for c in values}


class ReactsLate(Journey):
    """Looks for an answer long after the mail."""

    plan = plan("reacts-late")

    async def steps(self) -> None:
        await self.send("a/one")
        await self.wait(DAY)
        if await self.reaction(Click, within=HOUR):
            await self.send("a/two", urgent=True)


def test_a_click_may_have_come_before_anybody_looked_for_it() -> None:
    seconds = {each.after for path in all_paths(explore(ReactsLate)) for each in path.mails if each.step == "two"}
    assert DAY in seconds  # at once: it was there already
    assert DAY + timedelta(minutes=1) in seconds
    assert DAY + timedelta(minutes=59) in seconds


class OwesSomething(Journey):
    """Owes a mail after a wait."""

    plan = plan("owes")

    async def steps(self) -> None:
        await self.wait(HOUR)
        await self.send("a/owed", kind=Kind.TRANSACTIONAL)
        await self.send("a/more")


def test_owed_mail_goes_although_the_customer_left_and_nothing_else_does() -> None:
    left = [path for path in all_paths(explore(OwesSomething)) if "unsubscribes at 30 minutes" in path.told]
    assert {mails_of(path) for path in left} == {("owed",), ()}
    cancelled = [path for path in all_paths(explore(OwesSomething)) if "operator at 30 minutes" in path.told]
    assert {mails_of(path) for path in cancelled} == {()}


# -- merging ---------------------------------------------------------------------------------------------------------


TOO_LARGE = {"browse-abandonment", "subscription", "trial"}
"""Journeys whose paths are too many to be compared one by one in a test: from forty thousand to millions."""

HELD_OVERNIGHT = {"cart-recovery", "product-education", "welcome"}
"""Journeys whose first mails, begun in the evening, meet the quiet hours."""


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        *(pytest.param(name, MORNING, id=f"{name}-morning") for name in JOURNEYS if name not in TOO_LARGE),
        *(pytest.param(name, EVENING, id=f"{name}-evening") for name in sorted(HELD_OVERNIGHT)),
    ],
)
def test_merging_loses_no_path_of_a_journey(name: str, begins: datetime) -> None:
    merged, whole = explored(name, begins), explore(JOURNEYS[name], begins=begins, merge=False)
    assert (len(merged.nodes) < len(whole.nodes)) == (merged.merged > 0)
    assert count_paths(merged) == count_paths(whole)
    assert stories(merged) == stories(whole)


@pytest.mark.parametrize("name", sorted(TOO_LARGE))
def test_only_what_is_too_large_is_not_compared(name: str) -> None:
    assert count_paths(explored(name)) > 30_000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(programs)
def test_merging_loses_no_path_of_any_journey(program: tuple[Op, ...]) -> None:
    journey = journey_of(program)
    bound = Bound(states=1_000)
    whole = explore(journey, bound=bound, merge=False)
    if not whole.is_complete:
        return  # too large to be compared in a test
    assert not whole.endless  # a program repeats things a number of times
    assert stories(explore(journey, bound=bound)) == stories(whole)


def test_a_long_journey_is_explored_because_alike_states_are_merged() -> None:
    class TwelveMails(Journey):
        """Twelve mails, one a week."""

        plan = plan("twelve")

        async def steps(self) -> None:
            for number in range(12):
                await self.send(f"a/mail_{number}")
                await self.wait(7 * DAY)

    found = explore(TwelveMails)
    assert found.is_complete
    assert len(found.nodes) < 500
    assert count_paths(found) > 10**8


class HoldsHalf(Journey):
    """Has read one fact when it waits for the next, in the midst of an expression."""

    plan = plan("half")

    async def steps(self) -> None:
        await self.send(f"a/{await self.fact(FIRST_ORDER)}_{await self.fact(HAS_CART)}_{await self.score() is None}")


def test_states_that_differ_in_a_half_evaluated_expression_are_kept_apart() -> None:
    steps = {each.step for path in all_paths(explore(HoldsHalf)) for each in path.mails}
    assert steps == {"True_True_False", "True_False_False", "False_True_False", "False_False_False"}


class ReadsTheCalendar(Journey):
    """Sends another mail on Tuesdays."""

    plan = plan("calendar")

    async def steps(self) -> None:
        first = await self.send("a/one")
        await self.send("a/tuesday" if first.at.weekday() == 1 else "a/other")


class WaitsForAMoment(Journey):
    """Waits until two days after it began, whenever the first mail went."""

    plan = plan("moment")

    async def steps(self) -> None:
        await self.send("a/one")
        await self.wait_until(MORNING + 2 * DAY)
        await self.send("a/two")


def day_of(moment: datetime) -> int:
    return moment.weekday()


class AsksAHelper(Journey):
    """Lets a function look at the day, which its own code does not name."""

    plan = plan("helper")

    async def steps(self) -> None:
        await self.wait(DAY if await self.fact(HAS_CART) else 2 * DAY)
        sent = await self.send("a/one")
        await self.send("a/tuesday" if day_of(sent.at) == 1 else "a/other")


class FormatsAMoment(Journey):
    """Finds the day in a text."""

    plan = plan("formats")

    async def steps(self) -> None:
        await self.wait(DAY if await self.fact(HAS_CART) else 2 * DAY)
        sent = await self.send("a/one")
        await self.send("a/tuesday" if f"{sent.at:%a}" == "Tue" else "a/other")


class Tally:
    """Something that a journey may keep."""

    def __init__(self) -> None:
        self.count = 0


class CountsInAnObject(Journey):
    """Keeps its count in an object of its own making."""

    plan = plan("object")

    async def steps(self) -> None:
        tally = Tally()
        while tally.count < 3:
            tally.count += 1
            await self.send("a/one")
            await self.wait(2 * DAY)


class FollowsAGenerator(Journey):
    """Takes its pauses from a generator."""

    plan = plan("generator")

    async def steps(self) -> None:
        for days in (number for number in range(1, 4)):
            await self.send("a/one")
            await self.wait(days * DAY)


class Enumerates(Journey):
    """Counts with enumerate."""

    plan = plan("enumerate")

    async def steps(self) -> None:
        for number, name in enumerate(("one", "two", "three")):
            await self.send(f"a/{name}")
            if number < 2 and await self.reaction(Click, within=2 * DAY):
                return


@pytest.mark.parametrize(
    "journey",
    [
        ReadsTheCalendar,
        WaitsForAMoment,
        HoldsHalf,
        AsksTwice,
        ReactsLate,
        AsksAHelper,
        FormatsAMoment,
        CountsInAnObject,
        FollowsAGenerator,
        Enumerates,
    ],
)
def test_merging_loses_nothing_however_the_code_remembers(journey: type[Journey]) -> None:
    merged, whole = explore(journey), explore(journey, merge=False)
    assert not merged.endless
    assert stories(merged) == stories(whole)


def test_a_loop_with_enumerate_is_merged_as_any_other() -> None:
    assert explore(Enumerates).merged


class AsksChance(Journey):
    """Tosses a coin."""

    plan = plan("chance")

    async def steps(self) -> None:
        await self.send("a/one" if random.random() < 0.5 else "a/two")
        await self.send("a/three")


class RemembersInItsClass(Journey):
    """Keeps something where all its enrollments find it."""

    plan = plan("class")
    seen: ClassVar[list[int]] = []

    async def steps(self) -> None:
        self.seen.append(1)
        await self.send("a/one" if len(self.seen) < 3 else "a/two")
        await self.send("a/three")


@pytest.mark.parametrize("journey", [AsksChance, RemembersInItsClass])
def test_code_that_does_not_do_the_same_twice_is_found_out(journey: type[Journey]) -> None:
    with pytest.raises(BrokenError) as caught:
        explore(journey)
    assert isinstance(caught.value.__cause__, NotTheSameTwiceError)


class WaitsNaively(Journey):
    """Waits for a moment without a zone."""

    plan = plan("naive")

    async def steps(self) -> None:
        await self.wait_until(MORNING.replace(tzinfo=None))
        await self.send("a/one")


def test_a_verb_that_cannot_be_performed_is_told_with_its_journey() -> None:
    with pytest.raises(BrokenError, match="naive fails: TypeError"):
        explore(WaitsNaively)


class Shares(Journey):
    """Waits for an event that it names, and cares how often it came."""

    plan = plan("shares")

    async def steps(self) -> None:
        match await self.reaction(Observation, within=DAY):
            case Observation(name="Product Shared") as shared if shared.count > 1:
                await self.send("a/shared_often")
            case Observation(name="Product Shared"):
                await self.send("a/shared")
            case Observation():
                await self.send("a/other")


def test_events_that_the_code_names_are_played_once_and_often() -> None:
    steps = {each.step for path in all_paths(explore(Shares)) for each in path.mails}
    assert steps == {"shared_often", "shared", "other"}


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_what_the_bound_leaves_out_is_reported() -> None:
    found = explore(CartRecovery, bound=Bound(states=50))
    assert len(found.nodes) == 50
    assert not found.is_complete
    assert all(branch.to is None for branch in found.unexplored)
    assert sum(path.outcome is None for path in all_paths(found)) >= len(found.unexplored)


class Endless(Journey):
    """Mails every day for ever."""

    plan = plan("endless")

    async def steps(self) -> None:
        while True:
            await self.send("a/again")
            await self.wait(DAY)


def test_a_journey_without_an_end_is_found_out() -> None:
    found = explore(Endless)
    assert found.is_complete
    assert len(found.nodes) < 100
    with pytest.raises(EndlessError) as caught:
        count_paths(found)
    assert caught.value.path.mails


class CountsForEver(Journey):
    """Never in the same state twice."""

    plan = plan("counts")

    async def steps(self) -> None:
        days = 0
        while True:
            days += 1
            await self.wait(days * DAY)


def test_a_journey_that_grows_for_ever_meets_the_bound() -> None:
    found = explore(CountsForEver, bound=Bound(verbs=30))
    assert not found.is_complete
    assert len(found.unexplored) == 1


# -- paths -----------------------------------------------------------------------------------------------------------


def test_paths_drawn_by_lot_are_paths() -> None:
    found = explore(CartRecovery)
    everything = stories(found)
    drawn = itertools.islice(draw_paths(found, random.Random(7)), 50)
    assert all(story(path) in everything for path in drawn)


@pytest.mark.parametrize("name", JOURNEYS)
def test_the_way_to_a_state_leads_there(name: str) -> None:
    found = explored(name)
    for node in found.nodes:
        way = way_to(node)
        assert node is (way.branches[-1].to if way.branches else found.root)
        assert all(one.to is other.node for one, other in itertools.pairwise(way.branches))


def test_a_path_is_told_as_a_person_would() -> None:
    told = {path.told for path in all_paths(explore(CartRecovery))}
    assert "the customer buys at 30 minutes" in told
    assert "(offer: nothing) the customer clicks at 1 hour 1 minute" in told
    assert "the customer clicks at 1 hour 1 minute, then buys at 13 hours 1 minute" in told
