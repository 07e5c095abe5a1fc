"""From a reported event to the mail, and from its links back: on the whole stack, as `segue up` runs it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from temporalio.api.enums.v1 import EventType

from domain.enrollment import OutcomeKind, State
from starter.inbox.mailbox import Letter
from tests.stack.shop import CART, ORDER, Shop
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 14_400.0

HOUR = timedelta(hours=1)

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def click_links(letter: Letter) -> list[str]:
    return [link for link in letter.links if "/c/" in link]


def header(letter: Letter, name: str) -> str:
    (value,) = [value for each, value in letter.headers if each == name]
    return value


def way_out(letter: Letter) -> str:
    """The address in List-Unsubscribe."""
    return header(letter, "List-Unsubscribe").strip("<>")


async def signals(shop: Shop, customer: str) -> list[str]:
    """Names of the signals that the customer's cart recovery was sent."""
    history = await shop.workflow(CART, customer).fetch_history()
    return [
        each.workflow_execution_signaled_event_attributes.signal_name
        for each in history.events
        if each.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
    ]


async def test_every_part_says_that_it_is_ready(shop: Shop) -> None:
    answer = await shop.http.get(f"{shop.stack.addresses.collector}/health")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)
    assert answer.json()["parts"] == dict.fromkeys(("database", "dispatcher", "temporal", "worker", "inbox"), True)
    assert answer.json()["pace"] == PACE


async def test_a_click_leads_to_the_shop_and_the_journey_answers_it(shop: Shop) -> None:
    await shop.backend.fill_cart("clara")
    reminder = await shop.books.letter("clara")
    to_the_lamp = None
    for link in click_links(reminder):
        assert link.startswith(shop.stack.addresses.collector)
        answer = await shop.http.head(link)  # a HEAD is a link checker's: no click
        if "/p/lamp" in answer.headers["Location"]:
            to_the_lamp = link
    assert to_the_lamp is not None
    assert await signals(shop, "clara") == []

    answer = await shop.http.get(to_the_lamp)
    assert answer.status_code == 302
    target = urlsplit(answer.headers["Location"])
    assert (target.scheme, target.netloc, target.path) == ("https", "shop.example", "/p/lamp")
    assert parse_qs(target.query) == {
        "colour": ["sand"],
        "utm_source": ["segue"],
        "utm_medium": ["email"],
        "utm_campaign": ["cart-recovery"],
        "utm_content": ["reminder"],
    }

    deeper = await shop.books.letter("clara", 2)
    assert (await shop.books.row_of(deeper)).template == "cart/deeper"
    assert await signals(shop, "clara") == ["click"]
    assert await shop.books.sent("clara") == ["cart/reminder", "cart/deeper"]


async def test_nobody_can_make_a_link_lead_elsewhere(shop: Shop) -> None:
    await shop.backend.fill_cart("eve")
    letter = await shop.books.letter("eve")
    link = click_links(letter)[0]
    own = (await shop.http.head(link)).headers["Location"]

    for added in ("?url=https://evil.example", "?target=//evil.example&next=https://evil.example", "#//evil.example"):
        assert (await shop.http.head(link + added)).headers["Location"] == own
    collector = shop.stack.addresses.collector
    unsubscribe_token = way_out(letter).rsplit("/", 1)[-1]
    forged = link[:-1] + ("A" if link[-1] != "A" else "B")
    for other in (forged, f"{collector}/c/{unsubscribe_token}", f"{collector}/c/https:%2F%2Fevil.example"):
        answer = await shop.http.get(other)
        assert answer.status_code == 404
        assert "Location" not in answer.headers


async def test_the_mail_on_the_wire_is_what_mail_programs_want(shop: Shop) -> None:
    await shop.backend.fill_cart("wilma")
    letter = await shop.books.letter("wilma")
    mail = shop.books.wire(letter)

    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert way_out(letter).startswith(f"{shop.stack.addresses.collector}/u/")
    assert mail["Message-ID"] == (await shop.books.row_of(letter)).message_id
    assert mail["To"] == "wilma@shop.example"
    assert mail["From"] == "Your Shop <hello@shop.example>"
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert letter.html is not None
    assert letter.text is not None
    for body in (letter.html, letter.text):
        assert "Linen floor lamp" in body
        assert way_out(letter) in body  # as it is: leaving must not depend on the click's redirect
    targets = [(await shop.http.head(link)).headers["Location"] for link in click_links(letter)]
    assert not [target for target in targets if "/u/" in target]


@pytest.mark.parametrize(
    ("customer", "form"),
    [
        ("ulla", {"data": ONE_CLICK}),
        ("uwe", {"files": {"List-Unsubscribe": (None, "One-Click")}}),
    ],
    ids=["urlencoded", "multipart"],
)
async def test_one_click_is_enough_to_leave(shop: Shop, customer: str, form: dict[str, Any]) -> None:
    """RFC 8058, 3.1: mail programs send either form, without cookies or a login."""
    await shop.backend.fill_cart(customer)
    letter = await shop.books.letter(customer)

    asked = await shop.http.get(way_out(letter))
    assert asked.status_code == 200
    assert '<form method="post"' in asked.text
    assert await shop.books.opt_outs(customer) == frozenset()
    assert [row.state for row in await shop.books.enrollments(customer)] == [State.RUNNING]

    left = await shop.http.post(way_out(letter), **form)
    assert left.status_code == 200
    assert "You are unsubscribed" in left.text
    assert await shop.books.opt_outs(customer) == {"*"}
    outcome = await shop.books.outcome(customer, CART)
    assert (outcome.kind, outcome.why, outcome.mails) == (OutcomeKind.EXITED, "unsubscribed", 1)


async def test_a_purchase_converts_and_is_confirmed(shop: Shop) -> None:
    await shop.backend.fill_cart("petra")
    await shop.books.letter("petra")
    await shop.backend.order("petra", "o-1", revenue=118.5)

    outcome = await shop.books.outcome("petra", CART)
    assert (outcome.kind, outcome.revenue, outcome.order_id) == (OutcomeKind.CONVERTED, 118.5, "o-1")
    confirmation = await shop.books.letter("petra", 2)
    row = await shop.books.row_of(confirmation)
    assert (row.journey, row.template) == (ORDER, "post_purchase/confirmation")
    assert "List-Unsubscribe" not in dict(confirmation.headers)  # owed, not marketing


async def test_temporal_lists_enrollments_by_customer_step_and_outcome(shop: Shop) -> None:
    client = shop.stack.client

    async def listed(query: str) -> list[str]:
        return sorted([each.id async for each in client.list_workflows(query)])

    await shop.backend.fill_cart("lisa")
    await shop.books.letter("lisa")
    assert await until(lambda: listed("SegueCustomer = 'lisa'")) == ["cart-recovery/lisa"]
    assert "cart-recovery/lisa" in await until(lambda: listed("SegueStep = 'reminder' AND SegueCustomer = 'lisa'"))
    assert await listed("SegueOutcome = 'converted' AND SegueCustomer = 'lisa'") == []

    await shop.backend.order("lisa", "o-9")
    await shop.books.outcome("lisa", CART)
    found = await until(lambda: listed("SegueOutcome = 'converted' AND SegueCustomer = 'lisa'"))
    assert found == ["cart-recovery/lisa"]
    both = await until(lambda: listed("SegueCustomer = 'lisa'"), lambda ids: len(ids) > 1)
    assert both == ["cart-recovery/lisa", "post-purchase/lisa/o-9"]
    assert await listed("SegueJourney = 'post-purchase' AND SegueCustomer = 'lisa'") == ["post-purchase/lisa/o-9"]


async def test_nothing_follows_an_exit(shop: Shop) -> None:
    """Two product days after they left, bought or clicked the way out, and all along each mail went out once."""
    for customer in ("ursula", "paul"):
        await shop.backend.fill_cart(customer)
    letter = await shop.books.letter("ursula")
    await shop.books.letter("paul")
    (await shop.http.post(way_out(letter), data=ONE_CLICK)).raise_for_status()
    await shop.backend.order("paul", "o-3")
    await shop.books.outcome("ursula", CART)
    await shop.books.outcome("paul", CART)
    await shop.books.letter("paul", 2)

    await shop.pass_time(48 * HOUR)

    assert await shop.books.sent("ursula") == ["cart/reminder"]
    assert await shop.books.sent("paul") == ["cart/reminder", "post_purchase/confirmation"]
    assert len(shop.books.letters("ursula")) == 1
    assert len(shop.books.letters("paul")) == 2
    await shop.books.agree()
    await shop.books.all_delivered()
