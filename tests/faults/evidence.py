"""What a run left behind, gathered from outside: the database, the sink's book, the shoppers' diaries, Temporal."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import PacedClock
from domain.enrollment import State
from domain.preferences import Frequency
from storage.database import Database
from storage.tables import (
    ClockRecord,
    ConsentRecord,
    CustomerRecord,
    EnrollmentRecord,
    ErasureRecord,
    EventRecord,
    FeedbackRecord,
    ImportRecord,
    JoinRecord,
    MessageRecord,
    OptOutRecord,
    PreferenceRecord,
    Record,
    SuppressionRecord,
    table_of,
)
from storage.transitions import ENDED
from temporal import connect
from tests.faults.diary import Diary, Promise, Report, Said, Word
from tests.faults.floor import Floor, Kill
from tests.faults.importing import AMONG
from tests.faults.remains import Remains
from tests.faults.sink_log import Conversation

_EVENTS, _ENROLLMENTS, _MESSAGES = table_of(EventRecord), table_of(EnrollmentRecord), table_of(MessageRecord)
_CUSTOMERS, _CONSENTS = table_of(CustomerRecord), table_of(ConsentRecord)
_IS_IMPORTED = _EVENTS.c.customer_id.startswith(AMONG)
_IMPORTED: dict[str, Select[Any]] = {
    "customers": select(_CUSTOMERS.c.id).where(_CUSTOMERS.c.id.startswith(AMONG)),
    "addresses": select(_CUSTOMERS.c.email).where(_CUSTOMERS.c.id.startswith(AMONG)).distinct(),
    "identities": select(_EVENTS.c.seq).where(_IS_IMPORTED, _EVENTS.c.type == "identify"),
    "views": select(_EVENTS.c.seq).where(_IS_IMPORTED, _EVENTS.c.type == "track"),
    "consents": select(_CONSENTS.c.id).where(_CONSENTS.c.customer_id.startswith(AMONG), _CONSENTS.c.granted),
}
_ERASURES, _JOINS = table_of(ErasureRecord), table_of(JoinRecord)
_OTHERS: dict[str, type[Record]] = {
    "joins": JoinRecord,
    "feedback": FeedbackRecord,
    "suppressions": SuppressionRecord,
    "opt_outs": OptOutRecord,
    "choices": PreferenceRecord,
    "imports": ImportRecord,
}
_MESSAGE_COLUMNS = [column for column in _MESSAGES.c if column.name not in ("html", "text", "links")]


@dataclass(frozen=True)
class Evidence:
    """Everything an inspector may look at. Rows are as the tables have them; their moments are product time."""

    events: Sequence[RowMapping]
    enrollments: Sequence[RowMapping]
    messages: Sequence[RowMapping]
    conversations: Sequence[Conversation]
    diary: Diary
    kills: Sequence[Kill]
    clock: PacedClock
    running: Sequence[str]
    """Workflows that Temporal has as running, or as ended otherwise than by completing."""
    others: Mapping[str, Sequence[RowMapping]]
    """Rows of further tables, by the names in `_OTHERS`."""
    remains: Sequence[tuple[str, str]]
    """What is left of those who were erased, and of addresses where none belongs: the word, and where it was found."""
    imported: int
    """People in the files that were imported."""
    import_found: Mapping[str, int]
    """Of these people: what is there, and how often."""
    import_kills: int = 0
    frequency: Frequency = Frequency.WEEKLY
    """What those chose who asked for less."""

    @cached_property
    def promises(self) -> Sequence[Promise]:
        """Those to people who are remembered: of the others only what was promised since."""
        return [each for each in self.diary.promises if not self.was_forgotten(each.customer, each.asked)]

    @cached_property
    def words(self) -> Mapping[Said, Sequence[Word]]:
        """What people said, by what it was."""
        return {said: [word for word in self.diary.words if word.said is said] for said in Said}

    @cached_property
    def reports(self) -> Sequence[Report]:
        """What the provider reported of mails of people who are remembered."""
        return [each for each in self.diary.reports if each.mail in self.message]

    def was_forgotten(self, customer: str, at: float) -> bool:
        """Whether somebody was erased after a moment."""
        return any(word.customer == customer and at < word.done for word in self.words[Said.ERASED])

    @cached_property
    def event(self) -> dict[str, RowMapping]:
        """Events by message id."""
        return {row["message_id"]: row for row in self.events}

    def joined_by(self, join: RowMapping) -> datetime:
        """When a join had been committed at the latest: when what told of it was answered with 200.

        Its own moment is when that was received. On a busy machine a commit may wait for a minute, and mails go on.
        """
        answered = [each.at for each in self.diary.promises if each.message_id == join["event_id"]]
        moments = [self.clock.product(datetime.fromtimestamp(at, UTC)) for at in answered]
        received: datetime = join["at"]
        return max([received, *moments])

    def is_public(self, message_id: str) -> bool:
        """Whether an event was reported with a page's key."""
        return message_id in self.event and bool(self.event[message_id]["public"])

    @cached_property
    def taken(self) -> dict[str, list[Conversation]]:
        """Accepted mails by ledger id."""
        found: dict[str, list[Conversation]] = defaultdict(list)
        for each in self.conversations:
            if each.taken:
                found[each.ledger_id].append(each)
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


async def gather(floor: Floor, diary: Diary, *, imported: int = 0, import_kills: int = 0) -> Evidence:
    """Read everything once. The database is opened for reading alone."""
    remains = await Remains(floor, [word for word in diary.words if word.said is Said.ERASED]).find()
    database = Database(floor.database)
    try:
        async with database.read() as session:
            (clock,) = await _rows(session, select(table_of(ClockRecord)))
            return Evidence(
                events=await _rows(session, select(_EVENTS).where(~_IS_IMPORTED).order_by(_EVENTS.c.seq)),
                enrollments=await _rows(session, select(_ENROLLMENTS).order_by(_ENROLLMENTS.c.started_at)),
                messages=await _rows(session, select(*_MESSAGE_COLUMNS).order_by(_MESSAGES.c.decided_at)),
                conversations=floor.sink_log.all(),
                diary=diary,
                kills=floor.kills,
                clock=PacedClock.model_validate(dict(clock)),
                running=await _workflows(floor, "ExecutionStatus != 'Completed'"),
                others={name: await _rows(session, select(table_of(record))) for name, record in _OTHERS.items()},
                remains=remains,
                imported=imported,
                import_found={what: await _count(session, rows) for what, rows in _IMPORTED.items()},
                import_kills=import_kills,
                frequency=floor.plan.frequency,
            )
    finally:
        await database.aclose()


async def is_quiet(floor: Floor, database: Database) -> bool:
    """Whether nothing is under way any more: nothing pending, open or on its way, and no workflow."""
    pending = select(_EVENTS.c.seq).where(_EVENTS.c.dispatched_at.is_(None), _EVENTS.c.parked_error.is_(None))
    living = select(_ENROLLMENTS.c.id).where(_ENROLLMENTS.c.state != State.ENDED)
    open_mails = select(_MESSAGES.c.id).where(_MESSAGES.c.status.not_in(sorted(ENDED)))
    erasing = select(_ERASURES.c.id).where(_ERASURES.c.customer_id.is_not(None))
    untold = select(_JOINS.c.id).where(_JOINS.c.told_at.is_(None))
    async with database.read() as session:
        for statement in (pending, living, open_mails, erasing, untold):
            if await _rows(session, statement.limit(1)):
                return False
    return not await _workflows(floor, "ExecutionStatus = 'Running'")


async def _workflows(floor: Floor, which: str) -> list[str]:
    client = await connect(floor.temporal.address, namespace="default")
    found = client.list_workflows(which)
    return [f"{each.id} ({each.status.name if each.status else 'unknown'})" async for each in found]


async def _count(session: AsyncSession, rows: Select[Any]) -> int:
    counted = select(func.count()).select_from(rows.subquery())
    return int((await (await session.connection()).execute(counted)).scalar_one())


async def _rows(session: AsyncSession, statement: Select[Any]) -> Sequence[RowMapping]:
    found: Sequence[RowMapping] = (await (await session.connection()).execute(statement)).mappings().all()
    return found
