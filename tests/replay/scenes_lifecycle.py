"""Scenes of welcome, subscription, trial, webinar and content follow-up, and what the histories of each hold."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from domain import event as names
from tests.house import ANNA, START, House
from tests.replay.commands import BEGIN, END, FACT, MAIL, OFFER

DAY = timedelta(days=1)
SUBSCRIPTION = {"subscription_id": "s-1", "plan": "Studio"}
WEBINAR = {"webinar_id": "w-1", "title": "Light at work"}


def _day(number: float) -> str:
    return (START + number * DAY).isoformat()


async def _newcomer(house: House) -> str:
    await house.report(names.SIGNED_UP)
    await house.advance_to(10 * DAY)
    return f"welcome/{ANNA}"


async def _newcomer_who_knows_the_prices(house: House) -> str:
    await house.report(names.PRICING_VIEWED)
    await house.report(names.SIGNED_UP)
    await house.advance_to(3 * DAY)
    await house.order()
    await house.advance_to(4 * DAY)
    return f"welcome/{ANNA}"


async def _first_period(house: House) -> str:
    await house.report(names.SUBSCRIPTION_STARTED, **SUBSCRIPTION, renews_at=_day(31))
    await house.advance_to(40 * DAY)
    return f"subscription/{ANNA}/s-1"


async def _later_period(house: House) -> str:
    await house.report(names.SUBSCRIPTION_RENEWED, **SUBSCRIPTION, renews_at=_day(31))
    await house.advance_to(5 * DAY)
    await house.report(names.SUBSCRIPTION_UPDATED, **SUBSCRIPTION, renews_at=_day(60))
    await house.advance_to(54 * DAY)
    await house.report(names.SUBSCRIPTION_CANCELLED, **SUBSCRIPTION)
    await house.advance_to(55 * DAY)
    return f"subscription/{ANNA}/s-1"


async def _silent_trial(house: House) -> str:
    await house.report(names.TRIAL_STARTED, trial_id="t-1", ends_at=_day(14))
    await house.advance_to(20 * DAY)
    return f"trial/{ANNA}"


async def _trial_that_convinces(house: House) -> str:
    await house.report(names.TRIAL_STARTED, trial_id="t-1", ends_at=_day(14))
    await house.advance_to(DAY)
    await house.report(names.GUIDE_OPENED)
    await house.advance_to(9 * DAY)
    await house.report(names.SUBSCRIPTION_STARTED, **SUBSCRIPTION, renews_at=_day(40))
    await house.advance_to(10 * DAY)
    return f"trial/{ANNA}"


async def _webinar(house: House) -> str:
    await house.report(names.WEBINAR_REGISTERED, **WEBINAR, starts_at=_day(5), ends_at=_day(5.05))
    await house.advance_to(2 * DAY)
    await house.report(names.WEBINAR_REGISTERED, **WEBINAR, starts_at=_day(6), ends_at=_day(6.05))
    await house.advance_to(10 * DAY)
    return f"webinar/{ANNA}/w-1"


async def _cancelled_webinar(house: House) -> str:
    await house.report(names.WEBINAR_REGISTERED, **WEBINAR, starts_at=_day(5), ends_at=_day(5.05))
    await house.advance_to(4.5 * DAY)
    await house.report(names.WEBINAR_CANCELLED, **WEBINAR)
    await house.advance_to(5 * DAY)
    return f"webinar/{ANNA}/w-1"


async def _video(house: House) -> str:
    await house.report(names.VIDEO_COMPLETED, content_id="c-1", topic="lighting")
    await house.advance_to(3 * DAY)
    return f"content-followup/{ANNA}"


async def _deep_reader(house: House) -> str:
    for _ in range(3):
        await house.report(names.CONTENT_VIEWED, content_id="c-1", topic="lighting")
    await house.advance_to(3 * DAY)
    return f"content-followup/{ANNA}"


SCENES: dict[str, Callable[[House], Awaitable[str]]] = {
    "welcome.newcomer": _newcomer,
    "welcome.prices-known-and-order": _newcomer_who_knows_the_prices,
    "subscription.first-period": _first_period,
    "subscription.later-period-moved-and-cancelled": _later_period,
    "trial.silence": _silent_trial,
    "trial.guide-opened-and-subscribed": _trial_that_convinces,
    "webinar.moved": _webinar,
    "webinar.cancelled": _cancelled_webinar,
    "content-followup.video": _video,
    "content-followup.deep-reader": _deep_reader,
}
"""By the name of the file: journey, dot, what happens."""

MOMENT = "local read_moment"
"""Asked before the wait, whenever an event may have moved it, and when it is over."""
TOLD = ["told observe", "timer cancelled"]

FINGERPRINTS: dict[str, list[str]] = {
    "welcome.newcomer": [
        *BEGIN,
        FACT,
        *OFFER,
        *MAIL,
        "timer 48 h",
        *MAIL,
        "timer 96 h",
        *MAIL,
        *END,
        "completed",
    ],
    "welcome.prices-known-and-order": [
        *BEGIN,
        FACT,
        *MAIL,
        "timer 48 h",
        *MAIL,
        "timer 96 h",
        "told purchase",
        "timer cancelled",
        *END,
        "completed",
    ],
    "subscription.first-period": [
        *BEGIN,
        FACT,
        *MAIL,
        FACT,
        "timer 48 h",
        *MAIL,
        "timer 120 h",
        *MAIL,
        "timer 144 h",
        *MAIL,
        "timer 144 h",
        *OFFER,
        *MAIL,
        MOMENT,
        "timer 120 h",
        MOMENT,
        FACT,
        *MAIL,
        MOMENT,
        "timer 168 h",
        MOMENT,
        "timer 72 h",
        *END,
        "completed",
    ],
    "subscription.later-period-moved-and-cancelled": [
        *BEGIN,
        FACT,
        *MAIL,
        FACT,
        MOMENT,
        "timer 576 h",
        *TOLD,
        MOMENT,
        "timer 1152 h",  # from day 5 to a week before day 60
        MOMENT,
        FACT,
        *MAIL,
        MOMENT,
        "timer 168 h",
        *TOLD,
        *END,
        "completed",
    ],
    "trial.silence": [
        *BEGIN,
        *MAIL,
        "timer 48 h",
        FACT,
        *MAIL,
        MOMENT,
        "timer 120 h",
        MOMENT,
        *MAIL,
        MOMENT,
        "timer 96 h",
        MOMENT,
        *MAIL,
        MOMENT,
        "timer 72 h",
        MOMENT,
        "timer 48 h",
        *END,
        "completed",
    ],
    "trial.guide-opened-and-subscribed": [
        *BEGIN,
        *MAIL,
        "timer 48 h",
        FACT,
        MOMENT,
        "timer 120 h",
        MOMENT,
        *MAIL,
        MOMENT,
        "timer 96 h",
        *TOLD,
        *END,
        "completed",
    ],
    "webinar.moved": [
        *BEGIN,
        *MAIL,
        FACT,
        MOMENT,
        "timer 96 h",
        *TOLD,
        MOMENT,
        "timer 72 h",
        MOMENT,
        FACT,
        *MAIL,
        MOMENT,
        "timer 25.2 h",
        MOMENT,
        "timer 3 h",
        *MAIL,
        "timer 48 h",
        *END,
        "completed",
    ],
    "webinar.cancelled": [
        *BEGIN,
        *MAIL,
        FACT,
        MOMENT,
        "timer 96 h",
        MOMENT,
        FACT,
        *MAIL,
        MOMENT,
        "timer 25.2 h",
        *TOLD,
        *END,
        "completed",
    ],
    "content-followup.video": [*BEGIN, "timer 6 h", *MAIL, "timer 42 h", FACT, FACT, *MAIL, *END, "completed"],
    "content-followup.deep-reader": [*BEGIN, "timer 6 h", *MAIL, "timer 42 h", FACT, FACT, *MAIL, *END, "completed"],
}
