"""What became of messages, folded from events in any order; the ledger that is settled by it, and the breakers."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import event as names
from domain.breaker import Tally
from domain.event import Event
from domain.feedback import Happening
from domain.message import MessageStatus
from domain.withdrawal import COMPLAINT, HARD_BOUNCE
from storage.breakers import Breakers
from storage.database import Database
from storage.feedback import Feedback, MessageFeedback
from storage.ledger import NOBODY_SAW, HandOverAnswer, Ledger, LedgerRow
from storage.suppressions import Suppressions
from storage.tokens import SpentTokens
from tests.storage.samples import MINUTE, NOON, SEND, commit, gate_request, identify, track

BODY: dict[str, Any] = {"subject": "s", "html": "<p>", "text": "", "links": []}

HANDED_AT = NOON + MINUTE


async def handed_over(database: Database, customer: str = "anna", **fields: Any) -> str:
    """A marketing mail that was given to the provider, and no more is known."""
    await commit(database, identify(customer, traits={"email": f"{customer}@customer.example"}))
    request = gate_request(customer=customer, **fields)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(request, SEND, NOON)
        [message] = [row.id for row in await ledger.list(customer=customer, journey=request.journey)]
        await ledger.store_body(message, rfc_message_id=f"<{message}@shop.example>", now=NOON, **BODY)
        await ledger.hand_over(message, HANDED_AT)
    return message


def told(name: str, message: str, customer: str = "anna", *, at: datetime = NOON, **properties: Any) -> Event:
    return track(name, customer, at=at, properties={"message": message, **properties})


async def feedback(database: Database, message: str) -> MessageFeedback | None:
    async with database.read() as session:
        return await Feedback(session).get(message)


async def row_of(database: Database, message: str) -> LedgerRow:
    async with database.read() as session:
        return await Ledger(session).require(message)


async def test_of_each_kind_the_first_moment_counts_in_any_order(database: Database) -> None:
    message = await handed_over(database)
    await commit(database, told(names.EMAIL_OPENED, message, at=NOON + 9 * MINUTE))
    await commit(
        database,
        told(names.EMAIL_DELIVERED, message, at=NOON + 3 * MINUTE),
        told(names.EMAIL_OPENED, message, at=NOON + 5 * MINUTE),
        told(names.EMAIL_OPENED, message, at=NOON + 6 * MINUTE),
        told(names.EMAIL_OPENED_BY_MACHINE, message, at=NOON + 4 * MINUTE, machine="apple mail privacy protection"),
        told(names.EMAIL_LINK_CLICKED, message, at=NOON + 7 * MINUTE),
        told(names.EMAIL_CLICKED_BY_MACHINE, message, at=NOON + 2 * MINUTE, machine="scanner (too quick)"),
        told(names.EMAIL_BOUNCED, message, at=NOON + 1 * MINUTE, bounce_type="soft"),
        told(names.EMAIL_DEFERRED, message, at=NOON),
        told(names.UNSUBSCRIBED, message, at=NOON + 8 * MINUTE),
    )
    assert await feedback(database, message) == MessageFeedback(
        message=message,
        customer_id="anna",
        deferred_at=NOON,
        soft_bounced_at=NOON + MINUTE,
        machine_clicked_at=NOON + 2 * MINUTE,
        delivered_at=NOON + 3 * MINUTE,
        machine_opened_at=NOON + 4 * MINUTE,
        opened_at=NOON + 5 * MINUTE,
        clicked_at=NOON + 7 * MINUTE,
        unsubscribed_at=NOON + 8 * MINUTE,
    )


async def test_what_is_told_of_no_message_of_ours_leaves_no_row(database: Database) -> None:
    message = await handed_over(database)
    await commit(
        database,
        told(names.EMAIL_DELIVERED, "m-of-another-system"),
        track(names.EMAIL_DELIVERED),
        told(names.PRODUCT_VIEWED, message),
        Event(**dict(told(names.EMAIL_DELIVERED, message)) | {"type": "page"}),
    )
    assert await feedback(database, message) is None
    assert await feedback(database, "m-of-another-system") is None
    assert (await row_of(database, message)).status is MessageStatus.HANDED_OVER


SENT, REFUSED = MessageStatus.SENT, MessageStatus.REFUSED


REPORTED: list[tuple[list[tuple[str, dict[str, Any]]], MessageStatus, str]] = [
    ([(names.EMAIL_DELIVERED, {})], SENT, "reported as delivered"),
    ([(names.EMAIL_OPENED, {})], SENT, "reported as opened"),
    ([(names.EMAIL_CLICKED_BY_MACHINE, {"machine": "scanner"})], SENT, "reported as machine clicked"),
    ([(names.EMAIL_BOUNCED, {"bounce_type": "soft"})], SENT, "reported as soft bounced"),
    ([(names.EMAIL_BOUNCED, {"bounce_type": "hard"})], REFUSED, "reported as bounced"),
    ([(names.EMAIL_REJECTED, {"rejected": True})], REFUSED, "reported as rejected"),
    ([(names.EMAIL_COMPLAINED, {"rejected": True})], REFUSED, "reported as rejected"),
    # A server may take a mail and return it later: both at once, in either order.
    ([(names.EMAIL_BOUNCED, {}), (names.EMAIL_DELIVERED, {})], SENT, "reported as bounced"),
]


@pytest.mark.parametrize("unknown", [False, True])
async def test_a_report_settles_what_nobody_knew(database: Database, unknown: bool) -> None:
    for number, (reported, status, reason) in enumerate(REPORTED):
        customer = f"customer-{number}"
        message = await handed_over(database, customer)
        if unknown:
            async with database.transaction() as session:
                assert (await Ledger(session).hand_over(message, NOON)).answer is HandOverAnswer.UNKNOWN
        await commit(database, *(told(name, message, customer, **properties) for name, properties in reported))
        row = await row_of(database, message)
        assert (row.status, row.reason) == (status, reason)
        assert row.sent_at == (HANDED_AT if status is SENT else None)


async def test_an_attempt_that_is_still_at_work_ends_as_it_was_reported(database: Database) -> None:
    """Its own answer comes later, whatever it is, and its end must not fail."""
    ends = [(MessageStatus.SENT, "accepted"), (MessageStatus.UNKNOWN, NOBODY_SAW), (MessageStatus.REFUSED, "550")]
    for reported, settled in ((names.EMAIL_DELIVERED, SENT), (names.EMAIL_BOUNCED, REFUSED)):
        for number, (status, why) in enumerate(ends):
            message = await handed_over(database, f"{settled.value}-{number}")
            await commit(database, told(reported, message, f"{settled.value}-{number}"))
            async with database.transaction() as session:
                assert (await Ledger(session).finish(message, status, why, NOON)).status is settled
        message = await handed_over(database, f"{settled.value}-deferred")
        await commit(database, told(reported, message, f"{settled.value}-deferred"))
        async with database.transaction() as session:
            await Ledger(session).take_back(message)
            assert (await Ledger(session).hand_over(message, NOON)).answer is HandOverAnswer.ALREADY
        assert (await row_of(database, message)).status is settled


async def test_a_page_settles_nothing_and_neither_does_what_is_no_report(database: Database) -> None:
    message = await handed_over(database)
    await commit(
        database,
        told("Whatever", message, rejected=True),
        track(names.EMAIL_REJECTED, public=True, properties={"message": message, "rejected": True}),
    )
    assert (await row_of(database, message)).status is MessageStatus.HANDED_OVER
    assert await feedback(database, message) is None


async def test_what_was_refused_stays_so(database: Database) -> None:
    message = await handed_over(database)
    async with database.transaction() as session:
        await Ledger(session).finish(message, MessageStatus.REFUSED, "550", NOON)
    await commit(database, told(names.EMAIL_DELIVERED, message))
    assert ((await row_of(database, message)).status, (await row_of(database, message)).reason) == (REFUSED, "550")
    found = await feedback(database, message)
    assert found is not None
    assert found.delivered_at == NOON


async def test_what_became_of_a_mail_is_told_of_whom_it_went_to(database: Database) -> None:
    message = await handed_over(database)
    await commit(database, told(names.EMAIL_OPENED, message, "ben"))
    found = await feedback(database, message)
    assert found is not None
    assert (found.customer_id, found.opened_at) == ("anna", NOON)


async def test_a_bounce_is_counted_against_the_journey_whose_mail_it_was(database: Database) -> None:
    """Even if the provider's clock says that it bounced before it was handed over."""
    for customer in ("anna", "ben", "carl", "dora"):
        await handed_over(database, customer)
    browse = {
        customer: await handed_over(database, customer, journey="browse", enrollment=f"browse-{customer}")
        for customer in ("anna", "ben", "carl")
    }
    early = HANDED_AT - timedelta(seconds=2)
    await commit(
        database,
        told(names.EMAIL_BOUNCED, browse["anna"], at=early, bounce_type="hard"),
        told(names.EMAIL_BOUNCED, browse["anna"], at=early, bounce_type="hard"),
        told(names.EMAIL_COMPLAINED, browse["ben"], "ben", at=HANDED_AT + MINUTE),
        told(names.EMAIL_BOUNCED, browse["carl"], "carl", at=HANDED_AT, bounce_type="hard", rejected=True),
        track(names.EMAIL_BOUNCED, "dora", at=HANDED_AT + MINUTE),  # a backend's word, of no mail in particular
    )
    async with database.read() as session:
        breakers = Breakers(session)
        assert await breakers.tally("browse", NOON) == Tally(mails=3, bounces=1, complaints=1)
        assert await breakers.tally("cart-recovery", NOON) == Tally(mails=4, bounces=1, complaints=0)


async def test_an_address_is_shut_for_whoever_has_it(database: Database) -> None:
    await commit(database, identify("anna", traits={"email": "old@customer.example"}))
    async with database.transaction() as session:
        suppressions = Suppressions(session)
        for _ in range(2):
            await suppressions.suppress_address("Old@customer.example", Happening.BOUNCED_HARD, NOON, "a test")
        await suppressions.suppress_address("other@customer.example", Happening.COMPLAINED, NOON, "a test")
    await commit(database, identify("ben", traits={"email": "other@customer.example"}), identify("carl"))
    async with database.read() as session:
        suppressions = Suppressions(session)
        assert [await suppressions.reason(who) for who in ("anna", "ben", "carl")] == [HARD_BOUNCE, COMPLAINT, None]


async def test_a_token_is_spent_once_until_its_time_is_over(database: Database) -> None:
    async def spend(token: str, at: datetime) -> bool:
        async with database.transaction() as session:
            return await SpentTokens(session).spend(token, at, timedelta(hours=1))

    assert [await spend("one", NOON), await spend("one", NOON), await spend("two", NOON)] == [True, False, True]
    assert await spend("one", NOON + timedelta(minutes=59)) is False
    assert await spend("one", NOON + timedelta(hours=2)) is True
