"""Checkout recovery: what begins it, each way to go, each ending, and its place beside cart recovery."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.enrollment import OutcomeKind
from domain.event import CART_VIEWED, CHECKOUT_STARTED, PAYMENT_INFO_ENTERED, PRODUCT_ADDED, PRODUCT_VIEWED
from domain.facts import MIXED_SIGNALS, PREMIUM_ITEM, VIP
from domain.offer import OfferPolicy
from rehearsal.stage import Stage, What, open_stage
from rehearsal.stage.opening import default_settings
from rehearsal.stage.samples import LAMP

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HELP = 45 * MINUTE
EARLY = datetime(2026, 3, 2, 8)  # noqa: DTZ001 -- her own clock: the last call goes before the quiet hours
SILENCE = [
    ("checkout/help", HELP),
    ("checkout/reassurance", HELP + 4 * HOUR),
    ("checkout/last_call", HELP + 12 * HOUR),
]


@pytest.fixture
def stage_options() -> dict[str, Any]:
    return {"start": EARLY}


def mails(stage: Stage) -> list[tuple[str | None, timedelta]]:
    return [(entry.template, entry.at) for entry in stage.timeline if entry.what is What.SENT]


def begun(stage: Stage) -> list[str]:
    return [entry.why for entry in stage.timeline if entry.what is What.BEGAN]


# -- what begins it --------------------------------------------------------------------------------------------------


async def test_a_checkout_begins_it_and_nothing_before_it_does(stage: Stage) -> None:
    stage.perform("checkout-recovery")
    for event in (PRODUCT_VIEWED, PRODUCT_ADDED, PAYMENT_INFO_ENTERED):
        await stage.report(event)
    await stage.report(CART_VIEWED, products=[LAMP])
    assert begun(stage) == []
    await stage.report(CHECKOUT_STARTED)
    assert begun(stage) == [CHECKOUT_STARTED]


async def test_a_checkout_of_nothing_begins_nothing_and_its_list_of_products_is_enough(stage: Stage) -> None:
    stage.perform("checkout-recovery")
    await stage.report(CHECKOUT_STARTED, products=[])
    assert begun(stage) == []
    await stage.report(CHECKOUT_STARTED, products=[LAMP])
    assert begun(stage) == [CHECKOUT_STARTED]
    await stage.advance("1 hour")
    assert mails(stage) == SILENCE[:1]


# -- the ways to go --------------------------------------------------------------------------------------------------


async def test_silence_gets_help_reassurance_and_the_last_call_within_half_a_day(stage: Stage) -> None:
    await stage.enroll("checkout-recovery")
    outcome = await stage.finish()
    assert mails(stage) == SILENCE
    assert (outcome.kind, outcome.mails) == (OutcomeKind.COMPLETED, 3)
    assert stage.timeline[-1].at == HELP + 12 * HOUR + timedelta(days=2)


@pytest.mark.parametrize("deed", ["click", "revisit"])
async def test_whoever_answers_the_help_is_not_helped_twice(stage: Stage, deed: str) -> None:
    await stage.enroll("checkout-recovery")
    await stage.advance("2 hours")
    await getattr(stage, deed)()
    await stage.finish()
    assert mails(stage) == [("checkout/help", HELP), ("checkout/last_call", 10 * HOUR)]


async def test_a_good_customer_with_a_dear_piece_gets_a_letter_and_a_last_word_a_day_later(stage: Stage) -> None:
    stage.facts[VIP] = True
    await stage.enroll("checkout-recovery")
    await stage.finish()
    assert mails(stage) == [("checkout/personal", HELP), ("checkout/last_call", HELP + 24 * HOUR)]


async def test_a_good_customer_without_a_dear_piece_gets_help_as_everybody_does(stage: Stage) -> None:
    stage.facts.update({VIP: True, PREMIUM_ITEM: False})
    await stage.enroll("checkout-recovery")
    await stage.finish()
    assert mails(stage) == SILENCE


async def test_mixed_signals_get_one_mail_within_the_hour(stage: Stage) -> None:
    await stage.enroll("checkout-recovery")
    await stage.report(PRODUCT_ADDED, product_id="lamp-02", name="Arc lamp", price=89.0)  # the cart is worth 218 now
    outcome = await stage.finish()
    assert mails(stage) == [("checkout/incentive", HELP)]
    assert outcome.mails == 1


async def test_all_facts_are_those_of_the_moment_at_which_the_visit_is_over(stage: Stage) -> None:
    """A dear cart that was looked at for long is none of mixed signals."""
    stage.perform("checkout-recovery")
    await stage.report(PRODUCT_VIEWED, **LAMP, time_on_page=400)
    await stage.report(PRODUCT_ADDED, **LAMP | {"quantity": 2})
    await stage.report(CHECKOUT_STARTED)
    await stage.advance("1 hour")
    assert mails(stage) == SILENCE[:1]


# -- the visit -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [CHECKOUT_STARTED, PAYMENT_INFO_ENTERED, PRODUCT_VIEWED, PRODUCT_ADDED])
async def test_whoever_is_still_there_is_not_interrupted(stage: Stage, event: str) -> None:
    await stage.enroll("checkout-recovery")
    await stage.advance("40 min")
    await stage.report(event, **LAMP | {"price": 5.0})
    await stage.advance("44 min")
    assert stage.sent == []
    await stage.advance("1 min")
    assert mails(stage) == [("checkout/help", 85 * MINUTE)]


async def test_quiet_hours_hold_the_last_call_until_the_morning() -> None:
    async with open_stage() as stage:  # it opens at nine
        await stage.enroll("checkout-recovery")
        await stage.finish()
        assert mails(stage) == [*SILENCE[:2], ("checkout/last_call", 23 * HOUR)]


# -- offers ----------------------------------------------------------------------------------------------------------


class TestOffers:
    """What is granted is the policy's, and stands in the mail."""

    @pytest.fixture
    def stage_options(self) -> dict[str, Any]:
        return {
            "start": EARLY,
            "settings": default_settings().model_copy(update={"offers": OfferPolicy(free_shipping_over=120)}),
        }

    async def test_the_letter_grants_free_shipping_and_the_last_word_nothing(self, stage: Stage) -> None:
        stage.facts[VIP] = True
        await stage.enroll("checkout-recovery")
        await stage.finish()
        letter, last = stage.letters
        assert letter.subject == "Free shipping on your order, with our thanks"
        assert "Free shipping on this order" in letter.text
        assert last.subject == "Our last note about your order"

    async def test_one_of_the_best_customers_gets_it_for_a_dear_piece_in_a_small_cart(self, stage: Stage) -> None:
        stage.perform("checkout-recovery")
        await stage.purchase(revenue=600)
        await stage.report(CHECKOUT_STARTED, products=[LAMP | {"price": 100.0}])
        await stage.advance("1 hour")
        [letter] = stage.letters
        assert (letter.template, "Free shipping" in letter.text) == ("checkout/personal", True)

    async def test_mixed_signals_are_answered_with_it(self, stage: Stage) -> None:
        stage.facts[MIXED_SIGNALS] = True
        await stage.enroll("checkout-recovery")
        await stage.finish()
        [letter] = stage.letters
        assert letter.subject == "Free shipping on your order"

    async def test_help_sells_nothing_and_the_last_call_may(self, stage: Stage) -> None:
        await stage.enroll("checkout-recovery")
        await stage.finish()
        assert ["Free shipping" in letter.text for letter in stage.letters] == [False, False, True]


async def test_without_an_offer_every_mail_still_says_something_true(stage: Stage) -> None:
    stage.facts[MIXED_SIGNALS] = True
    await stage.enroll("checkout-recovery")
    await stage.finish()
    [letter] = stage.letters
    assert letter.subject == "Your order is ready when you are"
    assert "Not sure yet?" in letter.text


# -- its endings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "sent"), [("30 min", 0), ("2 hours", 1), ("6 hours", 2), ("20 hours", 3)])
async def test_an_order_ends_every_wait_as_converted(stage: Stage, after: str, sent: int) -> None:
    await stage.enroll("checkout-recovery")
    await stage.advance(after)
    await stage.purchase(revenue=129)
    outcome = await stage.outcome()
    await stage.advance("5 days")
    assert (outcome.kind, outcome.revenue, outcome.mails) == (OutcomeKind.CONVERTED, 129, sent)
    assert mails(stage) == SILENCE[:sent]


@pytest.mark.parametrize(("deed", "why"), [("empty_cart", "cart emptied"), ("unsubscribe", "unsubscribed")])
async def test_an_exit_ends_it_without_success(stage: Stage, deed: str, why: str) -> None:
    await stage.enroll("checkout-recovery")
    await stage.advance("2 hours")
    await getattr(stage, deed)()
    outcome = await stage.outcome()
    assert (outcome.kind, outcome.why) == (OutcomeKind.EXITED, why)
    await stage.advance("2 days")
    assert mails(stage) == SILENCE[:1]


async def test_without_consent_nothing_goes_and_nothing_is_tried_again(stage: Stage) -> None:
    del stage.traits["consent"]
    await stage.enroll("checkout-recovery")
    await stage.finish()
    assert stage.sent == []
    assert [mail.template for mail in stage.not_sent] == ["checkout/help"]
    assert stage.timeline[-1].at == HELP  # and it holds no other journey up


# -- beside cart recovery --------------------------------------------------------------------------------------------


async def test_of_cart_and_checkout_at_once_only_the_checkout_speaks(stage: Stage) -> None:
    stage.perform("checkout-recovery", "cart-recovery")
    await stage.report(PRODUCT_ADDED)
    await stage.advance("5 min")
    await stage.report(CHECKOUT_STARTED)
    await stage.play_out()
    assert [template for template, _ in mails(stage)] == [template for template, _ in SILENCE]
    cart = await stage.outcome("cart-recovery")
    assert (cart.kind, cart.why, cart.mails) == (OutcomeKind.EXITED, "gave way to checkout-recovery", 0)


async def test_a_checkout_after_the_reminder_ends_the_rest_of_the_carts_mails(stage: Stage) -> None:
    stage.perform("checkout-recovery", "cart-recovery")
    await stage.report(PRODUCT_ADDED)
    await stage.advance("2 hours")
    await stage.report(CHECKOUT_STARTED)
    await stage.play_out()
    assert mails(stage) == [
        ("cart/reminder", HOUR),  # the return itself is answered by nothing of the cart's: the checkout is open by then
        ("checkout/help", 2 * HOUR + HELP),
        ("checkout/reassurance", 6 * HOUR + HELP),
        ("checkout/last_call", 49 * HOUR),  # a fourth in 48 hours would be too many
    ]
    assert (await stage.outcome("cart-recovery")).why == "gave way to checkout-recovery"
