"""What every repository is made of: a session's connection, and the one statement both databases spell differently."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession


class Repository:
    """Works in its caller's transaction, and never commits.

    Statements go to the connection directly: rows come and go by the hundred, and nothing is kept in the session.
    """

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.is_postgresql = session.get_bind().dialect.name == "postgresql"

    async def execute(
        self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run a statement; with rows, once for each of them."""
        connection = await self.session.connection()
        return await connection.execute(statement, rows)

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that can say what happens to a row that is there already."""
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)
