"""The provider behind the mail server: reports what became of each mail it took, some of it twice, late, or both.

What it reports follows from the seed and the mail's id. It tries until it is answered with 200, as providers do.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from mail.feedback.tags import TAG
from tests.faults.diary import Diary, Report
from tests.faults.floor import Floor
from tests.faults.line import Line
from tests.faults.sink_log import Conversation
from tests.mail.feedback.providers import by_sendgrid

DELIVERED, BOUNCED, BLOCKED, COMPLAINED, LEFT = "delivered", "bounce", "blocked", "spamreport", "unsubscribe"
"""As SendGrid calls them; `blocked` is a bounce of the type `blocked`."""

SHARES: Final[Mapping[str, float]] = {BOUNCED: 0.03, BLOCKED: 0.03, COMPLAINED: 0.04, LEFT: 0.03}
"""Of all mails; of the others it reports that they were delivered, and so it does before a complaint."""

GUEST: Final = "guest-"
"""What the addresses of guests begin with."""

REPEATED, LATE = 0.25, 0.2
LOOK_EVERY = 0.1


class Provider:
    """One provider, from the first mail to the last report."""

    def __init__(self, floor: Floor, line: Line) -> None:
        self._floor, self._line = floor, line
        self._seen: set[str] = set()
        self._reporting: set[asyncio.Task[None]] = set()
        self.diary = Diary()

    async def run(self) -> None:
        """Report for ever. Cancel to stop."""
        while True:
            for mail in self._line.log.all():
                if mail.taken and mail.message_id not in self._seen:
                    self._seen.add(mail.message_id)
                    task = asyncio.create_task(self._report_of(mail))
                    self._reporting.add(task)
                    task.add_done_callback(self._reporting.discard)
            await asyncio.sleep(LOOK_EVERY)

    async def finish(self) -> None:
        """Wait until everything that is known of was reported."""
        while self._reporting:
            await asyncio.gather(*self._reporting)

    async def _report_of(self, mail: Conversation) -> None:
        lot = random.Random(f"{self._floor.plan.seed}/provider/{mail.message_id}")
        [what] = lot.choices([*SHARES, DELIVERED], [*SHARES.values(), 1 - sum(SHARES.values())])
        what = (
            DELIVERED if mail.to.startswith(GUEST) else what
        )  # a guest's no is not the customer's they turn out to be
        for each in [DELIVERED, what] if what in (COMPLAINED, LEFT) else [what]:
            is_late = lot.random() < LATE
            await asyncio.sleep(lot.uniform(1, self._floor.plan.late_by) if is_late else lot.uniform(0, 1))
            await self._report(mail, each, times=1 + (lot.random() < REPEATED))

    async def _report(self, mail: Conversation, what: str, times: int) -> None:
        event_id = f"{mail.ledger_id}-{what}"
        event = BOUNCED if what == BLOCKED else what
        said: dict[str, Any] = {
            "email": mail.to,
            "event": event,
            "timestamp": time.time(),
            "sg_event_id": event_id,
            "smtp-id": mail.message_id,
            TAG: mail.tag,
        }
        if event == BOUNCED:
            said |= {"type": what, "reason": f"550 5.1.1 <{mail.to}> is unknown"}
        asked = time.time()
        for _ in range(times):
            await self._line.until_answered(lambda: self._post(said), 200)
        self.diary.reports.append(
            Report(what, f"sendgrid-{event_id}", mail.ledger_id, mail.to, asked, time.time(), times)
        )

    async def _post(self, said: dict[str, Any]) -> Any:
        headers, body = by_sendgrid([said], datetime.now(UTC))
        return await self._line.http.post(f"{self._floor.url}/webhooks/sendgrid", content=body, headers=headers)
