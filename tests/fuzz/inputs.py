# ruff: noqa: SIM905 -- a list of words is read more easily as a text
"""Inputs: calls that might be right, with anything where a client may put anything, and what is certainly none."""

from typing import Any

from hypothesis import strategies as st

from domain import event as names
from domain.segment_api import MODELS

TEXT = st.text(max_size=30)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats()
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)

_TRICKY = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "NaN",
        "1e400",
        "1,299.00 €",
        "\x00",
        "\ud800",
        "\r\nBcc: eve@shop.example",
        "{{ 7 * 7 }}",
        "<script>alert(1)</script>",
        "'; DROP TABLE events; --",
        "../../etc/passwd",
        "javascript:alert(1)",
        "2026-11-29T10:00:00Z",
        "9999-12-31T23:59:59+14:00",
        "anna@shop.example",
        "Europe/Berlin",
        "de-DE",
        "x" * 300,
    ]
)
VALUES = _TRICKY | ANYTHING

_FIELDS = st.sampled_from(
    """
    product_id sku name price quantity category brand image_url url products cart_id order_id total revenue value
    currency coupon discount topic bounce_type message link journey subscription_id renews_at tier rating query
    path title referrer duration time_on_page event_id plan wishlist_id
    """.split()
)
_TRAITS = st.sampled_from(
    """
    email firstName first_name name timezone locale language consent marketing_consent email_opt_in best_hour
    email_frequency segment birthday industry
    """.split()
)
_CONTEXT = st.sampled_from("traits timezone locale page library userAgent ip".split())

_EVENTS = st.sampled_from(sorted(names.TRACK_NAMES)) | VALUES
_IDS = st.sampled_from(["anna", "ben", "visitor", 42, 4.0, None, "anna@shop.example", "anon-visitor"]) | VALUES
_MOMENTS = st.none() | st.datetimes().map(lambda moment: moment.isoformat()) | VALUES


def _objects(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.dictionaries(keys | TEXT, VALUES, max_size=6) | st.none() | VALUES


def _call(kind: str | None) -> st.SearchStrategy[dict[str, Any]]:
    optional: dict[str, st.SearchStrategy[Any]] = {
        "messageId": st.none() | st.uuids().map(str) | VALUES,
        "userId": _IDS,
        "anonymousId": _IDS,
        "previousId": _IDS,
        "groupId": _IDS,
        "event": _EVENTS,
        "name": VALUES,
        "category": VALUES,
        "properties": _objects(_FIELDS),
        "traits": _objects(_TRAITS),
        "context": _objects(_CONTEXT),
        "timestamp": _MOMENTS,
        "originalTimestamp": _MOMENTS,
        "sentAt": _MOMENTS,
    }
    typed = st.just(kind) if kind else VALUES
    return st.fixed_dictionaries({"type": typed}, optional=optional)


CALLS: st.SearchStrategy[dict[str, Any]] = st.one_of(*(_call(kind.value) for kind in MODELS)) | _call(None)


def sound_calls() -> st.SearchStrategy[dict[str, Any]]:
    """Calls that are more often right than not: known ids, known names, no moments that contradict."""
    return st.fixed_dictionaries(
        {
            "type": st.just("track"),
            "messageId": st.uuids().map(str),
            "userId": st.sampled_from(["anna", "ben"]),
            "event": st.sampled_from(sorted(names.TRACK_NAMES)),
            "properties": st.dictionaries(_FIELDS, VALUES, max_size=8),
            "context": st.fixed_dictionaries({"traits": st.dictionaries(_TRAITS, VALUES, max_size=4)}),
        }
    )
