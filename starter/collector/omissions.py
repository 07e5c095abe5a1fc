"""Traits that do not count, of calls that are stored: counted, logged without their values, and named in the answer."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from domain.ignored import Ignored
from domain.soundness import join
from metrics import events as metrics
from starter.collector.refusals import MOST_TOLD

QUIET_FOR: Final = 60.0
"""Seconds after which the same of the same key is logged again: a page says it with each of its calls."""

_log = structlog.get_logger("segue.collector")


class Omissions:
    """Remembers what was logged of which key: a dozen traits for each, so that it needs no bound.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged: dict[tuple[str, Ignored], float] = {}

    def note(self, key: str, ignored: Sequence[tuple[str, Ignored]]) -> dict[str, Any]:
        """Count, and log.

        Args:
            key: the id of the write key.
            ignored: of one request, each with the place of its call, e.g. `batch.3`.

        Returns:
            What the answer says of it: each one's field and what is wrong with it.
        """
        metrics.count_ignored(each for _, each in ignored)
        for each in dict.fromkeys(each for _, each in ignored):
            self._log(key, each)
        told = [{"field": join(path, each.field), "message": each.problem} for path, each in ignored[:MOST_TOLD]]
        return {"ignored": told}

    def _log(self, key: str, each: Ignored) -> None:
        now, last = self._clock(), self._logged.get((key, each))
        if last is None or now - last >= QUIET_FOR:
            self._logged[key, each] = now
            _log.warning("a trait does not count", key=key, field=each.field, reason=each.problem)
