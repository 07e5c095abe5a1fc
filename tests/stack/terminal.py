"""`segue` as somebody calls it at a terminal, or a program that reads what it prints."""

import asyncio
import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.stack.processes import run


class Terminal:
    """Calls `segue`, each time as a process of its own. Calls may be gathered: most of their time is starting up.

    Args:
        options: added to every call, such as the data folder.
        environment: settings of every call.
    """

    def __init__(self, *options: str, **environment: str) -> None:
        self._options, self._environment = options, {"COLUMNS": "160"} | environment

    async def call(
        self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Call it, whatever comes of it."""
        given = self._environment | dict(environment or {})
        return await asyncio.to_thread(run, *arguments, *self._options, stdin=stdin, environment=given)

    async def say(self, *arguments: str, stdin: bytes = b"") -> str:
        """What it prints, when all is well."""
        found = await self.call(*arguments, stdin=stdin)
        assert (found.returncode, found.stderr) == (0, ""), found
        return found.stdout

    async def read(self, *arguments: str) -> list[dict[str, Any]]:
        """What it prints for programs: one JSON document, and nothing beside it."""
        found = json.loads(await self.say(*arguments, "--json"))
        assert isinstance(found, list)
        return found

    async def refused(self, *arguments: str, **environment: str) -> str:
        """What it objects, in its one line."""
        return objection(await self.call(*arguments, environment=environment))


def objection(found: "subprocess.CompletedProcess[str]", by: str = "segue", status: int = 2) -> str:
    """What a command that did nothing objects: a line on standard error after the name of who says it."""
    name, _, line = found.stderr.partition(": ")
    assert (found.returncode, found.stdout, name, line.count("\n")) == (status, "", by, 1), found
    return line.rstrip("\n")
