import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import REAL_TIME, PacedClock
from domain.errors import InvalidEventError, NotAllowedError
from domain.event import PRODUCT_ADDED, Event, EventType
from domain.segment_api import MAX_CALLS, Admit, Batch, parse_batch, parse_call, parse_moment
from domain.soundness import MAX_CALL, MAX_DEPTH

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def parse(
    call: Any, kind: EventType | None = None, *, sent_at: datetime | None = None, clock: PacedClock = REAL_TIME
) -> Event:
    return parse_call(
        call, kind=kind, sent_at=sent_at, received_at_real=NOON, clock=clock, new_id=lambda: "made", path="batch.3"
    )


def read_all(body: dict[str, Any], admit: Admit | None = None) -> Batch:
    numbers = itertools.count(1)
    return parse_batch(
        body, received_at_real=NOON, clock=REAL_TIME, new_id=lambda: f"made-{next(numbers)}", admit=admit
    )


def parse_all(body: dict[str, Any]) -> list[Event]:
    batch = read_all(body)
    assert batch.refused == []
    return batch.events


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "userId": "anna", "event": "Product Added", **fields}


def fault_of(call: Any, kind: EventType | None = None) -> tuple[str, str]:
    with pytest.raises(InvalidEventError) as caught:
        parse(call, kind)
    return caught.value.field, caught.value.problem


def test_a_track_call_becomes_an_event() -> None:
    call = {
        "type": "track",
        "messageId": "m-1",
        "userId": "anna",
        "anonymousId": "visitor",
        "event": "Product Added",
        "timestamp": "2026-03-01T11:59:00.250Z",
        "properties": {"product_id": "boots", "price": 120.5},
        "context": {"ip": "192.0.2.1"},
        "integrations": {"All": True},
        "writeKey": "key",
        "channel": "server",
        "sentAt": None,
    }
    assert parse(call) == Event(
        message_id="m-1",
        type=EventType.TRACK,
        name=PRODUCT_ADDED,
        user_id="anna",
        anonymous_id="visitor",
        occurred_at=datetime(2026, 3, 1, 11, 59, 0, 250_000, tzinfo=UTC),
        received_at=NOON,
        properties={"product_id": "boots", "price": 120.5},
        context={"ip": "192.0.2.1"},
    )


@pytest.mark.parametrize(
    ("call", "name", "properties"),
    [
        ({"type": "identify", "traits": {"email": "a@shop.example"}}, "identify", {"email": "a@shop.example"}),
        ({"type": "identify"}, "identify", {}),
        ({"type": "page"}, "page", {}),
        ({"type": "page", "name": ""}, "page", {}),
        ({"type": "page", "name": "Order Completed"}, "Viewed Order Completed Page", {}),
        ({"type": "screen", "name": "Order Completed"}, "Viewed Order Completed Screen", {}),
        ({"type": "page", "name": "Pricing", "category": "Docs"}, "Pricing", {"category": "Docs"}),
        ({"type": "page", "category": "Docs", "properties": {"category": "Own"}}, "page", {"category": "Own"}),
        ({"type": "screen", "name": "Cart", "properties": None}, "Cart", {}),
        ({"type": "group", "groupId": 7, "traits": {"plan": "pro"}}, "group", {"plan": "pro", "groupId": "7"}),
        ({"type": "alias", "previousId": "visitor"}, "alias", {}),
    ],
)
def test_other_calls_become_events(call: dict[str, Any], name: str, properties: dict[str, Any]) -> None:
    event = parse(call | {"userId": "anna"})
    assert (event.type, event.name, event.properties) == (call["type"], name, properties)


def test_an_alias_keeps_both_ids() -> None:
    event = parse({"type": "alias", "previousId": "visitor", "userId": "anna"})
    assert (event.previous_id, event.user_id) == ("visitor", "anna")


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [("anna", "anna"), (42, "42"), (42.0, "42"), (1.5, "1.5"), (-(2**62), str(-(2**62))), ("ä" * 200, "ä" * 200)],
)
def test_ids_may_be_numbers(given_id: object, kept: str) -> None:
    assert parse(track(userId=given_id)).user_id == kept


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_empty_ids_are_none(nothing: str | None) -> None:
    event = parse(track(userId=nothing, anonymousId="visitor", messageId=nothing, properties=None, context=None))
    assert (event.user_id, event.anonymous_id, event.message_id) == (None, "visitor", "made")
    assert (event.properties, event.context) == ({}, {})


def test_the_address_decides_what_a_call_is() -> None:
    assert parse({"type": "identify", "userId": "anna", "event": "E"}, EventType.TRACK).name == "E"
    assert parse({"userId": "anna"}, EventType.PAGE).type is EventType.PAGE


def test_names_are_kept_as_they_are() -> None:
    assert parse(track(event="product added ")).name == "product added "


@pytest.mark.parametrize(
    ("call", "field", "says"),
    [
        (None, "batch.3", "must be an object"),
        (["track"], "batch.3", "must be an object"),
        ({}, "batch.3.type", "must be one of track, identify, page, screen, group, alias"),
        ({"type": "Track"}, "batch.3.type", "must be one of"),
        ({"type": ["track"]}, "batch.3.type", "must be one of"),
        ({"type": "track", "event": "E"}, "batch.3.userId", "give a userId, an anonymousId or both"),
        ({"type": "page", "userId": None, "anonymousId": " "}, "batch.3.userId", "give a userId"),
        (track(userId=True), "batch.3.userId", "must be a text"),
        (track(userId={"id": 1}), "batch.3.userId", "must be a text"),
        (track(userId="x" * 201), "batch.3.userId", "at most 200 characters"),
        (track(userId=1e300), "batch.3.userId", "at most 200 characters"),
        (track(anonymousId=["v"]), "batch.3.anonymousId", "must be a text"),
        (track(messageId="x" * 257), "batch.3.messageId", "at most 256 characters"),
        (track(messageId=[]), "batch.3.messageId", "must be a text"),
        ({"type": "track", "userId": "anna"}, "batch.3.event", "is missing"),
        (track(event=""), "batch.3.event", "must not be empty"),
        (track(event=" "), "batch.3.event", "must not be empty"),
        (track(event=None), "batch.3.event", "must not be empty"),
        (track(event=7), "batch.3.event", "must be a text"),
        (track(event="x" * 257), "batch.3.event", "at most 256 characters"),
        (track(properties=[]), "batch.3.properties", "must be an object"),
        (track(properties="{}"), "batch.3.properties", "must be an object"),
        (track(context=[1]), "batch.3.context", "must be an object"),
        ({"type": "identify", "userId": "anna", "traits": 5}, "batch.3.traits", "must be an object"),
        ({"type": "page", "userId": "anna", "name": 5}, "batch.3.name", "must be a text"),
        ({"type": "group", "userId": "anna"}, "batch.3.groupId", "is missing"),
        ({"type": "group", "userId": "anna", "groupId": ""}, "batch.3.groupId", "must not be empty"),
        ({"type": "alias", "userId": "anna"}, "batch.3.previousId", "is missing"),
        ({"type": "alias", "previousId": "visitor", "anonymousId": "v"}, "batch.3.userId", "is missing"),
        ({"type": "alias", "previousId": None, "userId": "anna"}, "batch.3.previousId", "must not be empty"),
        (track(timestamp="yesterday"), "batch.3.timestamp", "ISO 8601"),
        (track(timestamp=1_700_000_000), "batch.3.timestamp", "ISO 8601"),
        (track(timestamp="2026-02-30T00:00:00Z"), "batch.3.timestamp", "ISO 8601"),
        (track(timestamp="0001-01-01T00:00:00+14:00"), "batch.3.timestamp", "ISO 8601"),
        (track(timestamp="0001-01-01T00:00:00Z"), "batch.3.timestamp", "before 1970"),
        (track(timestamp="2026-01-01T00:00:00Z", sentAt="9999-12-31T00:00:00Z"), "batch.3.timestamp", "before 1970"),
        (track(sentAt=True), "batch.3.sentAt", "ISO 8601"),
        (track(originalTimestamp={}), "batch.3.originalTimestamp", "ISO 8601"),
    ],
)
def test_a_malformed_call_is_refused_by_name(call: Any, field: str, says: str) -> None:
    found, problem = fault_of(call)
    assert found == field
    assert says in problem


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"x": value}
    return value


@pytest.mark.parametrize(
    ("call", "field", "says"),
    [
        (track(userId="an\0na"), "batch.3.userId", "NUL"),
        (track(properties={"a": ["x", {"b": "\0"}]}), "batch.3.properties.a.1.b", "NUL"),
        (track(properties={"a": "\ud800"}), "batch.3.properties.a", "surrogate"),
        (track(properties={"bad\0name": 1}), "batch.3.properties", "name is not valid text"),
        (track(properties={"\udfff": 1}), "batch.3.properties", "name is not valid text"),
        (track(context={"a": {"b": "\0"}}), "batch.3.context.a.b", "NUL"),
        (track(unknown="\0"), "batch.3.unknown", "NUL"),
        (track(properties={"price": float("nan")}), "batch.3.properties.price", "not a finite number"),
        (track(properties={"price": float("-inf")}), "batch.3.properties.price", "not a finite number"),
        (track(properties={"n": 2**63}), "batch.3.properties.n", "more than 64 bits"),
        (track(properties={"n": -(10**400)}), "batch.3.properties.n", "more than 64 bits"),
        (track(userId=10**400), "batch.3.userId", "more than 64 bits"),
        (track(properties=nested(MAX_DEPTH)), "batch.3.properties" + ".x" * MAX_DEPTH, "nested deeper"),
        (track(properties=nested(5_000)), "batch.3.properties" + ".x" * MAX_DEPTH, "nested deeper"),
        (track(properties={"at": NOON}), "batch.3.properties.at", "is no JSON but a datetime"),
        (track(properties={"x": "y" * MAX_CALL}), "batch.3", f"{MAX_CALL} are allowed"),
        (track(properties={"x": "ä" * (MAX_CALL // 2)}), "batch.3", f"{MAX_CALL} are allowed"),
    ],
)
def test_what_no_database_keeps_is_refused_by_name(call: Any, field: str, says: str) -> None:
    found, problem = fault_of(call)
    assert found == field
    assert says in problem


@pytest.mark.parametrize(
    "harmless",
    [
        "\\u0000 written out",
        "\N{GRINNING FACE}",
        2**63 - 1,
        "1234567890123456789012345",
        1e308,
        [[]] * 40,
        nested(MAX_DEPTH - 2),
        None,
        False,
    ],
)
def test_what_only_looks_suspicious_is_kept(harmless: Any) -> None:
    assert parse(track(properties={"x": harmless})).properties == {"x": harmless}


def test_a_call_of_exactly_32_kb_is_accepted() -> None:
    overhead = len(json.dumps(track(properties={"x": ""}), separators=(",", ":")))
    call = track(properties={"x": "y" * (MAX_CALL - overhead)})
    assert parse(call).properties == call["properties"]


def test_field_paths_stay_short() -> None:
    field, _ = fault_of(track(properties={"x" * 10_000: "\0"}))
    assert len(field) == 200


# When it happened ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "minutes_before_noon"),
    [
        ({}, 0),
        ({"timestamp": None}, 0),
        ({"timestamp": "2026-03-01T11:50:00Z"}, 10),
        ({"timestamp": "2026-03-01T11:50:00"}, 10),  # no offset: UTC
        ({"timestamp": "2026-03-01T12:50:00+01:00"}, 10),
        ({"timestamp": "2026-03-01"}, 12 * 60),
        ({"timestamp": "2026-03-02T00:00:00Z"}, 0),  # the future: it cannot have happened later than now
        # The sender's clock is two hours ahead: it says 13:50 sent at 13:55, so five minutes before it came in.
        ({"timestamp": "2026-03-01T13:50:00Z", "sentAt": "2026-03-01T13:55:00Z"}, 5),
        ({"originalTimestamp": "2026-03-01T13:50:00Z", "sentAt": "2026-03-01T13:55:00Z"}, 5),
        # Two hours behind.
        ({"timestamp": "2026-03-01T09:50:00Z", "sentAt": "2026-03-01T09:55:00Z"}, 5),
        # Sent before it happened: the sender's clock was set back between the two.
        ({"timestamp": "2026-03-01T12:00:00Z", "sentAt": "2026-03-01T11:00:00Z"}, 0),
        # Where both are there, the original is what the sender's clock said, and the other was given on purpose.
        (
            {
                "timestamp": "2026-03-01T01:00:00Z",
                "originalTimestamp": "2026-03-01T13:50:00Z",
                "sentAt": "2026-03-01T13:55:00Z",
            },
            11 * 60,
        ),
        # Both, and the same: nothing but the sender's clock said so.
        (
            {
                "timestamp": "2026-03-01T13:50:00Z",
                "originalTimestamp": "2026-03-01T13:50:00.000Z",
                "sentAt": "2026-03-01T13:55:00Z",
            },
            5,
        ),
    ],
)
def test_the_senders_clock_is_corrected(call: dict[str, Any], minutes_before_noon: int) -> None:
    assert parse(track(**call)).occurred_at == NOON - minutes_before_noon * MINUTE


def test_the_batchs_sent_at_counts_for_all_its_calls() -> None:
    call = track(timestamp="2026-03-01T13:50:00Z", sentAt="2026-03-01T20:00:00Z")
    [event] = parse_all({"batch": [call], "sentAt": "2026-03-01T13:55:00Z"})
    assert event.occurred_at == NOON - 5 * MINUTE


def test_real_moments_become_product_time() -> None:
    # A product hour passes in a real second since 11:59:00.
    anchor = NOON - MINUTE
    clock = PacedClock(anchor_real=anchor, anchor_product=anchor, pace=3600)
    event = parse(track(timestamp="2026-03-01T11:59:30Z"), clock=clock)
    assert event.occurred_at == anchor + timedelta(hours=30)
    assert event.received_at == anchor + timedelta(hours=60)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_moment_is_none(nothing: str | None) -> None:
    assert parse_moment(nothing) is None


# Batches ------------------------------------------------------------------------------------------------------------


def test_a_batch_keeps_its_order_and_makes_missing_ids() -> None:
    events = parse_all({"batch": [track(messageId="m-1"), {"type": "page", "anonymousId": "v"}, track()]})
    assert [(event.message_id, event.name) for event in events] == [
        ("m-1", "Product Added"),
        ("made-1", "page"),
        ("made-2", "Product Added"),
    ]


def test_the_batchs_context_is_merged_into_its_calls() -> None:
    calls = [track(context={"ip": "own"}), track(), track(context=None)]
    events = parse_all({"batch": calls, "context": {"ip": "shared", "app": "shop"}})
    shared = {"ip": "shared", "app": "shop"}
    assert [event.context for event in events] == [{"ip": "own", "app": "shop"}, shared, shared]


def test_an_empty_batch_holds_nothing() -> None:
    assert parse_all({"batch": []}) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "batch"),
        ({"batch": None}, "batch"),
        ({"batch": {"0": track()}}, "batch"),
        ({"batch": [track()] * (MAX_CALLS + 1)}, "batch"),
        ({"batch": [track()], "context": []}, "context"),
        ({"batch": [track()], "sentAt": "now"}, "sentAt"),
    ],
)
def test_a_malformed_batch_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        parse_all(body)
    assert caught.value.field == field


def test_one_malformed_call_takes_no_other_with_it() -> None:
    wrong = [track(userId=None), "call", track(event=""), track(context=5), track(context={"b": "\0"})]
    batch = read_all({"batch": [track(messageId="m-0"), *wrong, track(messageId="m-6")], "context": {"a": 1}})
    assert [event.message_id for event in batch.events] == ["m-0", "m-6"]
    assert [error.field for error in batch.refused] == [
        "batch.1.userId",
        "batch.2",
        "batch.3.event",
        "batch.4.context",
        "batch.5.context.b",
    ]


def test_what_is_not_admitted_is_refused_alone() -> None:
    def admit(event: Event, path: str) -> Event:
        if event.name != PRODUCT_ADDED:
            raise NotAllowedError(f"{path}.event", "may not be reported with this key")
        return event.model_copy(update={"public": True})

    batch = read_all({"batch": [track(), track(event="Unsubscribed")]}, admit=admit)
    assert [event.public for event in batch.events] == [True]
    assert [error.field for error in batch.refused] == ["batch.1.event"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
fields = st.sampled_from(
    ["userId", "anonymousId", "event", "messageId", "timestamp", "sentAt", "context", "properties", "traits", "name"]
)


@given(kind=st.sampled_from(EventType), call=st.dictionaries(fields, json_values, max_size=6))
def test_whatever_is_sent_is_an_event_or_named_as_wrong(kind: EventType, call: dict[str, Any]) -> None:
    field, event = "batch.3", None
    try:
        event = parse(call, kind)
    except InvalidEventError as error:
        field = error.field
    assert field.startswith("batch.3")
    if event is not None:
        assert event.occurred_at <= NOON
        json.dumps(event.properties, allow_nan=False).encode()
