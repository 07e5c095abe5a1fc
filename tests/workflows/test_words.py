"""What operators read: durations, moments, triggers, verbs, the story of an enrollment; and workflow ids."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import event as names
from domain.customer import Cart, CartLine, Customer
from domain.enrollment import Outcome, OutcomeKind, State, parse_workflow_id, workflow_id
from domain.errors import UnknownJourneyError
from domain.event import Event, EventType, StoredEvent
from domain.identity import may_travel
from domain.intent import Intent, Tier
from domain.portrait import Portrait
from domain.stand_ins import BARE, StandIns
from tests.workflows.samples import HOUR, MINUTE, NOON, start
from workflows.catalogue import JOURNEYS, journey_named
from workflows.vocabulary import HasCart, On
from workflows.vocabulary.display import KEPT_LINES, Display
from workflows.vocabulary.routing import occasion_of
from workflows.vocabulary.trigger import Trigger
from workflows.vocabulary.verbs import ChooseVariant, Verb, WaitUntil, WaitUntilLocal
from workflows.vocabulary.words import at_minute, in_words

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (HOUR, "1 hour"),
        (23 * HOUR, "23 hours"),
        (2 * DAY + 3 * HOUR, "2 days 3 hours"),
        (DAY + HOUR + MINUTE, "1 day 1 hour"),
        (90 * MINUTE, "1 hour 30 minutes"),
        (DAY + MINUTE, "1 day 1 minute"),
        (timedelta(seconds=45), "45 seconds"),
        (timedelta(seconds=1.5), "1.5 seconds"),
        (timedelta(), "0 seconds"),
    ],
)
def test_durations_are_said_in_their_largest_units(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


def test_moments_are_said_in_utc_to_the_minute() -> None:
    assert at_minute(datetime(2026, 3, 2, 9, 5, 59, tzinfo=UTC)) == "2026-03-02 09:05 UTC"


def test_waits_say_until_when() -> None:
    assert WaitUntil(NOON).describe() == "waiting until 2026-03-02 12:00 UTC"
    assert WaitUntilLocal(time(9, 30)).describe() == "waiting until 09:30 where the customer lives"
    assert ChooseVariant("subject", ("a", "b")).describe() == "choosing a variant of subject"


def test_a_verb_without_words_is_an_error() -> None:
    class Mute(Verb[None]):
        pass

    with pytest.raises(TypeError, match="Mute does not describe itself"):
        Mute().describe()


# -- triggers ----------------------------------------------------------------------------------------------------------


def stored(name: str) -> StoredEvent:
    event = Event(message_id="e-1", type=EventType.TRACK, name=name, user_id="anna", occurred_at=NOON, received_at=NOON)
    return StoredEvent(seq=1, customer="anna", event=event)


EMPTY = Customer(id="anna", first_seen_at=NOON, last_seen_at=NOON)
FULL = EMPTY.model_copy(update={"cart": Cart(lines=(CartLine(product_id="lamp"),))})
ADDED, VIEWED = stored(names.PRODUCT_ADDED), stored(names.PRODUCT_VIEWED)


@pytest.mark.parametrize(
    ("trigger", "event", "customer", "matches"),
    [
        (On(names.PRODUCT_ADDED), ADDED, EMPTY, True),
        (On(names.PRODUCT_ADDED), VIEWED, EMPTY, False),
        (HasCart(), VIEWED, FULL, True),
        (HasCart(), ADDED, EMPTY, False),
        (On(names.PRODUCT_ADDED) & HasCart(), ADDED, FULL, True),
        (On(names.PRODUCT_ADDED) & HasCart(), ADDED, EMPTY, False),
        (On(names.PRODUCT_ADDED) & HasCart(), VIEWED, FULL, False),
        (~On(names.PRODUCT_ADDED), VIEWED, EMPTY, True),
        (~On(names.PRODUCT_ADDED), ADDED, EMPTY, False),
        (On(names.PRODUCT_VIEWED) & ~HasCart(), VIEWED, EMPTY, True),
        (On(names.PRODUCT_VIEWED) & ~HasCart(), VIEWED, FULL, False),
    ],
)
def test_a_trigger_matches_an_event_and_the_facts(
    trigger: Trigger, event: StoredEvent, customer: Customer, matches: bool
) -> None:
    assert trigger.matches(event, Portrait(NOON, customer, occasion_of(event))) is matches
    assert trigger.glance(event, customer) is matches


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (On("a"), frozenset({"a"})),
        (HasCart(), None),
        (~On("a"), None),  # any other may match
        (On("a") & HasCart(), frozenset({"a"})),
        (HasCart() & On("a"), frozenset({"a"})),
        (On("a") & On("b"), frozenset()),
        (HasCart() & ~On("a"), None),
    ],
)
def test_a_trigger_names_the_events_that_can_match_at_all(trigger: Trigger, expected: frozenset[str] | None) -> None:
    assert trigger.names() == expected


def test_triggers_are_described_in_words() -> None:
    assert (On("Product Added") & ~HasCart()).describe() == "“Product Added” and not (something is in the cart)"


# -- the story ---------------------------------------------------------------------------------------------------------


def test_the_display_says_what_goes_on_why_and_what_comes_next() -> None:
    display = Display(start())
    display.step = "reminder"
    display.intent = Intent(score=60, tier=Tier.HIGH, parts=(), why="60: cart viewed", scored_at=NOON)
    display.note(NOON, "heard: click")
    display.doing_now("waiting 1 day", NOON + DAY)
    assert display.markdown() == (
        "**Now:** waiting 1 day, until 2026-03-03 12:00 UTC at the latest\n\n"
        "**Step:** reminder\n\n"
        "**Intent:** high · 60: cart viewed\n\n"
        "### So far\n- 2026-03-02 12:00 UTC · heard: click"
    )
    progress = display.progress()
    assert (progress.state, progress.doing, progress.next_due) == (State.RUNNING, "waiting 1 day", NOON + DAY)
    assert progress.history == ("2026-03-02 12:00 UTC · heard: click",)


def test_the_display_says_whose_it_is_by_now() -> None:
    display = Display(start())
    assert "**Customer:**" not in display.markdown()
    display.customer = "customer-43"
    assert display.markdown().startswith("**Customer:** customer-43, who was anna when it began")
    assert display.progress().customer == "customer-43"


def test_the_display_says_how_it_ended() -> None:
    display = Display(start())
    display.doing_now("waiting 1 day", NOON + DAY)
    display.end(NOON, Outcome(kind=OutcomeKind.CONVERTED, why="order completed", revenue=49.5))
    assert "**Now:** ended\n" in display.markdown()
    assert "**Outcome:** converted — order completed, revenue 49.50" in display.markdown()
    assert (display.progress().state, display.progress().next_due) == (State.ENDED, None)


def test_a_long_story_keeps_its_latest_lines() -> None:
    display = Display(start())
    for number in range(KEPT_LINES + 5):
        display.note(NOON, f"line {number}")
    lines = display.progress().history
    assert (len(lines), lines[0].endswith("line 5"), lines[-1].endswith(f"line {KEPT_LINES + 4}")) == (
        KEPT_LINES,
        True,
        True,
    )


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_workflow_id_reads_as_journey_customer_and_key() -> None:
    assert workflow_id("cart-recovery", "customer-42") == "cart-recovery/customer-42"
    assert workflow_id("post-purchase", "anna", "order 1/7") == "post-purchase/anna/order 1%2F7"


_part = st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text and text.isprintable())


@given(_part, _part, st.none() | _part)
def test_a_workflow_id_is_read_back_as_it_was_made(journey: str, customer: str, key: str | None) -> None:
    assert parse_workflow_id(workflow_id(journey, customer, key)) == (journey, customer, key)


@given(st.text(min_size=1, max_size=250), st.sampled_from((BARE, StandIns(salt="5a" * 32))))
def test_a_key_that_travels_is_itself_and_stays_so(said: str, stand_ins: StandIns) -> None:
    key = stand_ins.fit(said)
    assert may_travel(key)
    assert stand_ins.fit(key) == key
    assert key == said or not may_travel(said)
    assert key in stand_ins.forms(said)
    assert parse_workflow_id(workflow_id("webinar", "anna", key)) == ("webinar", "anna", key)


@pytest.mark.parametrize("identifier", ["cart-recovery", "a/b/c/d", ""])
def test_what_is_no_workflow_id_is_an_error(identifier: str) -> None:
    with pytest.raises(ValueError, match="no workflow id of Segue"):
        parse_workflow_id(identifier)


def test_a_journey_is_found_by_its_name_and_others_are_listed() -> None:
    assert journey_named("cart-recovery") is JOURNEYS["cart-recovery"]
    with pytest.raises(UnknownJourneyError, match=f"there are: {', '.join(sorted(JOURNEYS))}$"):
        journey_named("cart")
