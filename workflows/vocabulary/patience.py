"""The open wait of an enrollment, and what an operator may do to it: pause, resume, skip. Pure."""

from datetime import datetime, timedelta
from enum import Enum

from domain.pause import Pause


class OnPause(Enum):
    """What a pause does to a wait."""

    KEEP_REST = "its rest goes on at resume"
    KEEP_MOMENT = "it ends when it was to end, or at resume if that is later"
    ASK_AGAIN = "at resume its end is found anew"


class Patience:
    """Knows when the open wait ends by itself."""

    def __init__(self, pause: Pause | None = None) -> None:
        self.pause = pause
        self.words = ""
        """What is waited for; empty while nothing is."""
        self.until: datetime | None = None
        self.rest: timedelta | None = None
        self.is_skipped = False
        self.must_ask = False
        """The wait was paused and resumed, and has to be given another end."""
        self._on_pause = OnPause.KEEP_MOMENT

    def begin(self, words: str, until: datetime, on_pause: OnPause, now: datetime) -> None:
        """Open a wait, which may be paused from the start."""
        self.words, self.until, self.rest, self._on_pause = words, until, None, on_pause
        self.is_skipped = self.must_ask = False
        if self.pause is not None:
            self._freeze(now)

    def end(self) -> None:
        """Close it."""
        self.words, self.until, self.rest = "", None, None

    # -- an operator's word --------------------------------------------------------------------------------------

    def objection_to_pause(self) -> str | None:
        """Why it cannot be paused; None when it can."""
        return None if self.pause is None else "it is paused already: `segue resume` lets it go on"

    def objection_to_resume(self) -> str | None:
        """Why it cannot be resumed; None when it can."""
        return "it is not paused" if self.pause is None else None

    def objection_to_skip(self) -> str | None:
        """Why nothing can be skipped; None when something can."""
        if self.pause is not None:
            return "it is paused: resume it first"
        if not self.words:
            return "it waits for nothing that could be skipped"
        return "it is being skipped already" if self.is_skipped else None

    def halt(self, pause: Pause) -> None:
        """Pause."""
        self.pause = pause
        self._freeze(pause.since)

    def go_on(self, now: datetime) -> None:
        """Resume."""
        self.pause = None
        if self.rest is not None:
            self.until, self.rest = now + self.rest, None
        self.must_ask = bool(self.words) and self._on_pause is OnPause.ASK_AGAIN

    def skip(self) -> None:
        """Pass over the open wait."""
        self.is_skipped = True

    def _freeze(self, now: datetime) -> None:
        if self.until is None or self._on_pause is OnPause.KEEP_MOMENT:
            return
        if self._on_pause is OnPause.KEEP_REST:
            self.rest = max(self.until - now, timedelta())
        self.until = None
