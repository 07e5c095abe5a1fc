"""What traits say about mail, and what they cannot say."""

from datetime import timedelta
from typing import Any

import pytest

from domain.preferences import Choices, Frequency, Preferences, frequency_of, locale_of, read_preferences


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({}, {}),
        ({"best_hour": 0}, {"best_hour": 0}),
        ({"bestHour": "19"}, {"best_hour": 19}),
        ({"best_hour": 24}, {}),
        ({"best_hour": 9.5}, {}),
        ({"best_hour": -1}, {}),
        ({"best_hour": True}, {}),
        ({"best_hour": "noon"}, {}),
        ({"email_frequency": " Weekly "}, {"at_most_every": timedelta(days=7)}),
        ({"emailFrequency": "monthly"}, {"at_most_every": timedelta(days=30)}),
        ({"email_frequency": "often"}, {}),
        ({"email_frequency": ["daily"]}, {}),
        ({"email_frequency": "Never"}, {"wants_none": True}),
        ({"segment": "vip"}, {"segment": "vip"}),
        ({"segment": " "}, {}),
        ({"segment": {"name": "vip"}}, {}),
    ],
)
def test_only_what_can_be_used_is_read(traits: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_preferences(traits) == Preferences(**expected)


@pytest.mark.parametrize("reported", ["daily", "never", "", None])
def test_the_recipients_own_word_goes_before_what_is_reported(reported: str | None) -> None:
    traits = {"email_frequency": reported}
    weekly, as_sent = (Choices(frequency=each) for each in (Frequency.WEEKLY, Frequency.AS_SENT))
    assert read_preferences(traits, weekly) == Preferences(at_most_every=timedelta(days=7))
    assert read_preferences(traits, as_sent) == Preferences()
    assert frequency_of(traits, weekly) is Frequency.WEEKLY


@pytest.mark.parametrize(
    ("reported", "chosen", "locale"),
    [
        ("de-AT", None, "de-AT"),
        (None, None, None),
        ("de_AT", "en", "en-AT"),
        ("de_AT", "de", "de_AT"),
        ("zh-Hant-TW", "de", "de-TW"),
        ("de", "en", "en"),
        (None, "de", "de"),
    ],
)
def test_a_chosen_language_keeps_the_country(reported: str | None, chosen: str | None, locale: str | None) -> None:
    assert locale_of(reported, chosen) == locale
