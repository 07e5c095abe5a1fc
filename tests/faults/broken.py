"""Builds that are broken on purpose: what they break the inspector must find, or it finds nothing.

The product cannot be configured so. A process of the harness is, by an environment variable, before it starts.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from activities.sending import SendingActivities
from domain.calls import Delivery, SendRequest
from domain.gate import PastMessage
from domain.message import MessageStatus
from starter.dispatch.dispatcher import Dispatcher
from storage.customers import Customers
from storage.ledger import HandOver, HandOverAnswer, Ledger

BROKEN: Final = "FAULTS_BROKEN"
"""Names the variant."""

SNAPSHOT_LASTS = 1.0
"""Seconds."""


def _without_claim() -> None:
    """Ignore that an earlier attempt has handed the mail over: whoever retries, sends."""
    look_again = SendingActivities._look_again

    async def look(self: SendingActivities, session: Any, request: SendRequest) -> Delivery | None:
        await Customers(session).lock(request.customer)
        row = await Ledger(session).require(request.message)
        return None if row.status is MessageStatus.HANDED_OVER else await look_again(self, session, request)

    hand_over = Ledger.hand_over

    async def proceed(
        self: Ledger,
        message: str,
        now: datetime,
        repeats_safely: timedelta | None = None,
        *,
        address: str | None = None,
    ) -> HandOver:
        row = await self.require(message)
        if row.status is MessageStatus.HANDED_OVER:
            return HandOver(answer=HandOverAnswer.PROCEED, row=row)
        return await hand_over(self, message, now, repeats_safely, address=address)

    SendingActivities._look_again = look  # type: ignore[method-assign]
    Ledger.hand_over = proceed  # type: ignore[method-assign]


def _cap_outside() -> None:
    """Count for the caps from a snapshot that is up to a second old, and not in the transaction that claims."""
    count = Ledger.recent_marketing
    snapshots: dict[str, tuple[float, tuple[PastMessage, ...]]] = {}

    async def recent(
        self: Ledger, customer: str, since: datetime, excluding: str | None = None
    ) -> tuple[PastMessage, ...]:
        taken, found = snapshots.get(customer, (0.0, ()))
        if time.monotonic() - taken < SNAPSHOT_LASTS:
            return found
        # A day ahead: what leaves the longest window meanwhile is no concern here.
        found = await count(self, customer, since - timedelta(days=1), excluding)
        snapshots[customer] = time.monotonic(), found
        return found

    Ledger.recent_marketing = recent  # type: ignore[method-assign]


def _marked_first() -> None:
    """Mark events as dispatched before they are delivered."""
    serve = Dispatcher._serve

    async def marking(self: Dispatcher, by_customer: Any, running: Any, done: list[Any]) -> None:
        await self._mark([event for events in by_customer.values() for event in events])
        await serve(self, by_customer, running, done)

    Dispatcher._serve = marking  # type: ignore[method-assign]


VARIANTS: Final[dict[str, Callable[[], None]]] = {
    "": lambda: None,
    "no-claim": _without_claim,
    "cap-outside": _cap_outside,
    "marked-first": _marked_first,
}


def break_build(variant: str) -> None:
    """Break this process as the variant says; the empty one breaks nothing."""
    VARIANTS[variant]()
