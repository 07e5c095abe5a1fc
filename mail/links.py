"""Signed links: what a click, or a wish to leave, carries back.

A tracked link holds a message id and an index, never its target: nobody can make this server redirect somewhere of
their choosing. Whoever holds a link can read both values; they are no secret, only unforgeable.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from domain.errors import ConfigurationError, InvalidLinkError

CLICK_MAX_AGE: Final = timedelta(days=400)
"""Real time. People do dig out last year's mail; the targets of messages older than that need not be kept."""

MIN_SECRET_LENGTH: Final = 16

_SHA256: Final[dict[str, Any]] = {"digest_method": hashlib.sha256}  # the library's default is SHA-1


class Links:
    """Makes and reads the links of mails.

    Args:
        base_url: Where the collector is reached from outside, e.g. `https://mail.shop.example`.
        secrets: Newest first. The first signs, all verify: to rotate, put a new one in front and keep the old.
    """

    def __init__(self, base_url: str, secrets: Sequence[str]) -> None:
        if not base_url.startswith(("https://", "http://")):
            raise ConfigurationError(f"the public address must begin with https:// or http://, not {base_url!r}")
        if not secrets or any(len(secret) < MIN_SECRET_LENGTH for secret in secrets):
            raise ConfigurationError(f"link signing needs secrets of at least {MIN_SECRET_LENGTH} characters each")
        oldest_first = list(reversed(secrets))  # itsdangerous signs with the last
        self._base = base_url.rstrip("/")
        self._clicks = URLSafeTimedSerializer(oldest_first, salt="segue.click", signer_kwargs=_SHA256)
        # Never expires: CAN-SPAM wants an opt-out to work for 30 days at least, and RFC 8058 gives a link no end at
        # all. Whoever finds an old mail and wants out must get out. The salt keeps it apart from clicks.
        self._unsubscribes = URLSafeSerializer(oldest_first, salt="segue.unsubscribe", signer_kwargs=_SHA256)

    def __repr__(self) -> str:
        return f"Links({self._base!r})"

    def click(self, message: str, index: int) -> str:
        """Make the tracked link to a message's target number `index`."""
        return f"{self._base}/c/{_text(self._clicks.dumps([message, index]))}"

    def read_click(self, token: str) -> tuple[str, int]:
        """Read message and index from a click's token.

        Raises:
            InvalidLinkError: Forged, made for another purpose, or older than `CLICK_MAX_AGE`.
        """
        try:
            payload = self._clicks.loads(token, max_age=int(CLICK_MAX_AGE.total_seconds()))
        except BadData as error:
            raise InvalidLinkError(f"not a valid click link: {error}") from error
        match payload:
            case [str(message), int(index)]:
                return message, index
        raise InvalidLinkError("not a valid click link: unexpected content")

    def unsubscribe(self, message: str) -> str:
        """Make the link by which the recipient of a message leaves."""
        return f"{self._base}/u/{_text(self._unsubscribes.dumps(message))}"

    def read_unsubscribe(self, token: str) -> str:
        """Read the message from an unsubscribe token, however old.

        Raises:
            InvalidLinkError: Forged, or made for another purpose.
        """
        try:
            payload = self._unsubscribes.loads(token)
        except BadData as error:
            raise InvalidLinkError(f"not a valid unsubscribe link: {error}") from error
        if not isinstance(payload, str):
            raise InvalidLinkError("not a valid unsubscribe link: unexpected content")
        return payload


def _text(token: str | bytes) -> str:
    return token.decode() if isinstance(token, bytes) else token
