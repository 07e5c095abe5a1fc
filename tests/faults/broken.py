"""Builds that are broken on purpose: what they break the inspector must find, or it finds nothing.

The product cannot be configured so. A process of the harness is, by an environment variable, before it starts.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from activities import gate_facts
from activities.sending import SendingActivities
from domain.calls import Delivery, SendRequest
from domain.gate import PastMessage
from domain.message import MessageStatus
from domain.preferences import read_preferences
from starter.dispatch.dispatcher import Dispatcher
from starter.imports.importing import Importer
from starter.webhooks.intake import Intake
from storage import erasures, joining, personal
from storage.customers import Customers
from storage.imports import Imports
from storage.ledger import HandOver, HandOverAnswer, Ledger
from storage.permissions import Permissions
from storage.suppressions import Suppressions

BROKEN: Final = "FAULTS_BROKEN"
"""Names the variant."""

SNAPSHOT_LASTS = 1.0
"""Seconds."""


def _without_claim() -> None:
    """Ignore that an earlier attempt has handed the mail over: whoever retries, sends."""
    look_again = SendingActivities._look_again

    async def look(self: SendingActivities, session: Any, request: SendRequest) -> Delivery | None:
        await Customers(session).hold_one(request.customer)
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


def _open_doors() -> None:
    """Break each door: what people said is not asked for, ids of reports are drawn, half is erased, and so on."""
    _deaf()
    _forgetful()
    erased, take_event, store = personal.erased_columns, Intake._event, Importer._store

    async def with_a_drawn_id(self: Intake, *about: Any) -> Any:
        return (await take_event(self, *about)).model_copy(update={"message_id": str(uuid4())})

    async def noted_before_it_is_stored(self: Importer, progress: Any, batch: Any, file: Any) -> Any:
        async with self._database.transaction() as session:
            after = progress.model_copy(update={"line": batch[-1].last})
            await Imports(session).advance(progress, after)
        return await store(self, after, batch, file)

    Intake._event = with_a_drawn_id  # type: ignore[assignment,method-assign]
    Importer._store = noted_before_it_is_stored  # type: ignore[method-assign]
    vars(erasures)["erased_columns"] = lambda: [column for column in erased() if column.table.name != "consents"]


def _deaf() -> None:
    """Let the gate know of no opt-out, no suppression, no choice, and take a page for a backend."""

    async def nothing(_self: Suppressions, _customer: str) -> None:
        return None

    async def no(*_about: Any) -> bool:
        return False

    Suppressions.reason = nothing  # type: ignore[assignment,method-assign]
    Permissions.opted_out = no  # type: ignore[assignment,method-assign]
    vars(gate_facts)["_is_unconfirmed"] = no
    read = read_preferences
    vars(gate_facts)["read_preferences"] = lambda traits, _choices: read(traits)


def _forgetful() -> None:
    """Let both journeys of two customers go on who turn out to be one."""
    vars(joining)["settle"] = lambda _running, _said: ()


VARIANTS: Final[dict[str, Callable[[], None]]] = {
    "": lambda: None,
    "no-claim": _without_claim,
    "cap-outside": _cap_outside,
    "marked-first": _marked_first,
    "doors": _open_doors,
}


def break_build(variant: str) -> None:
    """Break this process as the variant says; the empty one breaks nothing."""
    VARIANTS[variant]()
