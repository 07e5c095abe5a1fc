"""Browse abandonment: what begins it, each way to go, and each ending."""

from datetime import timedelta
from typing import Any

import pytest

from domain.enrollment import OutcomeKind
from domain.event import (
    CART_VIEWED,
    CHECKOUT_STARTED,
    PRODUCT_ADDED,
    PRODUCT_LIST_VIEWED,
    PRODUCT_VIEWED,
    PRODUCTS_SEARCHED,
)
from domain.facts import CLEAR_FAVOURITE, FAVOURITE_CATEGORY
from domain.offer import OfferPolicy
from rehearsal.stage import Stage, What
from rehearsal.stage.opening import default_settings
from rehearsal.stage.samples import LAMP

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TABLE = {"product_id": "table-01", "name": "Side table", "price": 60.0, "category": "furniture"}
STOOL = {"product_id": "stool-01", "name": "Stool", "price": 40.0, "category": "furniture"}


def mails(stage: Stage) -> list[tuple[str | None, timedelta]]:
    return [(entry.template, entry.at) for entry in stage.timeline if entry.what is What.SENT]


def begun(stage: Stage) -> list[str]:
    return [entry.why for entry in stage.timeline if entry.what is What.BEGAN]


async def look(stage: Stage, product: dict[str, Any] = LAMP, times: int = 1) -> None:
    for _ in range(times):
        await stage.report(PRODUCT_VIEWED, **product)


# -- what begins it --------------------------------------------------------------------------------------------------


async def test_a_passing_look_begins_nothing_and_a_product_does(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await stage.report(PRODUCTS_SEARCHED, query="lamp")
    await stage.report(PRODUCT_LIST_VIEWED, category="lighting")
    assert begun(stage) == []  # intent is low after a search and a list
    await look(stage)
    assert begun(stage) == [PRODUCT_VIEWED]


async def test_with_a_cart_nothing_begins(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await stage.report(CART_VIEWED, products=[LAMP])
    await look(stage)
    assert begun(stage) == []


async def test_who_cannot_be_mailed_begins_nothing(stage: Stage) -> None:
    del stage.traits["email"]
    stage.perform("browse-abandonment")
    await look(stage)
    assert begun(stage) == []


# -- rest ------------------------------------------------------------------------------------------------------------


async def test_a_look_around_of_medium_intent_rests_for_four_hours(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await look(stage)
    await stage.advance("3 hours")
    await stage.report(PRODUCTS_SEARCHED, query="lamp")
    await stage.advance("239 min")
    assert stage.sent == []
    await stage.advance("1 min")
    assert mails(stage) == [("browse/still_thinking", 7 * HOUR)]


async def test_high_intent_rests_for_two_hours(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await look(stage, STOOL, times=3)
    await stage.advance("119 min")
    assert stage.sent == []
    await stage.advance("1 min")
    assert mails(stage) == [("browse/still_thinking", 2 * HOUR)]


async def test_intent_is_that_of_the_end_of_the_visit(stage: Stage) -> None:
    await stage.enroll("browse-abandonment")  # with a first look: medium
    await stage.advance("30 min")
    await look(stage, times=2)
    await stage.advance("2 hours")
    assert mails(stage) == [("browse/expert", 150 * MINUTE)]


# -- about a product -------------------------------------------------------------------------------------------------


async def test_silence_gets_alternatives_and_a_guide_and_no_offer_where_none_is_granted(stage: Stage) -> None:
    await stage.enroll("browse-abandonment")
    outcome = await stage.finish()
    assert mails(stage) == [
        ("browse/still_thinking", 4 * HOUR),
        ("browse/alternatives", 28 * HOUR),
        ("browse/benefits", 52 * HOUR),
    ]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 3)
    assert stage.timeline[-1].at == 76 * HOUR


async def test_a_click_says_that_it_is_the_one_and_gets_no_alternatives(stage: Stage) -> None:
    await stage.enroll("browse-abandonment")
    await stage.advance("6 hours")
    await stage.click()
    await stage.finish()
    assert mails(stage) == [("browse/still_thinking", 4 * HOUR), ("browse/benefits", 30 * HOUR)]


# -- about a favourite, about a category -----------------------------------------------------------------------------


async def test_three_looks_at_a_dear_product_get_an_expert(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await look(stage, times=3)
    await stage.play_out()
    assert mails(stage) == [("browse/expert", 2 * HOUR)]
    assert "Linen floor lamp" in stage.letters[0].subject


async def test_five_looks_at_one_category_get_its_new_arrivals_and_a_guide_where_nobody_clicks(stage: Stage) -> None:
    stage.perform("browse-abandonment")
    await look(stage, TABLE, times=2)
    await look(stage, STOOL, times=2)
    await stage.report(PRODUCT_LIST_VIEWED, category="furniture")
    await stage.play_out()
    assert mails(stage) == [("browse/new_arrivals", 4 * HOUR), ("browse/benefits", 52 * HOUR)]


async def test_a_click_on_new_arrivals_is_an_answer(stage: Stage) -> None:
    stage.facts[FAVOURITE_CATEGORY] = True
    await stage.enroll("browse-abandonment")
    await stage.advance("5 hours")
    await stage.click()
    outcome = await stage.finish()
    assert (stage.sent, outcome.kind) == (["browse/new_arrivals"], OutcomeKind.COMPLETED)


async def test_a_favourite_goes_before_a_category(stage: Stage) -> None:
    stage.facts.update({CLEAR_FAVOURITE: True, FAVOURITE_CATEGORY: True})
    await stage.enroll("browse-abandonment")
    await stage.finish()
    assert stage.sent == ["browse/expert"]


class TestOffers:
    """Where the policy grants something, each way to go ends with it."""

    @pytest.fixture
    def stage_options(self) -> dict[str, Any]:
        discounts = OfferPolicy(discount_percent=10, discount_code="LAMP10")  # for a first order
        return {"settings": default_settings().model_copy(update={"offers": discounts})}

    async def test_a_light_offer_is_the_last_mail_about_a_product(self, stage: Stage) -> None:
        await stage.enroll("browse-abandonment")
        await stage.finish()
        assert mails(stage)[-1] == ("browse/light_offer", 76 * HOUR)
        assert stage.letters[-1].subject == "10% off, should you decide to order"
        assert "LAMP10" in stage.letters[-1].text
        assert not any("LAMP10" in letter.text for letter in stage.letters[:-1])

    async def test_a_limited_offer_follows_the_expert_by_a_day(self, stage: Stage) -> None:
        stage.facts[CLEAR_FAVOURITE] = True
        await stage.enroll("browse-abandonment")
        await stage.finish()
        assert mails(stage) == [("browse/expert", 4 * HOUR), ("browse/limited_offer", 28 * HOUR)]
        assert "LAMP10" in stage.letters[-1].text

    async def test_who_has_ordered_before_is_granted_nothing_and_hears_of_nothing(self, stage: Stage) -> None:
        stage.facts[CLEAR_FAVOURITE] = True
        stage.perform("browse-abandonment")
        await stage.purchase()
        await look(stage)
        await stage.play_out()
        assert stage.sent == ["browse/expert"]


# -- its endings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "why"), [(PRODUCT_ADDED, "product added"), (CHECKOUT_STARTED, "checkout started")])
@pytest.mark.parametrize(("after", "sent"), [("1 hour", 0), ("5 hours", 1), ("30 hours", 2)])
async def test_a_cart_or_a_checkout_ends_it(stage: Stage, event: str, why: str, after: str, sent: int) -> None:
    await stage.enroll("browse-abandonment")
    await stage.advance(after)
    await stage.report(event)
    outcome = await stage.outcome()
    await stage.advance("5 days")
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, why)
    assert len(stage.sent) == sent


async def test_an_order_ends_it_as_converted(stage: Stage) -> None:
    await stage.enroll("browse-abandonment")
    await stage.advance("5 hours")
    await stage.purchase(revenue=60)
    outcome = await stage.outcome()
    assert (outcome.kind, outcome.revenue, outcome.mails) == (OutcomeKind.CONVERTED, 60, 1)


@pytest.mark.parametrize("fact", [None, CLEAR_FAVOURITE, FAVOURITE_CATEGORY])
async def test_a_first_mail_that_may_not_go_is_followed_by_none(stage: Stage, fact: Any) -> None:
    del stage.traits["consent"]
    if fact is not None:
        stage.facts[fact] = True
    await stage.enroll("browse-abandonment")
    await stage.finish()
    assert (stage.sent, len(stage.not_sent)) == ([], 1)


async def test_the_cart_takes_over_where_it_ends(stage: Stage) -> None:
    stage.perform("browse-abandonment", "cart-recovery")
    await look(stage)
    await stage.advance("1 hour")
    await stage.report(PRODUCT_ADDED)
    await stage.advance("1 hour")
    assert mails(stage) == [("cart/reminder", 2 * HOUR)]
    assert (await stage.outcome("browse-abandonment")).why == "product added"
