"""What anybody reports with the key in the page, in any order: the customer they report it about stays who they are."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NotAllowedError
from domain.event import Event, EventType
from domain.visitor import BrowserPolicy, Visitors
from rehearsal.backtest.history import History
from tests.storage.samples import MINUTE, NOON, identify, track

ANNA = {
    "email": "anna@shop.example",
    "firstName": "Anna",
    "timezone": "Europe/Vienna",
    "locale": "de",
    "consent": {"news": True},
}

BY_BACKEND = [
    identify("anna", traits=ANNA),
    identify(
        None, anonymous_id="v1", traits={"email": "v1@evil.example", "consent": {"news": False}, "segment": "vip"}
    ),
    identify(None, anonymous_id="v2", traits={"email": "v2@evil.example", "consent": {"*": True}}),
    identify(None, anonymous_id="v3", traits={"consent": False, "firstName": "Nobody"}),
    track("Unsubscribed", None, anonymous_id="v1"),
    track("Unsubscribed", None, anonymous_id="v3"),
]
"""Mallory said yes and no for her own mailboxes, on the shop's own forms."""

TRAITS = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["anna@shop.example", "mallory@evil.example", "v1@evil.example"]),
        "firstName": st.just("Idiot"),
        "name": st.just("Idiot"),
        "timezone": st.just("Asia/Tokyo"),
        "language": st.just("ja"),
        "birthday": st.just("2000-12-06"),
        "consent": st.booleans(),
    },
)

CALLS = st.fixed_dictionaries(
    {
        "type": st.sampled_from([EventType.IDENTIFY, EventType.TRACK, EventType.ALIAS]),
        "user_id": st.sampled_from([None, "anna", "anon-v1", "anon-v2", "mallory"]),
        "anonymous_id": st.sampled_from([None, "v1", "v2", "new"]),
        "previous_id": st.sampled_from([None, "anna", "v1", "new"]),
        "traits": TRAITS,
    }
).filter(lambda call: call["user_id"] or call["anonymous_id"])


def reported(call: dict[str, Any], nth: int) -> list[Event]:
    """What of a call is stored."""
    said, at = {**call}, NOON + nth * MINUTE
    traits, kind = said.pop("traits"), said.pop("type")
    name = "Product Viewed" if kind is EventType.TRACK else kind.value
    where = {"properties": traits} if kind is EventType.IDENTIFY else {"context": {"traits": traits} | traits}
    with suppress(NotAllowedError):
        return [Visitors(BrowserPolicy()).admit(track(name, said.pop("user_id"), at=at, type=kind, **said, **where))]
    return []


def what_stands(events: list[Event]) -> tuple[object, ...]:
    anna = History(events).timelines["anna"]
    assert anna.newest is not None
    facts = anna.newest.model_dump(include={"email", "first_name", "timezone", "locale"})
    private = {
        name: value for name, value in anna.newest.traits.items() if name in (*ANNA, "name", "birthday", "segment")
    }
    said = [(each.topic, each.granted) for each in anna.said]
    return facts, private, said, [each.what for each in anna.opt_outs]


@given(st.lists(CALLS, max_size=6))
def test_nothing_that_anybody_reports_changes_who_a_customer_is(calls: list[dict[str, Any]]) -> None:
    public = [event for nth, call in enumerate(calls, 1) for event in reported(call, nth)]
    assert what_stands([*BY_BACKEND, *public]) == what_stands(BY_BACKEND)


def test_a_backend_that_says_the_same_does_change_it() -> None:
    joined = identify("anna", at=NOON + timedelta(hours=1), anonymous_id="v3")
    assert what_stands([*BY_BACKEND, joined]) != what_stands(BY_BACKEND)
