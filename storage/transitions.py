"""Which way a message's status may change. The whole table in one place; `storage.ledger` obeys it."""

from collections.abc import Mapping
from typing import Final

from domain.message import MessageStatus as Status
from storage.errors import IllegalTransitionError

TRANSITIONS: Final[Mapping[Status | None, frozenset[Status]]] = {
    None: frozenset({Status.DEFERRED, Status.CLAIMED, Status.DROPPED}),
    Status.DEFERRED: frozenset({Status.DEFERRED, Status.CLAIMED, Status.DROPPED}),
    # Put off: its customer became another.
    Status.CLAIMED: frozenset({Status.RENDERED, Status.DEFERRED, Status.DROPPED}),
    # Rendered again by a retry whose first attempt was not heard of; deferred by a gate that was asked again.
    Status.RENDERED: frozenset({Status.RENDERED, Status.HANDED_OVER, Status.DEFERRED, Status.DROPPED}),
    # Back to rendered: the server has certainly not taken it. Handed over again: what is owed, or known by its key.
    Status.HANDED_OVER: frozenset(
        {Status.HANDED_OVER, Status.RENDERED, Status.SENT, Status.REFUSED, Status.DROPPED, Status.UNKNOWN}
    ),
    # The server's answer may still come: from the slow first attempt, or from the provider's report. Dropped: it has
    # certainly not taken it. Still unknown: that was one of several attempts.
    Status.UNKNOWN: frozenset({Status.SENT, Status.REFUSED, Status.DROPPED, Status.UNKNOWN}),
    Status.SENT: frozenset(),
    Status.REFUSED: frozenset(),
    Status.DROPPED: frozenset(),
}
"""From where a message stands (None: no row yet) to where it may go."""

UNDECIDED: Final = frozenset({Status.DEFERRED})
"""The gate may still change its mind."""

RENDERABLE: Final = frozenset({Status.CLAIMED, Status.RENDERED})
"""A body may be written. Not once it is handed over: that would look like a message the server has not got."""

WAITING: Final = frozenset({Status.DEFERRED, Status.CLAIMED, Status.RENDERED})
"""What has not been given to the mail server."""

SETTLEABLE: Final = frozenset({Status.HANDED_OVER, Status.UNKNOWN})
"""How it ended is not known yet, so that a provider's report tells it."""

COUNTED: Final = frozenset({Status.CLAIMED, Status.RENDERED, Status.HANDED_OVER, Status.SENT, Status.UNKNOWN})
"""What counts against the caps: it went to the customer, or may have, or is about to."""

HANDED: Final = frozenset({Status.HANDED_OVER, Status.SENT, Status.REFUSED, Status.UNKNOWN})
"""What the mail server was given."""

ENDED: Final = frozenset({Status.SENT, Status.REFUSED, Status.DROPPED, Status.UNKNOWN})
"""Nothing is given to the mail server any more."""


def require_transition(
    message: str, current: Status | None, wanted: Status, among: frozenset[Status] | None = None
) -> None:
    """Make sure that a message may go from where it stands to where it is wanted.

    Args:
        message: its ledger id, for the error.
        current: where it stands; None when it has no row yet.
        wanted: where it is to go.
        among: where it must stand for this purpose, if not every way there will do.

    Raises:
        IllegalTransitionError: it may not.
    """
    if wanted not in TRANSITIONS[current] or (among is not None and current not in among):
        raise IllegalTransitionError(f"message {message} is {current or 'not decided'}: it cannot become {wanted}")
