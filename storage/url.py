"""Where the data is: the one setting `SEGUE_DATABASE`, in the spellings people use."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import ConfigurationError

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}

_HINT = "SEGUE_DATABASE: give a file (data/segue.db) or postgresql://user:password@host/database"


def parse_url(text: str) -> URL:
    """Read a database setting: a file's path, an SQLite URL or a PostgreSQL URL, with or without the driver's name.

    Raises:
        ConfigurationError: it is none of these. The text is not repeated: it may hold a password.
    """
    if not text.strip():
        raise ConfigurationError(f"{_HINT}; it is empty")
    if "://" not in text:
        if not text.endswith((".db", ".sqlite", ".sqlite3")):
            raise ConfigurationError(f"{_HINT}; a file's name ends in .db, .sqlite or .sqlite3")
        return _require_file(URL.create("sqlite+aiosqlite", database=text))
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(f"{_HINT}; what is there cannot be read as a URL") from error
    if (driver := _DRIVERS.get(url.drivername)) is None:
        raise ConfigurationError(f"{_HINT}; {url.drivername!r} is no database Segue can use")
    url = url.set(drivername=driver)
    return _require_file(url) if is_sqlite(url) else _with_driver_words(url)


def is_sqlite(url: URL) -> bool:
    """Whether the data is one SQLite file."""
    return url.get_backend_name() == "sqlite"


def database_file(url: URL) -> Path:
    """The file of an SQLite URL."""
    return Path(url.database or "")


def describe(url: URL) -> str:
    """The URL for people: without the password."""
    return str(database_file(url)) if is_sqlite(url) else url.render_as_string(hide_password=True)


def _require_file(url: URL) -> URL:
    # Every connection to :memory: is a database of its own, and nothing in it is durable.
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(f"{_HINT}; a database in memory cannot keep a promise")
    return url


def _with_driver_words(url: URL) -> URL:
    """Say `ssl`, as asyncpg does, where a libpq URL says `sslmode`."""
    return url.set(query={("ssl" if key == "sslmode" else key): value for key, value in url.query.items()})
