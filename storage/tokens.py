"""Tokens that sign one request each: whoever saw one go by can use it for no other."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from storage.repository import Repository
from storage.tables import SPENT_TOKENS


class SpentTokens(Repository):
    """Remembers them."""

    async def spend(self, token: str, real_now: datetime, keep: timedelta) -> bool:
        """Use a token up; False when it was before. Those older than `keep`, whose time is over, are forgotten."""
        await self.execute(delete(SPENT_TOKENS).where(SPENT_TOKENS.c.real_at < real_now - keep))
        spend = self.insert(SPENT_TOKENS).on_conflict_do_nothing(index_elements=["token"])
        statement = spend.returning(SPENT_TOKENS.c.token)
        return (await self.execute(statement, [{"token": token, "real_at": real_now}])).first() is not None
