"""A deployed collector, with the database that nothing malformed may reach."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from starter.embedded import free_port
from tests.stack.processes import SEGUE, Process, finish, running

KEY = "the-key-of-the-shop"
SECRET = "a secret of some length"

OPENS_WITHIN = 30.0
"""Real seconds."""

_OUR_OWN = frozenset({"alembic_version", "clock", "salt", "enrollments"})
"""Tables that no request writes to. The dispatcher does, at its own time, which may be amid the next request: it makes
the salt when it first looks, and notes whose journeys begin by what was taken in before."""


class Door:
    """A running `segue serve`, whose Temporal is away: what it takes in stays where it is."""

    def __init__(self, url: str, process: Process, database: Path) -> None:
        self.url, self.process, self._database = url, process, database

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with closing(sqlite3.connect(self._database)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            wanted = [name for name in names if name not in _OUR_OWN and not name.startswith("sqlite_")]
            return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in wanted}

    def require_alive(self) -> None:
        """Make sure that it has neither died nor met a fault of ours."""
        assert self.process.runs, self.process.output
        assert "Traceback" not in self.process.output, self.process.output[-5_000:]


@contextmanager
def opened_door(folder: Path, **settings: str) -> Iterator[Door]:
    """Serve on a new database until the block ends."""
    database, port = folder / "segue.db", free_port()
    environment = {
        "SEGUE_DATABASE": str(database),
        "SEGUE_TEMPORAL": f"127.0.0.1:{free_port()}",
        "SEGUE_SECRET": SECRET,
        "SEGUE_WRITE_KEYS": KEY,
        "SEGUE_PUBLIC_URL": "https://mail.shop.example",
        "SEGUE_PORT": str(port),
        # Else a quick machine would soon be told to come back later, whatever it sent.
        "SEGUE_RATES__ADDRESS": "100000/second",
        "SEGUE_RATES__KEY": "100000/second",
        "SEGUE_RATES__WRONG_KEY": "100000/second",
        **settings,
    }
    done = finish([SEGUE, "migrate"], environment=environment)
    assert done.returncode == 0, done.stderr
    with running([SEGUE, "serve"], folder / "serve.out", **environment) as process:
        door = Door(f"http://127.0.0.1:{port}", process, database)
        _wait_for(door)
        yield door


def _wait_for(door: Door) -> None:
    until = time.monotonic() + OPENS_WITHIN
    while time.monotonic() < until:
        assert door.process.runs, door.process.output
        try:
            if httpx2.get(f"{door.url}/health").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(door.process.output)
