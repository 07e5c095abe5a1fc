"""A journey as of a git ref, loaded beside today's and written in today's vocabulary. The working tree is not touched.

The modules of `workflows/` at that ref stand in for today's while they are imported, so that a journey finds the
helpers that were beside it then. `workflows.vocabulary` stays today's: what is compared are sequences, not engines.
"""

import importlib
import importlib.abc
import importlib.machinery
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import CodeType, ModuleType
from typing import NamedTuple

import workflows
from domain.errors import ConfigurationError, JourneyError, UnknownJourneyError
from workflows.vocabulary.journey import Journey

PACKAGE = workflows.__name__
HERE = Path(workflows.__path__[0])

_TODAYS = ("vocabulary", "catalogue", "catalogue.py", "__init__.py")
"""What stays as it is: parts of `workflows/` that are no journeys' own."""


def journey_at(ref: str, name: str, folder: Path = HERE) -> type[Journey]:
    """A journey as of a git ref, found by its plan's name.

    Args:
        ref: anything git knows a commit by: `HEAD`, `main~3`, a tag, a hash.
        name: the plan's.
        folder: the package of journeys in a git checkout.

    Raises:
        ConfigurationError: there is no git, no checkout, or no such ref.
        UnknownJourneyError: no journey had that name then.
        JourneyError: its module does not load under today's vocabulary.
    """
    sources = _sources_at(ref, folder)
    failed: list[str] = []
    with _standing_in(sources, ref):
        # The module that says the name is looked at first; one that builds it from parts is found after the others.
        for module in sorted(sources, key=lambda module: (name not in sources[module].text, module)):
            try:
                loaded = importlib.import_module(f"{PACKAGE}.{module}")
            except Exception as error:
                failed.append(f"{PACKAGE}.{module}: {_in_words(error)}")
                continue
            if (found := _journey_in(loaded, name)) is not None:
                return found
    if failed:
        raise JourneyError(
            f"{name} as of {ref} does not load under today's vocabulary, in {failed[0]}. "
            "Compare with a later ref, or give the vocabulary what is missing"
        )
    raise UnknownJourneyError(f"no journey was named {name!r} as of {ref}: it is new since, or had another name")


def _journey_in(module: ModuleType, name: str) -> type[Journey] | None:
    for item in vars(module).values():
        is_journey = isinstance(item, type) and issubclass(item, Journey) and hasattr(item, "plan")
        if is_journey and item.plan.name == name:
            found: type[Journey] = item
            return found
    return None


def _in_words(error: Exception) -> str:
    if isinstance(error, ImportError):
        return str(error).split(" (")[0]  # without the place of today's file, which says nothing about that ref
    return f"{type(error).__name__}: {error}"


# -- git -----------------------------------------------------------------------------------------------------------


class _Source(NamedTuple):
    text: str
    is_package: bool


def _sources_at(ref: str, folder: Path) -> dict[str, _Source]:
    """The modules of journeys and their helpers, by name within the package, e.g. `cart_recovery`."""
    try:
        _git(folder, "rev-parse", "--show-toplevel")
    except _GitError as error:
        raise ConfigurationError(
            f"--against compares with a git ref, but {folder} is in no checkout: {error}"
        ) from None
    try:
        commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").strip()
    except _GitError:
        raise ConfigurationError(f"--against: git knows no commit {ref!r} here; see `git log --oneline`") from None
    found: dict[str, _Source] = {}
    for path in map(PurePosixPath, _git(folder, "ls-tree", "-r", "--name-only", commit, "./").splitlines()):
        if path.suffix == ".py" and path.parts[0] not in _TODAYS:
            is_package = path.stem == "__init__"
            module = ".".join((path.parent if is_package else path.with_suffix("")).parts)
            found[module] = _Source(_git(folder, "show", f"{commit}:./{path}"), is_package)
    return found


class _GitError(Exception):
    """Git refused; the message is its own."""


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    try:
        made = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- no shell; the ref is verified by git
    except FileNotFoundError:
        raise ConfigurationError("--against needs git, which is not installed") from None
    except subprocess.CalledProcessError as error:
        raise _GitError(error.stderr.strip() or f"git {arguments[0]} failed") from None
    return made.stdout


# -- loading -------------------------------------------------------------------------------------------------------


@contextmanager
def _standing_in(sources: Mapping[str, _Source], ref: str) -> Iterator[None]:
    """Let imports of journeys' modules find these sources for the length of a block, and today's again after it."""
    hidden = {name: module for name, module in sys.modules.items() if _is_of_journeys(name)}
    attributes = {name: value for name, value in vars(workflows).items() if f"{PACKAGE}.{name}" in hidden}
    finder = _Finder(sources, ref)
    for name in hidden:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_of_journeys(name)]:
            del sys.modules[name]
        for name in sources:
            vars(workflows).pop(name, None)
        sys.modules.update(hidden)
        vars(workflows).update(attributes)


def _is_of_journeys(name: str) -> bool:
    package, _, module = name.partition(".")
    return package == PACKAGE and module != "" and module.partition(".")[0] not in _TODAYS


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules of journeys among sources, and none that is not there."""

    def __init__(self, sources: Mapping[str, _Source], ref: str) -> None:
        self._sources, self._ref = sources, ref

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 -- the interface
        target: ModuleType | None = None,  # noqa: ARG002 -- the interface
    ) -> importlib.machinery.ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if not _is_of_journeys(fullname):
            return None
        source = self._sources.get(fullname.removeprefix(f"{PACKAGE}."))
        if source is None:
            raise ModuleNotFoundError(f"No module named {fullname!r} as of {self._ref}", name=fullname)
        loader = _Loader(source.text, f"{self._ref}:{fullname}")
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=source.is_package)


class _Loader(importlib.abc.InspectLoader):
    """Loads a module from its source."""

    def __init__(self, source: str, where: str) -> None:
        self._source, self._where = source, where

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 -- the interface
        """See `importlib.abc.InspectLoader`."""
        return self._source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 -- the interface
        """See `importlib.abc.InspectLoader`. Tracebacks name the ref."""
        return compile(self._source, self._where, "exec", dont_inherit=True)
