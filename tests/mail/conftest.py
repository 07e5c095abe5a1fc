"""A folder for templates that are made up in a test."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty, but for the folder of a journey."""
    (tmp_path / "test").mkdir()
    return tmp_path
