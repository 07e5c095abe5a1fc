"""What an inbox knows, as one run of an enrollment hands it to the next."""

from typing import Any

from domain.model import Instant, WireValue


class UnreadReaction(WireValue):
    """Reactions of one kind about one thing that no step has read yet; together they are one."""

    kind: str
    """Name of the signal, e.g. `click`."""
    signal: dict[str, Any]
    """The signal's fields; those with their default are left out."""
    happened: Instant
    """When the latest of them happened; the moment of arrival where none said so itself."""


class InboxState(WireValue):
    """Everything that decides what a further signal means. Below 150 kB of JSON, whatever was told.

    An ended journey has no further run, so that nothing is said of an ending.
    """

    seen: str = ""
    """Events that were told, see `workflows.vocabulary.memory`. Changing its form takes several deploys."""
    forgotten_until: Instant | None = None
    """What happened until then may have been told and forgotten. None: nothing was forgotten."""
    unread: tuple[UnreadReaction, ...] = ()
    """In the order in which steps will read them."""
    answers_from: Instant
    """Reactions from before this moment answer an earlier mail."""
