"""The retention job from its first batch to its last, for the tests of what it clears."""

from datetime import datetime

from domain.retention import Keeping, RetentionPolicy
from storage.database import Database
from storage.retention import BATCH, Retaining, Sweep


async def retain(database: Database, at: datetime, policy: RetentionPolicy | None = None) -> dict[Keeping, int]:
    """Do all that is due; what was foretold is what was done, and nothing is left."""
    policy = policy or RetentionPolicy()
    async with database.read() as session:
        due = await Retaining(session, policy, at).due()
    done, sweep = dict.fromkeys(due, 0), Sweep(database, policy)
    while (batch := await sweep.step(at)).rows:
        assert batch.rows <= BATCH
        done[Keeping(batch.keeping)] += batch.rows
    assert done == due
    async with database.read() as session:
        assert not any((await Retaining(session, policy, at).due()).values())
    return done
