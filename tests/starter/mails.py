"""Mails that recipients hold in their hands, and the paths behind their links, for the tests of the pages."""

from typing import Any

from domain.message import MessageStatus, ledger_id
from storage.customers import Customers
from storage.database import Database
from storage.ledger import Ledger
from tests.starter.collectors import LINKS
from tests.storage.samples import NOON, SEND, gate_request

_BODY: dict[str, Any] = {
    "subject": "Your cart",
    "html": "<p>",
    "text": "",
    "links": ("https://shop.example/cart",),
    "rfc_message_id": "<m@shop.example>",
}


def path_of(link: str) -> str:
    """The path of one of our links, as a test's client asks for it."""
    return link.removeprefix(LINKS.base_url)


async def sent_message(
    database: Database, customer: str = "anna", step: str = "reminder", *, is_heard: bool = True, **fields: Any
) -> str:
    """A message that went to the address that the customer has, if any; returns its id.

    Where nobody heard the mail server's answer, it is still handed over.
    """
    request = gate_request(step, customer, **fields)
    message = ledger_id(request.enrollment, step)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(request, SEND, request.at)
        await ledger.store_body(message, now=request.at, **_BODY)
        known = (await Customers(session).load([customer])).get(customer)
        await ledger.hand_over(message, NOON, address=known.email if known else None)
        if is_heard:
            await ledger.finish(message, MessageStatus.SENT, "accepted by the mail server", NOON)
    return message
