"""Scenes of re-engagement, milestones, replenishing, advocacy and the newsletter, and what their histories hold."""

from datetime import timedelta

from domain import event as names
from tests.house import ANNA, House
from tests.replay.commands import BEGIN, END, FACT, GATE, HAND_OVER, MAIL, OFFER
from workflows.catalogue import JOURNEYS

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CREDIT = "timer 168 h"
"""The week in which an order counts as a mail's success."""


async def begin(house: House, journey: str, event: str, **properties: object) -> str:
    """Let one journey play alone with who was known the day before, and report what begins it."""
    house.cast({journey: JOURNEYS[journey]})
    await house.advance(DAY)
    await house.report(event, **properties)
    return f"{journey}/{ANNA}"


async def reengagement_sunset(house: House) -> str:
    workflow_id = await begin(house, "reengagement", names.CUSTOMER_LAPSED)
    await house.advance(24 * DAY)
    return workflow_id


async def reengagement_return(house: House) -> str:
    house.cast({})
    await house.visit()
    await house.advance(30 * DAY)
    workflow_id = await begin(house, "reengagement", names.CUSTOMER_LAPSED)
    await house.advance(4 * DAY)
    await house.click("reengagement")
    await house.advance(HOUR)
    return workflow_id


async def milestone_birthday(house: House) -> str:
    workflow_id = await begin(house, "milestone", names.BIRTHDAY, occasion="2026")
    await house.advance(8 * DAY)
    return f"{workflow_id}/2026"


async def milestone_anniversary(house: House) -> str:
    workflow_id = await begin(house, "milestone", names.FIRST_ORDER_ANNIVERSARY, occasion="2", years=2)
    await house.advance(2 * DAY)
    await house.order()
    await house.advance(HOUR)
    return f"{workflow_id}/2"


async def milestone_loyalty_tier(house: House) -> str:
    workflow_id = await begin(house, "milestone", names.LOYALTY_TIER_REACHED, occasion="gold", level="gold")
    await house.advance(8 * DAY)
    return f"{workflow_id}/gold"


async def replenish_silence(house: House) -> str:
    workflow_id = await begin(house, "replenish", names.REPURCHASE_DUE, product_id="lamp", every_days=30)
    await house.advance(5 * DAY)
    return workflow_id


async def replenish_click(house: House) -> str:
    workflow_id = await begin(house, "replenish", names.REPURCHASE_DUE, product_id="lamp", every_days=30)
    await house.advance(DAY)
    await house.click("replenish")
    await house.advance(5 * DAY)
    return workflow_id


async def advocacy_silence(house: House) -> str:
    workflow_id = await begin(house, "advocacy", names.ADVOCATE_FOUND)
    await house.advance(15 * DAY)
    return workflow_id


async def advocacy_review(house: House) -> str:
    workflow_id = await begin(house, "advocacy", names.ADVOCATE_FOUND)
    await house.advance(DAY)
    await house.report(names.PRODUCT_REVIEWED, product_id="lamp", rating=5)
    await house.advance(6 * DAY)
    await house.report("Product Shared", share_via="email")
    await house.advance(HOUR)
    return workflow_id


async def newsletter_issue(house: House) -> str:
    workflow_id = await begin(house, "newsletter", names.NEWSLETTER_DUE, occasion="2026-03")
    await house.advance(8 * DAY)
    return workflow_id


async def data_request_confirmed(house: House) -> str:
    workflow_id = await begin(house, "data-request", names.DATA_EXPORT_REQUESTED, request="export-1")
    await house.advance(2 * HOUR)
    await house.report(names.DATA_REQUEST_CONFIRMED, request="export-1")
    await house.advance(HOUR)
    return f"{workflow_id}/export-1"


async def data_request_unanswered(house: House) -> str:
    workflow_id = await begin(house, "data-request", names.ERASURE_REQUESTED, request="erasure-1")
    await house.advance(DAY)
    await house.report(names.DATA_REQUEST_CONFIRMED, request="another")
    await house.advance(3 * DAY)
    return f"{workflow_id}/erasure-1"


async def data_request_link(house: House) -> str:
    workflow_id = await begin(house, "data-request", names.PREFERENCES_LINK_REQUESTED, request="link-1")
    await house.advance(HOUR)
    return f"{workflow_id}/link-1"


SCENES = {
    "reengagement.sunset": reengagement_sunset,
    "reengagement.return": reengagement_return,
    "milestone.birthday": milestone_birthday,
    "milestone.anniversary": milestone_anniversary,
    "milestone.loyalty-tier": milestone_loyalty_tier,
    "replenish.silence": replenish_silence,
    "replenish.click": replenish_click,
    "advocacy.silence": advocacy_silence,
    "advocacy.review": advocacy_review,
    "newsletter.issue": newsletter_issue,
    "data-request.confirmed": data_request_confirmed,
    "data-request.unanswered": data_request_unanswered,
    "data-request.link": data_request_link,
}

FINGERPRINTS: dict[str, list[str]] = {
    "reengagement.sunset": [
        *BEGIN,
        *MAIL,
        "timer 72 h",
        *MAIL,
        "timer 72 h",
        *MAIL,
        "timer 72 h",
        *OFFER,
        *MAIL,
        "timer 336 h",
        "local suppress_customer",
        *END,
        "completed",
    ],
    "reengagement.return": [
        *BEGIN,
        *MAIL,
        "timer 72 h",
        *MAIL,
        "timer 72 h",
        "told observe",
        "timer cancelled",
        *END,
        "completed",
    ],
    "milestone.birthday": [*BEGIN, FACT, *OFFER, *MAIL, CREDIT, *END, "completed"],
    "milestone.anniversary": [
        *BEGIN,
        FACT,
        *OFFER,
        *MAIL,
        CREDIT,
        "told purchase",
        "timer cancelled",
        *END,
        "completed",
    ],
    "milestone.loyalty-tier": [
        *BEGIN,
        FACT,
        *GATE,
        "timer 0.1 h",  # who has just reached it is in the shop
        "local score_customer",
        "local decide_message",
        *HAND_OVER,
        CREDIT,
        *END,
        "completed",
    ],
    "replenish.silence": [*BEGIN, *MAIL, "timer 96 h", *OFFER, *END, "completed"],
    "replenish.click": [
        *BEGIN,
        *MAIL,
        "timer 96 h",
        "told click",
        "timer cancelled",
        "timer 72 h",
        *OFFER,
        *END,
        "completed",
    ],
    "advocacy.silence": [*BEGIN, FACT, *MAIL, "timer 336 h", *END, "completed"],
    "advocacy.review": [
        *BEGIN,
        FACT,
        *MAIL,
        "timer 336 h",
        "told observe",
        "timer cancelled",
        "timer 120 h",
        FACT,
        *MAIL,
        "timer 336 h",
        "told observe",
        "timer cancelled",
        *END,
        "completed",
    ],
    "newsletter.issue": [*BEGIN, *MAIL, CREDIT, *END, "completed"],
    "data-request.confirmed": [*BEGIN, FACT, *MAIL, "timer 72 h", "told observe", "timer cancelled", *END, "completed"],
    "data-request.unanswered": [*BEGIN, FACT, *MAIL, "timer 72 h", "told observe", *END, "completed"],
    "data-request.link": [*BEGIN, FACT, *MAIL, *END, "completed"],
}
