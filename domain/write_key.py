"""Write keys: who may report what. Of a key only its hash is kept."""

import hashlib
import secrets
from enum import StrEnum

from pydantic import Field

from domain.model import Instant, Value

PREFIX = "wk_"

SHORTEST = 16
"""Characters of a key that somebody thought of. Fewer could be guessed, at the latest by whoever sees the hash."""

_BYTES = 24
"""192 bits, all of them random."""


class Scope(StrEnum):
    """What a key may be used for."""

    EVENTS = "events"
    """Report everything, as a backend does."""
    BROWSER = "browser"
    """Report what a visitor does. Such a key stands in a web page, so that anybody may have it: `domain.visitor`."""
    READ = "read"
    """Ask whether a coupon holds."""


class WriteKey(Value):
    """A key as it is kept. Moments are product time."""

    id: str
    name: str = Field(min_length=1, max_length=100)
    """For people, e.g. of the backend that has it."""
    scopes: frozenset[Scope]
    created_at: Instant
    revoked_at: Instant | None = None
    last_used_at: Instant | None = None
    """To the hour."""


def new_key() -> str:
    """Make a key. It is shown to whoever asked for it, and kept nowhere."""
    return f"{PREFIX}{secrets.token_urlsafe(_BYTES)}"


def new_key_id() -> str:
    """Make a key's public id, by which it is listed and revoked."""
    return f"key-{secrets.token_hex(4)}"


def hash_key(key: str) -> str:
    """Hash a key as it is kept: SHA-256 in hexadecimal.

    A slow hash (scrypt, Argon2) makes guessing dear where people choose what is hashed. Of 192 random bits none can be
    guessed, and each request has to hash one.
    """
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
