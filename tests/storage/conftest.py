from tests.databases import (
    database,
    database_url,
    empty_postgresql_url,
    postgresql_database,
    postgresql_server,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)

__all__ = [
    "database",
    "database_url",
    "empty_postgresql_url",
    "postgresql_database",
    "postgresql_server",
    "postgresql_url",
    "sqlite_database",
    "sqlite_template",
    "sqlite_url",
]
