"""All journeys. Adding one needs no change here: every module of this package is looked through."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

import workflows
from domain.errors import JourneyError, UnknownJourneyError
from workflows.vocabulary import Journey


def _load() -> dict[str, type[Journey]]:
    found: dict[str, type[Journey]] = {}
    for module in sorted(pkgutil.iter_modules(workflows.__path__), key=lambda module: module.name):
        if module.ispkg or module.name == "catalogue":
            continue
        for item in vars(importlib.import_module(f"workflows.{module.name}")).values():
            if isinstance(item, type) and issubclass(item, Journey) and item is not Journey:
                found[item.plan.name] = item
    return found


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
