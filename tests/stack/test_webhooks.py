"""From a mail on the wire to its provider's report and back: ledger, suppression, and the journey that ends by it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from domain import event as names
from domain.enrollment import OutcomeKind
from domain.event import Event
from domain.message import MessageStatus
from domain.relay import Relay
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from mail.pixel import GIF
from settings import WebhookSettings
from starter.inbox.mailbox import Letter
from storage.feedback import Feedback
from storage.suppressions import Suppressions
from tests.mail.feedback.providers import SENDGRID_KEY, by_sendgrid
from tests.stack.shop import BROWSER, CART, Shop
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 3600.0

SETTINGS: dict[str, Any] = {
    "relay": Relay.SENDGRID,
    "webhooks": WebhookSettings(sendgrid_key=SENDGRID_KEY),
    "open_pixel": True,
}


class SendGrid:
    """Takes mails over SMTP, reads off what they say of themselves, and reports of them, signed."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def arguments(self, letter: Letter) -> dict[str, str]:
        """What the mail wants to be known by."""
        said: dict[str, str] = json.loads(self._shop.books.wire(letter)["X-SMTPAPI"])["unique_args"]
        return said

    async def report(self, letter: Letter, event: str, **fields: Any) -> None:
        now = datetime.now(UTC)
        said = {"email": letter.to, "event": event, "timestamp": now.timestamp(), "sg_event_id": f"{letter.id}-{event}"}
        headers, body = by_sendgrid([said | self.arguments(letter) | fields], now)
        address = f"{self._shop.stack.addresses.collector}/webhooks/sendgrid"
        answer = await self._shop.http.post(address, content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"success": True})


async def reminded(shop: Shop, customer: str) -> Letter:
    """The first mail of a cart that was left."""
    await shop.backend.fill_cart(customer)
    return await shop.books.letter(customer)


async def suppression(shop: Shop, customer: str) -> str | None:
    async with shop.stack.database.read() as session:
        return await Suppressions(session).reason(customer)


async def by_mail(shop: Shop, customer: str) -> list[Event]:
    return [each for each in await shop.books.events(customer) if each.name.startswith("Email ")]


@pytest.mark.parametrize(
    ("customer", "event", "why", "suppressed"),
    [
        ("bert", "bounce", "the address bounced", HARD_BOUNCE),
        ("cora", "spamreport", "marked as spam", COMPLAINT),
        ("udo", "unsubscribe", "unsubscribed", None),
    ],
)
async def test_a_report_ends_the_journey_and_all_mail(
    shop: Shop, customer: str, event: str, why: str, suppressed: str | None
) -> None:
    provider, letter = SendGrid(shop), await reminded(shop, customer)
    row = await shop.books.row_of(letter)
    assert provider.arguments(letter) == {"segue_message": row.id}
    await provider.report(letter, "delivered")
    await provider.report(letter, event, type="bounce", reason=f"550 5.1.1 {letter.to} is unknown")
    await provider.report(letter, event, type="bounce", reason=f"550 5.1.1 {letter.to} is unknown")

    outcome = await shop.books.outcome(customer, CART)
    assert (outcome.kind, outcome.why, outcome.mails) == (OutcomeKind.EXITED, why, 1)
    assert await suppression(shop, customer) == suppressed
    assert (await shop.books.row_of(letter)).status is MessageStatus.SENT
    async with shop.stack.database.read() as session:
        feedback = await Feedback(session).get(row.id)
    assert feedback is not None
    assert feedback.delivered_at is not None
    assert any((feedback.bounced_at, feedback.complained_at, feedback.unsubscribed_at))
    await shop.backend.order(customer, f"o-{customer}")
    if suppressed:
        confirmation = await until(lambda: shop.books.ledger(customer), lambda rows: len(rows) > 1)
        assert confirmation[-1].status is not MessageStatus.SENT
    assert len(shop.books.letters(customer)) == (1 if suppressed else len(shop.books.letters(customer)))
    assert "shop.example" not in json.dumps([each.properties for each in await by_mail(shop, customer)])


async def test_a_person_who_clicks_is_answered_and_a_scanner_is_not(shop: Shop) -> None:
    provider, letter = SendGrid(shop), await reminded(shop, "clara")
    await provider.report(letter, "click", url="https://shop.example/a", useragent="Barracuda Sentinel (EE)")
    link = next(link for link in letter.links if "/c/" in link)
    answer = await shop.http.get(link, headers={"User-Agent": "python-requests/2.32"})
    assert answer.status_code == 302
    await until(lambda: by_mail(shop, "clara"), lambda events: len(events) == 2)  # a slow click is stored afterwards
    await shop.books.all_delivered()
    history = await shop.workflow(CART, "clara").fetch_history()
    assert not [each for each in history.events if each.HasField("workflow_execution_signaled_event_attributes")]

    await provider.report(letter, "click", url="https://shop.example/b", useragent=BROWSER, sg_event_id="a person")
    deeper = await shop.books.letter("clara", 2)
    assert (await shop.books.row_of(deeper)).template == "cart/deeper"
    clicks = [each.name for each in await by_mail(shop, "clara") if "Clicked" in each.name]
    assert clicks == [names.EMAIL_CLICKED_BY_MACHINE] * 2 + [names.EMAIL_LINK_CLICKED]


async def test_the_pixel_is_in_the_mail_and_tells_that_it_was_opened(shop: Shop) -> None:
    letter = await reminded(shop, "otto")
    assert letter.html is not None
    dots = LexborHTMLParser(letter.html).css('img[width="1"]')
    assert [(dot.attributes["alt"], dot.attributes["role"]) for dot in dots] == [("", "presentation")]
    address = str(dots[0].attributes["src"])
    assert address.startswith(f"{shop.stack.addresses.collector}/o/")
    assert address not in (letter.text or "")
    assert (await shop.http.get(address)).content == GIF
    assert [each.name for each in await until(lambda: by_mail(shop, "otto"))] == [names.EMAIL_OPENED]
