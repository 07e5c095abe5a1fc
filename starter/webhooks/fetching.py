"""Fetches the two things that Amazon SNS wants fetched: a certificate, and a confirmation. Bounded in size and time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import httpx2

from domain.errors import UnavailableError

LONGEST: Final = timedelta(seconds=5)
"""SNS itself waits 15 seconds for our answer."""

LARGEST: Final = 64_000
"""Bytes. A certificate has two thousand."""

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches an address that was found to be Amazon's. Raises `UnavailableError` where that cannot be done now."""


async def fetch(address: str) -> bytes:
    """What lies at an address. No redirect is followed: where it leads, nobody has looked at.

    Raises:
        UnavailableError: nothing does, it is too large, or it takes too long.
    """
    try:
        async with (
            asyncio.timeout(LONGEST.total_seconds()),
            httpx2.AsyncClient(follow_redirects=False, timeout=LONGEST.total_seconds()) as http,
            http.stream("GET", address) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                raise UnavailableError(f"Amazon SNS answered {answer.status_code}")
            found = bytearray()
            async for chunk in answer.aiter_bytes():
                found += chunk
                if len(found) > LARGEST:
                    raise UnavailableError(f"Amazon SNS answered with more than {LARGEST} bytes")
            return bytes(found)
    except (httpx2.HTTPError, TimeoutError) as error:
        raise UnavailableError(f"Amazon SNS cannot be asked ({type(error).__name__})") from None
