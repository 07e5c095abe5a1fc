"""The pace the data runs at: chosen when the data begins, and the same ever after.

Every moment in the data is product time. Read at another pace, yesterday's mail would lie in the future.
"""

from datetime import datetime

from sqlalchemy import select
from sqlmodel.ext.asyncio.session import AsyncSession

from domain.clock import REAL_TIME, PacedClock
from domain.errors import ConfigurationError
from storage.repository import Repository
from storage.tables import CLOCK


async def load_clock(
    session: AsyncSession, pace: float, now_real: datetime, start: datetime | None = None
) -> PacedClock:
    """The data's clock; the first call decides it.

    Args:
        session: of a writing transaction.
        pace: product seconds in a real second.
        now_real: the real moment.
        start: the product moment at which new data begins; by default the real one. Old data goes on where it is.

    Raises:
        ConfigurationError: the data runs at another pace.
    """
    repository = Repository(session)
    row = {"id": 1, **_choose(pace, now_real, start).model_dump()}
    await repository.execute(repository.insert(CLOCK).on_conflict_do_nothing(index_elements=["id"]), [row])
    stored = (await repository.execute(select(CLOCK))).mappings().one()
    clock = PacedClock.model_validate(dict(stored))
    if clock.pace != pace:
        raise ConfigurationError(
            f"this data runs at pace {clock.pace:g}; start with --pace {clock.pace:g}, or choose another --data"
        )
    return clock


def _choose(pace: float, now_real: datetime, start: datetime | None) -> PacedClock:
    if pace == REAL_TIME.pace and start is None:
        return REAL_TIME
    return PacedClock(anchor_real=now_real, anchor_product=start or now_real, pace=pace)
