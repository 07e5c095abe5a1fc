"""Write keys: who may report events. Only their hashes are kept."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from domain.errors import ConfigurationError, PermanentError


class WrongKeyError(PermanentError):
    """The write key is missing, or none of ours."""


class WriteKeys:
    """Knows the keys that may write.

    Args:
        keys: as configured; several let a new one be handed out before the old one is withdrawn.

    Raises:
        ConfigurationError: there is none.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [_hash(key) for key in keys if key]
        if not self._hashes:
            raise ConfigurationError("SEGUE_WRITE_KEYS: set at least one key, e.g. from `openssl rand -hex 24`")

    def check_header(self, authorization: str | None) -> bool:
        """Check HTTP Basic, where the key is the user name and the password stays empty.

        Returns:
            Whether the header settles it; False where there is none of that kind, and the body must tell.

        Raises:
            WrongKeyError: it holds another key.
        """
        scheme, _, credentials = (authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return False
        self._require(_user(credentials))
        return True

    def check_body(self, body: Mapping[str, Any]) -> None:
        """Check the `writeKey` of a body: what Segment's browser libraries send, which cannot set headers.

        Raises:
            WrongKeyError: it is missing, or another.
        """
        self._require(body.get("writeKey"))

    def _require(self, key: object) -> None:
        if not isinstance(key, str) or not key:
            raise WrongKeyError("no write key: send it as the user name of HTTP Basic, or as writeKey in the body")
        given = _hash(key)
        # A list, not a generator: how long it takes must not tell which key was nearly right.
        if not any([hmac.compare_digest(given, known) for known in self._hashes]):  # noqa: C419
            raise WrongKeyError("the write key is not one of this collector's: compare it with SEGUE_WRITE_KEYS")


def _user(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise WrongKeyError("the Authorization header is not valid HTTP Basic") from None
    return decoded.partition(":")[0]


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="surrogatepass")).digest()
