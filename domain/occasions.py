"""Occasions: for whom one is due now. Pure rules over what the database knows of one customer.

Nobody reports these as events: somebody is away, an anniversary comes. `domain.sources` makes an event of each, once.
Every rule answers with a key that names the occasion: the same occasion has the same key, whoever finds it and when.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field

from domain.anniversaries import local_date, read_birthday, years_on
from domain.customer import Customer
from domain.folding import Order, was_active
from domain.model import Value
from domain.rhythm import find_rhythm

NEWSLETTER_TOPIC = "newsletter"

ADVOCATES_ORDER = 2
"""Orders of an advocate, at least."""

LATELY = timedelta(days=30)
"""An advocate clicked in a mail, or praised a product, so long ago at most."""

ADVOCATE_AGAIN = timedelta(days=180)
"""Nobody is asked for a favour more often."""

ANNIVERSARY_LATE = timedelta(days=3)
"""An anniversary that passed while nothing ran is kept so long after it. A birthday is not: late, it tells of that."""

ONCE_A_YEAR = timedelta(days=300)
"""What comes once a year does not come again so soon, though somebody corrects their birthday or moves across zones."""

REPURCHASE_WITHIN = timedelta(days=30)
"""Who fell out of their rhythm longer ago has left: that is for another mail."""

NEWSLETTERS_APART = timedelta(days=14)
"""One that was late in its month is not followed by that of the next month at once."""

ACQUAINTED = timedelta(days=14)
"""Who was first seen later than that is being welcomed, and gets no newsletter yet."""


class SourcePolicy(Value):
    """What a deployment decides about scheduled sources."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    run: bool = True
    """Whether scheduled sources run at all."""
    per_minute: int = Field(default=600, ge=10)
    """Events that one source may commit in a real minute: so many enrollments begin at most."""
    lapsed_after: timedelta = Field(default=timedelta(days=30), ge=timedelta(days=30), le=timedelta(days=90))
    """Away for so long, a customer has lapsed."""
    lapsed_within: timedelta = Field(default=timedelta(days=60), ge=timedelta(days=7), le=timedelta(days=365))
    """Who lapsed longer ago than this is left alone: a first deployment mails nobody who left years ago."""
    newsletter_day: int = Field(default=1, ge=1, le=28)
    """The day of the month, on the customer's calendar, from which that month's newsletter is due."""


@dataclass(frozen=True)
class Candidate:
    """What the rules know of one customer. What a source does not ask for keeps its default."""

    customer: Customer
    zone: ZoneInfo
    told_at: datetime | None = None
    """When the source's event was last committed for the customer."""
    reachable: bool = True
    """Whether any marketing may reach them: an address, no suppression, no refusal of everything."""
    wants_newsletter: bool = False
    busy: bool = False
    """Whether any enrollment of theirs is open."""
    spoke_well_at: datetime | None = None
    """When they last clicked in a mail or praised a product."""
    orders: tuple[Order, ...] = ()
    rhythms: Mapping[str, timedelta] = field(default_factory=dict)
    """What the products in `orders` declare, by product id."""


class Due(Value):
    """An occasion that is due. `key` tells it from the customer's others of that kind."""

    key: str
    properties: dict[str, Any] = Field(default_factory=dict)


def lapsed(candidate: Candidate, now: datetime, policy: SourcePolicy) -> Due | None:
    """Away for thirty days, and not for much longer. Once for each time they leave."""
    customer = candidate.customer
    away = now - customer.last_seen_at
    if not policy.lapsed_after <= away <= policy.lapsed_after + policy.lapsed_within or not was_active(customer):
        return None
    if candidate.told_at is not None and candidate.told_at > customer.last_seen_at:
        return None
    return Due(key=customer.last_seen_at.date().isoformat(), properties={"days_away": away.days})


def anniversary(candidate: Candidate, now: datetime, _policy: SourcePolicy) -> Due | None:
    """The day of the first order, a year or more later, on the customer's calendar."""
    first = candidate.customer.first_order_at
    if first is None or _told_within(candidate, now, ONCE_A_YEAR):
        return None
    zone = candidate.zone
    years = years_on(local_date(first, zone), local_date(now, zone), ANNIVERSARY_LATE)
    return Due(key=str(years), properties={"years": years}) if years is not None else None


def birthday(candidate: Candidate, now: datetime, _policy: SourcePolicy) -> Due | None:
    """The customer's birthday, on their calendar, if the trait `birthday` tells it."""
    born = read_birthday(candidate.customer.traits.get("birthday"))
    today = local_date(now, candidate.zone)
    if born is None or born.in_year(today.year) != today or _told_within(candidate, now, ONCE_A_YEAR):
        return None
    return Due(key=str(today.year))


def repurchase(candidate: Candidate, now: datetime, _policy: SourcePolicy) -> Due | None:
    """Silent past the rhythm in which they buy. Once after each order."""
    last = candidate.customer.last_order_at
    rhythm = find_rhythm(candidate.orders, candidate.rhythms)
    if last is None or rhythm is None or (candidate.told_at is not None and candidate.told_at > last):
        return None
    late = now - last - rhythm.silence
    if not timedelta() <= late <= REPURCHASE_WITHIN:
        return None
    product = {"product_id": rhythm.product_id} if rhythm.product_id else {}
    every_days = max(round(rhythm.every / timedelta(days=1)), 1)
    return Due(key=last.isoformat(timespec="seconds"), properties=product | {"every_days": every_days})


def advocate(candidate: Candidate, now: datetime, _policy: SourcePolicy) -> Due | None:
    """Bought twice or more, and spoke well of it lately: somebody who may be asked for a favour, now and then."""
    spoke = candidate.spoke_well_at
    if candidate.customer.orders < ADVOCATES_ORDER or spoke is None or now - spoke > LATELY:
        return None
    return None if _told_within(candidate, now, ADVOCATE_AGAIN) else Due(key=now.date().isoformat())


def newsletter(candidate: Candidate, now: datetime, policy: SourcePolicy) -> Due | None:
    """A month's newsletter, for those who agreed to it and are in no journey. Once a month."""
    today = local_date(now, candidate.zone)
    if not candidate.wants_newsletter or candidate.busy or today.day < policy.newsletter_day:
        return None
    if now - candidate.customer.first_seen_at < ACQUAINTED or _told_within(candidate, now, NEWSLETTERS_APART):
        return None
    month = f"{today:%Y-%m}"
    told = candidate.told_at and f"{local_date(candidate.told_at, candidate.zone):%Y-%m}"
    return None if told == month else Due(key=month, properties={"month": month})


def _told_within(candidate: Candidate, now: datetime, span: timedelta) -> bool:
    return candidate.told_at is not None and now - candidate.told_at < span
