"""A mail is for whom it was written: what a join, an erasure or a complaint does to one that is under way."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from activities.rendering import RenderingActivities
from domain import event as names
from domain.message import FOR_ANOTHER, Kind, MessageStatus
from mail.context import TEMPLATES, RenderContext
from mail.render import Body, Templates
from storage.database import Database
from storage.enrollments import Enrollments
from storage.erasures import Erasures
from storage.ledger import Ledger
from tests.activities.crew import SENDER, Crew, asking, rendering, sending
from tests.house import SHOP
from tests.starter.collectors import LINKS
from tests.storage.samples import NOON, added, commit, enrollment, identify, track

AN_HOUR_AGO = NOON - timedelta(hours=1)
ROW = enrollment(customer="anon-v9")
VERA = {"email": "vera@private.example", "firstName": "Vera", "consent": True}
MALLORY = {"email": "mallory@evil.example", "firstName": "Mallory", "consent": True}


@pytest.fixture
async def crew(database: Database) -> Crew:
    """Vera, and a visitor with an address, a cart and a journey, who will turn out to be she."""
    crew = Crew(database)
    visitor = identify(None, anonymous_id="v9", traits=MALLORY, at=AN_HOUR_AGO)
    lamp = added("lamp", None, anonymous_id="v9", at=AN_HOUR_AGO)
    await commit(database, identify("vera", traits=VERA, at=AN_HOUR_AGO), visitor, lamp)
    async with database.transaction() as session:
        await Enrollments(session).open(ROW)
    return crew


async def sign_in(crew: Crew) -> None:
    await commit(crew.database, identify("vera", anonymous_id="v9", public=True, at=AN_HOUR_AGO))


async def say_again(crew: Crew, message: str, kind: Kind = Kind.MARKETING) -> MessageStatus:
    """As the workflow does with a mail that was put off."""
    again = await crew.gate.decide_message(asking(enrollment=ROW.id, customer="anon-v9", kind=kind))
    assert again.message == message
    await crew.rendering.render_message(rendering(message))
    return (await crew.sending.send_message(sending(message, kind))).status


async def test_what_was_written_for_a_visitor_is_written_anew_for_whom_they_turned_out_to_be(crew: Crew) -> None:
    message = await crew.rendered(enrollment=ROW.id, customer="anon-v9")
    await sign_in(crew)

    put_off = await crew.sending.send_message(sending(message))
    assert (put_off.status, put_off.reason, put_off.until) == (MessageStatus.DEFERRED, FOR_ANOTHER, NOON)
    assert crew.server.attempts == []

    assert await say_again(crew, message) is MessageStatus.SENT
    [mail] = crew.server.mails
    assert (mail.recipient, b"Mallory" in mail.raw, b"Vera" in mail.raw) == ("vera@private.example", False, True)
    row = await crew.row(message)
    assert (row.customer, row.inherited) == ("vera", False)


class SlowTemplates(Templates):
    """While it renders, something happens."""

    meanwhile: Callable[[], Coroutine[Any, Any, None]]

    def render(self, template: str, reading: RenderContext) -> Body:
        body = super().render(template, reading)
        asyncio.run_coroutine_threadsafe(self.meanwhile(), self.loop).result(10)
        return body

    loop: asyncio.AbstractEventLoop


async def test_what_is_being_written_while_they_sign_in_is_written_anew(crew: Crew) -> None:
    message = (await crew.gate.decide_message(asking(enrollment=ROW.id, customer="anon-v9"))).message
    templates = SlowTemplates(TEMPLATES)
    templates.loop, templates.meanwhile = asyncio.get_running_loop(), partial(sign_in, crew)
    slow = RenderingActivities(crew.database, crew.clock, templates=templates, links=LINKS, shop=SHOP, sender=SENDER)
    assert (await slow.render_message(rendering(message))).problem is None

    put_off = await crew.sending.send_message(sending(message))
    assert (put_off.status, put_off.reason) == (MessageStatus.DEFERRED, FOR_ANOTHER)
    assert await say_again(crew, message) is MessageStatus.SENT
    assert b"Mallory" not in crew.server.mails[0].raw


async def test_a_hand_over_that_nobody_saw_the_end_of_is_not_repeated_to_another_mailbox(crew: Crew) -> None:
    owed = Kind.TRANSACTIONAL
    message = await crew.rendered(enrollment=ROW.id, customer="anon-v9", kind=owed)
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message, owed))
    await sign_in(crew)
    assert (await crew.sending.send_message(sending(message, owed))).status is MessageStatus.UNKNOWN
    assert [mail.recipient for mail in crew.server.attempts] == ["mallory@evil.example"]


async def test_a_hand_over_that_was_taken_back_is_written_anew_after_a_sign_in(crew: Crew) -> None:
    message = await crew.rendered(enrollment=ROW.id, customer="anon-v9")
    async with crew.database.transaction() as session:
        await Ledger(session).hand_over(message, NOON, address=str(MALLORY["email"]))
    await sign_in(crew)
    async with crew.database.transaction() as session:
        await Ledger(session).take_back(message)
    put_off = await crew.sending.send_message(sending(message))
    assert (put_off.status, put_off.reason) == (MessageStatus.DEFERRED, FOR_ANOTHER)
    assert await say_again(crew, message) is MessageStatus.SENT
    assert (await crew.row(message)).inherited is False


@pytest.mark.parametrize("what", ["erasure", names.EMAIL_COMPLAINED, names.EMAIL_BOUNCED])
async def test_owed_mail_is_not_repeated_to_who_wants_no_more(database: Database, what: str) -> None:
    crew, owed = Crew(database), Kind.TRANSACTIONAL
    await crew.shopper()
    message = await crew.rendered(kind=owed)
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message, owed))
    if what == "erasure":
        async with database.transaction() as session:
            await Erasures(session).request("anna", "a test", NOON)
    else:
        await commit(database, track(what, "anna"))

    delivery = await crew.sending.send_message(sending(message, owed))
    assert (delivery.status, len(crew.server.attempts)) == (MessageStatus.UNKNOWN, 1)
