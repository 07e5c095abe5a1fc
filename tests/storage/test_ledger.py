import asyncio
from datetime import datetime, timedelta

import pytest

from domain.errors import UnknownMessageError
from domain.gate import PastMessage
from domain.message import Decision, Kind, MessageStatus, Stage, Verdict, ledger_id
from domain.offer import Offer, OfferKind
from storage.customers import Customers
from storage.database import Database
from storage.errors import IllegalTransitionError
from storage.ledger import NOBODY_SAW, NOT_TAKEN, HandOverAnswer, Ledger, LedgerRow, StoredBody
from storage.transitions import TRANSITIONS, require_transition
from tests.storage.samples import DROP, MINUTE, NOON, SEND, commit, gate_request, identify

LATER = NOON + MINUTE
TOMORROW = NOON + timedelta(days=1)
DEFER = Decision(verdict=Verdict.DEFER, reason="1 mail in 24 h", until=TOMORROW)
MESSAGE = ledger_id("enrollment-of-anna", "reminder")
MARKETING, TRANSACTIONAL = Kind.MARKETING, Kind.TRANSACTIONAL


async def claim(database: Database, step: str = "reminder", customer: str = "anna", kind: Kind = MARKETING) -> str:
    request = gate_request(step, customer, kind=kind)
    async with database.transaction() as session:
        await Ledger(session).decide(request, SEND, NOON)
    return ledger_id(request.enrollment, step)


async def render(ledger: Ledger, message: str, subject: str = "Still thinking?") -> None:
    await ledger.store_body(
        message,
        subject=subject,
        html="<p>Boots</p>",
        text="Boots",
        links=["https://shop.example/boots"],
        rfc_message_id=f"<{message}@shop.example>",
        now=LATER,
    )


async def rendered(database: Database, kind: Kind = MARKETING, step: str = "reminder") -> str:
    message = await claim(database, step, kind=kind)
    async with database.transaction() as session:
        await render(Ledger(session), message)
    return message


async def hand_over(database: Database, message: str) -> tuple[HandOverAnswer, LedgerRow]:
    async with database.transaction() as session:
        result = await Ledger(session).hand_over(message, LATER)
    return result.answer, result.row


async def get(database: Database, message: str) -> LedgerRow:
    async with database.read() as session:
        row = await Ledger(session).get(message)
    assert row is not None
    return row


async def test_a_decision_is_read_as_it_was_recorded(database: Database) -> None:
    offer = Offer(kind=OfferKind.FREE_SHIPPING, why="cart worth 100 or more")
    async with database.transaction() as session:
        await Ledger(session).decide(gate_request(offer=offer), SEND, NOON)

    row = await get(database, MESSAGE)

    assert row == LedgerRow(
        id=MESSAGE,
        enrollment="enrollment-of-anna",
        workflow_id="cart-recovery/anna",
        journey="cart-recovery",
        customer="anna",
        step="reminder",
        template="cart/reminder",
        kind=Kind.MARKETING,
        topic="cart reminders",
        stage=Stage.PURCHASE,
        urgent=False,
        status=MessageStatus.CLAIMED,
        reason=SEND.reason,
        offer=offer,
        decided_at=NOON,
        due_at=NOON,
        claimed_at=NOON,
        rendered_at=None,
        handed_over_at=None,
        sent_at=None,
        hand_overs=0,
        message_id=None,
    )


async def test_the_gate_may_change_its_mind_until_it_claims_or_drops(database: Database) -> None:
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request(), DEFER, NOON)
        assert await ledger.decided(MESSAGE) is None
        deferred = await ledger.get(MESSAGE)
        await ledger.decide(gate_request(), SEND, TOMORROW)
        await ledger.decide(gate_request(), DROP, TOMORROW + MINUTE)
        assert await ledger.decided(MESSAGE) == SEND

    assert deferred is not None
    assert (deferred.status, deferred.due_at, deferred.claimed_at) == (MessageStatus.DEFERRED, TOMORROW, None)
    row = await get(database, MESSAGE)
    assert (row.status, row.decided_at, row.claimed_at) == (MessageStatus.CLAIMED, TOMORROW, TOMORROW)


async def test_a_dropped_message_stays_dropped(database: Database) -> None:
    async with database.transaction() as session:
        ledger = Ledger(session)
        assert await ledger.decided(MESSAGE) is None
        await ledger.decide(gate_request(), DROP, NOON)
        await ledger.decide(gate_request(), SEND, LATER)
        assert await ledger.decided(MESSAGE) == DROP
    assert (await get(database, MESSAGE)).status is MessageStatus.DROPPED


async def test_a_message_goes_its_way_once(database: Database) -> None:
    message = await rendered(database)
    assert (await hand_over(database, message))[0] is HandOverAnswer.PROCEED
    async with database.transaction() as session:
        sent = await Ledger(session).finish(message, MessageStatus.SENT, "250 OK", LATER)

    assert (sent.status, sent.sent_at, sent.handed_over_at, sent.hand_overs) == (MessageStatus.SENT, LATER, LATER, 1)
    assert sent.message_id == f"<{message}@shop.example>"
    answer, row = await hand_over(database, message)
    assert (answer, row) == (HandOverAnswer.ALREADY, sent)
    async with database.transaction() as session:
        again = await Ledger(session).finish(message, MessageStatus.SENT, "250 again", TOMORROW)
    assert again == sent, "the first end stays"


async def test_marketing_is_not_sent_twice_when_nobody_saw_the_answer(database: Database) -> None:
    message = await rendered(database)
    await hand_over(database, message)

    answer, row = await hand_over(database, message)

    assert (answer, row.status, row.hand_overs) == (HandOverAnswer.UNKNOWN, MessageStatus.UNKNOWN, 1)
    assert (await hand_over(database, message))[0] is HandOverAnswer.ALREADY


async def test_transactional_mail_is_sent_again_and_counted(database: Database) -> None:
    message = await rendered(database, Kind.TRANSACTIONAL)
    await hand_over(database, message)

    answer, row = await hand_over(database, message)

    assert (answer, row.status, row.hand_overs) == (HandOverAnswer.PROCEED, MessageStatus.HANDED_OVER, 2)


async def test_a_message_the_server_certainly_has_not_may_be_handed_over_again(database: Database) -> None:
    message = await rendered(database)
    await hand_over(database, message)
    async with database.transaction() as session:
        await Ledger(session).take_back(message)

    answer, row = await hand_over(database, message)

    assert (answer, row.hand_overs) == (HandOverAnswer.PROCEED, 1)


async def test_of_concurrent_attempts_one_hands_over(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(3)]
    message = await rendered(databases[0])

    async def attempt(database: Database) -> HandOverAnswer:
        async with database.transaction() as session:
            result = await Ledger(session).hand_over(message, LATER)
            await asyncio.sleep(0.1)  # the others ask before this one has committed
        return result.answer

    answers = await asyncio.gather(*map(attempt, databases))

    assert answers.count(HandOverAnswer.PROCEED) == 1
    await asyncio.gather(*(each.aclose() for each in databases))


async def test_the_late_answer_ends_an_unknown_message(database: Database) -> None:
    message = await rendered(database)
    await hand_over(database, message)
    await hand_over(database, message)
    async with database.transaction() as session:
        row = await Ledger(session).finish(message, MessageStatus.SENT, "250 OK, reported late", LATER)
    assert row.status is MessageStatus.SENT


async def test_rendering_again_replaces_the_body_until_it_is_handed_over(database: Database) -> None:
    message = await rendered(database)
    async with database.transaction() as session:
        await render(Ledger(session), message, "Your boots")
        body = await Ledger(session).body(message)
    assert body == StoredBody(
        subject="Your boots", html="<p>Boots</p>", text="Boots", links=("https://shop.example/boots",)
    )
    await hand_over(database, message)
    async with database.transaction() as session:
        with pytest.raises(IllegalTransitionError, match="is handed over: it cannot become rendered"):
            await render(Ledger(session), message)
        assert (await Ledger(session).body(message)).subject == "Your boots"


async def test_steps_cannot_be_skipped(database: Database) -> None:
    message = await claim(database)
    with pytest.raises(IllegalTransitionError, match="is claimed: it cannot become handed over"):
        await hand_over(database, message)
    async with database.transaction() as session:
        with pytest.raises(IllegalTransitionError, match="is claimed: it cannot become sent"):
            await Ledger(session).finish(message, MessageStatus.SENT, "250 OK", LATER)
        with pytest.raises(IllegalTransitionError, match="is claimed: it cannot become rendered"):
            await Ledger(session).take_back(message)
        with pytest.raises(UnknownMessageError, match="no body"):
            await Ledger(session).body(message)


async def test_an_unknown_message_is_named(database: Database) -> None:
    async with database.transaction() as session:
        ledger = Ledger(session)
        assert await ledger.get("m-none") is None
        for attempt in (
            ledger.hand_over("m-none", NOON),
            ledger.finish("m-none", MessageStatus.SENT, "", NOON),
            ledger.take_back("m-none"),
            ledger.body("m-none"),
            ledger.require("m-none"),
            ledger.postpone("m-none", DEFER, NOON),
            render(ledger, "m-none"),
        ):
            with pytest.raises(UnknownMessageError, match="m-none"):
                await attempt


@pytest.mark.parametrize("status", MessageStatus)
def test_every_status_can_be_reached_and_every_end_is_an_end(status: MessageStatus) -> None:
    assert any(status in ways for ways in TRANSITIONS.values())
    for wanted in MessageStatus:
        if wanted not in TRANSITIONS[status]:
            with pytest.raises(IllegalTransitionError):
                require_transition("m1", status, wanted)
        else:
            require_transition("m1", status, wanted)


async def test_recent_counts_marketing_that_went_or_is_about_to(database: Database) -> None:
    steps = {
        "claimed": MARKETING,
        "sent": MARKETING,
        "unknown": MARKETING,
        "receipt": TRANSACTIONAL,
        "refused": MARKETING,
        "dropped late": MARKETING,
    }
    ids = {step: await claim(database, step, kind=kind) for step, kind in steps.items()}
    await claim(database, "claimed", "ben")
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request("deferred"), DEFER, NOON)
        await ledger.decide(gate_request("dropped"), DROP, NOON)
        for step in ("sent", "unknown", "refused"):
            await render(ledger, ids[step])
            await ledger.hand_over(ids[step], LATER)
        await ledger.finish(ids["sent"], MessageStatus.SENT, "250 OK", TOMORROW)
        await ledger.hand_over(ids["unknown"], LATER)
        await ledger.finish(ids["refused"], MessageStatus.REFUSED, "550 no such user", LATER)
        await ledger.finish(ids["dropped late"], MessageStatus.DROPPED, "bought meanwhile", LATER)

        past = await ledger.recent_marketing("anna", NOON - MINUTE)
        others = await ledger.recent_marketing("anna", NOON, excluding=ids["claimed"])
        newest = await ledger.recent_marketing("anna", TOMORROW)

    def at(*moments: datetime) -> tuple[PastMessage, ...]:
        return tuple(
            PastMessage(sent_or_claimed_at=moment, stage=Stage.PURCHASE, journey="cart-recovery") for moment in moments
        )

    assert past == at(NOON, LATER, TOMORROW)
    assert others == at(LATER, TOMORROW)
    assert newest == at(TOMORROW)


async def test_a_mail_of_unknown_fate_counts_from_when_it_may_have_gone_last(database: Database) -> None:
    """Claimed at noon, and given to a server that hung up a day later, and again after that: each may have come."""
    message = await rendered(database)
    counted: list[PastMessage] = []
    async with database.transaction() as session:
        ledger = Ledger(session)
        for at in (TOMORROW, TOMORROW + MINUTE):
            await ledger.hand_over(message, at, repeats_safely=timedelta(hours=1))
            counted += await ledger.recent_marketing("anna", TOMORROW)
        await ledger.hand_over(message, TOMORROW + timedelta(hours=2), repeats_safely=timedelta(hours=1))
        counted += await ledger.recent_marketing("anna", TOMORROW)
    assert [past.sent_or_claimed_at for past in counted] == [TOMORROW, *[TOMORROW + MINUTE] * 2]
    row = await get(database, message)
    assert (row.status, row.handed_over_at, row.decided_at) == (MessageStatus.UNKNOWN, TOMORROW, TOMORROW + MINUTE)


async def test_a_claim_may_be_taken_back_until_the_message_is_handed_over(database: Database) -> None:
    message = await rendered(database)
    async with database.transaction() as session:
        ledger = Ledger(session)
        row = await ledger.postpone(message, DEFER, LATER)
        assert await ledger.decided(message) is None
        assert await ledger.recent_marketing("anna", NOON) == ()
        await ledger.decide(gate_request(), SEND, TOMORROW)
        await render(ledger, message)
        await ledger.hand_over(message, TOMORROW)

    assert (row.status, row.due_at, row.claimed_at) == (MessageStatus.DEFERRED, TOMORROW, None)
    async with database.transaction() as session:
        with pytest.raises(IllegalTransitionError, match="is handed over: it cannot become deferred"):
            await Ledger(session).postpone(message, DEFER, LATER)


async def test_the_end_of_an_enrollment_ends_its_open_messages(database: Database) -> None:
    steps = ("claimed", "rendered", "handed over", "sent")
    ids = {step: await claim(database, step) for step in steps}
    await claim(database, "claimed", "ben")
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.decide(gate_request("deferred"), DEFER, NOON)
        for step in steps[1:]:
            await render(ledger, ids[step])
        for step in steps[2:]:
            await ledger.hand_over(ids[step], LATER)
        await ledger.finish(ids["sent"], MessageStatus.SENT, "250 OK", LATER)

        await ledger.end_open("enrollment-of-anna", "converted: order 1001", TOMORROW)

        ended = {row.step: (row.status, row.reason) for row in await ledger.list(customer="anna")}
        others = [row.status for row in await ledger.list(customer="ben")]

    dropped = (MessageStatus.DROPPED, "converted: order 1001")
    assert ended == {
        "deferred": dropped,
        "claimed": dropped,
        "rendered": dropped,
        "handed over": (MessageStatus.UNKNOWN, "handed over, and nobody saw the server's answer"),
        "sent": (MessageStatus.SENT, "250 OK"),
    }
    assert others == [MessageStatus.CLAIMED]


async def test_reading_locks_nothing(database: Database) -> None:
    message = await rendered(database)
    async with database.read() as session:
        ledger = Ledger(session)
        assert (await ledger.require(message)).status is MessageStatus.RENDERED
        assert await ledger.get(message) == await ledger.require(message)
        assert (await ledger.body(message)).subject == "Still thinking?"


async def test_of_two_gates_at_once_one_claims(database_url: str) -> None:
    databases = [Database(database_url) for _ in range(6)]
    await commit(databases[0], identify())

    async def decide(database: Database, step: str) -> None:
        async with database.transaction() as session:
            await Customers(session).hold_one("anna")
            ledger = Ledger(session)
            recent = await ledger.recent_marketing("anna", NOON - timedelta(days=1))
            await asyncio.sleep(0.01)
            await ledger.decide(gate_request(step), DEFER if recent else SEND, NOON)

    await asyncio.gather(*(decide(each, f"step-{number}") for number, each in enumerate(databases)))

    async with databases[0].read() as session:
        statuses = [row.status for row in await Ledger(session).list(customer="anna")]
    assert sorted(statuses) == [MessageStatus.CLAIMED] + [MessageStatus.DEFERRED] * 5
    await asyncio.gather(*(each.aclose() for each in databases))


async def test_the_list_ends_with_the_newest_decision(database: Database) -> None:
    async with database.transaction() as session:
        ledger = Ledger(session)
        for minute, (step, customer) in enumerate([("a", "anna"), ("b", "ben"), ("c", "anna"), ("d", "anna")]):
            await ledger.decide(gate_request(step, customer), SEND, NOON + minute * MINUTE)
        await ledger.decide(gate_request("e", journey="welcome"), SEND, NOON - MINUTE)

        assert [row.step for row in await ledger.list()] == ["e", "a", "b", "c", "d"]
        assert [row.step for row in await ledger.list(customer="anna", limit=2)] == ["c", "d"]
        assert [row.step for row in await ledger.list(journey="welcome")] == ["e"]
        assert await ledger.list(customer="ben", journey="welcome") == []


async def test_what_was_under_way_as_its_journey_ended_is_known_once_the_server_has_answered(
    database: Database,
) -> None:
    """The journey's end, or a join, did not wait for the answer: that the server took nothing, this time."""
    once = await rendered(database)
    again = await rendered(database, kind=Kind.TRANSACTIONAL, step="again")
    for message in (once, again, again):
        await hand_over(database, message)
    async with database.transaction() as session:
        ledger = Ledger(session)
        await ledger.end_open("enrollment-of-anna", "the journey ended: order completed", LATER)
        for message in (once, again):
            await ledger.take_back(message)

    row = await get(database, once)
    assert (row.status, row.reason, row.hand_overs) == (MessageStatus.DROPPED, NOT_TAKEN, 0)
    assert (await hand_over(database, once))[0] is HandOverAnswer.ALREADY
    row = await get(database, again)
    assert (row.status, row.reason, row.hand_overs) == (MessageStatus.UNKNOWN, NOBODY_SAW, 1)


async def test_an_attempt_that_was_given_up_takes_back_its_own_mark_and_no_others(database: Database) -> None:
    """A hand-over that timed out may say so while the next attempt, or the one after, is at the mail server."""
    message = await rendered(database, kind=Kind.TRANSACTIONAL)
    await hand_over(database, message)
    await hand_over(database, message)  # the next attempt, while the first still ends
    async with database.transaction() as session:
        await Ledger(session).take_back(message)
    row = await get(database, message)
    assert (row.status, row.hand_overs) == (MessageStatus.HANDED_OVER, 1)
