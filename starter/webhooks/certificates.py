"""The certificates that Amazon SNS signs with: each fetched once, from addresses that were found to be Amazon's."""

import asyncio
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from typing import Final

from cryptography.x509 import Certificate

from domain.errors import UnavailableError
from mail.feedback.sns import SnsMessage, certificate_address, read_certificate, require_valid
from starter.webhooks.fetching import Fetch

KEPT: Final = 16
"""Amazon changes them a few times a year, in each region."""

FETCHES: Final = 10
WITHIN: Final = timedelta(minutes=1)
"""At most so many fetches in so long: who sends messages with ever new addresses gets Amazon asked, but no faster."""


class Certificates:
    """Finds them. One for the process.

    Args:
        fetch: how.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: OrderedDict[str, Certificate] = OrderedDict()
        self._fetched_at: deque[datetime] = deque(maxlen=FETCHES)
        self._turn = asyncio.Lock()

    async def of(self, message: SnsMessage, now: datetime) -> Certificate:
        """The certificate that a message says it is signed with.

        Raises:
            UntrustedReportError: its address is not Amazon's, or it is not valid at that moment.
            UnavailableError: it cannot be fetched now.
        """
        address = certificate_address(message)
        async with self._turn:
            known = self._known.get(address)
            if known is None:
                known = self._known[address] = await self._find(address, now)
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
        require_valid(known, now)
        return known

    async def _find(self, address: str, now: datetime) -> Certificate:
        if len(self._fetched_at) == FETCHES and now - self._fetched_at[0] < WITHIN:
            raise UnavailableError("too many certificates of Amazon SNS were asked for within a minute")
        self._fetched_at.append(now)
        return read_certificate(await self._fetch(address), now)
