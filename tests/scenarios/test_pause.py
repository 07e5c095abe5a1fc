"""What an operator may do to a running enrollment: pause it, resume it, skip what it waits for."""

from datetime import timedelta

import pytest

from domain.civil import QuietHours
from domain.enrollment import OutcomeKind, Progress, State
from domain.errors import UnavailableError
from starter.steering import Steered
from tests.conftest import OpenHouse
from tests.house import ANNA, START, House
from tests.workflows.journeys import Confirms, EveryWait, NineOClock, Waits
from tests.workflows.playing import begin, seen, worker_for

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CART = f"cart-recovery/{ANNA}"


@pytest.fixture
async def shop(open_house: OpenHouse) -> House:
    house = await open_house(build=worker_for(Confirms, EveryWait, NineOClock, Waits))
    await house.identify(timezone="UTC")
    return house


async def pause(house: House, reason: str = "") -> Progress:
    return done(await house.operations.pause(ANNA, reason=reason))


async def resume(house: House) -> Progress:
    return done(await house.operations.resume(ANNA))


async def skip(house: House) -> Progress:
    return done(await house.operations.skip(ANNA))


def done(steered: list[Steered]) -> Progress:
    (one,) = steered
    assert one.refusal == ""
    assert one.progress is not None
    return one.progress


async def reminded(house: House) -> None:
    """The reminder went after an hour; an answer is waited for until hour 24."""
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    assert await house.sent() == [("cart/reminder", HOUR)]


# -- the rest of a wait ------------------------------------------------------------------------------------------------


async def test_the_rest_of_a_wait_goes_on_at_resume(shop: House) -> None:
    handle = await begin(shop, Waits, {"pause": "PT3H"})
    await shop.advance_to(HOUR)
    progress = await pause(shop)
    assert progress.doing == "waiting 3 hours"
    assert progress.next_due is None
    await shop.advance_to(11 * HOUR)
    assert await seen(handle) == []
    progress = await resume(shop)
    assert progress.next_due is not None
    assert abs(progress.next_due - START - 13 * HOUR) < MINUTE
    await shop.advance_to(13 * HOUR - MINUTE)
    assert await seen(handle) == []
    await shop.advance_to(13 * HOUR + MINUTE)
    assert await seen(handle) == ["waited", "moment", "past"]


async def test_a_moment_is_kept_whether_or_not_it_passes_meanwhile(shop: House) -> None:
    handle = await begin(shop, Waits)
    await shop.advance_to(2 * HOUR)  # until hour 5 now
    await pause(shop)
    await shop.advance_to(3 * HOUR)
    await resume(shop)
    await shop.advance_to(5 * HOUR - MINUTE)
    assert await seen(handle) == ["waited"]
    await pause(shop)
    await shop.advance_to(7 * HOUR)
    assert await seen(handle) == ["waited"]
    await resume(shop)
    await shop.advance(MINUTE)
    assert await seen(handle) == ["waited", "moment", "past"]


async def test_a_local_time_that_passes_meanwhile_is_waited_for_again(shop: House) -> None:
    handle = await begin(shop, NineOClock)  # a moment after nine
    await shop.advance_to(20 * HOUR)
    await pause(shop)
    await shop.advance_to(21 * HOUR)
    await resume(shop)
    await shop.advance_to(23 * HOUR)
    assert (await shop.progress(handle.id)).next_due == START + DAY
    await pause(shop)
    await shop.advance_to(25 * HOUR)  # it was nine an hour ago
    await resume(shop)
    await shop.advance_to(48 * HOUR - MINUTE)
    assert await seen(handle) == []
    await shop.advance_to(48 * HOUR + MINUTE)
    assert await seen(handle) == ["nine"]


async def test_quiet_counts_from_what_the_customer_did_meanwhile(shop: House) -> None:
    await shop.add_to_cart()
    await shop.advance_to(30 * MINUTE)
    await pause(shop)
    await shop.advance_to(90 * MINUTE)
    await shop.add_to_cart(product="vase")
    await shop.advance_to(100 * MINUTE)
    await resume(shop)
    await shop.advance_to(140 * MINUTE)
    assert await shop.sent() == []
    await shop.advance_to(3 * HOUR)
    assert await shop.sent() == [("cart/reminder", 150 * MINUTE)]


async def test_a_reaction_during_a_pause_is_kept_and_answered_at_resume(shop: House) -> None:
    await reminded(shop)
    await pause(shop)
    await shop.click()
    await shop.advance_to(4 * HOUR)
    assert await shop.sent() == [("cart/reminder", HOUR)]
    await resume(shop)
    await shop.advance_to(5 * HOUR)
    assert await shop.sent() == [("cart/reminder", HOUR), ("cart/deeper", 4 * HOUR)]


async def test_the_rest_of_a_wait_for_a_reaction_is_kept(shop: House) -> None:
    await reminded(shop)
    await pause(shop)
    await shop.advance_to(42 * HOUR)
    await resume(shop)
    await shop.advance_to(63 * HOUR)  # 22 of its 23 hours are left
    assert len(await shop.sent()) == 1
    await shop.advance_to(65 * HOUR)
    assert await shop.sent() == [("cart/reminder", HOUR), ("cart/objections", 64 * HOUR)]


# -- mails -------------------------------------------------------------------------------------------------------------


async def deferred_to_the_morning(open_house: OpenHouse) -> House:
    """A reminder that was due at 21:30 waits for 08:00."""
    house = await open_house(quiet=QuietHours())
    await house.identify(timezone="UTC")
    await house.advance_to(11 * HOUR + 30 * MINUTE)
    await house.add_to_cart()
    await house.advance_to(13 * HOUR)
    assert [status for _, status, _ in await house.unsent()] == ["deferred"]
    return house


async def test_a_mail_that_fell_due_during_a_pause_goes_at_resume(open_house: OpenHouse) -> None:
    house = await deferred_to_the_morning(open_house)
    await pause(house)
    await house.advance_to(30 * HOUR)
    assert await house.sent() == []
    await resume(house)
    await house.advance(MINUTE)
    ((template, at),) = await house.sent()
    assert (template, at) == ("cart/reminder", 30 * HOUR)
    (row,) = await house.ledger()
    assert row.due_at is not None
    assert abs(row.due_at - START - 12 * HOUR - 30 * MINUTE) < MINUTE


async def test_a_mail_that_became_stale_during_a_pause_is_dropped_at_resume(open_house: OpenHouse) -> None:
    house = await deferred_to_the_morning(open_house)
    await pause(house)
    await house.advance_to(50 * HOUR)  # more than 36 hours after 21:30
    await resume(house)
    await house.advance(MINUTE)
    ((template, status, reason),) = await house.unsent()
    assert (template, status) == ("cart/reminder", "dropped")
    assert reason.startswith("too late to make sense")


async def test_an_answer_that_was_due_during_a_pause_keeps_that_moment(shop: House) -> None:
    await reminded(shop)
    await shop.operations.skip(ANNA)
    await pause(shop)  # before the mail that follows is due: the daily cap holds it back until hour 25
    await shop.advance_to(48 * HOUR)
    await resume(shop)
    await shop.advance(MINUTE)
    ((template, status, reason),) = await shop.unsent()
    assert (template, status, reason[:23]) == ("cart/objections", "dropped", "too late to make sense:")


async def test_not_even_what_is_owed_goes_during_a_pause(shop: House) -> None:
    handle = await begin(shop, Confirms)
    await shop.advance_to(30 * MINUTE)
    await pause(shop)
    await shop.advance_to(20 * HOUR)
    assert await shop.ledger() == []
    await resume(shop)
    await shop.advance_to(20 * HOUR + 31 * MINUTE)
    assert [row.template for row in await shop.ledger()] == ["post_purchase/confirmation"]
    await handle.cancel()


# -- endings -----------------------------------------------------------------------------------------------------------


async def test_a_purchase_ends_a_paused_journey_at_once(shop: House) -> None:
    await reminded(shop)
    await pause(shop, "the shop is closed")
    await shop.order()
    await shop.advance(MINUTE)
    outcome = (await shop.outcomes())[0]
    assert (outcome.kind, outcome.revenue) == (OutcomeKind.CONVERTED, 49.0)


async def test_a_paused_journey_can_be_cancelled(shop: House) -> None:
    await reminded(shop)
    await pause(shop)
    await shop.operations.cancel(ANNA)
    await shop.advance(MINUTE)
    assert (await shop.outcomes())[0].kind is OutcomeKind.CANCELLED


# -- skipping ----------------------------------------------------------------------------------------------------------


async def test_every_wait_can_be_skipped(shop: House) -> None:
    await shop.advance(10 * MINUTE)  # whoever has just become known is not mailed at once
    handle = await begin(shop, EveryWait)
    said: list[str] = []
    for word in ("quiet", "waited", "moment", "nine"):
        assert await seen(handle) == said
        await skip(shop)
        await shop.advance(MINUTE)
        said = [*said, word]
    assert await seen(handle) == [*said, "sent"]
    await skip(shop)
    await shop.advance(MINUTE)
    assert await seen(handle) == [*said, "sent", "NoneType"]
    await skip(shop)  # the daily cap holds back the second mail
    await shop.advance(MINUTE)
    assert [(row.template, row.status.value, row.reason) for row in await shop.ledger()][1:] == [
        ("post_purchase/loyalty", "dropped", "skipped by an operator")
    ]
    await skip(shop)
    await shop.advance(MINUTE)
    (outcome,) = await shop.outcomes()
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 1)


# -- refusals ----------------------------------------------------------------------------------------------------------


async def test_what_makes_no_sense_is_refused_in_a_sentence(shop: House) -> None:
    await reminded(shop)
    operations = shop.operations
    (resumed,) = await operations.resume(ANNA)
    assert resumed.refusal == "it is not paused"
    await pause(shop)
    (paused,) = await operations.pause(ANNA)
    assert paused.refusal == "it is paused already: `segue resume` lets it go on"
    (skipped,) = await operations.skip(ANNA)
    assert skipped == Steered(workflow_id=CART, refusal="it is paused: resume it first")
    assert await operations.pause(ANNA, journey="post-purchase") == []


async def test_a_journey_that_has_ended_is_not_steered(shop: House) -> None:
    await reminded(shop)
    await shop.order()
    await shop.ended(CART)
    assert await shop.operations.skip(ANNA, journey="cart-recovery") == []


async def test_without_a_worker_an_operator_is_told_so_in_time(shop: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await reminded(shop)
    await shop.stop_worker()
    monkeypatch.setattr("starter.steering.ANSWER_WITHIN", timedelta(seconds=1))
    with pytest.raises(UnavailableError, match="no answer to pause within 1 s: is a worker running"):
        await shop.operations.pause(ANNA)


# -- what is shown -----------------------------------------------------------------------------------------------------


async def test_a_pause_is_shown_with_its_reason(shop: House) -> None:
    await reminded(shop)
    progress = await pause(shop, "the shop is closed")
    assert progress.paused is not None
    assert progress.paused.reason == "the shop is closed"
    assert progress.history[-1].endswith("paused: the shop is closed")
    (status,) = await shop.operations.status(ANNA)
    assert (status.state, status.paused) == (State.RUNNING, progress.paused)
    progress = await resume(shop)
    assert progress.paused is None
    assert progress.history[-1].endswith("resumed")
