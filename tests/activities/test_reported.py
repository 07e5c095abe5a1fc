"""A provider that reports of a mail before it has answered for it: the attempt ends as the report says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from domain import event as names
from domain.errors import DeferredByServerError, RefusedMessageError
from domain.message import MessageStatus
from mail.transport import Handover, Line, Mail, Transport
from storage.database import Database
from tests.activities.crew import Crew, sending
from tests.storage.samples import NOON, commit, track

SENT, REFUSED = MessageStatus.SENT, MessageStatus.REFUSED

Answer = Handover | Exception


class Hasty(Transport):
    """Tells by its webhook what becomes of a mail, and only then says what it says."""

    def __init__(self, database: Database, event: str, answer: Answer) -> None:
        self._database, self._event, self._answer = database, event, answer
        self.mails: list[Mail] = []
        self.written = True

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        yield self

    async def deliver(self, mail: Mail) -> Handover:
        self.mails.append(mail)
        await commit(self._database, track(self._event, at=NOON, properties={"message": mail.key}))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("event", "status"), [(names.EMAIL_DELIVERED, SENT), (names.EMAIL_BOUNCED, REFUSED)])
@pytest.mark.parametrize("answer", [Handover.ACCEPTED, Handover.UNKNOWN, RefusedMessageError(550, "no")])
async def test_an_attempt_ends_as_it_was_reported(
    sqlite_database: Database, event: str, status: MessageStatus, answer: Answer
) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    hasty = Hasty(sqlite_database, event, answer)
    delivery = await crew.sending_over(transport=hasty).send_message(sending(message))
    assert delivery.status is status
    assert (await crew.row(message)).status is status


async def test_what_was_reported_as_delivered_is_not_sent_again(sqlite_database: Database) -> None:
    """However certain the server's refusal to take it was."""
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    hasty = Hasty(sqlite_database, names.EMAIL_DELIVERED, DeferredByServerError("421 later"))
    sender = crew.sending_over(transport=hasty)
    with pytest.raises(DeferredByServerError):
        await sender.send_message(sending(message))
    delivery = await sender.send_message(sending(message))
    assert (delivery.status, len(hasty.mails)) == (SENT, 1)
