"""Signed links: what a click, or a wish to leave, carries back.

A tracked link holds a message id and an index, never its target: nobody can make this server redirect somewhere of
their choosing. Whoever holds a link can read both values; they are no secret, only unforgeable.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from itsdangerous import BadData, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from domain.errors import ConfigurationError, ExpiredLinkError, InvalidLinkError

CLICK_MAX_AGE: Final = timedelta(days=400)
"""Real time. People do dig out last year's mail; the targets of messages older than that need not be kept."""

PREFERENCES_MAX_AGE: Final = timedelta(days=365)
"""Real time. Whoever comes later is offered a fresh link by mail: the old mail may lie where others read it by now."""

DATA_REQUEST_MAX_AGE: Final = timedelta(hours=72)
"""Real time. It hands out or erases everything that is known of somebody, so it must not lie around."""

UNDO_MAX_AGE: Final = timedelta(hours=24)
"""Real time. To take back a click made by mistake; later the preference centre does it."""

ASKING_MAX_AGE: Final = timedelta(hours=1)
"""Real time, from when the page was opened until its reader asks for their data."""

MIN_SECRET_LENGTH: Final = 16

_SHA256: Final[dict[str, Any]] = {"digest_method": hashlib.sha256}  # the library's default is SHA-1


class DataRequest(StrEnum):
    """What a recipient may ask for about their data. The values stand in links."""

    EXPORT = "export"
    ERASURE = "erasure"


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
            raise ConfigurationError(
                f"SEGUE_SECRET: links are signed with secrets of {MIN_SECRET_LENGTH} characters at least, by comma: "
                "take one of `openssl rand -hex 32`"
            )
        oldest_first = list(reversed(secrets))  # itsdangerous signs with the last
        self._base = base_url.rstrip("/")
        # Never expires: CAN-SPAM wants an opt-out to work for 30 days at least, and RFC 8058 gives a link no end at
        # all. Whoever finds an old mail and wants out must get out. The salt keeps it apart from clicks.
        self._unsubscribes = URLSafeSerializer(oldest_first, salt="segue.unsubscribe", signer_kwargs=_SHA256)
        self._timed = {
            purpose: URLSafeTimedSerializer(oldest_first, salt=f"segue.{purpose}", signer_kwargs=_SHA256)
            for purpose in ("click", "open", "preferences", "undo", "asking", *(f"data.{each}" for each in DataRequest))
        }

    def __repr__(self) -> str:
        return f"Links({self._base!r})"

    @property
    def base_url(self) -> str:
        """Where the collector is reached from outside, without a slash at the end."""
        return self._base

    def leads_here(self, address: str) -> bool:
        """Whether it is a link of a mail that leads to the collector, which records for itself who follows it."""
        return address.startswith(tuple(f"{self._base}/{page}/" for page in ("c", "u", "p", "d")))

    def click(self, message: str, index: int) -> str:
        """Make the tracked link to a message's target number `index`."""
        return f"{self._base}/c/{self._sign('click', [message, index])}"

    def read_click(self, token: str) -> tuple[str, int]:
        """Read message and index from a click's token.

        Raises:
            ExpiredLinkError: Older than `CLICK_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose.
        """
        match self._load("click", token, CLICK_MAX_AGE):
            case [str(message), int(index)]:
                return message, index
        raise InvalidLinkError("not a valid click link: unexpected content")

    def open(self, message: str) -> str:
        """Make the address of the picture by which a message tells that it was opened."""
        return f"{self._base}/o/{self._sign('open', message)}"

    def read_open(self, token: str) -> str:
        """Read the message from a picture's token.

        Raises:
            ExpiredLinkError: Older than `CLICK_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose.
        """
        return self._read("open", token, CLICK_MAX_AGE)

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

    def preferences(self, message: str) -> str:
        """Make the link by which the recipient of a message chooses what to hear."""
        return f"{self._base}/p/{self._sign('preferences', message)}"

    def fresh_preferences(self, message: str, age: timedelta) -> str | None:
        """The same link's token, for a page that another link of the mail opened; None of a mail that is too old.

        Else whoever holds an old mail would get by its other links what its own link to the centre does not open.
        """
        return None if age > PREFERENCES_MAX_AGE else self._sign("preferences", message)

    def read_preferences(self, token: str) -> str:
        """Read the message from a preferences token.

        Raises:
            ExpiredLinkError: Older than `PREFERENCES_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose.
        """
        return self._read("preferences", token, PREFERENCES_MAX_AGE)

    def data_request(self, message: str, asked_for: DataRequest) -> str:
        """Make the link by which the recipient of a message confirms what they asked for about their data."""
        return f"{self._base}/d/{asked_for}/{self._sign(f'data.{asked_for}', message)}"

    def read_data_request(self, token: str, asked_for: DataRequest) -> str:
        """Read the message from a token that confirms a request about data.

        Raises:
            ExpiredLinkError: Older than `DATA_REQUEST_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose: one for an export erases nothing.
        """
        return self._read(f"data.{asked_for}", token, DATA_REQUEST_MAX_AGE)

    def undo_token(self, message: str) -> str:
        """Make the token that takes back what a message's unsubscribe link has just done."""
        return self._sign("undo", message)

    def read_undo(self, token: str) -> str:
        """Read the message from an undo token.

        Raises:
            ExpiredLinkError: Older than `UNDO_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose.
        """
        return self._read("undo", token, UNDO_MAX_AGE)

    def asking_token(self, message: str) -> str:
        """Make the token by which a page, opened just now, asks for something about its reader's data."""
        return self._sign("asking", message)

    def read_asking(self, token: str) -> str:
        """Read the message from a page's token.

        Raises:
            ExpiredLinkError: Older than `ASKING_MAX_AGE`.
            InvalidLinkError: Forged, or made for another purpose.
        """
        return self._read("asking", token, ASKING_MAX_AGE)

    def _sign(self, purpose: str, made_for: str | list[str | int]) -> str:
        return _text(self._timed[purpose].dumps(made_for))

    def _read(self, purpose: str, token: str, max_age: timedelta) -> str:
        payload = self._load(purpose, token, max_age)
        if not isinstance(payload, str):
            raise InvalidLinkError(f"not a valid {purpose} link: unexpected content")
        return payload

    def _load(self, purpose: str, token: str, max_age: timedelta) -> Any:
        """What a token was made for. Raises `ExpiredLinkError`, else `InvalidLinkError`."""
        try:
            return self._timed[purpose].loads(token, max_age=int(max_age.total_seconds()))
        except SignatureExpired as error:
            made_for = error.payload and self._timed[purpose].load_payload(error.payload)
            message = made_for[0] if isinstance(made_for, list) else made_for  # a click's token has an index, too
            raise ExpiredLinkError(f"a {purpose} link that is too old: {error}", str(message)) from error
        except BadData as error:
            raise InvalidLinkError(f"not a valid {purpose} link: {error}") from error


def _text(token: str | bytes) -> str:
    return token.decode() if isinstance(token, bytes) else token
