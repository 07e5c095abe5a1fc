"""Coupons: codes that can be typed and not guessed, real expiries, and what an order says of them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.coupon import ALPHABET, expiry, new_code, normalise_code, prefix_of, read_codes

WEEK = timedelta(days=7)


def test_a_code_can_be_typed_and_no_two_are_alike() -> None:
    codes = {new_code("LUMEN") for _ in range(1000)}
    assert len(codes) == 1000
    assert all(re.fullmatch(f"LUMEN-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", code) for code in codes)
    assert all(normalise_code(code.lower().replace("-", " - ")) == code for code in codes)


def test_a_shop_without_a_usable_name_has_codes_without_a_prefix() -> None:
    assert re.fullmatch(r"\w{4}-\w{4}", new_code(prefix_of("灯")))


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("Lumen & Loft", "LUMEN"),
        ("Käthe's Lampen", "KATHES"),
        ("The Extraordinary", "THE"),
        ("& Sons", "SONS"),
        ("灯", ""),
    ],
)
def test_the_prefix_is_the_shops_first_word_in_plain_capitals(name: str, prefix: str) -> None:
    assert prefix_of(name) == prefix


@pytest.mark.parametrize(
    ("sent", "zone", "ends"),
    [
        ("2026-03-02T10:00+00:00", "UTC", "2026-03-10T00:00:00+00:00"),
        ("2026-03-02T00:00+00:00", "UTC", "2026-03-09T00:00:00+00:00"),
        ("2026-03-02T23:30+00:00", "Europe/Berlin", "2026-03-11T00:00:00+01:00"),
        ("2026-03-26T10:00+00:00", "Europe/Berlin", "2026-04-03T00:00:00+02:00"),  # summer time began
        ("2026-03-02T10:00+00:00", "America/New_York", "2026-03-10T00:00:00-04:00"),
    ],
)
def test_a_code_holds_until_the_end_of_the_customers_day(sent: str, zone: str, ends: str) -> None:
    sent_at = datetime.fromisoformat(sent)
    found = expiry(sent_at, ZoneInfo(zone), WEEK)
    assert found.isoformat() == ends
    assert found >= sent_at.astimezone(UTC) + WEEK


@pytest.mark.parametrize(
    ("properties", "codes"),
    [
        ({"coupon": "lumen-7kq4-m2xd"}, ("LUMEN-7KQ4-M2XD",)),
        ({"coupon_code": " A ", "couponCode": "B"}, ("A", "B")),
        ({"coupon": ["A", "b", "a"]}, ("A", "B")),
        ({"products": [{"coupon": "A"}, {"coupon": ""}, "B"]}, ("A",)),
        ({"coupon": None}, ()),
        ({"coupon": {"code": "A"}, "products": "A"}, ()),
        ({"coupon": True, "discount_code": 10}, ("10",)),
        ({}, ()),
    ],
)
def test_an_order_tells_its_codes_however_it_spells_them(properties: dict[str, Any], codes: tuple[str, ...]) -> None:
    assert read_codes(properties) == codes


def test_an_order_of_countless_codes_is_read_in_part() -> None:
    assert len(read_codes({"coupon": [f"c{number}" for number in range(1000)]})) == 20
