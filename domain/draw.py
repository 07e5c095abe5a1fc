"""Drawing lots that always fall the same way: sticky by hash, not by memory."""

import hashlib
from collections.abc import Sequence

_RESOLUTION = 2**64


def share(purpose: str, customer: str) -> float:
    """A number from 0 to 1 (1 excluded), evenly spread over customers and independent between purposes."""
    digest = hashlib.sha256(f"{purpose}\n{customer}".encode()).digest()
    return int.from_bytes(digest[:8]) / _RESOLUTION


def draw(purpose: str, customer: str, among: Sequence[str]) -> str:
    """One of several, each as likely as the others."""
    return among[int(share(purpose, customer) * len(among))]
