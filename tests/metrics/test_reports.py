"""What is counted of providers' webhooks, and of who opens and clicks."""

from datetime import UTC, datetime, timedelta

import httpx2

from domain import event as names
from domain.clock import SystemClock
from settings import WebhookSettings
from starter.collector.committer import Committer
from starter.webhooks.routes import create_webhooks_router
from storage.database import Database
from tests.mail.feedback.providers import RESEND_SECRET, SENDGRID_KEY, by_resend, by_sendgrid
from tests.metrics.readings import moved
from tests.starter.collectors import LINKS, make_collector, served
from tests.storage.samples import NOON, track

POLICY = WebhookSettings(sendgrid_key=SENDGRID_KEY, resend_secret=RESEND_SECRET, tolerance=timedelta(hours=1))


async def test_requests_are_counted_by_provider_and_by_why_they_were_refused(sqlite_database: Database) -> None:
    app, clock = make_collector(sqlite_database), SystemClock()
    app.include_router(create_webhooks_router(POLICY, database=sqlite_database, clock=clock, links=LINKS))
    now = datetime.now(UTC)
    opened = {"type": "email.opened", "created_at": now.isoformat(), "data": {"email_id": "theirs"}}
    requests = [
        ("resend", by_resend(opened, now)),
        ("resend", ({}, b"{}")),
        ("sendgrid", by_sendgrid([], now - timedelta(hours=2))),
        ("sendgrid", by_sendgrid("no list", now)),
        ("postmark", ({}, b"{}")),
    ]
    with moved() as metrics:
        async with served(app) as url, httpx2.AsyncClient(base_url=url) as http:
            answers = [
                (await http.post(f"/webhooks/{provider}", content=body, headers=headers)).status_code
                for provider, (headers, body) in requests
            ]
    assert answers == [200, 401, 401, 400, 404]
    assert metrics.of("segue_webhook_requests_total") == {
        ("taken", "resend"): 1,
        ("untrusted", "resend"): 1,
        ("stale", "sendgrid"): 1,
        ("unreadable", "sendgrid"): 1,
    }
    assert metrics.of("segue_provider_reports_total") == {("opened", "unmatched", "resend"): 1}


async def test_people_and_machines_are_counted_apart_and_each_response_once(sqlite_database: Database) -> None:
    committer = Committer(sqlite_database)
    responses = (
        names.EMAIL_OPENED,
        names.EMAIL_OPENED_BY_MACHINE,
        names.EMAIL_LINK_CLICKED,
        names.EMAIL_CLICKED_BY_MACHINE,
        names.EMAIL_CLICKED_BY_MACHINE,
        names.PRODUCT_VIEWED,
    )
    stored = [track(name, at=NOON) for name in responses]
    with moved() as metrics:
        for _ in range(2):
            await committer.commit(stored)
    assert metrics.of("segue_responses_total") == {
        ("person", "open"): 1,
        ("machine", "open"): 1,
        ("person", "click"): 1,
        ("machine", "click"): 2,
    }
