from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import event as names
from domain.customer import CartLine, Customer
from domain.errors import UnknownSourceError
from domain.event import CONCLUDED
from domain.folding import Order, is_site_activity
from domain.occasions import Candidate, SourcePolicy
from domain.sources import SOURCES, source_named

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
AUCKLAND = ZoneInfo("Pacific/Auckland")
POLICY = SourcePolicy()


def anna(**facts: Any) -> Customer:
    known = {"first_seen_at": NOON - 900 * DAY, "last_seen_at": NOON - DAY, "counts": {names.PRODUCT_VIEWED: 3}}
    return Customer(id="anna", **(known | facts))


def order(days_ago: float, product: str = "coffee") -> Order:
    at = NOON - days_ago * DAY
    lines = (CartLine(product_id=product),)
    return Order(order_id=f"o{days_ago}", total=10, currency="EUR", lines=lines, completed_at=at, nth=1)


def key(source: str, candidate: Candidate, now: datetime = NOON, policy: SourcePolicy = POLICY) -> str | None:
    """The occasion's key, if one is due."""
    event = SOURCES[source].due(candidate, now, policy)
    return None if event is None else str(event.properties["occasion"])


def of(customer: Customer, zone: ZoneInfo = BERLIN, **fields: Any) -> Candidate:
    return Candidate(customer, zone, **fields)


# -- lapsed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away", "is_due"), [(29.9, False), (30, True), (89, True), (90, True), (90.1, False), (2000, False)]
)
def test_a_customer_lapses_after_thirty_days_and_is_left_alone_after_ninety(away: float, is_due: bool) -> None:
    assert (key("lapsed", of(anna(last_seen_at=NOON - away * DAY))) is not None) is is_due


def test_a_lapse_is_told_once_and_again_only_after_a_return() -> None:
    last_seen = NOON - 40 * DAY
    gone = of(anna(last_seen_at=last_seen))
    assert key("lapsed", gone) == last_seen.date().isoformat()
    assert key("lapsed", replace(gone, told_at=NOON - 10 * DAY)) is None
    assert key("lapsed", replace(gone, told_at=last_seen - DAY)) is not None


def test_when_somebody_has_lapsed_can_be_set() -> None:
    later = SourcePolicy(lapsed_after=60 * DAY, lapsed_within=10 * DAY)
    found = [away for away in range(100) if key("lapsed", of(anna(last_seen_at=NOON - away * DAY)), policy=later)]
    assert found == [*range(60, 71)]


def test_somebody_of_a_list_who_was_never_there_has_not_left() -> None:
    imported = anna(last_seen_at=NOON - 40 * DAY, counts={"identify": 2, names.EMAIL_OPENED: 4, names.BIRTHDAY: 1})
    assert key("lapsed", of(imported)) is None


# -- yearly ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "zone", "years"),
    [
        (datetime(2024, 3, 2, 8, tzinfo=UTC), BERLIN, "2"),
        (datetime(2024, 2, 27, 8, tzinfo=UTC), BERLIN, "2"),
        (datetime(2024, 2, 26, 8, tzinfo=UTC), BERLIN, None),
        (datetime(2024, 2, 29, 8, tzinfo=UTC), BERLIN, "2"),
        (datetime(2024, 3, 3, 8, tzinfo=UTC), BERLIN, None),
        (datetime(2024, 3, 2, 23, 30, tzinfo=UTC), BERLIN, None),
        (datetime(2024, 3, 2, 23, 30, tzinfo=UTC), AUCKLAND, "2"),
        (datetime(2026, 3, 2, 8, tzinfo=UTC), BERLIN, None),
        (None, BERLIN, None),
    ],
    ids=["day", "three days late", "four days late", "leap", "tomorrow", "local day", "there today", "itself", "none"],
)
def test_an_anniversary_is_the_local_day_of_the_first_order(
    first: datetime | None, zone: ZoneInfo, years: str | None
) -> None:
    assert key("anniversary", of(anna(first_order_at=first), zone)) == years


def test_an_anniversary_is_told_once() -> None:
    candidate = of(anna(first_order_at=datetime(2024, 3, 1, 8, tzinfo=UTC)))
    assert key("anniversary", candidate) == "2"
    assert key("anniversary", replace(candidate, told_at=NOON - DAY)) is None
    assert key("anniversary", replace(candidate, told_at=NOON - 365 * DAY)) == "2"
    event = SOURCES["anniversary"].due(candidate, NOON, POLICY)
    assert event is not None
    assert event.properties["years"] == 2


@pytest.mark.parametrize(
    ("told", "is_due"), [("1990-03-02", True), ("--03-02", True), ("1990-03-01", False), ("soon", False), (None, False)]
)
def test_a_birthday_is_kept_on_its_day(told: object, is_due: bool) -> None:
    assert key("birthday", of(anna(traits={"birthday": told}))) == ("2026" if is_due else None)


def test_a_birthday_is_the_customers_own_day_and_comes_once_a_year() -> None:
    born = anna(traits={"birthday": "1990-03-03"})
    assert key("birthday", of(born, AUCKLAND)) == "2026", "it is past midnight there"
    assert key("birthday", of(born, BERLIN)) is None
    assert key("birthday", of(born, AUCKLAND, told_at=NOON - 290 * DAY)) is None
    assert key("birthday", of(born, AUCKLAND, told_at=NOON - 365 * DAY)) == "2026"


def test_a_birthday_on_leap_day_is_kept_the_day_before_in_other_years() -> None:
    born = of(anna(traits={"birthday": "1992-02-29"}))
    assert key("birthday", born, datetime(2026, 2, 28, 12, tzinfo=UTC)) == "2026"
    assert key("birthday", born, datetime(2028, 2, 28, 12, tzinfo=UTC)) is None
    assert key("birthday", born, datetime(2028, 2, 29, 12, tzinfo=UTC)) == "2028"


# -- repurchase --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("silent", "is_due"), [(23.9, False), (24, True), (53, True), (54, True), (54.1, False), (500, False)]
)
def test_a_repurchase_is_due_past_the_rhythm_and_not_long_after(silent: float, is_due: bool) -> None:
    orders = (order(silent + 20), order(silent))
    found = key("repurchase", of(anna(last_order_at=NOON - silent * DAY), orders=orders))
    assert (found is not None) is is_due, "every 20 days, times 1.2, and then for 30 days"


def test_a_repurchase_tells_what_and_how_often_once_after_each_order() -> None:
    customer = anna(last_order_at=NOON - 12 * DAY)
    candidate = of(customer, orders=(order(32), order(22), order(12)))
    event = SOURCES["repurchase"].due(candidate, NOON, POLICY)
    assert event is not None
    last = "2026-02-18T12:00:00+00:00"
    assert event.properties == {"occasion": last, "product_id": "coffee", "every_days": 10}
    assert key("repurchase", replace(candidate, told_at=NOON - DAY)) is None
    assert key("repurchase", replace(candidate, told_at=NOON - 13 * DAY)) == last


def test_nobody_is_reminded_within_a_week_of_an_order() -> None:
    daily = tuple(order(days) for days in (9, 8, 7, 6))
    assert key("repurchase", of(anna(last_order_at=NOON - 6 * DAY), orders=daily)) is None
    assert key("repurchase", of(anna(last_order_at=NOON - 6 * DAY), orders=daily), NOON + DAY) is not None


def test_one_order_is_no_rhythm_unless_its_product_declares_one() -> None:
    once = of(anna(last_order_at=NOON - 40 * DAY), orders=(order(40),))
    assert key("repurchase", once) is None
    assert key("repurchase", replace(once, rhythms={"coffee": 30 * DAY})) is not None


# -- advocates and newsletter ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orders", "spoke", "told", "is_due"),
    [
        (2, 29, None, True),
        (2, 30, None, True),
        (2, 30.1, None, False),
        (2, None, None, False),
        (1, 1, None, False),
        (2, 1, 179, False),
        (2, 1, 180, True),
    ],
)
def test_an_advocate_buys_again_speaks_well_and_is_asked_seldom(
    orders: int, spoke: float | None, told: float | None, is_due: bool
) -> None:
    spoke_at, told_at = (None if days is None else NOON - days * DAY for days in (spoke, told))
    found = key("advocates", of(anna(orders=orders), spoke_well_at=spoke_at, told_at=told_at))
    assert (found is not None) is is_due


READER = of(anna(), wants_newsletter=True)


def test_a_newsletter_is_due_once_a_month() -> None:
    assert key("newsletter", READER) == "2026-03"
    assert key("newsletter", replace(READER, told_at=NOON - DAY)) is None
    assert key("newsletter", replace(READER, told_at=NOON - 29 * DAY)) == "2026-03"
    assert key("newsletter", replace(READER, told_at=NOON - 5 * DAY)) is None, "February's came late"
    assert key("newsletter", replace(READER, told_at=NOON - 10 * DAY), NOON + 5 * DAY) == "2026-03"


@pytest.mark.parametrize(
    "other",
    [
        replace(READER, busy=True),
        replace(READER, wants_newsletter=False),
        replace(READER, customer=anna(first_seen_at=NOON - 13 * DAY)),
    ],
    ids=["in a journey", "not agreed", "new"],
)
def test_nobody_else_gets_a_newsletter(other: Candidate) -> None:
    assert key("newsletter", other) is None


def test_the_day_of_the_newsletter_is_the_customers_own() -> None:
    third = SourcePolicy(newsletter_day=3)
    assert key("newsletter", READER, policy=third) is None
    assert key("newsletter", replace(READER, zone=AUCKLAND), policy=third) == "2026-03"


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_is_due_for_whom_no_mail_may_reach(source: str) -> None:
    everything = Candidate(
        anna(
            last_seen_at=NOON - 40 * DAY,
            first_order_at=NOON.replace(year=2024),
            last_order_at=NOON - 40 * DAY,
            orders=2,
            traits={"birthday": "1990-03-02"},
        ),
        BERLIN,
        wants_newsletter=True,
        spoke_well_at=NOON,
        orders=(order(70), order(40)),
    )
    assert key(source, everything) is not None
    assert key(source, replace(everything, reachable=False)) is None


def test_every_source_has_an_event_of_ours_that_is_no_activity() -> None:
    assert {source.event for source in SOURCES.values()} == {*CONCLUDED} - {names.CART_EMPTIED, names.CUSTOMER_RETURNED}
    event = SOURCES["newsletter"].due(READER, NOON, POLICY)
    assert event is not None
    assert not is_site_activity(event)
    assert event.message_id == "source:newsletter:anna:2026-03"
    assert (event.user_id, event.occurred_at, event.received_at) == ("anna", NOON, NOON)


def test_a_source_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UnknownSourceError, match="no source is named 'nope'; there are: advocates, anniversary"):
        source_named("nope")


moments = st.datetimes(timezones=st.just(UTC))
zones = st.sampled_from([BERLIN, AUCKLAND, ZoneInfo("Pacific/Pago_Pago"), ZoneInfo("UTC")])
candidates = st.builds(
    Candidate,
    st.builds(
        Customer,
        id=st.just("x" * 190),
        first_order_at=st.none() | moments,
        last_order_at=st.none() | moments,
        first_seen_at=moments,
        last_seen_at=moments,
        orders=st.integers(0, 5),
        traits=st.fixed_dictionaries({"birthday": st.text() | st.dates().map(str)}),
        counts=st.just({"Home": 1}),
    ),
    zones,
    told_at=st.none() | moments,
    wants_newsletter=st.booleans(),
    spoke_well_at=st.none() | moments,
    orders=st.lists(moments.map(lambda at: order(0).model_copy(update={"completed_at": at})), max_size=4).map(tuple),
)


@given(st.sampled_from(sorted(SOURCES)), candidates, moments)
def test_whatever_is_known_a_rule_answers_and_its_event_fits(source: str, candidate: Candidate, now: datetime) -> None:
    event = SOURCES[source].due(candidate, now, POLICY)
    if event is not None:
        assert len(event.message_id) <= 256
        assert SOURCES[source].due(candidate, now, POLICY) == event


@given(
    st.sampled_from(["anniversary", "birthday", "newsletter"]),
    st.integers(0, 20 * 365 * 24).map(lambda hours: NOON - 2200 * DAY + hours * timedelta(hours=1)),
    zones,
    st.lists(st.integers(1, 40), min_size=1, max_size=60),
)
def test_an_occasion_that_was_told_never_comes_again(
    source: str, start: datetime, zone: ZoneInfo, steps: list[int]
) -> None:
    """However often a source looks, six hours apart or ten days, each key is told once, and years or weeks apart."""
    customer = anna(first_order_at=start, first_seen_at=start, traits={"birthday": f"{start:%Y-%m-%d}"})
    now, told, keys = start, None, list[str]()
    for step in steps:
        now += step * timedelta(hours=6)
        found = key(source, Candidate(customer, zone, told_at=told, wants_newsletter=True), now)
        if found is not None:
            assert told is None or now - told >= timedelta(days=14 if source == "newsletter" else 300)
            told = now
            keys.append(found)
    assert len(keys) == len(set(keys))


@given(st.dates(date(1950, 1, 1), date(2020, 12, 31)), zones, st.integers(2021, 2032))
def test_a_look_every_six_hours_finds_every_birthday(born: date, zone: ZoneInfo, year: int) -> None:
    customer = anna(traits={"birthday": str(born)})
    middle = datetime(year, born.month, min(born.day, 28), 3, tzinfo=UTC)
    looks = [middle + each * timedelta(hours=6) for each in range(-16, 28)]
    found = {key("birthday", Candidate(customer, zone), look) for look in looks}
    assert str(year) in found
