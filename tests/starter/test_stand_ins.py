"""What stands for an address in Temporal: nobody who knows the address can tell, and what ran before still knows it."""

import hashlib

from sqlalchemy import text

from domain import event as names
from domain.clock import PacedClock
from domain.stand_ins import StandIns
from storage.database import Database
from storage.salt import Salt
from tests.starter.posts import MINUTE, NOON, Post
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes

SAID = "anna@mail.example"
BARE = f"k-{hashlib.sha256(SAID.encode()).hexdigest()[:32]}"


def earlier_version(database: Database) -> Post:
    """A dispatcher from before digests were salted."""
    routes = Routes(JOURNEYS, PacedClock(), {})
    routes.stand_ins = StandIns(events_from=2**60)
    return Post(database, routes)


async def test_nothing_that_travels_follows_from_an_address_alone(database: Database) -> None:
    post = Post(database)
    await post.commit(post.event(names.ORDER_COMPLETED, order_id=SAID).model_copy(update={"message_id": SAID}))
    await post.deliver()
    await post.commit(post.event(names.ORDER_REFUNDED, order_id=SAID))
    await post.deliver()
    [started], [refund] = post.temporal.starts, post.temporal.signals
    assert started.key is not None
    assert started.key.startswith("h-")
    assert refund.model_dump()["about"] == started.key
    told = f"{started!r} {refund!r} {post.temporal.went!r}"
    for guess in (SAID, *(algorithm(SAID.encode()).hexdigest()[:32] for algorithm in (hashlib.sha256, hashlib.md5))):
        assert guess not in told
    async with database.transaction() as session:
        assert (await Salt(session).stand_ins()).events_from == 0


async def test_an_enrollment_of_an_earlier_version_hears_of_its_own_and_is_not_begun_again(database: Database) -> None:
    before = earlier_version(database)
    await before.commit(before.event(names.ORDER_COMPLETED, order_id=SAID))
    await before.deliver()
    assert before.temporal.starts[0].key == BARE
    after = Post(database)
    await after.commit(
        after.event(names.ORDER_REFUNDED, order_id=SAID).model_copy(update={"message_id": "r-1"}),
        after.event(names.ORDER_COMPLETED, order_id=SAID).model_copy(update={"message_id": "o-2"}),
    )
    await after.deliver()
    [refund, *_] = after.temporal.signals
    assert refund.model_dump()["about"] == BARE
    assert after.temporal.starts == []


async def test_an_event_that_an_earlier_version_told_keeps_its_id(database: Database) -> None:
    """It was told, and whoever told it died before that was noted: told again, it is known again."""
    before = earlier_version(database)
    await before.commit(before.added().model_copy(update={"message_id": SAID}))
    await before.deliver()
    await before.admit()
    click = before.event(names.EMAIL_LINK_CLICKED, journey="cart-recovery")
    await before.commit(click.model_copy(update={"message_id": f"click-{SAID}"}))
    await before.deliver()
    async with database.transaction() as session:
        await (await session.connection()).execute(text("UPDATE events SET dispatched_at = NULL"))
    after = Post(database)
    await after.deliver()
    assert (after.temporal.starts, after.temporal.signals) == ([], before.temporal.signals)
    assert len(await after.rows()) == len(before.temporal.signals) == 1
    new = after.event(names.EMAIL_LINK_CLICKED, journey="cart-recovery", at=NOON + MINUTE)
    await after.commit(new.model_copy(update={"message_id": f"later-{SAID}"}))
    await after.deliver()
    assert after.temporal.signals[-1].event_id.startswith("h-"), "what came after the change is salted"
