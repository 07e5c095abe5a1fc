"""Past events: Segment calls, as in recordings. They count for facts, orders and intent, and begin nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import PacedClock
from domain.errors import InvalidEventError, InvalidImportError
from domain.event import Event
from domain.segment_api import parse_call
from starter.imports.fields import WRITE_A_MOMENT, FieldError, read_moment
from starter.imports.kind import Item, Kind, Stored
from starter.imports.rows import Mistake
from starter.lines import Lines
from starter.recording import read_line
from storage.events import EventStore


class EventImport(Kind[Event]):
    """Segment calls, one a line, each with its `timestamp`."""

    name = "events"

    def __init__(self, clock: PacedClock) -> None:
        self._clock = clock

    def read(self, lines: Lines, after: int, now: datetime) -> Iterator[Item[Event] | Mistake]:
        """Events behind a line."""
        first = next((line.raw for line in lines.read() if line.raw.strip()), b"{")
        if not first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            raise InvalidImportError("events are Segment calls, a JSON object a line: this file begins otherwise")
        received_at = datetime.now(UTC)
        for line in lines.read(after):
            if line.problem or line.raw.strip():
                found = read_line(line)
                try:
                    if found.error is not None:
                        raise found.error
                    _require_past(found.call or {}, self._clock.real(now))
                    event = parse_call(
                        found.call,
                        kind=None,
                        received_at_real=received_at,
                        clock=self._clock,
                        new_id=lambda: str(uuid4()),
                    )
                except InvalidEventError as error:
                    yield Mistake(line.number, line.number, error.field, error.problem, "see docs/integrate.md")
                except FieldError as error:
                    yield Mistake(line.number, line.number, error.field, error.problem, error.remedy)
                else:
                    yield Item(line.number, line.number, event)

    async def store(self, session: AsyncSession, items: Sequence[Item[Event]], now: datetime) -> Stored:
        """Store them as dispatched."""
        done = await EventStore(session).commit_past([item.value for item in items], now)
        return Stored(stored=done.accepted, unchanged=len(items) - done.accepted)


def _require_past(call: dict[str, object], now: datetime) -> None:
    """Make sure that it says when it happened, real time, and that this is over."""
    if read_moment(call, now, "timestamp") is None:
        raise FieldError("timestamp", "is missing", f"say when it happened; {WRITE_A_MOMENT}")
