"""Records of what visitors of links did. What takes long, or fails at first, goes on behind the answer.

Whoever clicks wants the page. A click that is lost matters, too: its journey goes on as if nobody had clicked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

import structlog
from starlette.background import BackgroundTask

from domain.errors import TransientError
from metrics.reports import count_lost

PATIENCE: Final = 2.0
"""Seconds for which a visitor is kept. Then they go on: a page that opens is worth more than a count."""

RECORDED_WITHIN: Final = 60.0
"""Seconds after which a record is given up: a database that is away for longer is no matter of patience."""

TRIED_AGAIN_AFTER: Final = 1.0
"""Seconds until what failed for the moment is tried again."""

MOST_LATE: Final = 200
"""Records behind answers at a time. Each is a task, and one more that wants the database."""

_log = structlog.get_logger("segue.links")


class Records:
    """Records, each as soon as it can be. Belongs to one event loop; whoever serves waits for what it hands out."""

    def __init__(self) -> None:
        self._late = 0

    async def make(
        self, response: str, about: Mapping[str, str], record: Callable[[], Awaitable[None]]
    ) -> BackgroundTask | None:
        """Make a record, and wait for it as long as a visitor may be kept.

        Args:
            response: `click` or `open`, for log and metrics.
            about: ids, for the log.
            record: makes it; called again where it fails for the moment, so a repetition must change nothing.

        Returns:
            What is to be waited for behind the answer, so that a server that stops waits for it; None: nothing.
        """
        tried = asyncio.Event()
        making = asyncio.create_task(self._make(response, about, record, tried), name=f"record of a {response}")
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await tried.wait()
        except asyncio.CancelledError:
            making.cancel()
            raise
        if making.done():
            return None
        if self._late >= MOST_LATE:
            making.cancel()
            return None
        self._late += 1
        making.add_done_callback(self._end_late)
        return BackgroundTask(_until_done, making)

    async def _make(
        self, response: str, about: Mapping[str, str], record: Callable[[], Awaitable[None]], tried: asyncio.Event
    ) -> None:
        failed: Exception | None = None
        try:
            async with asyncio.timeout(RECORDED_WITHIN):
                while True:
                    try:
                        return await record()
                    except TransientError as error:
                        failed = error
                        tried.set()
                        await asyncio.sleep(TRIED_AGAIN_AFTER)
        except asyncio.CancelledError:
            _lose(response, about, "the collector stops, or too many wait")
            raise
        except Exception as error:  # whatever it is, the visitor has gone on
            # Of a time-out we know more. What errors say may quote a database, and so people: the kind is enough.
            _lose(response, about, type(failed if failed and isinstance(error, TimeoutError) else error).__name__)
        finally:
            tried.set()

    def _end_late(self, _: "asyncio.Task[None]") -> None:
        self._late -= 1


async def _until_done(making: "asyncio.Task[None]") -> None:
    await making


def _lose(response: str, about: Mapping[str, str], why: str) -> None:
    count_lost(response)
    _log.warning(f"{'an' if response == 'open' else 'a'} {response} was not recorded", **about, why=why)
