"""Lives of people who want to be forgotten, and may come back as somebody new."""

import time
from dataclasses import replace

from domain import event as names
from starter.privacy import Privacy
from storage.erasures import Erasures
from tests.faults.diary import Said, Word
from tests.faults.lives.reading import request
from tests.faults.lives.signing_in import sign_in_elsewhere
from tests.faults.shoppers import Shopper
from tests.stack.waiting import until

COME_BACK = ("never", "never", "anew", "at the same address")
"""How those who were erased do, and how often."""


async def erase_by_mail(shopper: Shopper) -> None:
    """Ask for it in the preference centre, and confirm it by the mail's link."""
    mail = await shopper.marketing_mail()
    sent = await request(shopper, mail, "erasure") if mail is not None else None
    if sent is None:
        return
    asked, link = time.time(), str(sent.data)
    # 410 where an answer was lost and it is done by now.
    await shopper.line.until_answered(lambda: shopper.line.http.post(link), 200, 410)
    await _forgotten(shopper, asked)


async def be_erased(shopper: Shopper) -> None:
    """Be erased by an operator, in the middle of a journey."""
    await shopper.passes(0, 50)
    await _be_erased(shopper)


async def sign_in_and_be_erased(shopper: Shopper) -> None:
    """Be erased together with what was done on another browser."""
    await sign_in_elsewhere(shopper)
    await _be_erased(shopper)


async def _be_erased(shopper: Shopper) -> None:
    asked, line = time.time(), shopper.line
    privacy = Privacy(line.database, shopper.floor.clock)

    async def request_it() -> None:
        await privacy.request_erasure(shopper.name, "an operator")

    await line.until_done(request_it)
    await _forgotten(shopper, asked)


async def _forgotten(shopper: Shopper, asked: float) -> None:
    """Wait until it is carried out; half of them then come back, with another address or the same."""
    word = Word(Said.ERASED, shopper.name, asked, time.time(), address=shopper.address)
    how = shopper.lot.choice(COME_BACK)
    traces = [shopper.first_name]
    traces += [shopper.address] if how != "at the same address" else []
    traces += [shopper.name] if how == "never" else []

    async def standing() -> bool:
        async with shopper.line.database.read() as session:
            return any(each.customer == shopper.name for each in await Erasures(session).open())

    plan = shopper.floor.plan  # while everything is killed all the time, nothing may come to an end
    patience = plan.lasts + plan.quiet_within
    await until(lambda: shopper.line.until_done(standing), lambda stands: not stands, within=patience)
    shopper.diary.words.append(replace(word, done=time.time(), traces=tuple(traces)))
    if how == "never":
        return
    shopper.first_name = shopper.first_name.replace("Samantha", "Theodora")
    if how == "anew":
        shopper.address = f"{shopper.name}-again@shop.example"
    await shopper.identify()
    await shopper.say(names.PRODUCT_ADDED)
