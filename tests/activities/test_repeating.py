"""Sending over a provider that knows repetitions: a mail of unknown fate is asked for again, and arrives once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError

from activities.sending import LONGEST_WAIT, SendingActivities
from domain.errors import DeferredByServerError, UnheardError
from domain.message import Kind, MessageStatus
from mail.http.client import HttpTransport
from mail.http.resend import REPEATS_SAFELY, Resend
from storage.database import Database
from storage.ledger import NOBODY_SAW, LedgerRow
from storage.suppressions import Suppressions
from tests.activities.crew import Crew, sending
from tests.mail.http.api import KEY, Answer, ResendApi, Trouble, resend_api
from tests.storage.samples import MINUTE, NOON, commit, ordered


class Provided:
    """A crew that sends over the provider, with one message that is ready."""

    def __init__(self, crew: Crew, api: ResendApi, sending: SendingActivities, message: str, kind: Kind) -> None:
        self.crew, self.api, self._sending, self.message, self._kind = crew, api, sending, message, kind

    async def send(self) -> tuple[MessageStatus, str]:
        delivery = await self._sending.send_message(sending(self.message, self._kind))
        return delivery.status, delivery.reason

    async def row(self) -> LedgerRow:
        return await self.crew.row(self.message)

    def passes(self, duration: timedelta) -> None:
        self.crew.clock.moment += duration


@asynccontextmanager
async def provided(database: Database, kind: Kind = Kind.MARKETING) -> AsyncIterator[Provided]:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered(kind=kind)
    async with resend_api() as api:
        transport = HttpTransport(Resend(SecretStr(KEY), api.url))
        yield Provided(crew, api, crew.sending_over(transport=transport), message, kind)
        await transport.aclose()


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Provided]:
    async with provided(database) as shop:
        yield shop


SENT = (MessageStatus.SENT, "quiet for 1 hour: accepted by the mail server")


@pytest.mark.parametrize("trouble", [Trouble.LOST, Trouble.UNHEARD, Answer(500), Answer(500, accepts=True)], ids=str)
async def test_marketing_of_unknown_fate_is_asked_for_again_and_arrives_once(
    shop: Provided, trouble: Answer | Trouble
) -> None:
    shop.api.next.append(trouble)
    with pytest.raises(UnheardError):
        await shop.send()
    assert (await shop.row()).status is MessageStatus.HANDED_OVER
    assert await shop.send() == SENT
    assert list(shop.api.accepted) == [shop.message]
    assert shop.api.keys == [shop.message] * 2
    assert (await shop.row()).hand_overs == 2


async def test_every_attempt_says_the_same(shop: Provided) -> None:
    """A provider refuses a key that comes with another body."""
    shop.api.next.extend([Trouble.UNHEARD] * 3)
    for _ in range(3):
        with pytest.raises(UnheardError):
            await shop.send()
        shop.passes(5 * MINUTE)
    assert (await shop.send())[0] is MessageStatus.SENT
    assert all(body == shop.api.bodies[0] for body in shop.api.bodies)
    assert "List-Unsubscribe" in shop.api.bodies[0]["headers"]


async def test_a_mark_that_a_dead_worker_left_is_asked_about(shop: Provided) -> None:
    shop.crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await shop.crew.sending.send_message(sending(shop.message))
    assert await shop.send() == SENT
    assert list(shop.api.accepted) == [shop.message]


async def test_once_the_provider_forgets_marketing_is_not_sent_again(shop: Provided) -> None:
    shop.api.next.append(Trouble.LOST)
    with pytest.raises(UnheardError):
        await shop.send()
    shop.passes(REPEATS_SAFELY)
    assert await shop.send() == (MessageStatus.UNKNOWN, NOBODY_SAW)
    assert len(shop.api.requests) == 1


async def test_the_provider_forgets_from_the_first_hand_over_on(shop: Provided) -> None:
    shop.api.next.extend([Trouble.LOST, Answer(429, "rate_limit_exceeded"), Trouble.LOST])
    with pytest.raises(UnheardError):
        await shop.send()
    shop.passes(REPEATS_SAFELY / 2)
    with pytest.raises(DeferredByServerError):  # this time it was not taken, but the first time it may have been
        await shop.send()
    assert (await shop.row()).status is MessageStatus.HANDED_OVER
    with pytest.raises(UnheardError):
        await shop.send()
    shop.passes(REPEATS_SAFELY / 2)
    assert (await shop.send())[0] is MessageStatus.UNKNOWN


async def test_owed_mail_is_sent_again_also_when_the_provider_has_forgotten(sqlite_database: Database) -> None:
    async with provided(sqlite_database, Kind.TRANSACTIONAL) as shop:
        shop.api.next.append(Trouble.LOST)
        with pytest.raises(UnheardError):
            await shop.send()
        shop.passes(3 * REPEATS_SAFELY)
        assert (await shop.send())[0] is MessageStatus.SENT


async def test_a_purchase_meanwhile_ends_the_asking(shop: Provided) -> None:
    shop.api.next.append(Trouble.LOST)
    with pytest.raises(UnheardError):
        await shop.send()
    await commit(shop.crew.database, ordered(at=NOON))
    status, reason = await shop.send()
    assert status is MessageStatus.UNKNOWN
    assert reason.startswith(f"{NOBODY_SAW}; not asked again: Order Completed has ended the journey")
    assert len(shop.api.requests) == 1
    assert await shop.send() == (status, reason)


async def test_a_deferred_mail_is_as_if_it_had_not_been_handed_over(shop: Provided) -> None:
    shop.api.next.append(Answer(429, "rate_limit_exceeded"))
    with pytest.raises(DeferredByServerError):
        await shop.send()
    row = await shop.row()
    assert (row.status, row.hand_overs) == (MessageStatus.RENDERED, 0)
    assert await shop.send() == SENT


@pytest.mark.parametrize(("asked", "waits"), [("7", timedelta(seconds=7)), ("86400", LONGEST_WAIT)])
@pytest.mark.parametrize(("status", "kind"), [(429, "DeferredByServerError"), (503, "UnheardError")])
async def test_the_next_attempt_comes_when_the_server_asks_for_it(
    sqlite_database: Database, asked: str, waits: timedelta, status: int, kind: str
) -> None:
    async with provided(sqlite_database) as shop:
        shop.api.next.append(Answer(status, headers={"Retry-After": asked}))
        with pytest.raises(ApplicationError) as later:
            await shop.send()
        assert (later.value.type, later.value.next_retry_delay, later.value.non_retryable) == (kind, waits, False)


async def test_an_address_that_changed_between_two_attempts_leaves_the_fate_unknown(shop: Provided) -> None:
    shop.api.next.append(Trouble.UNHEARD)
    with pytest.raises(UnheardError):
        await shop.send()
    shop.api.accepted[shop.message] = {"to": ["another address"]}
    assert (await shop.send())[0] is MessageStatus.UNKNOWN


async def test_where_there_is_no_mailbox_nothing_more_goes_to_it(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    first, second = await crew.rendered(), await crew.rendered(enrollment="e-2", kind=Kind.TRANSACTIONAL)
    crew.server.refuse_next(code=550, problem="5.1.1 no such user")
    delivery = await crew.sending.send_message(sending(first))
    reason = "refused by the mail server with 550: there is no such mailbox, and nothing more goes to it"
    assert (delivery.status, delivery.reason) == (MessageStatus.REFUSED, reason)
    async with sqlite_database.read() as session:
        assert await Suppressions(session).reason("anna") == "hard bounce"
    delivery = await crew.sending.send_message(sending(second, Kind.TRANSACTIONAL))
    assert (delivery.status, delivery.reason) == (MessageStatus.DROPPED, "suppressed: hard bounce")


async def test_one_unwelcome_mail_silences_nobody(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.refuse_next(code=550, problem="5.7.1 looks like spam")
    assert (await crew.sending.send_message(sending(message))).status is MessageStatus.REFUSED
    async with sqlite_database.read() as session:
        assert await Suppressions(session).reason("anna") is None
