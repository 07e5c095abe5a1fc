"""Whom an enrollment is about: every activity asks its row, whatever id the workflow began with."""

import asyncio
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activities.facts import FactActivities
from activities.permissions import PermissionActivities
from activities.subject import hold_subject
from domain import calls
from domain.facts import HAS_CART
from domain.intent import Thresholds, Tier
from domain.message import MessageStatus
from domain.moments import RENEWAL
from storage.database import Database
from storage.enrollments import Enrollments
from storage.exposures import Exposures
from storage.suppressions import Suppressions
from tests.activities.crew import OCCASION, Crew, asking, rendering, sending
from tests.stack.waiting import until
from tests.storage.samples import NOON, added, commit, enrollment, identify, track

HOUR = timedelta(hours=1)
ROW = enrollment(customer="anon-v1")
WHOSE: dict[str, Any] = {"customer": "anon-v1", "enrollment": ROW.id}


@pytest.fixture
async def crew(database: Database) -> Crew:
    """A visitor filled a cart, and turned out to be Anna; then the browser passed on to Ben."""
    crew = Crew(database)
    await commit(database, added("lamp", None, anonymous_id="v1", at=NOON - HOUR))
    async with database.transaction() as session:
        await Enrollments(session).open(ROW)
    await crew.shopper()
    zone = {"timezone": "Asia/Tokyo"}
    await commit(database, identify("anna", anonymous_id="v1", at=NOON - HOUR, traits=zone))
    renewal = {"subscription_id": "s-1", "renews_at": "2026-04-01T00:00:00Z"}
    await commit(database, track("Subscription Started", "anna", at=NOON - HOUR, properties=renewal))
    await commit(database, identify("ben", anonymous_id="v1", at=NOON - HOUR))
    return crew


async def test_a_mail_of_the_visitors_journey_goes_to_whom_they_turned_out_to_be(crew: Crew) -> None:
    gated = await crew.gate.decide_message(asking(enrollment=ROW.id, customer="anon-v1"))
    await crew.rendering.render_message(rendering(gated.message))
    delivery = await crew.sending.send_message(sending(gated.message).model_copy(update={"customer": "anon-v1"}))

    assert delivery.status is MessageStatus.SENT
    assert (await crew.row(gated.message)).customer == "anna"
    assert [mail.recipient for mail in crew.server.mails] == ["anna@shop.example"]


async def test_what_a_journey_asks_of_its_customer_is_answered_of_whom_they_turned_out_to_be(crew: Crew) -> None:
    facts = FactActivities(crew.database, crew.clock, "UTC", Thresholds())
    asked = calls.FactRequest(**WHOSE, fact=HAS_CART.name, occasion=OCCASION, at=NOON)
    assert (await facts.read_fact(asked)).value is True
    last = await facts.read_last_activity(calls.ActivityRequest(**WHOSE, names=("Product Added",)))
    assert last.at == NOON - HOUR
    local = await facts.find_local_time(calls.LocalTimeRequest(**WHOSE, wall_clock=time(9), after=NOON))
    assert local.at == NOON + 12 * HOUR  # nine in Tokyo
    moment = calls.MomentRequest(**WHOSE, moment=RENEWAL.name, occasion=OCCASION)
    assert (await facts.read_moment(moment)).at is not None
    score = await crew.scoring.score(calls.ScoreRequest(**WHOSE, at=NOON))
    assert score == await crew.scoring.score(calls.ScoreRequest(customer="anna", at=NOON))
    await crew.scoring.choose_offer(calls.OfferRequest(**WHOSE, tier=Tier.HIGH, at=NOON))


async def test_what_a_journey_decides_is_kept_of_whom_they_turned_out_to_be(crew: Crew) -> None:
    asked = calls.VariantRequest(**WHOSE, experiment="subject", variants=("a", "b"), at=NOON)
    variant = (await crew.scoring.choose_variant(asked)).name
    permissions = PermissionActivities(crew.database, crew.clock)
    await permissions.suppress_customer(calls.SuppressRequest(**WHOSE, reason="silent", journey="j", at=NOON))
    async with crew.database.transaction() as session:
        assert await Exposures(session).assign("anna", "subject", "c", ROW.id, NOON) == variant
        assert await Suppressions(session).sunset("anna") is not None
        assert await Suppressions(session).sunset("ben") is None


async def test_who_waited_for_the_lock_while_a_join_was_made_holds_the_one_that_is_left(
    postgresql_database: Database,
) -> None:
    crew = Crew(postgresql_database)
    await crew.shopper()
    await commit(crew.database, added("lamp", None, anonymous_id="v1"))
    async with crew.database.transaction() as session:
        await Enrollments(session).open(ROW)
    holds, may_go = asyncio.Event(), asyncio.Event()

    async def hold_first() -> None:
        async with crew.database.transaction() as session:
            await hold_subject(session, ROW.id, "anon-v1")
            holds.set()
            await may_go.wait()

    async def hold_then() -> str:
        async with crew.database.transaction() as session:
            return (await hold_subject(session, ROW.id, "anon-v1")).id

    async def wait_in_line(number: int) -> None:
        """Until so many transactions wait for a lock."""

        async def look() -> bool:
            async with crew.database.read() as session:
                connection = await session.connection()
                waiting = await connection.execute(text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"))
            return int(waiting.scalar_one()) >= number

        await until(look)

    first = asyncio.create_task(hold_first())
    await holds.wait()
    joining = asyncio.create_task(commit(crew.database, identify("anna", anonymous_id="v1")))
    await wait_in_line(1)
    waiting = asyncio.create_task(hold_then())
    await wait_in_line(2)
    may_go.set()
    await asyncio.gather(first, joining)
    assert await waiting == "anna"
