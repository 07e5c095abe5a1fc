"""Fixtures for tests of journeys, as a pytest plugin: `pytest_plugins = ["rehearsal.plugin"]` in the top conftest.py.

Needs pytest and pytest-asyncio, which Segue itself does not.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from rehearsal.stage import Stage, open_stage


@pytest.fixture
def stage_options() -> dict[str, Any]:
    """Arguments for `rehearsal.stage.open_stage`; define a fixture of this name to change them."""
    return {}


@pytest_asyncio.fixture
async def stage(stage_options: dict[str, Any]) -> AsyncIterator[Stage]:
    """A stage of the test's own, on a Monday morning at nine."""
    async with open_stage(**stage_options) as opened:
        yield opened
