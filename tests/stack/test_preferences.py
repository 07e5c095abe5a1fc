"""From a mail's footer to what the next mail does, and to one's own data: on the whole stack, as `segue up` runs it."""

import re
from datetime import timedelta

import pytest

from domain.enrollment import OutcomeKind
from domain.event import SIGNED_UP
from domain.message import MessageStatus
from starter.inbox.mailbox import Letter
from storage.ledger import LedgerRow
from tests.stack.shop import CART, Shop
from tests.stack.terminal import Terminal
from tests.stack.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 14_400.0

ASKED_FOR = "data-request"


def links_to(letter: Letter, path: str) -> set[str]:
    return {link for link in letter.links if path in link}


def link_to(letter: Letter, path: str) -> str:
    [link] = links_to(letter, path)
    return link


async def letter_with(shop: Shop, customer: str, path: str) -> Letter:
    """The customer's mail with such a link; waits for it. At this pace the cart's next mail may overtake it."""

    async def look() -> list[Letter]:
        return [letter for letter in shop.books.letters(customer) if links_to(letter, path)]

    [letter] = await until(look)
    return letter


async def test_whoever_asks_for_a_mail_a_week_waits_a_week_for_the_next(shop: Shop, terminal: Terminal) -> None:
    await shop.backend.identify("wera")
    await shop.client.track("wera", SIGNED_UP, {})
    letter = await shop.books.letter("wera")
    centre = link_to(letter, "/p/")
    assert centre.startswith(shop.stack.addresses.collector)

    form = {"do": "save", "frequency": "weekly", "shown_frequency": "as_sent"}
    saved = await shop.http.post(centre, data=form, follow_redirects=True)
    assert "Once a week at most" in saved.text

    async def deferred() -> list[LedgerRow]:
        return [row for row in await shop.books.ledger("wera") if row.status is MessageStatus.DEFERRED]

    [waits] = await until(deferred)
    assert (waits.rule, waits.reason.partition(":")[0]) == ("own wish", "asked for 1 mail in 7 days")
    first = await shop.books.row_of(letter)
    assert first.sent_at is not None
    assert waits.due_at is not None
    assert waits.due_at - first.sent_at == timedelta(days=7)
    assert "asked for 1 mail in 7 days" in await terminal.say("explain", "wera")
    assert "Email Link Clicked" not in {event.name for event in await shop.books.events("wera")}


async def test_ones_own_data_comes_by_mail_alone(shop: Shop) -> None:
    await shop.backend.fill_cart("dora")
    centre = link_to(await shop.books.letter("dora"), "/p/")
    asking = re.search(r'name="asking" value="([^"]+)"', (await shop.http.get(centre)).text)
    assert asking is not None

    asked = await shop.http.post(centre, data={"do": "export", "asking": asking[1]}, follow_redirects=True)
    assert "d•••@s…" in asked.text
    letter = await letter_with(shop, "dora", "/d/export/")
    assert (await shop.books.row_of(letter)).template == "data_request/export"
    assert "List-Unsubscribe" not in dict(letter.headers)
    [enrollment] = [row for row in await shop.books.enrollments("dora") if row.journey == ASKED_FOR]
    assert enrollment.outcome is None

    link = link_to(letter, "/d/export/")
    assert "<form" in (await shop.http.get(link)).text
    download = await shop.http.post(link)
    assert "dora@shop.example" in download.text
    outcome = await shop.books.outcome("dora", ASKED_FOR)
    assert (outcome.kind, outcome.why, outcome.mails) == (OutcomeKind.CONVERTED, "data request confirmed", 1)


async def test_an_erasure_that_is_confirmed_is_carried_out(shop: Shop) -> None:
    await shop.backend.fill_cart("egon")
    centre = link_to(await shop.books.letter("egon"), "/p/")
    asking = re.search(r'name="asking" value="([^"]+)"', (await shop.http.get(centre)).text)
    assert asking is not None
    await shop.http.post(centre, data={"do": "erasure", "asking": asking[1]})
    link = link_to(await letter_with(shop, "egon", "/d/erasure/"), "/d/erasure/")
    assert "Your data is being erased" in (await shop.http.post(link)).text

    async def answers() -> set[int]:
        return {(await shop.http.get(each)).status_code for each in (centre, link)}

    await until(answers, lambda found: found == {410})
    assert await shop.books.events("egon") == []
    assert await shop.books.ledger("egon") == []
    assert CART not in {row.journey for row in await shop.books.enrollments("egon")}
