"""What a server said, fit for a log line and a workflow's history."""

import re
from typing import Final

LONGEST: Final = 300
"""Characters. Some servers answer with an essay."""

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


def quote(answer: str, recipient: str) -> str:
    """An answer in one line and without mail addresses: servers like to repeat the recipient's, or where it leads."""
    quoted = re.sub(re.escape(recipient), "the recipient", answer, flags=re.IGNORECASE)
    return " ".join(_ADDRESS.sub("an address", quoted).split())[:LONGEST]
