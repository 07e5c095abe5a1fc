"""What can go wrong in the store, beside what `domain.errors` already names.

PermanentError
└── IllegalTransitionError   a message cannot go from where it stands to where it was sent
"""

from domain.errors import PermanentError


class IllegalTransitionError(PermanentError):
    """A message's status cannot change that way; see `storage.transitions`. A caller skipped or repeated a step."""
