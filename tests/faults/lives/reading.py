"""Lives of people who use the links of their mails."""

import re
import time
from urllib.parse import urljoin

from domain import event as names
from tests.faults.diary import Said
from tests.faults.shoppers import Shopper
from tests.faults.sink_log import Conversation

TOPIC = "cart reminders"

_UNDO = re.compile(r'action="(\.\./r/[^"]+)"')
_ASKING = re.compile(r'name="asking" value="([^"]+)"')


async def click(shopper: Shopper) -> None:
    """Follow a link, and perhaps buy."""
    mail = await shopper.marketing_mail()
    if mail is not None and mail.click is not None:
        link = mail.click
        await shopper.line.until_answered(lambda: shopper.line.http.get(link), 302)
        await shopper.passes(0, 30)
        if shopper.lot.random() < 0.5:
            await shopper.order()


async def leave(shopper: Shopper) -> None:
    """Unsubscribe by one click."""
    mail = await shopper.marketing_mail()
    if mail is not None:
        await _leave_by(shopper, mail)


async def leave_and_return(shopper: Shopper) -> None:
    """Unsubscribe, take it back by the page's button, and buy."""
    mail = await shopper.marketing_mail()
    if mail is None:
        return
    undo = _UNDO.search(await _leave_by(shopper, mail))
    assert undo is not None, "the page offers to take it back"
    await shopper.passes(0, 6)
    asked, link = time.time(), urljoin(str(mail.leave), undo[1])
    await shopper.line.until_answered(lambda: shopper.line.http.post(link), 200)
    shopper.said(Said.UNDONE, asked, mail.ledger_id)
    await shopper.passes(0, 10)
    await shopper.order()


async def ask_for_less(shopper: Shopper) -> None:
    """Choose in the preference centre how often mail may come."""
    mail = await shopper.marketing_mail()
    if mail is not None:
        frequency = shopper.floor.plan.frequency.value
        await _save(shopper, mail, Said.LESS, {"frequency": frequency, "shown_frequency": "as_sent"})
        await shopper.passes(0, 20)
        await shopper.order()


async def drop_the_topic(shopper: Shopper) -> None:
    """Switch reminders off in the preference centre, and buy."""
    mail = await shopper.marketing_mail()
    if mail is None:
        return
    asked = time.time()
    await _save(shopper, mail, Said.OFF, {"shown_topic": TOPIC})
    shopper.promised(names.UNSUBSCRIBED, f"left-{mail.ledger_id}-{TOPIC}", asked)
    await shopper.passes(0, 20)
    await shopper.order()


async def fetch_data(shopper: Shopper) -> None:
    """Ask for everything that is known, and get it by a mail's link."""
    mail = await shopper.marketing_mail()
    sent = await request(shopper, mail, "export") if mail is not None else None
    if sent is None:
        return
    asked, link = time.time(), str(sent.data)
    download = await shopper.line.until_answered(lambda: shopper.line.http.post(link), 200)
    assert shopper.address in download.text, "their data are in it"
    shopper.said(Said.EXPORTED, asked, sent.ledger_id)
    shopper.promised(names.DATA_REQUEST_CONFIRMED, f"confirmed-{sent.ledger_id}", asked)


async def request(shopper: Shopper, mail: Conversation, what: str) -> Conversation | None:
    """Ask for something grave in the preference centre; the mail that answers, None where none comes."""
    centre, http = str(mail.centre), shopper.line.http
    page = await shopper.line.until_answered(lambda: http.get(centre), 200)
    asking = _ASKING.search(page.text)
    assert asking is not None, "the page lets its reader ask"
    form = {"do": what, "asking": asking[1]}
    await shopper.line.until_answered(lambda: http.post(centre, data=form), 303)
    return await shopper.mail(lambda each: f"/d/{what}/" in (each.data or ""))


async def _leave_by(shopper: Shopper, mail: Conversation) -> str:
    asked, link = time.time(), str(mail.leave)
    page = await shopper.line.until_answered(lambda: shopper.line.http.post(link), 200)
    shopper.said(Said.LEFT, asked, mail.ledger_id)
    shopper.promised(names.UNSUBSCRIBED, f"unsubscribe-{mail.ledger_id}", asked)
    return page.text


async def _save(shopper: Shopper, mail: Conversation, what: Said, form: dict[str, str]) -> None:
    asked, centre = time.time(), str(mail.centre)
    await shopper.line.until_answered(lambda: shopper.line.http.post(centre, data={"do": "save"} | form), 303)
    shopper.said(what, asked, mail.ledger_id)
