"""The gate within a journey: messages that wait for their moment, and messages that are never sent."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from domain.civil import QuietHours
from domain.enrollment import Occasion, OutcomeKind
from domain.event import PRODUCT_ADDED
from domain.gate import Caps, ConsentRule, GatePolicy
from storage.enrollments import Enrollments
from storage.permissions import Permissions
from storage.suppressions import Suppressions
from tests.conftest import OpenHouse
from tests.house import ANNA, NO_QUIET_HOURS, START, House

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CART = f"cart-recovery/{ANNA}"


def capped(**caps: int) -> GatePolicy:
    return GatePolicy(quiet=NO_QUIET_HOURS, caps=Caps(**caps))


# -- quiet hours: 21:00 to 08:00 where the customer lives; the house opens at 09:00 UTC --------------------------------


async def test_mails_wait_for_the_morning_where_the_customer_lives(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify("new-york", timezone="America/New_York")
    await house.add_to_cart("new-york")
    await house.identify("tokyo", timezone="Asia/Tokyo")
    await house.advance_to(3 * HOUR)  # 21:00 in Tokyo
    await house.add_to_cart("tokyo")
    await house.advance_to(3 * HOUR + 30 * MINUTE)
    assert await house.unsent("new-york") == [
        ("cart/reminder", "deferred", "quiet hours: waits until 2026-03-02 13:00 UTC")  # 08:00 in New York
    ]
    await house.advance_to(110 * HOUR)
    assert await house.sent("new-york") == [
        ("cart/reminder", 4 * HOUR),  # due at 05:00 local
        ("cart/objections", 28 * HOUR),  # due at 07:00 local
        ("cart/social_proof", 52 * HOUR),
        ("cart/last_call", 76 * HOUR),
    ]
    assert await house.sent("tokyo") == [
        ("cart/reminder", 14 * HOUR),  # due at 22:00 local, sent at 08:00
        ("cart/objections", 38 * HOUR),
        ("cart/social_proof", 62 * HOUR),
        ("cart/last_call", 86 * HOUR),
    ]


async def test_an_urgent_answer_waits_for_the_morning_too(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify()  # no zone reported: the default one, UTC
    await house.add_to_cart()
    await house.advance_to(14 * HOUR)  # 23:00
    await house.click()
    await house.advance_to(30 * HOUR)
    assert await house.sent() == [("cart/reminder", 1 * HOUR), ("cart/deeper", 23 * HOUR)]


async def test_the_zone_is_read_again_at_wake_up(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify(timezone="Asia/Tokyo")
    await house.advance_to(3 * HOUR)
    await house.add_to_cart()  # 21:00: due at 22:00, waits until 23:00 UTC
    await house.advance_to(6 * HOUR)
    await house.identify(timezone="Europe/London")
    await house.advance_to(15 * HOUR)
    assert await house.unsent() == [
        ("cart/reminder", "deferred", "quiet hours: waits until 2026-03-03 08:00 UTC"),
    ]
    await house.advance_to(24 * HOUR)
    assert await house.sent() == [("cart/reminder", 23 * HOUR)]


# -- caps --------------------------------------------------------------------------------------------------------------


async def test_mails_over_a_cap_wait_until_it_lets_them_through(open_house: OpenHouse) -> None:
    house = await open_house(policy=capped(per_48h=1))
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(150 * HOUR)
    assert await house.sent() == [
        ("cart/reminder", 1 * HOUR),
        ("cart/objections", 49 * HOUR),
        ("cart/social_proof", 97 * HOUR),
        ("cart/last_call", 145 * HOUR),
    ]


async def test_caps_count_the_mails_of_all_journeys(house: House) -> None:
    await house.identify()
    await house.order()
    await house.advance_to(75 * HOUR)
    await house.add_to_cart()  # after the usage guide of 72 h
    await house.advance_to(90 * HOUR)
    assert [each for each in await house.unsent() if each[0] == "cart/reminder"] == [
        ("cart/reminder", "deferred", "1 mail in 24 h: waits until 2026-03-06 09:00 UTC")
    ]
    await house.advance_to(97 * HOUR)
    assert ("cart/reminder", 96 * HOUR) in await house.sent()


async def test_a_mail_that_would_come_too_late_is_dropped_and_the_journey_goes_on(open_house: OpenHouse) -> None:
    house = await open_house(policy=capped(per_48h=1))
    await house.identify()
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await house.click()
    await house.advance_to(60 * HOUR)
    assert await house.unsent() == [
        # 47 h after the click it would be no answer to it
        ("cart/deeper", "dropped", "too late to make sense: 1 mail in 48 h, first possible 2026-03-04 10:00 UTC")
    ]
    assert await house.sent() == [("cart/reminder", 1 * HOUR), ("cart/last_call", 49 * HOUR)]


async def test_what_changed_during_a_deferral_decides(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify(timezone="America/New_York")
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    assert [status for _, status, _ in await house.unsent()] == ["deferred"]
    await house.identify(consent=False)
    await house.advance_to(5 * HOUR)
    assert await house.unsent() == [("cart/reminder", "dropped", "consent was refused or withdrawn")]
    assert (await house.outcome(CART)).mails == 0


async def test_the_status_says_until_when_a_message_waits_and_why(open_house: OpenHouse) -> None:
    house = await open_house(quiet=QuietHours())
    await house.identify(timezone="America/New_York")
    await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    progress = await house.progress(CART)
    assert progress.step == "reminder"
    assert progress.doing == "reminder: quiet hours: waits until 2026-03-02 13:00 UTC"
    assert f"{progress.next_due:%H:%M}" == "13:00"


# -- when a mail was due -----------------------------------------------------------------------------------------------


async def test_a_mail_is_due_at_the_very_moment_its_wait_was_to_end(house: House) -> None:
    await house.identify()
    added = await house.add_to_cart()
    await house.advance_to(2 * HOUR)
    await house.click()
    await house.advance_to(30 * HOUR)
    reminder, answer, last_call = await house.ledger()
    assert reminder.due_at == added.occurred_at + HOUR
    assert answer.due_at is not None
    assert answer.sent_at is not None
    assert START + 2 * HOUR < answer.due_at < answer.sent_at  # when the click was heard
    assert last_call.due_at is not None
    assert last_call.due_at > answer.sent_at + 24 * HOUR


async def test_an_enrollment_that_temporal_gets_too_late_says_nothing(house: House) -> None:
    await house.identify()
    added = house.track(PRODUCT_ADDED, at=await house.now(), properties={"product_id": "lamp", "price": 49.0})
    occasion = Occasion(event_id=added.message_id, name=added.name, occurred_at=added.occurred_at)
    begin = house.routes.enroll(house.routes.plan("cart-recovery"), ANNA, occasion, await house.now())
    await house.store(added)
    async with house.database.transaction() as session:
        await Enrollments(session).open(begin.row)
    await house.advance_to(37 * HOUR + 2 * MINUTE)  # the reminder was due after one
    await house.enroller.begin(begin.start)
    await house.advance(MINUTE)
    ((template, status, reason),) = await house.unsent()
    assert (template, status) == ("cart/reminder", "dropped")
    assert reason == "too late to make sense: asked late, first possible 2026-03-03 22:02 UTC"


# -- never -------------------------------------------------------------------------------------------------------------


async def _suppress(house: House, customer: str) -> None:
    async with house.database.transaction() as session:
        await Suppressions(session).suppress(customer, "hard bounce", await house.now(), "test")


async def _opt_out(house: House, customer: str, topic: str) -> None:
    async with house.database.transaction() as session:
        await Permissions(session).opt_out(customer, topic, await house.now(), "test")


NEVER: dict[str, tuple[Callable[[House, str], Awaitable[object]], str]] = {
    "no consent": (
        lambda house, who: house.identify(who, consent=None),
        "no consent on record: report it for the customer, or set the consent rule to 'assumed'",
    ),
    "refused": (lambda house, who: house.identify(who, consent=False), "consent was refused or withdrawn"),
    "other topic": (
        lambda house, who: house.identify(who, consent=["order follow-up"]),
        "no consent on record: report it for the customer, or set the consent rule to 'assumed'",
    ),
    "no address": (lambda house, who: house.identify(who, email=None), "no email address is known"),
    "left topic": (
        lambda house, who: _opt_out(house, who, "cart reminders"),
        "unsubscribed from this topic or from all marketing",
    ),
    "left all": (lambda house, who: _opt_out(house, who, "*"), "unsubscribed from this topic or from all marketing"),
    "suppressed": (_suppress, "suppressed: hard bounce"),
}


async def test_a_sequence_ends_after_a_reminder_that_may_not_be_sent(house: House) -> None:
    customers = {f"customer-{place}": each for place, each in enumerate(NEVER.values())}
    for customer, (prepare, reason) in customers.items():
        if "consent" not in reason and "address" not in reason:
            await house.identify(customer)
        await prepare(house, customer)
        await house.add_to_cart(customer)
    await house.advance_to(80 * HOUR)
    for customer, (_, reason) in customers.items():
        assert await house.unsent(customer) == [("cart/reminder", "dropped", reason)], customer
        (outcome,) = await house.outcomes(customer)
        assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 0), customer
    assert house.transport.attempts == []


async def test_where_consent_is_assumed_mail_goes_unless_it_was_refused(open_house: OpenHouse) -> None:
    house = await open_house(policy=GatePolicy(quiet=NO_QUIET_HOURS, consent=ConsentRule.ASSUMED))
    await house.identify("asked-nothing", consent=None)
    await house.identify("refused", consent=False)
    await house.add_to_cart("asked-nothing")
    await house.add_to_cart("refused")
    await house.advance_to(2 * HOUR)
    assert await house.sent("asked-nothing") == [("cart/reminder", 1 * HOUR)]
    assert await house.sent("refused") == []
