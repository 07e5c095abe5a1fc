"""Tokens that sign one request each: whoever saw one go by can use it for no other."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from storage.repository import Repository
from storage.tables import SpentTokenRecord, table_of

_TOKENS = table_of(SpentTokenRecord)


class SpentTokens(Repository):
    """Remembers them."""

    async def spend(self, token: str, real_now: datetime, keep: timedelta) -> bool:
        """Use a token up; False when it was before. Those older than `keep`, whose time is over, are forgotten."""
        await self.execute(delete(_TOKENS).where(_TOKENS.c.real_at < real_now - keep))
        statement = self.insert(_TOKENS).on_conflict_do_nothing(index_elements=["token"]).returning(_TOKENS.c.token)
        return (await self.execute(statement, [{"token": token, "real_at": real_now}])).first() is not None
