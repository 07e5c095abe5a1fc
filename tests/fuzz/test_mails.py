"""Whatever a customer or a backend put into names, carts and orders, a mail can be made of it, and it stays a mail."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes, policy
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from activities.reading import Reader
from domain.calls import RenderRequest
from domain.clock import PacedClock
from domain.errors import InvalidEventError
from domain.event import Event
from domain.segment_api import parse_call
from mail.compose import Outgoing, compose
from mail.context import TEMPLATES, Order, Shop
from mail.links import Links
from mail.render import Templates
from mail.tracking import Campaign, track
from storage.database import Database
from storage.events import EventStore
from tests.fuzz import EXAMPLES
from tests.fuzz.inputs import sound_calls
from workflows.vocabulary.routing import occasion_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
CLOCK = PacedClock(anchor_real=NOW, anchor_product=NOW, pace=1.0)
LINKS = Links("https://mail.shop.example", ["a secret of some length"])
SHOP = Shop(
    name="Lumen & Loft", url="https://shop.example", postal_address="1 Street", support_email="help@shop.example"
)
HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
}
ALL = Templates(TEMPLATES)

LEADS_TO = ("https://", "http://", "mailto:", "tel:")

_numbers = count()


def events_of(customer: str, calls: list[dict[str, Any]]) -> list[Event]:
    read: list[Event] = []
    for number, call in enumerate(calls):
        mine = {**call, "userId": customer, "messageId": f"{customer}-{number}"}
        try:
            read.append(parse_call(mine, kind=None, received_at_real=NOW, clock=CLOCK, new_id=str))
        except InvalidEventError:
            continue
    return read


@pytest.mark.timeout(1_800)
async def test_a_mail_can_be_made_of_whatever_was_stored(sqlite_database: Database) -> None:
    reader, loop = Reader(SHOP, "UTC"), asyncio.get_running_loop()

    async def make(calls: list[dict[str, Any]], name: str) -> None:
        customer = f"customer-{next(_numbers)}"
        events = events_of(customer, calls)
        if not events:
            return
        async with sqlite_database.transaction() as session:
            await EventStore(session).commit(events)
        async with sqlite_database.read() as session:
            stored = await EventStore(session).recent(customer, datetime(1970, 1, 1, tzinfo=UTC), 100)
            request = RenderRequest(message="m1", occasion=occasion_of(stored[-1]), at=NOW)
            shown = await reader.read(session, customer, request, NOW, LINKS.unsubscribe("m1"))
        if shown.order is None:  # as in journeys that an order begins
            shown = shown.model_copy(update={"order": Order(order_id="o-1", total=0.0)})
        body = ALL.render(name, shown)
        document = LexborHTMLParser(body.html)
        assert not document.css("script, iframe, object, form")
        for node in document.css("[href], [src], [background]"):
            for attribute in ("href", "src", "background"):
                address = node.attributes.get(attribute)
                assert not address or address.startswith(LEADS_TO), address
        tracked = track(
            body.html, body.text, campaign=Campaign(journey="j", step="s"), link=lambda n: LINKS.click("m1", n)
        )
        assert all(target.startswith(("https://", "http://")) for target in tracked.targets)
        raw = compose(
            Outgoing(
                sender="Lumen & Loft <hello@shop.example>",
                to="anna@shop.example",
                subject=body.subject,
                html=tracked.html,
                text=tracked.text,
                message_id="<m1@shop.example>",
                unsubscribe_url=LINKS.unsubscribe("m1"),
                date=NOW,
            )
        )
        assert set(message_from_bytes(raw, policy=policy.SMTP).keys()) <= HEADERS

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(sound_calls(), min_size=1, max_size=6), st.sampled_from(ALL.names()))
    def holds(calls: list[dict[str, Any]], name: str) -> None:
        asyncio.run_coroutine_threadsafe(make(calls, name), loop).result()

    await asyncio.to_thread(holds)
