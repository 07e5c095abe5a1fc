"""Commands of Segue as processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from starter.place import Addresses, Place
from tests.stack.waiting import until

ROOT = Path(__file__).parents[2]
SEGUE = str(Path(sys.executable).with_name("segue"))

QUIET_HOURS_OFF = {"SEGUE_QUIET_FROM": "00:00", "SEGUE_QUIET_TO": "00:00"}
SOURCES_OFF = {"SEGUE_SOURCES__RUN": "false"}

STOPS_WITHIN = 30.0
"""Real seconds."""


class Process:
    """One process, in a group of its own, with what it prints in a file."""

    def __init__(self, popen: "subprocess.Popen[bytes]", output: Path) -> None:
        self._popen, self._output = popen, output
        self.pid = popen.pid

    @property
    def output(self) -> str:
        """What it has printed so far, on either stream."""
        return self._output.read_text()

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def stop(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit status."""
        self._popen.send_signal(number)
        return self.status()

    def status(self) -> int:
        """The exit status, once it has ended."""
        return self._popen.wait(STOPS_WITHIN)

    def kill_group(self) -> None:
        """End it and what it keeps in its group, without a warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(STOPS_WITHIN)

    def children(self) -> list[int]:
        """Ids of the processes it has started and that run."""
        return [pid for pid, parent in all_processes() if parent == self.pid]


@contextmanager
def running(command: Sequence[str], output: Path, **environment: str) -> Iterator[Process]:
    """Run a command until the block ends; then it is killed, if it still runs."""
    with output.open("wb") as stream:
        popen = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(popen, output)
    try:
        yield process
    finally:
        process.kill_group()


def run(
    *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run `segue` to its end."""
    return finish([SEGUE, *arguments], stdin=stdin, environment=environment)


def finish(
    command: Sequence[str], *, stdin: bytes = b"", environment: Mapping[str, str] | None = None, within: float = 100.0
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, which comes within so many seconds."""
    found = subprocess.run(
        command,
        cwd=ROOT,
        env=_environment(environment or {}),
        input=stdin,
        capture_output=True,
        timeout=within,
        check=False,
    )
    return subprocess.CompletedProcess(found.args, found.returncode, found.stdout.decode(), found.stderr.decode())


@contextmanager
def stack_up(folder: Path, *options: str, **environment: str) -> Iterator[Process]:
    """`segue up` on a folder, on any ports, without quiet hours and sources."""
    ports = ("--port", "0", "--ui-port", "0", "--inbox-port", "0")
    given = QUIET_HOURS_OFF | SOURCES_OFF | environment
    with running(
        [SEGUE, "up", "--data", str(folder), *ports, *options], folder.with_suffix(".out"), **given
    ) as process:
        yield process


async def addresses_of(process: Process, folder: Path) -> Addresses:
    """Where the stack on a folder answers; waits until it does."""

    async def look() -> Addresses | None:
        assert process.runs, process.output
        return Place(folder).addresses() if "Segue is up" in process.output else None

    found = await until(look)
    assert found is not None
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended, and was not waited for, does not."""
    return pid in {each for each, _ in all_processes()}


def all_processes() -> list[tuple[int, int]]:
    """Id and parent of all processes that run."""
    listed = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found = [line.split() for line in listed]
    return [(int(pid), int(parent)) for pid, parent, state in found if not state.startswith("Z")]


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SEGUE_", "TEMPORAL_"))}
    return inherited | {"COLUMNS": "80"} | dict(added)
