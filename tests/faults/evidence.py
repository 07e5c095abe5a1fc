"""What a run left behind, gathered from outside: the database, the sink's book, the shoppers' diaries, Temporal."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import PacedClock
from domain.enrollment import State
from storage.database import Database
from storage.tables import ClockRecord, EnrollmentRecord, EventRecord, MessageRecord, table_of
from storage.transitions import ENDED
from temporal import connect
from tests.faults.floor import Floor, Kill
from tests.faults.shoppers import Promise
from tests.faults.sink_log import Conversation

_EVENTS, _ENROLLMENTS, _MESSAGES = table_of(EventRecord), table_of(EnrollmentRecord), table_of(MessageRecord)
_MESSAGE_COLUMNS = [column for column in _MESSAGES.c if column.name not in ("html", "text", "links")]


@dataclass(frozen=True)
class Evidence:
    """Everything an inspector may look at. Rows are as the tables have them; their moments are product time."""

    events: Sequence[RowMapping]
    enrollments: Sequence[RowMapping]
    messages: Sequence[RowMapping]
    conversations: Sequence[Conversation]
    promises: Sequence[Promise]
    kills: Sequence[Kill]
    clock: PacedClock
    running: Sequence[str]
    """Workflows that Temporal has as running, or as ended otherwise than by completing."""

    @cached_property
    def event(self) -> dict[str, RowMapping]:
        """Events by message id."""
        return {row["message_id"]: row for row in self.events}

    @cached_property
    def taken(self) -> dict[str, list[Conversation]]:
        """Accepted mails by ledger id."""
        found: dict[str, list[Conversation]] = defaultdict(list)
        for each in self.conversations:
            if each.taken:
                found[ledger_id_in(each.message_id)].append(each)
        return found

    @cached_property
    def enrollment(self) -> dict[str, RowMapping]:
        """Enrollments by id."""
        return {row["id"]: row for row in self.enrollments}

    @cached_property
    def message(self) -> dict[str, RowMapping]:
        """Ledger rows by id."""
        return {row["id"]: row for row in self.messages}

    def real(self, product: datetime) -> float:
        """The real moment of a product one, in seconds of the epoch."""
        return self.clock.real(product).timestamp()


def ledger_id_in(message_id: str) -> str:
    """The ledger's id in a Message-ID header."""
    return message_id.strip("<> ").split("@")[0]


async def gather(floor: Floor, promises: Sequence[Promise]) -> Evidence:
    """Read everything once. The database is opened for reading alone."""
    database = Database(floor.database)
    try:
        async with database.read() as session:
            (clock,) = await _rows(session, select(table_of(ClockRecord)))
            return Evidence(
                events=await _rows(session, select(_EVENTS).order_by(_EVENTS.c.seq)),
                enrollments=await _rows(session, select(_ENROLLMENTS).order_by(_ENROLLMENTS.c.started_at)),
                messages=await _rows(session, select(*_MESSAGE_COLUMNS).order_by(_MESSAGES.c.decided_at)),
                conversations=floor.sink_log.all(),
                promises=promises,
                kills=floor.kills,
                clock=PacedClock.model_validate(dict(clock)),
                running=await _workflows(floor, "ExecutionStatus != 'Completed'"),
            )
    finally:
        await database.aclose()


async def is_quiet(floor: Floor, database: Database) -> bool:
    """Whether nothing is under way any more: no event pending, no enrollment open, no mail on its way, no workflow."""
    pending = select(_EVENTS.c.seq).where(_EVENTS.c.dispatched_at.is_(None), _EVENTS.c.parked_error.is_(None))
    living = select(_ENROLLMENTS.c.id).where(_ENROLLMENTS.c.state != State.ENDED)
    open_mails = select(_MESSAGES.c.id).where(_MESSAGES.c.status.not_in(sorted(ENDED)))
    async with database.read() as session:
        for statement in (pending, living, open_mails):
            if await _rows(session, statement.limit(1)):
                return False
    return not await _workflows(floor, "ExecutionStatus = 'Running'")


async def _workflows(floor: Floor, which: str) -> list[str]:
    client = await connect(floor.temporal.address, namespace="default")
    found = client.list_workflows(which)
    return [f"{each.id} ({each.status.name if each.status else 'unknown'})" async for each in found]


async def _rows(session: AsyncSession, statement: Select[Any]) -> Sequence[RowMapping]:
    found: Sequence[RowMapping] = (await (await session.connection()).execute(statement)).mappings().all()
    return found
