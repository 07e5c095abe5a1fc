"""Which of several things a customer said about mail counts now. Pure; `storage.permissions` keeps what was said."""

from datetime import datetime
from typing import Protocol


class Said(Protocol):
    """A customer agreed to a topic, or refused it."""

    @property
    def granted(self) -> bool:
        """Whether they agreed."""

    @property
    def at(self) -> datetime:
        """When they said so."""


def standing(topical: Said | None, general: Said | None) -> bool | None:
    """Whether a topic is agreed to; None when nothing was ever said of it.

    Refusing all marketing takes back what was granted to a topic before; granting all lifts no refusal of one.

    Args:
        topical: what was said last of the topic.
        general: what was said last of all marketing.
    """
    if topical is None or (general is not None and not general.granted and general.at >= topical.at):
        return general.granted if general else None
    return topical.granted
