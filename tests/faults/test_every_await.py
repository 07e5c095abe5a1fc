"""A worker dies at each await of a send, from before the claim to after the record; another one takes over.

Every await is tried, also those inside drivers: a commit that was asked for, and whose answer was never heard, is
among them.
"""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

import activities.sending
from domain.calls import Delivery
from domain.gate import Caps, GatePolicy
from domain.message import Kind, MessageStatus
from mail.recording import RecordingTransport
from mail.transport import Handover, Line, Mail
from storage.database import Database
from tests.activities.crew import Crew, sending
from tests.faults.mortal import Died, Mortal
from tests.house import NO_QUIET_HOURS

MOST_AWAITS = 200
"""A send has some dozens."""

_MANY = 10_000
NO_CAPS = GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=_MANY, per_48h=_MANY, per_stage=_MANY))


class SlowServer(RecordingTransport):
    """A mail server whose every reply is waited for: a line, three commands, the verdict on a mail it has taken."""

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        await asyncio.sleep(0)
        yield _SlowLine(self)


class _SlowLine:
    def __init__(self, server: SlowServer) -> None:
        self._server, self.written = server, False

    async def deliver(self, mail: Mail) -> Handover:
        for _command in ("MAIL", "RCPT", "DATA"):
            await asyncio.sleep(0)
        self.written = True
        verdict = self._server.take(mail)
        await asyncio.sleep(0)
        return verdict


@asynccontextmanager
async def victim(database: Database) -> AsyncIterator[Crew]:
    """The activities of a process that may die: afterwards none of its connections are open."""
    if not database.is_sqlite:
        yield Crew(database, policy=NO_CAPS)  # an interrupted connection is cut at once
        return
    own = Database(database.url.render_as_string(hide_password=False))
    try:
        yield Crew(own, policy=NO_CAPS)
    finally:
        await own.aclose()
        with warnings.catch_warnings(action="ignore"):  # of connections that nobody closed: their owner is dead
            gc.collect()


@pytest.fixture
def little_garbage() -> Iterator[None]:
    """Let the collector look at new objects alone: it is called after each death."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send without a second task that watches the first: the awaits of one coroutine are counted."""

    async def straight_on(work: Coroutine[Any, Any, Delivery]) -> Delivery:
        return await work

    monkeypatch.setattr(activities.sending, "see_through", straight_on)


async def dies(crew: Crew, server: SlowServer, message: str, kind: Kind, number: int) -> bool:
    """Whether the attempt died at that await; False: it had ended before."""
    attempt = crew.sending_over(transport=server).send_message(sending(message, kind))
    with suppress(Died):
        await Mortal(attempt, number)
        return False
    return True


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("little_garbage", "one_task")
@pytest.mark.parametrize("kind", list(Kind))
async def test_a_worker_may_die_at_every_await_of_a_send(database: Database, kind: Kind) -> None:
    crew = Crew(database, policy=NO_CAPS)
    await crew.shopper()
    ends: set[tuple[MessageStatus, int]] = set()
    for number in range(1, MOST_AWAITS):
        message = await crew.rendered(step="reminder", enrollment=f"e-{number}", kind=kind)
        server = SlowServer()
        async with victim(database) as mortals:
            died = await dies(mortals, server, message, kind, number)
        for _ in range(2):  # the second time to see that nothing moves any more
            delivery = await crew.sending_over(transport=server).send_message(sending(message, kind))
        row = await crew.row(message)
        assert row.status is delivery.status
        ends.add((row.status, len(server.mails)))
        if not died:
            break
    else:
        pytest.fail(f"a send has more than {MOST_AWAITS} awaits")
    if kind is Kind.MARKETING:
        # Never twice. Unknown without a mail: it died between the mark and the mail's last dot.
        assert ends == {(MessageStatus.SENT, 1), (MessageStatus.UNKNOWN, 1), (MessageStatus.UNKNOWN, 0)}
    else:
        # Never lost. Twice where the answer was not heard, and under the same Message-ID.
        assert ends == {(MessageStatus.SENT, 1), (MessageStatus.SENT, 2)}
