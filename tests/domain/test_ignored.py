"""What is said of a person in a form that does not count: told by its field, without a word of what was said."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.event import Event, EventType
from domain.ignored import ignored_in, misreported_consent
from domain.profile import normalise_email, read_permissions

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def call(kind: EventType = EventType.IDENTIFY, **fields: Any) -> Event:
    return Event(
        message_id="m-1", type=kind, name=kind.value, user_id="anna", occurred_at=NOON, received_at=NOON, **fields
    )


@pytest.mark.parametrize(
    ("trait", "said"),
    [
        ("consent", "true"),
        ("consent", 1),
        ("consent", {"news": True, "offers": "yes"}),
        ("consent", {"news": {"wording": "Yes, please"}}),
        ("consent", ["news", 7]),
        ("marketing_consent", "false"),
        ("emailOptIn", 0),
        ("email", "nonsense"),
        ("email", ["anna@shop.example"]),
        ("timezone", "Mars/X"),
        ("locale", "German, please"),
        ("email_frequency", "hourly"),
        ("best_hour", 24),
    ],
)
def test_what_does_not_count_is_told_wherever_it_stands(trait: str, said: object) -> None:
    both = (call(properties={trait: said}), call(EventType.TRACK, context={"traits": {trait: said}}))
    for event, path in zip(both, ("traits.", "context.traits."), strict=True):
        [ignored] = ignored_in(event)
        assert (ignored.trait, ignored.field) == (trait, f"{path}{trait}")
        assert not any(word in ignored.problem for word in ("yes", "offers", "nonsense", "Mars", "hourly"))


@pytest.mark.parametrize(
    "traits",
    [
        {"consent": True},
        {"consent": {}},
        {"consent": ["news", "offers"]},
        {"consent": {"news": False, "offers": {"granted": True, "wording": "Yes, please"}}},
        {"marketing_consent": False, "email_opt_in": True},
        {"email": "Anna@Shop.example ", "timezone": "Europe/Vienna", "locale": "de_AT", "language": "pt-BR"},
        {"email_frequency": "Weekly", "best_hour": "7", "emailFrequency": "as_sent"},
        dict.fromkeys(("consent", "marketing_consent", "email", "timezone", "locale", "email_frequency")),
        {"email": "", "locale": "", "consent": ""},
        {"anything": "else"},
    ],
)
def test_what_counts_is_not_told_nor_what_says_nothing(traits: dict[str, Any]) -> None:
    assert ignored_in(call(properties=traits)) == ()
    assert not misreported_consent(traits)


def test_zone_and_language_are_looked_at_beside_the_traits_too() -> None:
    seen = ignored_in(call(EventType.PAGE, context={"timezone": "GMT+25", "locale": "?"}))
    assert [each.field for each in seen] == ["context.timezone", "context.locale"]


@pytest.mark.parametrize("said", ["true", "on", 1, 0, {"news": "true"}, [True], {"": "x"}])
def test_consent_that_does_not_count_is_known_to_be_so(said: object) -> None:
    assert misreported_consent({"consent": said})
    assert not read_permissions({"consent": said})


def test_a_groups_traits_are_nobodys() -> None:
    assert normalise_email("sales") is None
    assert ignored_in(call(EventType.GROUP, properties={"email": "sales", "consent": "x"})) == ()
