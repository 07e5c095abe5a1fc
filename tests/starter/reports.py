"""Reports of mail providers, and the doors they come to. What they are about was sent in real time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from domain.clock import SystemClock
from domain.event import Event
from settings import WebhookSettings
from starter.webhooks.routes import create_webhooks_router
from storage.database import Database
from storage.ledger import Ledger
from tests.mail.feedback.providers import MAILGUN_KEY, POSTMARK_SECRET, RESEND_SECRET, SENDGRID_KEY
from tests.starter.collectors import LINKS, make_collector, served, stored_events
from tests.storage.samples import SEND, commit, gate_request, identify

ALL = WebhookSettings(
    sendgrid_key=SENDGRID_KEY, postmark_secret=POSTMARK_SECRET, mailgun_key=MAILGUN_KEY, resend_secret=RESEND_SECRET
)
ADDRESS = "anna@customer.example"


def now() -> datetime:
    return datetime.now(UTC)


async def send(database: Database, customer: str = "anna", *, ago: timedelta = timedelta(minutes=5)) -> str:
    """A mail that was handed over to the provider so long ago; returns its id."""
    at = now() - ago
    await commit(database, identify(customer, traits={"email": f"{customer}@customer.example"}, at=at))
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request(customer=customer, at=at), SEND, at)
        [row] = await ledger.list(customer=customer)
        body: dict[str, Any] = {"subject": "s", "html": "<p>", "text": "", "links": []}
        await ledger.store_body(row.id, rfc_message_id=f"<{row.id}@shop.example>", now=at, **body)
        await ledger.hand_over(row.id, at)
    return row.id


@asynccontextmanager
async def doors(database: Database, policy: WebhookSettings = ALL, **options: Any) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a collector with these webhooks, on a real port."""
    app = make_collector(database)
    clock = SystemClock()
    app.include_router(create_webhooks_router(policy, database=database, clock=clock, links=LINKS, **options))
    async with served(app) as url, httpx2.AsyncClient(base_url=url) as http:
        yield http


async def post(http: httpx2.AsyncClient, provider: str, signed: tuple[dict[str, str], bytes]) -> int:
    headers, body = signed
    return (await http.post(f"/webhooks/{provider}", content=body, headers=headers)).status_code


async def of_mail(database: Database) -> list[Event]:
    """All events but those that made customers known."""
    return [stored.event for stored in await stored_events(database) if stored.event.name != "identify"]


def sendgrid(message: str | None, event: str = "delivered", **fields: Any) -> dict[str, Any]:
    said = {"email": ADDRESS, "timestamp": int(now().timestamp()), "event": event, "sg_event_id": f"{event}-1"}
    return said | ({"segue_message": message} if message else {}) | fields
