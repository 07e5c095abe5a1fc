"""Runs a coroutine that dies at its n-th await, as a process does: what it waits for may still happen, it never hears.

Only what the operating system does for a dead process is done here too: connections are closed, and an open
transaction is rolled back by it.
"""

from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


class Died(BaseException):
    """The process died. No `except Exception` notices."""


class Mortal:
    """Await it to run a coroutine that dies when it has waited `lives` times."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], lives: int) -> None:
        self._coroutine, self._lives = coroutine, lives

    def __await__(self) -> Generator[Any, Any, None]:
        steps = self._coroutine.__await__()
        value: Any = None
        for _ in range(self._lives):
            try:
                waited_for = steps.send(value)
            except StopIteration:
                return
            value = yield waited_for
        yield from self._unwind(steps)

    def _unwind(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, None]:
        """Let connections be closed; that waits, too, and is no step of the coroutine's own."""
        error: BaseException | None = Died()
        while True:
            try:
                waited_for = steps.throw(error) if error is not None else steps.send(None)
            except StopIteration:
                raise AssertionError("it went on living") from None
            error = None
            yield waited_for
