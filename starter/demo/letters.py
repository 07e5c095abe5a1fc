"""Shoppers' mails in the development inbox, and the links in them."""

import asyncio
import re
from typing import Any

import httpx2

LOOK_EVERY = 0.2
"""Seconds between looks into the inbox: one for all shoppers."""


class Letters:
    """Reads the inbox over HTTP, as a person would, and follows links."""

    def __init__(self, inbox: str, http: httpx2.AsyncClient) -> None:
        self._inbox, self._http = inbox, http
        self._found: list[dict[str, Any]] = []
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def of(self, who: str) -> list[dict[str, Any]]:
        """A shopper's mails, the oldest first."""
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked_at >= LOOK_EVERY:
                self._found = (await self._http.get(f"{self._inbox}/api/messages")).json()
                self._looked_at = now
        return [one for one in self._found if one["to"].startswith(f"{who}@")]

    async def until(self, who: str, count: int) -> None:
        """Wait until a shopper has so many mails, for as long as the play goes on."""
        while len(await self.of(who)) < count:  # noqa: ASYNC110 -- the inbox tells nobody, it is asked
            await asyncio.sleep(LOOK_EVERY)

    async def click(self, who: str) -> str:
        """Follow the first link of the newest mail. Returns where it led."""
        letter = await self._newest(who)
        link = next(link for link in letter["links"] if "/c/" in link)
        answer = await self._http.get(link, follow_redirects=False)
        return str(answer.headers["location"])

    async def unsubscribe(self, who: str) -> None:
        """Do what a mail program's unsubscribe button does (RFC 8058)."""
        letter = await self._newest(who)
        target = dict(letter["headers"])["List-Unsubscribe"].strip("<>")
        answer = await self._http.post(target, data={"List-Unsubscribe": "One-Click"})
        answer.raise_for_status()

    async def ask_for_data(self, who: str) -> None:
        """Open the newest mail's preference page, press its button for a copy of the data, and read on."""
        page = await self._http.get(await self._own_page(who, "/p/"))
        asking = re.search(r'name="asking" value="([^"]+)"', page.text)
        form = {"do": "export", "asking": asking[1] if asking else ""}
        (await self._http.post(page.url, data=form, follow_redirects=True)).raise_for_status()

    async def download_data(self, who: str) -> None:
        """Open the link of the mail that came for it, and press its button."""
        (await self._http.post(await self._own_page(who, "/d/export/"))).raise_for_status()

    async def _own_page(self, who: str, path: str) -> str:
        letter = await self._newest(who)
        return next(str(link) for link in letter["links"] if path in link)

    async def _newest(self, who: str) -> dict[str, Any]:
        newest = (await self.of(who))[-1]
        letter: dict[str, Any] = (await self._http.get(f"{self._inbox}/api/messages/{newest['id']}")).json()
        return letter
