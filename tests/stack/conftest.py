"""One stack for all tests of a module that asks for it, at the module's `PACE`; each test has customers of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stack.shop import Shop, open_shop
from tests.stack.terminal import Terminal


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's data folder."""
    return tmp_path_factory.mktemp("stack") / "data"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(data: Path, request: pytest.FixtureRequest) -> AsyncIterator[Shop]:
    """The running stack, with the module's `SETTINGS` if it has any."""
    async with open_shop(data, pace=request.module.PACE, **getattr(request.module, "SETTINGS", {})) as shop:
        yield shop


@pytest.fixture(scope="module")
def terminal(data: Path) -> Terminal:
    """A command line that talks to it."""
    return Terminal("--data", str(data))
