"""Two versions over one recording: what differs, and nothing else."""

from datetime import datetime, timedelta

from domain.event import Event
from rehearsal.backtest.comparison import Difference, Kind
from rehearsal.backtest.fate import Rules
from rehearsal.backtest.history import History
from rehearsal.backtest.report import backtest
from tests.rehearsal.backtest.recordings import DAY, HOUR, MONDAY, added, event, the_end
from tests.rehearsal.backtest.reminders import RECORDING, Patient, Reminding, plan
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import CART_ACTIVITY, Journey, journey


@journey
class Brief(Journey):
    """Remind, and leave it at that."""

    plan = plan()

    async def steps(self) -> None:
        """See the class."""
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/reminder")


@journey
class Generous(Brief):
    """The same, with an offer."""

    plan = plan()

    async def steps(self) -> None:
        """See the class."""
        await self.quiet(HOUR, since=CART_ACTIVITY)
        await self.send("cart/reminder", offer=await self.offer())


@journey
class AtTheView(Brief):
    """The same, begun by a look."""

    plan = plan("Product Viewed")


def compared(
    earlier: type[Journey], later: type[Journey], *recording: Event
) -> list[tuple[Kind, str, str, timedelta | None, timedelta | None]]:
    return [
        (each.kind, each.customer, each.mail, _after(each.earlier_at), _after(each.later_at))
        for each in differences(earlier, later, *recording)
    ]


def differences(earlier: type[Journey], later: type[Journey], *recording: Event) -> tuple[Difference, ...]:
    report = backtest(later, History(recording or RECORDING), Rules(), against=("before", earlier))
    return report.differences


def _after(moment: datetime | None) -> timedelta | None:
    return None if moment is None else moment - MONDAY


def test_equal_versions_do_the_same() -> None:
    assert differences(Reminding, Reminding) == ()
    assert differences(CartRecovery, CartRecovery) == ()


def test_a_changed_wait_moves_exactly_the_mails_that_wait_for_it() -> None:
    found = compared(Reminding, Patient, *RECORDING[:3], RECORDING[-1])

    assert found == [(Kind.MOVED, "anna", "cart/objections", 25 * HOUR, 49 * HOUR)]  # Bert's answer to a click stays
    [moved] = differences(Reminding, Patient, *RECORDING[:3], RECORDING[-1])
    assert moved.why == "no answer in 1 day → no answer in 2 days"
    assert moved.moved == 24 * HOUR


def test_a_purchase_in_the_longer_wait_takes_its_mail_away() -> None:
    removed, moved, outcome = differences(Reminding, Patient)

    assert (removed.kind, removed.customer, removed.mail) == (Kind.REMOVED, "carl", "cart/objections")
    assert removed.why == "ended before it came to that, order completed"
    assert (moved.kind, moved.customer) == (Kind.MOVED, "anna")
    # The follow-up at 25 hours was the end. With more patience the order at 26 hours counts as a success.
    assert (outcome.kind, outcome.customer, outcome.why) == (Kind.OUTCOME, "carl", "ends 1 hour later")
    assert (outcome.earlier, outcome.later) == (
        "completed (the sequence is complete)",
        "converted (order completed)",
    )


def test_mails_of_one_version_alone_are_told_with_the_reason() -> None:
    assert compared(Brief, Reminding)[:3] == [
        (Kind.ADDED, "anna", "cart/objections", None, 25 * HOUR),
        (Kind.ADDED, "bert", "cart/deeper", None, 3 * HOUR),
        (Kind.ADDED, "carl", "cart/objections", None, 25 * HOUR),
    ]
    assert differences(Brief, Reminding)[1].why == "a click; before: not on this customer's way"


def test_another_offer_is_a_difference() -> None:
    [offer] = differences(Brief, Generous, added(0 * HOUR), the_end(DAY))

    assert (offer.kind, offer.earlier, offer.later) == (Kind.OFFER, "no offer", "reassurance")


def test_another_trigger_begins_others_and_moves_the_mails_of_those_who_begin_in_both() -> None:
    recording = (
        event(0 * HOUR, "Product Viewed"),
        added(2 * HOUR),
        event(0 * HOUR, "Product Viewed", "bert"),
        added(5 * HOUR, "carl"),
        the_end(DAY),
    )
    found = [each for each in compared(Brief, AtTheView, *recording) if each[1] != "stranger"]

    assert found == [
        (Kind.ADDED, "bert", "cart/reminder", None, 1 * HOUR),
        (Kind.REMOVED, "carl", "cart/reminder", 6 * HOUR, None),
        (Kind.MOVED, "anna", "cart/reminder", 3 * HOUR, 1 * HOUR),
        (Kind.BEGINS, "bert", "", None, None),
        (Kind.BEGINS_NOT, "carl", "", None, None),
    ]
