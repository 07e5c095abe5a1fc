"""The gate's transaction: two enrollments of one customer decide one after the other."""

import asyncio
from datetime import timedelta

from domain.calls import DropRequest, GateRequest
from domain.enrollment import Outcome, OutcomeKind
from domain.gate import Caps, GatePolicy
from domain.lane import Lane, Place, Yields
from domain.message import MessageStatus, Stage, Verdict
from domain.offer import Offer, OfferKind
from domain.preferences import PAUSE, Choices, Frequency
from storage.database import Database
from storage.enrollments import Enrollments
from storage.ledger import Ledger
from storage.preferences import PreferenceLog
from tests.activities.crew import Crew, ask, asking, rendering, sending
from tests.house import NO_QUIET_HOURS
from tests.storage.samples import NOON, added, commit, enrollment, identify, ordered


async def test_enrollments_of_one_customer_that_ask_at_once_cannot_all_pass_the_cap(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    answers = await asyncio.gather(*(crew.gate.decide_message(asking(enrollment=f"e-{number}")) for number in range(8)))
    verdicts = [answer.decision.verdict for answer in answers]
    assert (verdicts.count(Verdict.SEND), verdicts.count(Verdict.DEFER)) == (1, 7)
    assert {answer.decision.until for answer in answers} == {None, NOON + timedelta(days=1)}


async def test_a_wider_cap_lets_exactly_as_many_through(database: Database) -> None:
    crew = Crew(database, policy=GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=3, per_48h=3)))
    await crew.shopper()
    answers = await asyncio.gather(*(crew.gate.decide_message(asking(enrollment=f"e-{number}")) for number in range(8)))
    assert [answer.decision.verdict for answer in answers].count(Verdict.SEND) == 3


async def test_forty_that_ask_at_the_same_instant_pass_no_cap_together(database: Database) -> None:
    crew = Crew(database, policy=GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=9, per_48h=6, per_stage=2)))
    await crew.shopper()
    requests = [
        asking(enrollment=f"e-{number}-{stage}").model_copy(update={"ask": ask().model_copy(update={"stage": stage})})
        for number in range(8)
        for stage in Stage
    ]
    answers = await asyncio.gather(*map(crew.gate.decide_message, requests))
    sent = [
        request.ask.stage
        for request, answer in zip(requests, answers, strict=True)
        if answer.decision.verdict is Verdict.SEND
    ]
    assert len(sent) == 6
    assert max(map(sent.count, Stage)) <= 2
    async with database.read() as session:
        recent = await Ledger(session).recent_marketing("anna", NOON - timedelta(days=1))
    assert sorted(past.stage for past in recent) == sorted(sent)


async def test_only_one_of_many_goes_the_whole_way_to_the_mail_server(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()

    async def go(enrollment: str) -> None:
        gated = await crew.gate.decide_message(asking(enrollment=enrollment))
        if gated.decision.verdict is Verdict.SEND:
            await crew.rendering.render_message(rendering(gated.message))
            await crew.sending.send_message(sending(gated.message))

    await asyncio.gather(*(go(f"e-{number}") for number in range(20)))
    assert len(crew.server.mails) == 1


async def test_customers_do_not_count_for_each_other(database: Database) -> None:
    crew = Crew(database)
    customers = ["anna", "boris", "clara"]
    for customer in customers:
        await crew.shopper(customer)
    answers = await asyncio.gather(
        *(crew.gate.decide_message(asking(customer=customer, enrollment=f"e-{customer}")) for customer in customers)
    )
    assert {answer.decision.verdict for answer in answers} == {Verdict.SEND}


async def test_a_claimed_message_stays_claimed_when_the_gate_is_asked_again(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    first = await crew.gate.decide_message(asking())
    await commit(sqlite_database, ordered(at=NOON))
    assert await crew.gate.decide_message(asking()) == first
    assert (await crew.row(first.message)).status is MessageStatus.CLAIMED


async def test_a_dropped_message_stays_dropped_when_the_gate_is_asked_again(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await commit(sqlite_database, ordered(at=NOON))
    first = await crew.gate.decide_message(asking())
    assert (first.decision.verdict, first.decision.ended_by) == (Verdict.DROP, "Order Completed")
    assert await crew.gate.decide_message(asking()) == first  # what ended the journey, too
    assert (await crew.row(first.message)).reason == first.decision.reason


async def test_a_retry_after_a_drop_tells_of_an_ending_that_was_committed_since(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await commit(sqlite_database, identify(traits={"email": "anna@shop.example"}))
    first = await crew.gate.decide_message(asking())
    assert (first.decision.verdict, first.decision.ended_by) == (Verdict.DROP, None)  # no consent
    await commit(sqlite_database, ordered(at=NOON))
    again = await crew.gate.decide_message(asking())
    assert (again.decision.reason, again.decision.ended_by) == (first.decision.reason, "Order Completed")


async def test_whoever_reported_consent_in_a_form_that_does_not_count_reads_so(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await commit(sqlite_database, identify(traits={"email": "anna@shop.example", "consent": "true"}))
    decision = (await crew.gate.decide_message(asking())).decision
    assert (decision.rule, decision.reason) == (
        "consent",
        "no consent on record: what was reported does not count, only true or false do",
    )


async def test_a_deferred_message_is_decided_anew(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await crew.gate.decide_message(asking(enrollment="e-1"))
    deferred = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert deferred.decision.until is not None
    crew.clock.moment = deferred.decision.until
    again = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert (again.message, again.decision.verdict) == (deferred.message, Verdict.SEND)


async def test_a_mail_that_waits_is_dropped_for_an_operator_and_stays_so(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await crew.gate.decide_message(asking(enrollment="e-1"))
    deferred = await crew.gate.decide_message(asking(enrollment="e-2"))
    request = DropRequest(message=deferred.message, reason="skipped by an operator", at=NOON)
    assert await crew.gate.drop_message(request)
    assert await crew.gate.drop_message(request)
    row = await crew.row(deferred.message)
    assert (row.status, row.reason) == (MessageStatus.DROPPED, "skipped by an operator")
    again = await crew.gate.decide_message(asking(enrollment="e-2"))
    assert (again.decision.verdict, again.decision.reason) == (Verdict.DROP, "skipped by an operator")


# -- what the rules are told -------------------------------------------------------------------------------------------


async def test_an_open_enrollment_of_a_stronger_journey_goes_first(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    cart = enrollment(lane=Lane.PROMOTION, priority=90)
    async with database.transaction() as session:
        await Enrollments(session).open(cart)
    weak = Place(journey="browse", lane=Lane.PROMOTION, priority=50)
    waits = await crew.gate.decide_message(placed(weak, "e-1"))
    assert (waits.decision.verdict, waits.decision.rule) == (Verdict.DEFER, "lane")

    yielding = placed(weak.model_copy(update={"yields": Yields.END}), "e-2")
    gave_way = await crew.gate.decide_message(yielding)
    assert (gave_way.decision.verdict, gave_way.decision.gives_way_to) == (Verdict.DROP, "cart-recovery")
    assert await crew.gate.decide_message(yielding) == gave_way  # a retry tells it again
    assert (await crew.row(gave_way.message)).rule == "lane"

    async with database.transaction() as session:
        await Enrollments(session).close(cart.id, Outcome(kind=OutcomeKind.COMPLETED, why="it is over"), NOON)
    assert (await crew.gate.decide_message(placed(weak, "e-1"))).decision.verdict is Verdict.SEND


def placed(place: Place, enrollment: str) -> GateRequest:
    request = asking(enrollment=enrollment)
    return request.model_copy(update={"ask": ask().model_copy(update={"place": place}), "journey": place.journey})


async def test_who_is_in_the_shop_is_not_mailed_just_now(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database)
    await crew.shopper()
    await commit(sqlite_database, added("desk", at=NOON - timedelta(minutes=2)))
    decision = (await crew.gate.decide_message(asking())).decision
    assert (decision.rule, decision.until) == ("in session", NOON + timedelta(minutes=3))


async def test_what_customers_prefer_is_read_from_their_traits(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database, policy=GatePolicy(quiet=NO_QUIET_HOURS, segment_caps={"vip": Caps(per_day=2)}))
    traits = {"email": "anna@shop.example", "consent": True, "email_frequency": "weekly", "best_hour": "14"}
    await commit(sqlite_database, identify(traits=traits, at=NOON - timedelta(hours=1)))
    waits = (await crew.gate.decide_message(asking(enrollment="e-1"))).decision
    assert (waits.rule, waits.until) == ("best hour", NOON + timedelta(hours=2))

    await commit(sqlite_database, identify(traits={"best_hour": 12, "segment": "vip"}, at=NOON))
    assert (await crew.gate.decide_message(asking(enrollment="e-1"))).decision.verdict is Verdict.SEND
    wished = (await crew.gate.decide_message(asking(enrollment="e-2"))).decision
    assert (wished.rule, wished.until) == ("own wish", NOON + timedelta(days=7))

    await commit(sqlite_database, identify(traits={"email_frequency": "whenever you like"}, at=NOON))
    assert (await crew.gate.decide_message(asking(enrollment="e-2"))).decision.verdict is Verdict.SEND


async def test_an_offer_counts_as_an_incentive_only_if_it_costs(sqlite_database: Database) -> None:
    crew = Crew(sqlite_database, policy=GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(per_day=5, per_48h=5, per_stage=5)))
    await crew.shopper()
    for number, kind in enumerate((OfferKind.REASSURANCE, OfferKind.DISCOUNT)):
        offering = asking(enrollment=f"e-{number}").model_copy(update={"offer": Offer(kind=kind)})
        assert (await crew.gate.decide_message(offering)).decision.verdict is Verdict.SEND
    decision = (await crew.gate.decide_message(asking(enrollment="e-3"))).decision
    assert (decision.rule, decision.until) == ("incentive", NOON + timedelta(days=1))


async def test_what_the_recipient_chose_decides_before_what_is_reported(database: Database) -> None:
    crew = Crew(database)
    await crew.shopper()
    await commit(database, identify("anna", traits={"email_frequency": "never"}))
    assert (await crew.gate.decide_message(asking())).decision.rule == "opt-out"

    async def choose(choices: Choices) -> None:
        async with database.transaction() as session:
            await PreferenceLog(session).choose("anna", choices, NOON, "a test")

    await choose(Choices(frequency=Frequency.WEEKLY, paused_until=NOON + PAUSE))
    decision = (await crew.gate.decide_message(asking(enrollment="e-2"))).decision
    assert (decision.rule, decision.until) == ("pause", NOON + PAUSE)
    await choose(Choices(frequency=Frequency.WEEKLY))
    assert (await crew.gate.decide_message(asking(enrollment="e-3"))).decision.verdict is Verdict.SEND
    decision = (await crew.gate.decide_message(asking(enrollment="e-4"))).decision
    assert (decision.rule, decision.until) == ("own wish", NOON + timedelta(days=7))
