"""The demo's cast and its judgement: what every shopper must get can come, and what must not come is found."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.enrollment import EnrollmentRow, Occasion, Outcome, OutcomeKind, State
from domain.event import PRODUCT_ADDED
from domain.message import Kind, MessageStatus, Stage
from mail.context import TEMPLATES
from starter.cli.demo import pace_for
from starter.demo.expectations import Expectation, Seen, check, expectations_of, journeys_that_occurred, too_late
from starter.demo.shoppers import SHOPPERS, Shopper
from starter.demo.stories import reads
from storage.ledger import LedgerRow
from workflows.catalogue import JOURNEYS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

ANNA = Shopper(
    "Anna",
    "fills a cart",
    reads,
    ("cart/reminder", "cart/deeper?", "cart/last_call"),
    {"cart-recovery": "completed or converted"},
    waits={"cart/last_call": ("1 mail in 24 h",)},
    never={"welcome/": "nobody is welcomed"},
)

each_shopper = pytest.mark.parametrize("shopper", SHOPPERS, ids=lambda shopper: shopper.name)


def mail(template: str, *, hours: int = 0, **fields: Any) -> LedgerRow:
    """A mail that went out some hours after noon."""
    at = NOON + hours * HOUR
    values: dict[str, Any] = {
        "id": f"m{template}",
        "enrollment": "e1",
        "workflow_id": "w1",
        "journey": "cart-recovery",
        "customer": "anna",
        "step": template,
        "template": template,
        "kind": Kind.MARKETING,
        "topic": "carts",
        "stage": Stage.PURCHASE,
        "urgent": False,
        "status": MessageStatus.SENT,
        "reason": "",
        "offer": None,
        "decided_at": at,
        "due_at": None,
        "claimed_at": at,
        "rendered_at": at,
        "handed_over_at": at,
        "sent_at": at,
        "hand_overs": 1,
        "message_id": None,
    }
    return LedgerRow(**(values | fields))


def enrollment(kind: OutcomeKind | None) -> EnrollmentRow:
    """Anna in cart recovery, open or ended so."""
    occasion = Occasion(event_id="added-1", name=PRODUCT_ADDED, occurred_at=NOON)
    return EnrollmentRow(
        id="e1",
        workflow_id="w1",
        journey="cart-recovery",
        customer="anna",
        state=State.RUNNING if kind is None else State.ENDED,
        occasion=occasion,
        started_at=NOON,
        outcome=None if kind is None else Outcome(kind=kind, why="it is over"),
    )


def seen(*mails: str, kind: OutcomeKind | None = OutcomeKind.COMPLETED, held: str = "1 mail in 24 h: waits") -> Seen:
    """What Anna's story came to."""
    messages = [mail(template, hours=number) for number, template in enumerate(mails)]
    return Seen(ANNA, [enrollment(kind)], messages, len(messages), {"cart/last_call": [held]})


def failed(expectations: Sequence[Expectation]) -> list[str]:
    """Those that did not hold, as the demo prints them."""
    return [f"{each.what} — {each.found}" for each in expectations if not each.held]


@pytest.mark.parametrize(
    "mails", [("cart/reminder", "cart/last_call"), ("cart/reminder", "cart/deeper", "cart/last_call")]
)
def test_what_must_come_and_what_may_come_is_right(mails: tuple[str, ...]) -> None:
    assert failed(expectations_of(seen(*mails))) == []
    assert seen(*mails).is_over


@pytest.mark.parametrize(
    ("mails", "is_lost"),
    [
        (("cart/reminder",), False),
        (("cart/last_call", "cart/reminder"), True),
        (("cart/reminder", "cart/reminder", "cart/last_call"), True),
        (("cart/reminder", "cart/last_call", "cart/last_call"), True),
        (("cart/objections",), True),
        ((), False),
    ],
)
def test_a_mail_that_lacks_or_is_one_too_many_is_found(mails: tuple[str, ...], *, is_lost: bool) -> None:
    found = failed(expectations_of(seen(*mails)))

    assert found == [
        f"Anna fills a cart, and gets cart/reminder → cart/last_call — got {', '.join(mails) or 'nothing'}"
    ]
    assert seen(*mails).is_lost is is_lost


@pytest.mark.parametrize(
    ("kind", "is_lost"), [(None, False), (OutcomeKind.COMPLETED, False), (OutcomeKind.EXITED, True)]
)
def test_a_journey_that_ended_otherwise_cannot_be_mended(kind: OutcomeKind | None, *, is_lost: bool) -> None:
    assert seen("cart/reminder", kind=kind).is_lost is is_lost


@pytest.mark.parametrize(("load", "pace"), [(0.0, 3600), (2.0, 3600), (4.0, 1800), (9.0, 1200)])
def test_a_busy_machine_plays_more_slowly(load: float, pace: float) -> None:
    assert pace_for(load) == pace


def test_mails_that_became_stale_are_named() -> None:
    stale = mail("cart/last_call", status=MessageStatus.DROPPED, rule="staleness")
    other = mail("cart/deeper", status=MessageStatus.DROPPED, rule="consent")

    assert too_late([Seen(ANNA, messages=[mail("cart/reminder"), other, stale])]) == ["cart/last_call"]


def test_the_order_of_mails_is_that_in_which_they_went_out() -> None:
    late_first = [mail("cart/last_call", hours=2), mail("cart/reminder", hours=1)]

    assert Seen(ANNA, messages=late_first).templates == ["cart/reminder", "cart/last_call"]


def test_a_mail_that_must_not_come_is_named() -> None:
    found = failed(expectations_of(seen("cart/reminder", "welcome/intro", "cart/last_call")))

    assert found[1:] == ["Anna: nobody is welcomed — got cart/reminder, welcome/intro, cart/last_call"]


@pytest.mark.parametrize(("kind", "word"), [(OutcomeKind.EXITED, "exited"), (None, "running")])
def test_a_journey_that_ends_otherwise_is_named(kind: OutcomeKind | None, word: str) -> None:
    found = failed(expectations_of(seen("cart/reminder", "cart/last_call", kind=kind)))

    assert found == [f"Anna: cart-recovery is completed or converted — cart-recovery is {word}"]


def test_a_mail_that_waits_for_another_reason_is_named() -> None:
    found = failed(expectations_of(seen("cart/reminder", "cart/last_call", held="quiet hours")))

    assert found == ["Anna: cart/last_call waits, since 1 mail in 24 h — quiet hours"]


def test_mails_that_did_not_arrive_and_too_few_journeys_are_found() -> None:
    one = seen("cart/reminder", "cart/last_call")
    twice = Seen(ANNA, one.enrollments, one.messages, 3, one.reasons)

    assert journeys_that_occurred([twice]) == ["cart-recovery"]
    assert failed(check([twice])) == [
        "Every mail sent has arrived, once — not so for Anna",
        "At least 10 journeys have occurred: 1 — cart-recovery",
    ]


@each_shopper
def test_every_mail_of_the_cast_is_there(shopper: Shopper) -> None:
    named = [template.removesuffix("?") for template in (*shopper.gets, *shopper.waits)]

    assert [template for template in named if not (TEMPLATES / f"{template}.mjml.j2").exists()] == []
    assert [start for start in shopper.never if not [*TEMPLATES.glob(f"{start}*.mjml.j2")]] == []


@each_shopper
def test_every_journey_and_topic_of_the_cast_is_there(shopper: Shopper) -> None:
    assert shopper.ends.keys() <= JOURNEYS.keys()
    topics = set() if isinstance(shopper.consent, bool) else set(shopper.consent)
    assert topics <= {journey.plan.topic for journey in JOURNEYS.values()}


def test_the_cast_meets_every_journey() -> None:
    assert {name for shopper in SHOPPERS for name in shopper.ends} == JOURNEYS.keys()
    assert len({shopper.id for shopper in SHOPPERS}) == len(SHOPPERS)
