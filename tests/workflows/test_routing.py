"""Routing: what one event means for journeys. Pure, without database and Temporal."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import event as names
from domain.clock import PacedClock
from domain.customer import Cart, CartLine, Customer
from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, State
from domain.errors import ConfigurationError
from domain.event import CUSTOMER_ERASED, Event, EventType, StoredEvent
from domain.intent import Thresholds, Tier
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from tests.workflows.listeners import VIDEO_WATCHED, ByName, ByUnion, Everything, Watches
from workflows.catalogue import JOURNEYS
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import HasCart, Journey, On, Plan, TierAtLeast
from workflows.vocabulary.routing import Routes, may_reenter, occasion_of

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CLOCK = PacedClock(anchor_real=NOON, anchor_product=NOON, pace=60)
ROUTES = Routes(JOURNEYS, CLOCK, {"cart-recovery": {"quiet": "PT2H"}})
CART, ORDER = ROUTES.plan("cart-recovery"), ROUTES.plan("post-purchase")

EMPTY = Customer(id="anna", first_seen_at=NOON, last_seen_at=NOON)
SHOPPER = EMPTY.model_copy(update={"cart": Cart(lines=(CartLine(product_id="lamp", price=49),))})


def stored(
    name: str, *, at: datetime = NOON, received_at: datetime | None = None, message_id: str = "e-1", **fields: Any
) -> StoredEvent:
    properties = fields.pop("properties", {})
    event = Event(
        message_id=message_id,
        type=EventType.TRACK,
        name=name,
        user_id="anna",
        occurred_at=at,
        received_at=received_at or at,
        properties=properties,
    )
    return StoredEvent(seq=7, customer="anna", event=event, **fields)


def row(journey: str = "cart-recovery", key: str | None = None, **fields: Any) -> EnrollmentRow:
    values: dict[str, Any] = {
        "id": f"e-{journey}",
        "workflow_id": f"{journey}/anna",
        "journey": journey,
        "customer": "anna",
        "key": key,
        "state": State.RUNNING,
        "occasion": Occasion(event_id="began", name=names.PRODUCT_ADDED, seq=1, occurred_at=NOON),
        "started_at": NOON,
    }
    return EnrollmentRow(**(values | fields))


def with_plans(*plans: Plan, settings: dict[str, dict[str, Any]] | None = None) -> Routes:
    def journey(plan: Plan) -> type[Journey]:
        return type(plan.name, (PostPurchase,), {"plan": plan})

    return Routes({plan.name: journey(plan) for plan in plans}, CLOCK, settings or {})


def plan(name: str, **fields: Any) -> Plan:
    values: dict[str, Any] = {"trigger": On("Thing Done"), "goal": None, "topic": "things", "owner": "tests"}
    return Plan(name=name, **(values | fields))


# -- settings of journeys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"cart-recvery": {"quiet": "PT2H"}}, f"'cart-recvery'; there are: {', '.join(sorted(JOURNEYS))}"),
        ({"cart-recovery": {"quite": "PT2H"}}, "cart-recovery.quite: there is no such setting; did you mean quiet?"),
        ({"cart-recovery": {"quiet": "soon"}}, "cart-recovery.quiet: give a duration, such as PT5M"),
        ({"post-purchase": {"quiet": "PT2H"}}, "post-purchase.quiet: "),
    ],
    ids=["unknown journey", "unknown setting", "wrong value", "another journey's setting"],
)
def test_a_wrong_setting_of_a_journey_is_refused_at_once_and_named(
    settings: dict[str, dict[str, Any]], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^SEGUE_JOURNEYS: .*{re.escape(named)}"):
        Routes(JOURNEYS, CLOCK, settings)


def test_a_journey_without_settings_takes_none() -> None:
    assert with_plans(plan("plain"), settings={"plain": {}}).knows("plain")
    with pytest.raises(ConfigurationError, match="the journey plain has no settings"):
        with_plans(plan("plain"), settings={"plain": {"quiet": "PT2H"}})


def test_a_journey_that_is_off_begins_by_no_event_and_those_that_run_go_on() -> None:
    off = Routes(JOURNEYS, CLOCK, {}, off=["cart-recovery"])
    assert off.may_begin(stored(names.PRODUCT_ADDED).event) == []
    assert (off.is_off("cart-recovery"), off.is_off("checkout-recovery"), off.knows("cart-recovery")) == (
        True,
        False,
        True,
    )
    order = stored(names.ORDER_COMPLETED)
    assert [tell.may_end for tell in off.tell(order, [row()])] == [True]


@pytest.mark.parametrize(
    ("name", "says"),
    [("webinars", "no journey is named 'webinars'; there are: advocacy, "), ("data-request", "cannot be off")],
)
def test_what_cannot_be_off_is_refused_at_once_and_named(name: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^SEGUE_JOURNEYS_OFF: .*{re.escape(says)}"):
        Routes(JOURNEYS, CLOCK, {}, off=[name])


# -- what an event begins ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "journeys"),
    [
        (names.PRODUCT_ADDED, ["cart-recovery"]),
        (names.ORDER_COMPLETED, ["post-purchase"]),
        (names.PRODUCT_VIEWED, ["browse-abandonment", "product-education"]),
        (names.SUBSCRIPTION_RENEWED, ["subscription"]),
        (names.EMAIL_OPENED, []),
        ("anything", []),
    ],
)
def test_an_events_name_tells_which_journeys_it_could_begin(name: str, journeys: list[str]) -> None:
    assert [plan.name for plan in ROUTES.may_begin(stored(name).event)] == journeys


def test_a_journey_that_any_event_could_begin_is_asked_about_each() -> None:
    routes = with_plans(plan("by-name"), plan("by-cart", trigger=HasCart()), plan("by-other", trigger=~On("x")))
    assert [each.name for each in routes.may_begin(stored("Thing Done").event)] == ["by-name", "by-cart", "by-other"]
    assert [each.name for each in routes.may_begin(stored("Page").event)] == ["by-cart", "by-other"]


def test_a_beginning_carries_the_event_the_clock_and_the_settings() -> None:
    begin = ROUTES.begin(CART, stored(names.PRODUCT_ADDED, nth=3), SHOPPER, NOON + HOUR)
    assert begin is not None
    start = begin.start
    assert (start.journey, start.customer, start.key, start.clock) == ("cart-recovery", "anna", None, CLOCK)
    assert start.settings == {"quiet": "PT2H", "reaction": "PT23H", "between": "P1D"}  # as it began, defaults included
    assert start.occasion == Occasion(event_id="e-1", name=names.PRODUCT_ADDED, seq=7, nth=3, occurred_at=NOON)
    assert (begin.row.id, begin.row.workflow_id) == (start.enrollment, "cart-recovery/anna")
    assert (begin.row.state, begin.row.started_at, begin.row.outcome) == (State.STARTING, NOON + HOUR, None)


def test_the_same_event_makes_the_same_enrollment_and_another_event_another() -> None:
    def enrollment(message_id: str) -> str:
        begin = ROUTES.begin(CART, stored(names.PRODUCT_ADDED, message_id=message_id), SHOPPER, NOON)
        assert begin is not None
        return begin.start.enrollment

    assert enrollment("e-1") == enrollment("e-1") != enrollment("e-2")


def test_a_trigger_that_does_not_match_begins_nothing() -> None:
    assert ROUTES.begin(CART, stored(names.PRODUCT_ADDED), EMPTY, NOON) is None


@pytest.mark.parametrize(("age", "begins"), [(24 * HOUR, True), (24 * HOUR + timedelta(seconds=1), False)])
def test_an_event_begins_something_only_if_it_was_reported_in_time(age: timedelta, begins: bool) -> None:
    event = stored(names.PRODUCT_ADDED, at=NOON - age, received_at=NOON)
    assert (ROUTES.begin(CART, event, SHOPPER, NOON) is not None) is begins


def test_a_trigger_judges_by_the_thresholds_of_the_deployment() -> None:
    interested = plan("interested", trigger=On(names.PRODUCT_VIEWED) & TierAtLeast(Tier.MEDIUM))
    journeys = {"interested": type("Interested", (Journey,), {"plan": interested})}
    view = stored(names.PRODUCT_VIEWED, properties={"product_id": "lamp"})
    strict = Thresholds(medium=90, high=95)
    begun = [
        Routes(journeys, PacedClock(), {}, thresholds).begin(interested, view, EMPTY, NOON, [view]) is not None
        for thresholds in (Thresholds(medium=1, high=95), strict)
    ]
    assert begun == [True, False]


def test_an_outage_of_ours_makes_no_event_old() -> None:
    accepted = stored(names.PRODUCT_ADDED, at=NOON, received_at=NOON)
    assert ROUTES.begin(CART, accepted, SHOPPER, NOON + 72 * HOUR) is not None


@pytest.mark.parametrize(
    ("properties", "key"),
    [
        ({"order_id": "o-1"}, "o-1"),
        ({"orderId": "o-1"}, "o-1"),
        ({"order_id": 1001}, "1001"),
        ({}, "e-1"),
        ({"order_id": ""}, "e-1"),
    ],
)
def test_an_order_has_an_enrollment_of_its_own(properties: dict[str, Any], key: str) -> None:
    begin = ROUTES.begin(ORDER, stored(names.ORDER_COMPLETED, properties=properties), EMPTY, NOON)
    assert begin is not None
    assert (begin.start.key, begin.row.workflow_id) == (key, f"post-purchase/anna/{key}")


@pytest.mark.parametrize("said", ["anna@mail.example", "o" * 191, "o-1\n2"])
def test_a_key_that_may_not_travel_is_nowhere_and_still_tells_orders_apart(said: str) -> None:
    begun = [
        ROUTES.begin(ORDER, stored(names.ORDER_COMPLETED, properties={"order_id": each}), EMPTY, NOON)
        for each in (said, said, said + "0")
    ]
    first, again, other = (begin.row.key for begin in begun if begin is not None)
    assert first == again != other
    refund = stored(names.ORDER_REFUNDED, properties={"order_id": said})
    assert told(refund, row("post-purchase", key=first)) == [
        Observation(**SAID, name=names.ORDER_REFUNDED, about=first)
    ]
    purchase = stored(names.ORDER_COMPLETED, properties={"order_id": said})
    assert told(purchase, row("cart-recovery")) == [Purchase(**SAID, order_id=first)]
    assert said not in repr(begun)


def test_an_event_whose_id_may_not_travel_is_known_by_a_digest() -> None:
    said = "order-anna@mail.example"
    added = stored(names.PRODUCT_ADDED, message_id=said)
    begun = occasion_of(added)
    assert begun.event_id != said
    assert occasion_of(stored(names.PRODUCT_ADDED, message_id="e-1")).event_id == "e-1"
    mine = row("cart-recovery").model_copy(update={"occasion": begun})
    assert told(added, mine) == []  # the event that began it, delivered again
    [purchase] = told(stored(names.ORDER_COMPLETED, message_id=said), row("cart-recovery"))
    assert said not in purchase.model_dump_json()


def test_an_enrollment_that_began_with_an_unfit_key_still_knows_its_own() -> None:
    refund = stored(names.ORDER_REFUNDED, properties={"order_id": "anna@mail.example"})
    assert told(refund, row("post-purchase", key="anna@mail.example")) == [
        Observation(**SAID, name=names.ORDER_REFUNDED, about="anna@mail.example")
    ]


def test_a_share_of_customers_is_held_out_the_same_ones_each_time() -> None:
    routes = with_plans(plan("half", holdout=0.5))

    def held_out(customer: str, event: str) -> bool:
        occasion = Occasion(event_id=event, name="Thing Done", occurred_at=NOON)
        begun = routes.enroll(routes.plan("half"), customer, occasion, NOON).row
        assert (begun.state is State.ENDED) == (begun.outcome is not None)
        return begun.outcome is not None and begun.outcome.kind is OutcomeKind.HELD_OUT

    customers = [f"customer-{number}" for number in range(1000)]
    first = [held_out(customer, "e-1") for customer in customers]
    assert 450 < sum(first) < 550  # 500 ± 3 standard deviations of 15.8
    assert first == [held_out(customer, "e-2") for customer in customers]


@pytest.mark.parametrize(("holdout", "held"), [(0.0, 0), (1.0, 100)])
def test_nobody_or_everybody_can_be_held_out(holdout: float, held: int) -> None:
    routes = with_plans(plan("some", holdout=holdout))
    occasion = Occasion(event_id="e-1", name="Thing Done", occurred_at=NOON)
    rows = [routes.enroll(routes.plan("some"), f"customer-{number}", occasion, NOON).row for number in range(100)]
    assert sum(row.state is State.ENDED for row in rows) == held


# -- beginning again ---------------------------------------------------------------------------------------------------


def ended(mails: int, began: datetime = NOON, kind: OutcomeKind = OutcomeKind.COMPLETED) -> EnrollmentRow:
    return row(state=State.ENDED, started_at=began, outcome=Outcome(kind=kind, why="", mails=mails))


@pytest.mark.parametrize(
    ("journey", "earlier", "after", "may"),
    [
        (CART, [], timedelta(), True),
        (CART, [row(state=State.STARTING)], 100 * DAY, False),
        (CART, [row(state=State.RUNNING)], 100 * DAY, False),
        (CART, [ended(0)], timedelta(), True),
        (CART, [ended(1)], 7 * DAY - timedelta(seconds=1), False),
        (CART, [ended(1)], 7 * DAY, True),
        (CART, [ended(1), ended(0, NOON + 6 * DAY)], 7 * DAY, True),
        (CART, [ended(0), ended(1, NOON + 6 * DAY)], 7 * DAY, False),
        (CART, [ended(0, kind=OutcomeKind.HELD_OUT)], timedelta(), False),  # held out: counts as if it had mailed
        (ORDER, [ended(0)], 100 * DAY, False),  # once per order, whatever became of it
        (ORDER, [ended(1)], 100 * DAY, False),
        (plan("once"), [ended(1)], 1000 * DAY, False),
        (plan("once"), [ended(0)], timedelta(), True),
    ],
)
def test_who_may_begin_again(journey: Plan, earlier: list[EnrollmentRow], after: timedelta, may: bool) -> None:
    assert may_reenter(journey, earlier, NOON + after) is may


# -- what an event tells -----------------------------------------------------------------------------------------------


def told(event: StoredEvent, *rows: EnrollmentRow) -> list[Signal]:
    return [tell.signal for tell in ROUTES.tell(event, rows)]


SAID = {"event_id": "e-1", "occurred_at": NOON}


@pytest.mark.parametrize(
    ("event", "signal"),
    [
        (stored(names.EMAIL_LINK_CLICKED, properties={"message": "m-1"}), Click(**SAID, message="m-1")),
        (stored(names.EMAIL_LINK_CLICKED, properties={"journey": "cart-recovery"}), Click(**SAID)),
        (
            stored(names.ORDER_COMPLETED, properties={"order_id": "o-1", "revenue": 49}),
            Purchase(**SAID, revenue=49, order_id="o-1"),
        ),
        (stored(names.UNSUBSCRIBED), Unsubscribe(**SAID)),
        (stored(names.UNSUBSCRIBED, properties={"topic": "news"}), Unsubscribe(**SAID, topic="news")),
        (stored(names.CART_EMPTIED), Observation(**SAID, name=names.CART_EMPTIED)),
        (stored(names.EMAIL_BOUNCED), Observation(**SAID, name=names.EMAIL_BOUNCED)),
        (stored(names.EMAIL_COMPLAINED), Observation(**SAID, name=names.EMAIL_COMPLAINED)),
        (stored(CUSTOMER_ERASED), Observation(**SAID, name=CUSTOMER_ERASED)),
        (stored(names.PRODUCT_VIEWED, starts_visit=True), Revisit(**SAID)),
        (stored(names.PRODUCT_ADDED, starts_visit=True), Revisit(**SAID)),
    ],
    ids=lambda value: value.event.name if isinstance(value, StoredEvent) else type(value).__name__,
)
def test_an_event_becomes_the_signal_it_means(event: StoredEvent, signal: Signal) -> None:
    assert told(event, row()) == [signal]


@pytest.mark.parametrize(
    "event",
    [
        stored(names.PRODUCT_VIEWED),
        stored("Some Page"),
        stored(names.ORDER_REFUNDED),  # an exit of another journey
        stored(names.EMAIL_LINK_CLICKED, properties={"journey": "post-purchase"}),
        stored(names.EMAIL_BOUNCED, properties={"bounce_type": "soft"}),  # it may pass
        stored(names.EMAIL_BOUNCED, properties={"type": "Transient"}),
    ],
    ids=lambda event: event.event.name,
)
def test_an_event_that_a_journey_does_not_want_is_not_told(event: StoredEvent) -> None:
    assert told(event, row()) == []


@pytest.mark.parametrize(
    "event",
    [
        stored(names.EMAIL_LINK_CLICKED),
        stored(names.EMAIL_LINK_CLICKED, properties={"journey": "post-purchase"}),
        stored(names.PRODUCT_VIEWED, starts_visit=True),
    ],
    ids=lambda event: event.event.name,
)
def test_a_journey_that_waits_for_no_reaction_is_told_of_none(event: StoredEvent) -> None:
    assert told(event, row("post-purchase", key="o-1")) == []


def test_an_order_that_is_neither_goal_nor_exit_is_told_to_those_who_wait_for_one() -> None:
    routes = Routes({each.__name__: each for each in (ByName, ByUnion)}, CLOCK, {})
    rows = [row(name, id=name) for name in ("ByName", "ByUnion")]
    (tell,) = routes.tell(stored(names.ORDER_COMPLETED, properties={"revenue": 9}), rows)
    assert (tell.enrollment, tell.signal, tell.may_end) == ("ByUnion", Purchase(**SAID, revenue=9), False)


def test_an_event_is_observed_by_those_whose_code_says_its_name() -> None:
    routes = Routes({each.__name__: each for each in (Watches, Everything)}, CLOCK, {})

    def observers(event: StoredEvent) -> list[Signal]:
        return [tell.signal for tell in routes.tell(event, [row("Watches"), row("Everything")])]

    assert observers(stored("Product Shared")) == [Observation(**SAID, name="Product Shared")]
    assert observers(stored(VIDEO_WATCHED, starts_visit=True)) == [
        Observation(**SAID, name=VIDEO_WATCHED),
        Revisit(**SAID),
    ]
    assert observers(stored("Video Paused")) == []


def test_a_click_can_be_a_goal_and_a_soft_bounce_no_exit() -> None:
    routes = with_plans(plan("clicked", goal=names.EMAIL_LINK_CLICKED, exits=(names.EMAIL_BOUNCED,)))
    (tell,) = routes.tell(stored(names.EMAIL_LINK_CLICKED), [row("clicked")])
    assert (tell.signal, tell.may_end) == (Observation(**SAID, name=names.EMAIL_LINK_CLICKED), True)
    assert routes.tell(stored(names.EMAIL_BOUNCED, properties={"bounce_type": "soft"}), [row("clicked")]) == []


@pytest.mark.parametrize(
    ("event", "may_end"),
    [
        (stored(names.ORDER_COMPLETED), True),
        (stored(names.CART_EMPTIED), True),
        (stored(names.UNSUBSCRIBED), True),
        (stored(names.EMAIL_COMPLAINED), True),
        (stored(CUSTOMER_ERASED), True),
        (stored(names.EMAIL_LINK_CLICKED), False),
        (stored(names.PRODUCT_VIEWED, starts_visit=True), False),
    ],
    ids=lambda value: value.event.name if isinstance(value, StoredEvent) else None,
)
def test_what_may_end_an_enrollment_is_known_from_what_is_only_a_reaction(event: StoredEvent, may_end: bool) -> None:
    assert [tell.may_end for tell in ROUTES.tell(event, [row()])] == [may_end]


def test_an_enrollment_is_not_told_of_the_event_that_began_it() -> None:
    assert told(stored(names.ORDER_COMPLETED, message_id="began"), row()) == []


def test_every_running_enrollment_that_wants_an_event_is_told() -> None:
    rows = [row(), row("post-purchase", key="o-1"), row("retired-journey")]
    event = stored(names.ORDER_COMPLETED, properties={"order_id": "o-2"})
    assert [tell.workflow_id for tell in ROUTES.tell(event, rows)] == ["cart-recovery/anna", "post-purchase/anna"]


@pytest.mark.parametrize("spelling", ["order_id", "orderId"])
def test_a_refund_says_which_order_it_is_about(spelling: str) -> None:
    event = stored(names.ORDER_REFUNDED, properties={spelling: 1001})
    assert told(event, row("post-purchase", key="1001")) == [
        Observation(**SAID, name=names.ORDER_REFUNDED, about="1001")
    ]


@pytest.mark.parametrize(
    ("properties", "revenue"),
    [
        ({"revenue": 49.5, "total": 60, "value": 70}, 49.5),
        ({"total": "60.10"}, 60.1),
        ({"revenue": "much", "value": 70}, 70.0),
        ({"revenue": -5}, 0.0),
        ({"revenue": None}, 0.0),
        ({"revenue": [1]}, 0.0),
        ({"products": [{"product_id": "a", "price": 9.5, "quantity": 2}, {"product_id": "b", "price": 1}]}, 20.0),
        ({}, 0.0),
    ],
)
def test_revenue_is_the_first_readable_amount(properties: dict[str, Any], revenue: float) -> None:
    (signal,) = told(stored(names.ORDER_COMPLETED, properties=properties), row())
    assert isinstance(signal, Purchase)
    assert signal.revenue == revenue


@pytest.mark.parametrize("nonsense", ["nan", "inf", float("nan"), float("inf")])
def test_revenue_is_a_number_that_can_be_added_up(nonsense: object) -> None:
    (signal,) = told(stored(names.ORDER_COMPLETED, properties={"revenue": nonsense, "total": 60}), row())
    assert isinstance(signal, Purchase)
    assert signal.revenue == 60.0
