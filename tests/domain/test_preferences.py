"""What traits say about mail, and what they cannot say."""

from datetime import timedelta
from typing import Any

import pytest

from domain.preferences import Preferences, read_preferences


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
        ({"segment": "vip"}, {"segment": "vip"}),
        ({"segment": " "}, {}),
        ({"segment": {"name": "vip"}}, {}),
    ],
)
def test_only_what_can_be_used_is_read(traits: dict[str, Any], expected: dict[str, Any]) -> None:
    assert read_preferences(traits) == Preferences(**expected)
