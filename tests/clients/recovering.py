"""A collector that has an outage, and recovers."""

from collections.abc import Sequence

from domain.errors import UnavailableError
from domain.event import Event
from starter.collector.committer import Committer
from storage.database import Database


class RecoveringCommitter(Committer):
    """Fails twice: it could not store, and then it had stored and could not say so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.attempts = 0

    async def commit(self, events: Sequence[Event], *, of_known: bool = False) -> None:
        self.attempts += 1
        if self.attempts == 2:
            await super().commit(events, of_known=of_known)
        if self.attempts <= 2:
            raise UnavailableError("restarting")
        await super().commit(events, of_known=of_known)
