"""Product education: what begins it, each way to go, each ending, and its place below browse abandonment."""

from datetime import timedelta
from typing import Any

import pytest

from domain.enrollment import OutcomeKind
from domain.event import CART_VIEWED, CHECKOUT_STARTED, CONTENT_VIEWED, PRODUCT_ADDED, PRODUCT_VIEWED
from rehearsal.stage import Stage, What
from rehearsal.stage.samples import LAMP

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def mails(stage: Stage) -> list[tuple[str | None, timedelta]]:
    return [(entry.template, entry.at) for entry in stage.timeline if entry.what is What.SENT]


def begun(stage: Stage) -> list[tuple[str, str]]:
    return [(entry.journey or "", entry.why) for entry in stage.timeline if entry.what is What.BEGAN]


async def look(stage: Stage, *products: str, category: str = "lighting") -> None:
    for product in products:
        await stage.report(PRODUCT_VIEWED, product_id=product, name=product.title(), price=40.0, category=category)


async def begin(stage: Stage) -> None:
    """Four products of one category, within a visit."""
    stage.perform("product-education")
    await look(stage, "lamp", "shade", "bulb", "cord")


# -- what begins it --------------------------------------------------------------------------------------------------


async def test_the_fourth_product_of_one_category_begins_it(stage: Stage) -> None:
    stage.perform("product-education")
    await look(stage, "lamp", "shade", "bulb")
    await look(stage, "table", category="furniture")
    assert begun(stage) == []
    await look(stage, "cord")
    assert begun(stage) == [("product-education", PRODUCT_VIEWED)]


async def test_looks_of_more_than_a_week_ago_do_not_count(stage: Stage) -> None:
    stage.perform("product-education")
    await look(stage, "lamp", "shade", "bulb")
    await stage.advance("8 days")
    await look(stage, "cord")
    assert begun(stage) == []


async def test_something_read_begins_it_for_somebody_of_medium_intent(stage: Stage) -> None:
    stage.perform("product-education")
    await look(stage, "lamp")
    await stage.report(CONTENT_VIEWED)
    assert begun(stage) == [("product-education", CONTENT_VIEWED)]


async def test_with_a_cart_or_without_an_address_nothing_begins(stage: Stage) -> None:
    stage.perform("product-education")
    await stage.report(CART_VIEWED, products=[LAMP])
    await look(stage, "lamp", "shade", "bulb", "cord")
    await stage.report(CONTENT_VIEWED)
    assert begun(stage) == []


async def test_it_begins_once_a_month(stage: Stage) -> None:
    await begin(stage)
    await stage.finish()
    await stage.advance(29 * DAY - stage.elapsed)
    await look(stage, "lamp", "shade", "bulb", "cord")
    assert len(begun(stage)) == 1
    await stage.advance("2 days")
    await look(stage, "lamp", "shade", "bulb", "cord")
    assert len(begun(stage)) == 2


# -- the ways to go --------------------------------------------------------------------------------------------------


async def test_two_mails_without_an_answer_are_the_last(stage: Stage) -> None:
    await begin(stage)
    outcome = await stage.finish()
    assert mails(stage) == [("education/features", DAY), ("education/routine", 4 * DAY)]
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 2)
    assert stage.timeline[-1].at == 7 * DAY


async def test_a_click_leads_deeper_and_through_the_whole_series(stage: Stage) -> None:
    await begin(stage)
    await stage.advance("2 days")
    await stage.click()
    await stage.finish()
    assert mails(stage) == [
        ("education/features", DAY),
        ("education/in_depth", 2 * DAY + timedelta(minutes=5)),  # not while she is in the shop
        ("education/routine", 5 * DAY + timedelta(minutes=5)),
        ("education/testimonials", 8 * DAY + timedelta(minutes=5)),
    ]


async def test_a_click_at_once_is_answered_when_a_day_is_over(stage: Stage) -> None:
    await begin(stage)
    await stage.advance("25 hours")
    await stage.click()
    await stage.advance("2 days")
    assert mails(stage) == [("education/features", DAY), ("education/in_depth", 2 * DAY)]


async def test_a_click_on_the_routine_gets_the_testimonials(stage: Stage) -> None:
    await begin(stage)
    await stage.advance("5 days")
    assert stage.sent == ["education/features", "education/routine"]
    await stage.click()
    await stage.finish()
    assert mails(stage)[2:] == [("education/testimonials", 5 * DAY + timedelta(minutes=5))]


async def test_whoever_keeps_looking_is_left_in_peace(stage: Stage) -> None:
    await begin(stage)
    await stage.advance("10 hours")
    await look(stage, "lamp")
    await stage.advance("23 hours")
    assert stage.sent == []
    await stage.advance("1 hour")
    assert mails(stage) == [("education/features", 34 * HOUR)]


# -- its endings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("event", "why"), [(PRODUCT_ADDED, "product added"), (CHECKOUT_STARTED, "checkout started")])
async def test_a_cart_or_a_checkout_ends_it(stage: Stage, event: str, why: str) -> None:
    await begin(stage)
    await stage.advance("2 days")
    await stage.report(event)
    outcome = await stage.outcome()
    await stage.advance("10 days")
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, why)
    assert stage.sent == ["education/features"]


@pytest.mark.parametrize(("after", "sent"), [("1 hour", 0), ("2 days", 1), ("5 days", 2)])
async def test_an_order_ends_it_as_converted(stage: Stage, after: str, sent: int) -> None:
    await begin(stage)
    await stage.advance(after)
    await stage.purchase(revenue=40)
    outcome = await stage.outcome()
    await stage.advance("10 days")
    assert (outcome.kind, outcome.revenue, len(stage.sent)) == (OutcomeKind.CONVERTED, 40, sent)


async def test_a_first_mail_that_may_not_go_is_followed_by_none(stage: Stage) -> None:
    del stage.traits["consent"]
    await begin(stage)
    await stage.finish()
    assert (stage.sent, [mail.template for mail in stage.not_sent]) == ([], ["education/features"])


# -- below browse abandonment ----------------------------------------------------------------------------------------


async def test_it_keeps_until_browse_abandonment_has_had_its_say(stage: Stage) -> None:
    stage.perform("browse-abandonment", "product-education")
    await look(stage, "lamp", "shade", "bulb", "cord")
    await stage.play_out()
    sent: list[Any] = mails(stage)
    assert [template for template, _ in sent] == [
        "browse/still_thinking",
        "browse/alternatives",
        "browse/benefits",
        "education/features",
        "education/routine",
    ]
    assert sent[3][1] > 5 * DAY  # three mails without an answer want three days of rest before another journey speaks
