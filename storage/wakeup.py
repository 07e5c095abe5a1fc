"""Wake-ups: whoever waits for new events sleeps until one is committed, in this process or in another.

Inside a process a commit wakes every watch directly. On PostgreSQL the committing transaction also sends NOTIFY, which
the server delivers when, and only when, it commits; `listen` turns that into the same wake-up. SQLite cannot tell other
processes: there, wait with a short timeout.

No wake-up is lost: a watch remembers one that came while nobody was waiting, and a listener wakes everybody when it
begins to listen, since it cannot know what it missed. There may be wake-ups for nothing.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

CHANNEL = "segue_events"

PROBE_EVERY = timedelta(seconds=15)
"""How often the listening connection is tried: a network that died silently says nothing by itself."""

RETRY_AFTER = timedelta(seconds=1)

_log = logging.getLogger(__name__)


class Watch:
    """One waiter's view: knows whether something happened since it last looked."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Note that something happened."""
        self._event.set()

    async def wait(self, within: timedelta | None = None) -> bool:
        """Wait until something was committed since the last call returned; at once if it was already.

        Take the watch first, look for work, then wait: what is committed between looking and waiting ends the wait.

        Returns:
            Whether it was woken; False when the real time `within` ran out.
        """
        try:
            async with asyncio.timeout(within.total_seconds() if within is not None else None):
                await self._event.wait()
        except TimeoutError:
            return False
        # Cleared before the caller looks for work: a commit from now on sets it again.
        self._event.clear()
        return True


class Wakeup:
    """Tells every watch of this process. Belongs to one event loop."""

    def __init__(self) -> None:
        self._watches: set[Watch] = set()

    def notify(self) -> None:
        """Wake everybody who watches."""
        for watch in self._watches:
            watch.wake()

    @contextmanager
    def watch(self) -> Iterator[Watch]:
        """Watch until the end of the block."""
        watch = Watch()
        self._watches.add(watch)
        try:
            yield watch
        finally:
            self._watches.discard(watch)


async def listen(engine: AsyncEngine, wakeup: Wakeup) -> None:
    """Pass PostgreSQL's notifications on, for ever. Connects again when the connection is lost."""
    while True:
        try:
            await _listen_once(engine, wakeup)
        except Exception as error:  # whatever it was, the remedy is to connect again
            _log.warning("lost the connection that listens for events, trying again: %s", error)
        await asyncio.sleep(RETRY_AFTER.total_seconds())


async def _listen_once(engine: AsyncEngine, wakeup: Wakeup) -> None:
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        ended = asyncio.Event()
        driver.add_termination_listener(lambda _connection: ended.set())
        await driver.add_listener(CHANNEL, lambda *_: wakeup.notify())
        wakeup.notify()
        while not ended.is_set():
            try:
                await asyncio.wait_for(ended.wait(), PROBE_EVERY.total_seconds())
            except TimeoutError:
                await driver.execute("SELECT 1", timeout=PROBE_EVERY.total_seconds())
