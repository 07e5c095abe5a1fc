"""What an event takes away for good."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain import event as names
from domain.event import Event, EventType
from domain.withdrawal import Withdrawal, is_soft_bounce, read_withdrawal

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUPPRESSED = Withdrawal(suppression="hard bounce")


def event(name: str, **properties: Any) -> Event:
    return Event(
        message_id="e-1",
        type=EventType.TRACK,
        name=name,
        user_id="anna",
        occurred_at=NOON,
        received_at=NOON,
        properties=properties,
    )


@pytest.mark.parametrize(
    ("said", "withdrawn"),
    [
        (event(names.UNSUBSCRIBED), Withdrawal(opt_out="*")),
        (event(names.UNSUBSCRIBED, topic="wishlist"), Withdrawal(opt_out="wishlist")),
        (event(names.UNSUBSCRIBED, topic=""), Withdrawal(opt_out="*")),
        (event(names.UNSUBSCRIBED, topic=["wishlist"]), Withdrawal(opt_out="*")),  # unreadable: rather too much
        (event(names.EMAIL_COMPLAINED), Withdrawal(suppression="complaint")),
        (event(names.EMAIL_BOUNCED), SUPPRESSED),
        (event(names.EMAIL_BOUNCED, bounce_type="hard"), SUPPRESSED),
        (event(names.EMAIL_BOUNCED, type="Permanent"), SUPPRESSED),
        (event(names.EMAIL_BOUNCED, bounce_type="hard", type="soft"), SUPPRESSED),
        (event(names.EMAIL_LINK_CLICKED), None),
        (event(names.ORDER_COMPLETED, type="hard"), None),
    ],
)
def test_an_event_withdraws_a_topic_or_the_address_or_nothing(said: Event, withdrawn: Withdrawal | None) -> None:
    assert read_withdrawal(said) == withdrawn


@pytest.mark.parametrize("name", ["bounce_type", "bounceType", "type"])
@pytest.mark.parametrize("kind", ["soft", "SoftBounce", "soft-bounce", "Transient", "deferred", "blocked"])
def test_a_bounce_that_may_pass_withdraws_nothing(name: str, kind: str) -> None:
    bounced = event(names.EMAIL_BOUNCED, **{name: kind})
    assert is_soft_bounce(bounced)
    assert read_withdrawal(bounced) is None


def test_only_a_bounce_is_a_soft_bounce() -> None:
    assert not is_soft_bounce(event(names.UNSUBSCRIBED, type="soft"))
