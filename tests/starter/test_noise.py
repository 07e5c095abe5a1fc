"""Noise: page views and events of no meaning start nothing, end no wait, and never reach Temporal."""

from datetime import timedelta

import pytest

from domain.event import Event, EventType
from storage.database import Database
from tests.starter.posts import MINUTE, NOON, Post
from workflows.catalogue import JOURNEYS

PAGES = ("Home", "About us", "/blog/lamps", "Imprint", "page")


@pytest.fixture
def post(sqlite_database: Database) -> Post:
    return Post(sqlite_database)


def noise(post: Post, customer: str, number: int) -> Event:
    """The nth page, screen or meaningless event of somebody, ten seconds after the one before."""
    kind = (EventType.PAGE, EventType.SCREEN, EventType.PAGE, EventType.TRACK)[number % 4]
    name = "Scrolled" if kind is EventType.TRACK else PAGES[number % len(PAGES)]
    seen = post.event(name, customer, at=NOON + timedelta(seconds=10 * number), path="/", price="free")
    return seen.model_copy(update={"type": kind})


async def test_a_flood_of_page_views_never_reaches_temporal(post: Post) -> None:
    flood = [noise(post, f"visitor-{number % 100}", number // 100) for number in range(2000)]
    for start in range(0, len(flood), 500):
        await post.commit(*flood[start : start + 500])
    await post.deliver()
    assert (post.temporal.asked, post.temporal.went, post.dispatcher.enrolled) == (0, [], 0)
    assert (await post.pending(), await post.parked()) == (0, 0)


async def test_a_flood_does_not_reach_somebody_who_is_in_a_journey(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    begun = post.temporal.asked
    await post.commit(*(noise(post, "anna", number) for number in range(500)))  # without half an hour's pause
    await post.deliver()
    assert post.temporal.asked == begun
    assert (await post.pending(), post.temporal.signals) == (0, [])


async def test_the_first_page_after_a_pause_is_told_as_one_return(post: Post) -> None:
    await post.commit(post.added())
    await post.deliver()
    await post.admit()
    later = [noise(post, "anna", number) for number in range(200, 260)]
    assert later[0].occurred_at > NOON + 30 * MINUTE
    await post.commit(*later)
    await post.deliver()
    assert post.temporal.went[1:] == ["revisit cart-recovery/anna"]


@pytest.mark.parametrize("name", JOURNEYS)
def test_every_journey_names_the_events_that_may_begin_it(name: str) -> None:
    """One that did not would have to be asked about every page view."""
    assert JOURNEYS[name].plan.trigger.names()
