"""Installs the clients, once a session, in the versions that package.json and requirements.txt beside this file name.

Without Node their tests are skipped, but in CI (environment variable CI) they fail; so it is with a browser.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from tests.browsers import require_browser

HERE = Path(__file__).parent
SCRIPTS = ("package.json", "report.mjs", "jitsu.mjs", "late.mjs")


def missing(what: str) -> NoReturn:
    """Skip, but fail in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI has to run the clients")
    pytest.skip(f"{what}: these clients are not tried")


def installed(folder: Path, *command: str) -> Path:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=110, check=False)
    if done.returncode:
        pytest.fail(f"{command[0]} could not install the clients:\n{done.stderr}")
    return folder


@pytest.fixture(scope="session")
def node_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clients for Node and for browsers, and the scripts that run them."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        missing("node and npm are missing")
    folder = tmp_path_factory.mktemp("node")
    for name in SCRIPTS:
        shutil.copy(HERE / name, folder)
    return installed(folder, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")


@pytest.fixture(scope="session")
def python_clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import clients for Python from."""
    folder = tmp_path_factory.mktemp("python")
    wanted = ("--no-deps", "--requirement", str(HERE / "requirements.txt"))
    return installed(folder, sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *wanted)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a browser."""
    return require_browser("run the clients for browsers")
