"""Which moment an activity decides for."""

from datetime import datetime

from domain.clock import Clock


def moment_of(asked_at: datetime, clock: Clock) -> datetime:
    """The later of the workflow's time and this machine's.

    The workflow's is the one a replay repeats and a time-skipping test moves; it is also as old as the workflow task,
    or as the first of many retries. The machine's is fresh, and behind where time is skipped.
    """
    return max(asked_at, clock.now())
