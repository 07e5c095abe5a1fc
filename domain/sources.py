"""Scheduled sources: each finds customers for whom an occasion is due, and makes one event of ours of each.

To journeys these are events like any other. Adding a source needs a rule in `domain.occasions`, a line here, and in
`storage.sources` what the rule reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import event as names
from domain import occasions
from domain.errors import UnknownSourceError
from domain.event import Event, EventType
from domain.occasions import Candidate, Due, SourcePolicy

Rule = Callable[[Candidate, datetime, SourcePolicy], Due | None]

DAILY = timedelta(days=1)

EACH_DATE = timedelta(hours=6)
"""Often enough that no customer's date passes between two looks, and that a day's mail is known in its morning."""


@dataclass(frozen=True)
class Source:
    """One source. Its name stands in message ids, schedules and workflow ids: renaming it repeats its occasions."""

    name: str
    event: str
    every: timedelta
    """Product time between two looks at everybody."""
    about: str
    rule: Rule

    def due(self, candidate: Candidate, now: datetime, policy: SourcePolicy) -> Event | None:
        """The customer's event, if an occasion is due. Of one occasion it always has the same message id."""
        found = self.rule(candidate, now, policy) if candidate.reachable else None
        if found is None:
            return None
        customer = candidate.customer.id
        return Event(
            message_id=f"source:{self.name}:{customer}:{found.key}",
            type=EventType.TRACK,
            name=self.event,
            user_id=customer,
            occurred_at=now,
            received_at=now,
            properties=found.properties | {"occasion": found.key},
        )


SOURCES = {
    source.name: source
    for source in (
        Source("lapsed", names.CUSTOMER_LAPSED, DAILY, "customers who stay away", occasions.lapsed),
        Source(
            "anniversary",
            names.FIRST_ORDER_ANNIVERSARY,
            EACH_DATE,
            "the day of a first order, years later",
            occasions.anniversary,
        ),
        Source("birthday", names.BIRTHDAY, EACH_DATE, "birthdays", occasions.birthday),
        Source("repurchase", names.REPURCHASE_DUE, DAILY, "who is silent past their own rhythm", occasions.repurchase),
        Source("advocates", names.ADVOCATE_FOUND, DAILY, "who buys again and speaks well of it", occasions.advocate),
        Source("newsletter", names.NEWSLETTER_DUE, DAILY, "the month's newsletter", occasions.newsletter),
    )
}
"""Every source by its name."""


def source_named(name: str) -> Source:
    """The source of that name.

    Raises:
        UnknownSourceError: there is none; the message lists those there are.
    """
    try:
        return SOURCES[name]
    except KeyError:
        raise UnknownSourceError(f"no source is named {name!r}; there are: {', '.join(sorted(SOURCES))}") from None
