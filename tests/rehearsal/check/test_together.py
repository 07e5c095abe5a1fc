"""The rules about all journeys together: triggers that overlap, and the load of all lanes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.customer import Cart, CartLine, Customer
from domain.event import Event, EventType, StoredEvent
from domain.gate import Caps, CoolDowns, GatePolicy
from rehearsal.check.overlap import common_occasion
from rehearsal.check.report import Check, Report
from tests.rehearsal.check import wrong_journeys as wrong
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import HasCart, Journey, On
from workflows.vocabulary.trigger import Trigger

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def report(*journeys: type[Journey], gate: GatePolicy | None = None) -> Report:
    return Check({each.plan.name: each for each in journeys}, gate=gate).run()


# -- overlap ---------------------------------------------------------------------------------------------------------


def starting_with(name: str, trigger: Trigger, priority: int = 50) -> type[Journey]:
    """A journey without fault that this starts."""
    return type(
        "Started",
        (wrong.StaleInTheEvening,),
        {
            "plan": wrong.plan(name, trigger=trigger, priority=priority),
            "__doc__": wrong.StaleInTheEvening.__doc__,
            "__module__": wrong.__name__,
        },
    )


def test_triggers_of_equal_priority_that_match_the_same_event_overlap() -> None:
    one = starting_with("one", On("Product Added") & HasCart())
    other = starting_with("other", On("Product Added"))
    [found] = report(one, other).violations
    assert (found.rule, found.journeys) == ("overlap", ("one", "other"))
    assert found.wrong == ("Both begin with “Product Added” when something is in the cart, and both have priority 50.")


def test_a_journey_that_is_checked_alone_is_compared_with_all() -> None:
    one, other, third = (starting_with(name, On("Lamp Lit")) for name in ("one", "other", "third"))
    found = Check({"one": one, "other": other, "third": third}).run([other])
    assert [each.journeys for each in found.violations] == [("one", "other"), ("other", "third")]
    assert found.loads == ()


@pytest.mark.parametrize(
    "other",
    [
        starting_with("other", On("Lamp Lit"), priority=51),
        starting_with("other", On("Lamp Put Out")),
        starting_with("other", On("Lamp Lit") & ~HasCart()),
    ],
    ids=["another priority", "another event", "other circumstances"],
)
def test_triggers_that_never_match_together_do_not_overlap(other: type[Journey]) -> None:
    assert report(starting_with("one", On("Lamp Lit") & HasCart()), other).violations == ()


WITNESSES = [
    (~On("A"), ~On("B"), "any other event"),
    (~HasCart(), On("A"), "“A” unless something is in the cart"),
    (~(On("A") & HasCart()), On("A"), "“A” unless something is in the cart"),
    (HasCart(), ~HasCart(), None),
    (~(~On("A") & ~On("B")), On("B"), "“B”"),
]


@pytest.mark.parametrize(("one", "other", "words"), WITNESSES)
def test_the_common_occasion_is_told(one: Trigger, other: Trigger, words: str | None) -> None:
    assert common_occasion(one, other) == words


triggers: st.SearchStrategy[Trigger] = st.recursive(
    st.one_of(st.builds(On, st.sampled_from("AB")), st.builds(HasCart)),
    lambda inner: st.one_of(
        inner.map(lambda each: ~each),
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=5,
)


@given(triggers, triggers)
def test_overlap_is_what_the_dispatcher_would_find(one: Trigger, other: Trigger) -> None:
    cases = [(event(name), customer(has_cart=has_cart)) for name in "ABC" for has_cart in (True, False)]
    both: Callable[[StoredEvent, Customer], bool | None] = lambda *case: one.glance(*case) and other.glance(*case)  # noqa: E731
    assert (common_occasion(one, other) is not None) == any(both(*case) for case in cases)


def event(name: str) -> StoredEvent:
    reported = Event(message_id="m1", type=EventType.TRACK, name=name, occurred_at=NOON, received_at=NOON)
    return StoredEvent(seq=1, customer="anna", event=reported)


def customer(*, has_cart: bool) -> Customer:
    lines = (CartLine(product_id="lamp"),) if has_cart else ()
    return Customer(id="anna", first_seen_at=NOON, last_seen_at=NOON, cart=Cart(lines=lines))


# -- load ------------------------------------------------------------------------------------------------------------


RESTLESS = CoolDowns(unanswered=timedelta(hours=24))


def test_where_silence_cools_down_no_lane_adds_to_another() -> None:
    assert report(wrong.Busy, wrong.BusyToo).violations == ()


def test_two_busy_lanes_are_too_much_where_silence_does_not_cool_down() -> None:
    [found] = report(wrong.Busy, wrong.BusyToo, gate=GatePolicy(cool_downs=RESTLESS)).violations
    assert (found.rule, found.journeys) == ("load", ("busy", "busy-too"))
    assert "6.00 = 3.00 promotion (busy) + 3.00 nurture (busy-too)" in found.wrong
    assert found.path is not None
    assert (found.path.told, len(found.path.mails)) == ("the customer does nothing", 3)


def test_journeys_of_one_lane_take_turns() -> None:
    found = report(wrong.Busy, wrong.BusyInTurn)
    assert found.violations == ()
    assert [(each.lane.value, each.mails) for each in found.loads] == [("promotion", 3.0)]


def test_the_cap_is_the_deployments() -> None:
    wide, narrow = (GatePolicy(caps=Caps(per_48h=number), cool_downs=RESTLESS) for number in (6, 5))
    assert report(wrong.Busy, wrong.BusyToo, gate=wide).violations == ()
    assert {each.rule for each in report(wrong.Busy, wrong.BusyToo, gate=narrow).violations} == {"load"}


def test_a_short_life_counts_as_two_days() -> None:
    [load] = report(wrong.HasNoTemplate).loads
    assert load.mails == 1.0


def test_the_load_of_the_shipped_journeys_is_their_silent_lives() -> None:
    loads = {each.journey: each for each in report(JOURNEYS["cart-recovery"], JOURNEYS["post-purchase"]).loads}
    cart, orders = loads["cart-recovery"], loads["post-purchase"]
    assert cart.path.lasts == timedelta(hours=73)
    assert cart.mails == pytest.approx(4 * 48 / 73)  # reminder, objections, social proof, last call
    assert orders.path.lasts == timedelta(days=30)
    assert orders.mails == pytest.approx(4 * 48 / (30 * 24))  # the confirmation is no marketing
