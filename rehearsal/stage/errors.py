"""What can go wrong on stage.

PermanentError
├── StageError     it cannot be played: nothing to click on yet, or the journey's own code broke
└── ScriptError    what is to be played cannot be read; names the part and what is possible
"""

from domain.errors import PermanentError


class StageError(PermanentError):
    """It cannot be played as asked, or the journey's own code broke."""


class ScriptError(PermanentError):
    """A script, or a span of time in it, cannot be read."""
