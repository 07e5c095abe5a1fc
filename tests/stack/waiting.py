"""Waiting for something that another process or task does: looks again and again until a deadline."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 30.0
"""Real seconds until something that does not happen is a failure."""

LOOK_EVERY = 0.05
"""Seconds."""


async def until(
    look: Callable[[], Awaitable[Found]],
    holds: Callable[[Found], bool] = bool,
    *,
    within: float = PATIENCE,
) -> Found:
    """What `look` found when it first held. Where it never does, the failure shows what was there instead."""
    deadline = time.monotonic() + within
    while not holds(found := await look()):
        assert time.monotonic() < deadline, f"still so after {within:g} s: {found!r}"
        await asyncio.sleep(LOOK_EVERY)
    return found
