"""How the client sends: JSON in, typed errors out, and patience with a collector that is away for a moment."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import httpx2
from pydantic import ValidationError

from domain.errors import ConfigurationError, InvalidEventError, UnavailableError
from domain.retry_after import read_retry_after
from starter.collector.health import Health

ATTEMPTS: Final = 6
"""With the pauses between them, some fifteen seconds of trying."""

FIRST_PAUSE: Final = 0.5
"""Seconds; doubled each time, and spread, so that a hundred backends do not all come back at once."""

LONGEST_PAUSE: Final = 60.0
"""Seconds, whatever Retry-After says."""

_REFUSED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_FORBIDDEN: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

Sleep = Callable[[float], Awaitable[None]]

Body = Callable[[str], str]
"""Makes the body for an attempt, given its `sentAt`: the collector corrects our clock by it."""


class Sender:
    """Sends to one collector. Arguments and errors as for `starter.client.SegueClient`."""

    def __init__(
        self,
        url: str,
        write_key: str,
        *,
        timeout: float,
        transport: httpx2.AsyncBaseTransport | None,
        sleep: Sleep | None,
    ) -> None:
        if not url.startswith(("https://", "http://")):
            raise ConfigurationError(f"the collector's address must begin with https:// or http://, not {url[:20]!r}")
        if not write_key:
            raise ConfigurationError("the write key is empty: give one of the collector's SEGUE_WRITE_KEYS")
        self._url = url.rstrip("/")
        self._sleep = sleep or asyncio.sleep
        self._http = httpx2.AsyncClient(
            base_url=self._url, auth=httpx2.BasicAuth(write_key, ""), timeout=timeout, transport=transport
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def post(self, path: str, body: Body) -> Mapping[str, Any]:
        """Send until it is stored, or refused, or patience ends. Returns what was answered."""
        problem = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = await self._http.post(
                    path,
                    content=body(datetime.now(UTC).isoformat()),
                    headers={"Content-Type": "application/json"},
                )
            except httpx2.TransportError as error:
                problem, asked = f"{type(error).__name__}: {error}", None
            else:
                if not _may_pass(answer.status_code):
                    self._require_stored(answer)
                    return _said(answer)
                problem, asked = f"it answered {answer.status_code}", _retry_after(answer)
            if attempt < ATTEMPTS - 1:
                await self._sleep(_pause(attempt, asked))
        raise UnavailableError(f"the collector at {self._url} is away ({problem}): report again later")

    async def health(self) -> Health:
        """Ask once."""
        try:
            return Health.model_validate_json((await self._http.get("/health")).content)
        except httpx2.TransportError as error:
            raise UnavailableError(f"the collector at {self._url} is away ({type(error).__name__})") from error
        except ValidationError as error:
            raise UnavailableError(f"what answers at {self._url} is no collector of Segue") from error

    def _require_stored(self, answer: httpx2.Response) -> None:
        if answer.is_success:
            return
        if answer.status_code in _REFUSED:
            raise _refusal(answer)
        if answer.status_code in _FORBIDDEN:
            raise ConfigurationError(f"{self._url} does not know the write key: compare it with its SEGUE_WRITE_KEYS")
        raise ConfigurationError(f"{self._url} answered {answer.status_code}: is it the collector's address?")


def to_json(value: Mapping[str, Any], path: str) -> str:
    """Serialise a call; moments, decimals and UUIDs become what the Segment spec uses.

    Raises:
        InvalidEventError: it holds something else, or a naive datetime. `path` tells which call it is.
    """
    try:
        return json.dumps(value, allow_nan=False, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(path, f"is no JSON: {error}") from None


def _plain(value: object) -> object:
    match value:
        case datetime() if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: give it one, such as datetime.UTC")
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case UUID():
            return str(value)
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no place in an event")


def _may_pass(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _pause(attempt: int, asked: float | None) -> float:
    if asked is not None:
        return min(max(asked, 0.0), LONGEST_PAUSE)
    return FIRST_PAUSE * (1 << attempt) * random.uniform(0.5, 1.0)  # noqa: S311 no secret


def _retry_after(answer: httpx2.Response) -> float | None:
    """Seconds."""
    wait = read_retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
    return None if wait is None else wait.total_seconds()


def _said(answer: httpx2.Response) -> Mapping[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, Mapping) else {}


def _refusal(answer: httpx2.Response) -> InvalidEventError:
    try:
        error = answer.json()["error"]
        return InvalidEventError(str(error["field"]), str(error["message"]))
    except (ValueError, LookupError, TypeError):
        return InvalidEventError("", f"the collector answered {answer.status_code}")
