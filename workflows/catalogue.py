"""All journeys. Adding one needs no change here: every module of this package is looked through."""

import importlib
import importlib.util
import pkgutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import workflows
from domain.errors import JourneyError, UnknownJourneyError
from workflows.vocabulary import Journey


def _load() -> dict[str, type[Journey]]:
    found: dict[str, type[Journey]] = {}
    for module in sorted(pkgutil.iter_modules(workflows.__path__), key=lambda module: module.name):
        if module.ispkg or module.name == "catalogue":
            continue
        for each in journeys_in(_import(f"workflows.{module.name}")):
            other = found.setdefault(each.plan.name, each)
            if other is not each:
                raise JourneyError(
                    f"two journeys are named {each.plan.name!r}, {_where(other)} and {_where(each)}: "
                    "give one of them a plan of another name"
                )
    return found


def journeys_in(module: ModuleType) -> Iterator[type[Journey]]:
    """The journeys that a module names. A base of several, which has no plan, is none.

    Raises:
        JourneyError: one is no workflow of its own.
    """
    for item in vars(module).values():
        if isinstance(item, type) and issubclass(item, Journey) and hasattr(item, "plan"):
            # `@journey` writes it into the class itself; what a class inherits is another workflow's.
            if "run" not in vars(item):
                raise JourneyError(f"{_where(item)} is no workflow: write @journey above the class")
            yield item


def _import(name: str) -> ModuleType:
    """Import a module of journeys.

    Raises:
        JourneyError: it cannot be; says in a line where it broke, and how.
    """
    try:
        return importlib.import_module(name)
    except JourneyError:
        raise
    except Exception as error:
        raise JourneyError(f"{_broke_at(name, error)}: {type(error).__name__}: {_in_a_line(error)}") from error


def _broke_at(name: str, error: BaseException) -> str:
    """The place in the module, or of a syntax error wherever it is."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    file = importlib.util.find_spec(name)
    origin = file.origin if file is not None else None
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == origin]
    return f"{origin or name}, line {lines[-1]}" if lines else f"{origin or name}"


def _in_a_line(error: BaseException) -> str:
    return " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())


def _where(journey: type[Journey]) -> str:
    return f"{journey.__module__}.{journey.__qualname__}"


JOURNEYS = _load()
"""Every journey by its name."""


def journey_named(name: str) -> type[Journey]:
    """The journey of that name.

    Raises:
        UnknownJourneyError: there is none; the message lists those there are.
    """
    try:
        return JOURNEYS[name]
    except KeyError:
        raise UnknownJourneyError(f"no journey is named {name!r}; there are: {', '.join(sorted(JOURNEYS))}") from None


@contextmanager
def deployed(journey: type[Journey]) -> Iterator[None]:
    """Deploy a journey of another place for the length of a block: one that is still being written, say.

    Raises:
        JourneyError: another one of its name is deployed.
    """
    name = journey.plan.name
    if JOURNEYS.get(name, journey) is not journey:
        raise JourneyError(f"another journey is named {name!r}: give {journey.__name__} a plan of another name")
    was_there = name in JOURNEYS
    JOURNEYS[name] = journey
    try:
        yield
    finally:
        if not was_there:
            del JOURNEYS[name]
