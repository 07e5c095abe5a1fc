"""What the collector stored, everybody can read: facts, scores, segments, triggers, signals."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.clock import PacedClock
from domain.customer import Customer
from domain.enrollment import EnrollmentRow, State
from domain.errors import InvalidEventError, SegueError
from domain.event import Event, StoredEvent
from domain.folding import fold
from domain.portrait import Portrait
from domain.preferences import read_preferences
from domain.profile import read_permissions
from domain.segment_api import parse_batch, parse_call
from domain.withdrawal import read_withdrawal
from starter.collector.bodies import BodyTooLargeError, parse_json, unpack
from starter.recipients.centre import Offered
from starter.recipients.wishes import InvalidChoiceError, read_wishes
from tests.fuzz import EXAMPLES
from tests.fuzz.inputs import ANYTHING, CALLS, sound_calls
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes, occasion_of

pytestmark = pytest.mark.timeout(1_800)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CLOCK = PacedClock(anchor_real=NOW, anchor_product=NOW, pace=1.0)
ROUTES = Routes(JOURNEYS, CLOCK, {})
LIMIT = 100_000
OFFERED = Offered()

fuzzed = settings(max_examples=EXAMPLES * 5, deadline=None, suppress_health_check=list(HealthCheck))


def read(call: object) -> Event | None:
    try:
        return parse_call(call, kind=None, received_at_real=NOW, clock=CLOCK, new_id=lambda: str(uuid4()))
    except InvalidEventError as error:
        _names_the_problem(error)
        return None


@fuzzed
@given(CALLS)
def test_a_call_is_read_or_refused_by_its_field(call: dict[str, Any]) -> None:
    event = read(call)
    if event is not None:
        assert Event.model_validate_json(event.model_dump_json()) == event


@fuzzed
@given(
    st.fixed_dictionaries(
        {}, optional={"batch": st.lists(CALLS, max_size=4) | ANYTHING, "context": ANYTHING, "sentAt": ANYTHING}
    )
)
def test_a_batch_is_read_or_refused_by_its_field(body: dict[str, Any]) -> None:
    try:
        parse_batch(body, received_at_real=NOW, clock=CLOCK, new_id=lambda: str(uuid4()))
    except InvalidEventError as error:
        _names_the_problem(error)


@fuzzed
@given(st.lists(sound_calls(), min_size=1, max_size=8))
def test_what_is_stored_can_be_folded_scored_and_dispatched(calls: list[dict[str, Any]]) -> None:
    customer: Customer | None = None
    stored: list[StoredEvent] = []
    for event in filter(None, map(read, calls)):
        result = fold(customer, event, customer_id="anna", known_order=None)
        customer = result.customer
        assert customer is not None
        assert Customer.model_validate_json(customer.model_dump_json()) == customer
        read_permissions(customer.traits)
        read_preferences(customer.traits)
        read_withdrawal(event)
        for each in (event, *result.derived):
            stored.append(StoredEvent(seq=len(stored) + 1, customer="anna", event=each, nth=result.nth))
    if customer is None:
        return
    for known in stored:
        portrait = Portrait(NOW, customer, occasion_of(known), known.event.properties, tuple(stored))
        assert 0 <= portrait.intent.score <= 100
        assert portrait.segments is not None
        rows = [_running(journey, known) for journey in JOURNEYS]
        ROUTES.tell(known, rows)
        for plan in ROUTES.may_begin(known.event):
            begin = ROUTES.begin(plan, known, customer, NOW, tuple(stored))
            if begin is not None:
                assert begin.start.model_dump_json()


@fuzzed
@given(st.binary(max_size=400))
def test_bytes_are_json_or_refused(body: bytes) -> None:
    try:
        parse_json(body)
    except InvalidEventError as error:
        _names_the_problem(error)


@fuzzed
@given(st.binary(max_size=400))
def test_packed_bytes_are_unpacked_within_bounds_or_refused(body: bytes) -> None:
    try:
        assert len(unpack(body, LIMIT)) <= LIMIT
    except (InvalidEventError, BodyTooLargeError) as error:
        _names_the_problem(error)


_FIELDS = st.sampled_from(["shown_topic", "topic", "frequency", "shown_frequency", "pause", "language"])
_CHOSEN = st.sampled_from(["weekly", "begin", "end", "de", "cart reminders", ""]) | st.text(max_size=20)


@fuzzed
@given(st.dictionaries(_FIELDS | st.text(max_size=10), st.lists(_CHOSEN, min_size=1, max_size=3), max_size=6))
def test_a_recipients_form_is_read_or_refused_by_its_part(form: dict[str, list[str]]) -> None:
    try:
        wishes = read_wishes(form, OFFERED)
    except InvalidChoiceError as error:
        _names_the_problem(error)
        return
    assert {*wishes.on, *wishes.off} <= set(OFFERED.topics)
    assert wishes.language is None or wishes.language in OFFERED.languages


def _names_the_problem(error: SegueError) -> None:
    assert str(error).strip()


def _running(journey: str, began: StoredEvent) -> EnrollmentRow:
    return EnrollmentRow(
        id=f"e-{journey}",
        workflow_id=f"{journey}/anna",
        journey=journey,
        customer="anna",
        key=None,
        lane=None,
        priority=0,
        state=State.RUNNING,
        occasion=occasion_of(began).model_copy(update={"occurred_at": NOW - timedelta(days=9_000), "seq": 0}),
        started_at=NOW - timedelta(days=1),
    )
