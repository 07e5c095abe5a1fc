"""Calls that were refused: counted, logged without a word of what they said, and named in the answer."""

from collections.abc import Sequence
from typing import Any, Final

import structlog

from domain.errors import InvalidEventError
from domain.segment_api import MODELS
from metrics import events as metrics

MOST_TOLD: Final = 100
"""Refusals that one answer names, as many as clients put calls in a batch; the others are counted."""

MOST_REASONS: Final = 10
"""Different reasons in one line of the log: whole batches are wrong in one or two ways."""

_FIELDS: Final = frozenset(str(field.alias) for model in MODELS.values() for field in model.model_fields.values())

_log = structlog.get_logger("segue.collector")


class Refusals:
    """Counts for the life of the process; `GET /health` tells."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, refused: Sequence[InvalidEventError], *, stored: int) -> dict[str, Any]:
        """Count and log.

        Args:
            refused: of one request.
            stored: how many of its calls were right.

        Returns:
            What the answer to a batch says of it: how many, and each one's field and what is wrong with it.
        """
        self.count += len(refused)
        metrics.count_refused(refused)
        fields = sorted(set(map(_outermost, refused)))
        reasons = sorted({f"{_outermost(error)}: {error.reason}" for error in refused})[:MOST_REASONS]
        # Clients drop the answer: here alone a developer can read what is wrong.
        _log.warning("calls refused", refused=len(refused), stored=stored, fields=fields, reasons=reasons)
        told = [{"field": error.field, "message": error.problem} for error in refused[:MOST_TOLD]]
        return {"refused": len(refused), "errors": told}


def _outermost(error: InvalidEventError) -> str:
    """The spec's field, without what is below it: names of properties are the sender's, and may be anything."""
    parts = error.field.split(".")
    name = next(iter(parts[2:] if parts[0] == "batch" else parts), "")
    return name if name in _FIELDS else "call"
