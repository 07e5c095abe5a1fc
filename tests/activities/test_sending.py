"""Sending: each message once, or where that cannot be known, as its kind says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from activities.sending import OWED_HAND_OVERS
from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, State
from domain.errors import DeferredByServerError, UnheardError, UnknownMessageError
from domain.lane import Lane, Place, Yields
from domain.message import Kind, MessageStatus
from mail.compose import InvalidHeaderError
from mail.recording import RecordingTransport
from mail.transport import Handover, Line, Mail
from storage.database import Database
from storage.enrollments import Enrollments
from storage.suppressions import Suppressions
from tests.activities.crew import Crew, sending
from tests.storage.samples import MINUTE, NOON, commit, enrollment, ordered


async def test_a_mail_is_sent_and_recorded_with_why(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered()
    delivery = await crew.sending.send_message(sending(message))
    assert (delivery.status, delivery.reason) == (MessageStatus.SENT, "quiet for 1 hour: accepted by the mail server")
    row = await crew.row(message)
    assert (row.status, row.sent_at, row.hand_overs) == (MessageStatus.SENT, NOON, 1)
    (mail,) = crew.server.mails
    assert (mail.recipient, mail.message_id) == ("anna@shop.example", f"<{message}@lumen.example>")
    assert row.message_id == mail.message_id


async def test_a_retry_after_the_end_was_recorded_sends_nothing(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered()
    first = await crew.sending.send_message(sending(message))
    again = await crew.sending.send_message(sending(message))
    assert (again.status, again.at, len(crew.server.attempts)) == (MessageStatus.SENT, first.at, 1)


async def test_marketing_that_was_handed_over_unseen_is_unknown_and_never_sent_again(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message))
    assert (await crew.row(message)).status is MessageStatus.HANDED_OVER
    for _ in range(2):
        delivery = await crew.sending.send_message(sending(message))
        assert (delivery.status, delivery.went_out) == (MessageStatus.UNKNOWN, True)
    assert len(crew.server.attempts) == 1
    assert (await crew.row(message)).hand_overs == 1


async def test_transactional_mail_that_was_handed_over_unseen_is_sent_again_as_the_same_mail(
    database: Database,
) -> None:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered(kind=Kind.TRANSACTIONAL)
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message, Kind.TRANSACTIONAL))
    delivery = await crew.sending.send_message(sending(message, Kind.TRANSACTIONAL))
    assert delivery.status is MessageStatus.SENT
    first, second = crew.server.mails
    assert first == second  # the whole mail, Message-ID and Date included
    assert (await crew.row(message)).hand_overs == 2


async def test_two_attempts_at_once_hand_marketing_over_once(database: Database) -> None:
    """An attempt that Temporal gave up on may still run when the next begins."""
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered()
    answers = await asyncio.gather(*(crew.sending.send_message(sending(message)) for _ in range(2)))
    assert len(crew.server.attempts) == 1
    assert {answer.went_out for answer in answers} == {True}


async def test_a_deferred_hand_over_is_as_if_it_had_not_been(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.defer_next()
    with pytest.raises(DeferredByServerError):
        await crew.sending.send_message(sending(message))
    row = await crew.row(message)
    assert (row.status, row.hand_overs) == (MessageStatus.RENDERED, 0)
    assert (await crew.sending.send_message(sending(message))).status is MessageStatus.SENT


UNWELCOME = "refused by the mail server with 554: this mail is unwelcome there, and the next one is tried"


async def test_a_refused_mail_is_over(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.refuse_next(code=554)
    for _ in range(2):
        delivery = await crew.sending.send_message(sending(message))
        assert (delivery.status, delivery.reason) == (MessageStatus.REFUSED, UNWELCOME)
    assert len(crew.server.attempts) == 1


async def test_the_gate_is_asked_a_last_time(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    await commit(sqlite_database, ordered(at=NOON))
    delivery = await crew.sending.send_message(sending(message))
    assert (delivery.status, delivery.ended_by) == (MessageStatus.DROPPED, "Order Completed")
    assert crew.server.attempts == []


async def test_a_customer_who_lost_their_address_is_not_written_to(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    async with sqlite_database.transaction() as session:
        await Suppressions(session).suppress("anna", "hard bounce", NOON, "test")
    delivery = await crew.sending.send_message(sending(message))
    assert (delivery.status, delivery.reason) == (MessageStatus.DROPPED, "suppressed: hard bounce")
    assert crew.server.attempts == []


async def test_an_attempt_of_later_is_recorded_as_of_later(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.clock.moment = NOON + 10 * MINUTE
    assert (await crew.sending.send_message(sending(message))).at == NOON + 10 * MINUTE
    assert (await crew.row(message)).sent_at == NOON + 10 * MINUTE


async def test_a_message_nobody_decided_about_cannot_be_sent(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    with pytest.raises(UnknownMessageError):
        await crew.sending.send_message(sending("m-of-nobody"))


class Stuck(RecordingTransport):
    """A mail server on which one step never ends."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self.reached = asyncio.Event()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        await self.stall_at("connecting")
        yield StuckLine(self)

    async def stall_at(self, step: str) -> None:
        if step == self._step:
            self.reached.set()
            await asyncio.sleep(60)


class StuckLine:
    def __init__(self, server: Stuck) -> None:
        self._server = server
        self.written = False

    async def deliver(self, mail: Mail) -> Handover:
        await self._server.stall_at("greeting")
        self.written = True
        await self._server.stall_at("answering")
        return self._server.take(mail)


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("connecting", MessageStatus.RENDERED),
        ("greeting", MessageStatus.RENDERED),
        ("answering", MessageStatus.HANDED_OVER),
    ],
)
async def test_a_worker_that_stops_leaves_a_mail_that_nobody_has_to_be_sent(
    database: Database, step: str, left: MessageStatus
) -> None:
    crew = Crew(database)
    await crew.shopper()
    message = await crew.rendered()
    server = Stuck(step)
    attempt = asyncio.create_task(crew.sending_over(transport=server).send_message(sending(message)))
    await server.reached.wait()
    attempt.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attempt
    assert (await crew.row(message)).status is left
    again = await crew.sending.send_message(sending(message))
    assert again.status is (MessageStatus.SENT if left is MessageStatus.RENDERED else MessageStatus.UNKNOWN)


async def test_without_a_line_nothing_is_handed_over_and_the_gate_is_asked_all_the_same(
    sqlite_database: Database,
) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.away = True
    with pytest.raises(DeferredByServerError):
        await crew.sending.send_message(sending(message))
    row = await crew.row(message)
    assert (row.status, row.hand_overs) == (MessageStatus.RENDERED, 0)
    await commit(sqlite_database, ordered(at=NOON))
    assert (await crew.sending.send_message(sending(message))).status is MessageStatus.DROPPED


async def test_what_an_earlier_attempt_left_unseen_is_settled_although_the_server_is_away(
    sqlite_database: Database,
) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    crew.server.die_after_next()
    with pytest.raises(RuntimeError):
        await crew.sending.send_message(sending(message))
    crew.server.away = True
    assert (await crew.sending.send_message(sending(message))).status is MessageStatus.UNKNOWN


async def test_an_enrollment_that_was_ended_from_outside_sends_nothing_more(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    row = await crew.row(message)
    occasion = Occasion(event_id="e-1", name="test", occurred_at=NOON)
    ended = EnrollmentRow(
        id=row.enrollment,
        workflow_id=row.workflow_id,
        journey=row.journey,
        customer="anna",
        state=State.ENDED,
        occasion=occasion,
        started_at=NOON,
        ended_at=NOON,
        outcome=Outcome(kind=OutcomeKind.CANCELLED, why="its workflow no longer runs"),
    )
    async with sqlite_database.transaction() as session:
        await Enrollments(session).open(ended)
    delivery = await crew.sending.send_message(sending(message))
    reason = "its enrollment was ended: its workflow no longer runs"
    assert (delivery.status, delivery.reason) == (MessageStatus.DROPPED, reason)


@pytest.mark.parametrize(
    ("yields", "status", "gives_way_to"),
    [(Yields.WAIT, MessageStatus.DEFERRED, None), (Yields.END, MessageStatus.DROPPED, "cart-recovery")],
)
async def test_a_stronger_journey_that_began_since_the_mail_was_written_goes_first(
    sqlite_database: Database, yields: Yields, status: MessageStatus, gives_way_to: str | None
) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    async with sqlite_database.transaction() as session:
        await Enrollments(session).open(enrollment(lane=Lane.PROMOTION, priority=90))
    place = Place(journey="browse", lane=Lane.PROMOTION, priority=50, yields=yields)
    request = sending(message)
    request = request.model_copy(update={"ask": request.ask.model_copy(update={"place": place})})
    delivery = await crew.sending.send_message(request)
    assert (delivery.status, delivery.gives_way_to) == (status, gives_way_to)
    assert ((await crew.row(message)).status, (await crew.row(message)).rule) == (status, "lane")
    assert crew.server.mails == []


async def test_a_confirmation_whose_answer_was_lost_goes_again_and_marketing_does_not(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    owed = await crew.rendered(kind=Kind.TRANSACTIONAL)
    crew.server.lose_next()
    with pytest.raises(UnheardError):
        await crew.sending.send_message(sending(owed, Kind.TRANSACTIONAL))
    assert (await crew.sending.send_message(sending(owed, Kind.TRANSACTIONAL))).status is MessageStatus.SENT
    first, second = crew.server.attempts
    assert first == second
    reminder = await crew.rendered(enrollment="e-2")
    crew.server.lose_next()
    assert (await crew.sending.send_message(sending(reminder))).status is MessageStatus.UNKNOWN


async def test_a_server_that_always_hangs_up_gets_a_confirmation_three_times_at_most(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    owed = await crew.rendered(kind=Kind.TRANSACTIONAL)
    crew.server.lose_next(5)
    for _ in range(OWED_HAND_OVERS - 1):
        with pytest.raises(UnheardError):
            await crew.sending.send_message(sending(owed, Kind.TRANSACTIONAL))
    assert (await crew.sending.send_message(sending(owed, Kind.TRANSACTIONAL))).status is MessageStatus.UNKNOWN
    assert len(crew.server.attempts) == OWED_HAND_OVERS


async def test_an_address_that_no_mail_can_have_drops_the_mail_and_is_not_tried_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(address: str) -> str:
        raise InvalidHeaderError("address", f"{address} is none")

    crew = Crew(sqlite_database)
    await crew.shopper()
    message = await crew.rendered()
    monkeypatch.setattr("activities.sending.compose", refuse)
    delivery = await crew.sending.send_message(sending(message))
    assert (delivery.status, delivery.reason) == (MessageStatus.DROPPED, "no mail can have its address")
