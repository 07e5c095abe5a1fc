"""The enrollment's sense of time, on Temporal: what it waits for, and all that can cut a wait short."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import Enum

from temporalio import workflow

from domain.enrollment import Start
from domain.pause import Pause
from workflows.vocabulary.display import Display
from workflows.vocabulary.inbox import Inbox
from workflows.vocabulary.patience import OnPause, Patience

SKIPPED = "skipped by an operator"


class Woke(Enum):
    """Why a wait is over."""

    DUE = "its time came"
    TOLD = "the journey ended, or what was waited for happened"
    SKIPPED = "an operator skipped it"
    RESUMED = "it was paused, and its end has to be found anew"


class HandOver(Exception):  # noqa: N818 -- no error: it takes the journey out of a wait
    """This run's history has grown long: the next run is to go on from here."""


def never() -> bool:
    """Nothing wakes the wait."""
    return False


class Watch:
    """Waits for one enrollment, one wait at a time."""

    def __init__(self, start: Start, inbox: Inbox, display: Display, patience: Patience) -> None:
        self._start, self._inbox, self._display, self._patience = start, inbox, display, patience
        self._is_stale = False

    def now(self) -> datetime:
        """Product time, the same on every replay."""
        return self._start.clock.product(workflow.now())

    @property
    def is_paused(self) -> bool:
        """Whether an operator holds the enrollment still."""
        return self._patience.pause is not None

    def show(self, doing: str, due: datetime | None = None) -> None:
        """Say what goes on, and when it ends by itself."""
        self._display.doing_now(doing, due)
        self._publish()

    def leave_if_suggested(self) -> None:
        """Hand over to the next run when the server suggests it. An ended journey is not worth another run.

        Raises:
            HandOver: to be caught where the run can end.
        """
        if self._is_suggested():
            raise HandOver

    async def hold(self) -> None:
        """Wait while the enrollment is paused; an ending ends that, too.

        Raises:
            HandOver: see `leave_if_suggested`.
        """
        while self.is_paused and not self._inbox.has_ended():
            self.leave_if_suggested()
            await self._until_resumed()

    async def until(
        self,
        moment: datetime,
        words: str,
        *,
        on_pause: OnPause = OnPause.KEEP_MOMENT,
        woken_by: Callable[[], bool] = never,
    ) -> tuple[Woke, datetime]:
        """Wait until a product moment, an ending, what `woken_by` tells, or an operator's word; whichever is first.

        Returns:
            Why it is over, and the moment at which it was to end, which a pause may have moved.

        Raises:
            HandOver: see `leave_if_suggested`; what is left of the wait stays with `Patience`.
        """
        patience = self._patience
        patience.begin(words, moment, on_pause, self.now())
        while (woke := await self._doze(woken_by)) is None:
            pass
        moment = patience.until or moment
        patience.end()
        return woke, moment

    async def _doze(self, woken_by: Callable[[], bool]) -> Woke | None:
        """Wait until something happens. None: it does not end the wait."""
        self.leave_if_suggested()
        if self.is_paused:
            await self._until_resumed()
        elif self._patience.until is not None and await self._is_due(self._patience.until, woken_by):
            return Woke.DUE
        if self._inbox.has_ended():
            return Woke.TOLD
        if self.is_paused:
            return None
        if self._patience.is_skipped:
            return Woke.SKIPPED
        if self._patience.must_ask:
            return Woke.RESUMED
        return Woke.TOLD if woken_by() else None

    async def _is_due(self, until: datetime, woken_by: Callable[[], bool]) -> bool:
        remaining = self._start.clock.timer(until - self.now())
        if not remaining:
            return True
        words = self._patience.words
        self.show(words, until)
        try:
            await workflow.wait_condition(
                lambda: self._inbox.has_ended() or woken_by() or self._is_disturbed(),
                timeout=remaining,
                timeout_summary=words,
            )
        except TimeoutError:
            return not self.is_paused
        return False

    async def _until_resumed(self) -> None:
        await workflow.wait_condition(
            lambda: self._inbox.has_ended() or not self.is_paused or self._is_suggested(),
        )

    def _is_disturbed(self) -> bool:
        patience = self._patience
        return self.is_paused or patience.is_skipped or patience.must_ask or self._is_suggested()

    def _is_suggested(self) -> bool:
        # Recorded with each workflow task, so that a replay sees the same.
        return workflow.info().is_continue_as_new_suggested() and not self._inbox.has_ended()

    def note_soon(self, at: datetime, line: str) -> None:
        """Add a line to the story. It is published once for all that is told in a row: thousands may be."""
        self._display.note(at, line)
        if not self._is_stale:
            self._is_stale = True
            asyncio.get_running_loop().call_soon(self._publish)

    # -- an operator's word --------------------------------------------------------------------------------------

    def pause(self, reason: str) -> None:
        """Hold the enrollment still."""
        pause = Pause(since=self.now(), reason=reason)
        self._patience.halt(pause)
        self._display.paused = pause
        self._note(f"paused: {reason}" if reason else "paused")

    def resume(self) -> None:
        """Let it go on."""
        self._patience.go_on(self.now())
        self._display.paused = None
        if self._patience.words:
            self._display.doing_now(self._patience.words, self._patience.until)
        self._note("resumed")

    def skip(self) -> None:
        """Pass over what it waits for."""
        self._patience.skip()
        self._note(f"{SKIPPED}: {self._patience.words}")

    def _note(self, line: str) -> None:
        self._display.note(self.now(), line)
        self._publish()

    def _publish(self) -> None:
        self._is_stale = False
        workflow.set_current_details(self._display.markdown())
