"""All journeys. Adding one needs no change here: every module of this package is looked through."""

import importlib
import pkgutil

import workflows
from domain.errors import UnknownJourneyError
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
