"""Runs a journey's `steps` by hand: verbs come out, answers go in.

No event loop takes part, so the same coroutine can be driven by Temporal, by an explorer in memory, or fast-forwarded
from a journal of answers.
"""

from collections.abc import Coroutine
from typing import Any

from domain.errors import JourneyError
from workflows.vocabulary.verbs import Verb


class Script:
    """A journey's sequence while it is being performed."""

    def __init__(self, steps: Coroutine[Any, Any, None]) -> None:
        self._steps = steps

    def begin(self) -> Verb[Any] | None:
        """Run to the first verb; None when there is none."""
        return self.answer(None)

    def answer(self, result: object) -> Verb[Any] | None:
        """Give the answer to the open verb and run to the next; None when the sequence is over.

        Raises:
            JourneyError: the journey awaited something that is no verb.
        """
        try:
            awaited = self._steps.send(result)
        except StopIteration:
            return None
        if isinstance(awaited, Verb):
            return awaited
        self._steps.close()
        raise JourneyError(
            f"a journey touches the world through verbs alone, but this one awaited "
            f"{type(awaited).__name__}: use one of the journey's own methods instead"
        )

    def close(self) -> None:
        """Leave the sequence where it stands; `finally` blocks run, and may not await."""
        self._steps.close()
