"""Coupons: a code of its own for each message that grants something, so that an order tells which mail it came from."""

import secrets
import unicodedata
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain import basket
from domain.civil import next_local
from domain.model import CustomerId, Instant, Value
from domain.offer import OfferKind

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without 0, O, 1, I and L, which people mistake for one another when they type."""

GROUPS: Final = 2
GROUP: Final = 4
"""Two groups of four: 31⁸, or 8·10¹¹ codes. With 100,000 of them valid, one guess in eight million is right."""

MOST_CODES: Final = 20
"""Codes read of one order."""

_LONGEST_PREFIX: Final = 8
_LONGEST_CODE: Final = 100
_KEYS: Final = ("coupon", "coupon_code", "couponCode", "discount_code")


class Coupon(Value):
    """One code, and what became of it."""

    code: str
    message: str
    """Ledger id of the message that shows it."""
    customer: CustomerId
    journey: str
    template: str
    kind: OfferKind
    percent: int = 0
    issued_at: Instant
    expires_at: Instant
    """The first moment at which it holds no more."""
    redeemed_at: Instant | None = None
    order_id: str | None = None
    revenue: float = 0.0
    """Of the order, in its currency."""

    def holds(self, at: datetime) -> bool:
        """Whether the shop should honour it then."""
        return self.redeemed_at is None and at < self.expires_at


def new_code(prefix: str) -> str:
    """A code that nobody can guess and everybody can type, such as `LUMEN-7KQ4-M2XD`."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))
    return "-".join(part for part in (prefix, *groups) if part)


def prefix_of(shop_name: str) -> str:
    """The shop's name as a code begins with it: its first word in plain capitals, empty if it has none."""
    words = unicodedata.normalize("NFKD", shop_name).upper().split()
    plain = ("".join(letter for letter in word if letter.isascii() and letter.isalnum()) for word in words)
    return next((word for word in plain if word), "")[:_LONGEST_PREFIX]


def expiry(sent_at: datetime, zone: ZoneInfo, valid_for: timedelta) -> datetime:
    """The end of the day, in the customer's zone, on which the validity runs out. Never shorter than promised."""
    return next_local(sent_at + valid_for, zone, time()).astimezone(zone)


def normalise_code(value: object) -> str:
    """A code as it is stored, whatever case and spaces it was typed with; empty if it is none."""
    return "".join(basket.read_text(value).upper().split())[:_LONGEST_CODE]


def read_codes(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The coupon codes that an order bears: `coupon` of the Segment spec, of the order or of its products."""
    found: dict[str, None] = {}
    for place in (properties, *_objects(properties.get("products"))):
        for key in _KEYS:
            value = place.get(key)
            for each in value if isinstance(value, list) else (value,):
                found |= dict.fromkeys(code for code in (normalise_code(each),) if code)
    return tuple(found)[:MOST_CODES]


def _objects(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()
