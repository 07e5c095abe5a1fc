"""Scripts: what a person may write, what is refused and with which words, and that what is written is read again."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.facts import FIRST_ORDER, HAS_CART
from rehearsal.stage.errors import ScriptError
from rehearsal.stage.facts import parse_fact
from rehearsal.stage.script import Cue, Deed, parse_script, write_script
from tests.rehearsal.stage.lengths import SECONDS
from workflows.catalogue import JOURNEYS

CART = JOURNEYS["cart-recovery"].plan
ORDER = JOURNEYS["post-purchase"].plan
HOUR = timedelta(hours=1)

NAMES = st.text(st.characters(exclude_characters='"“”', exclude_categories=["C"]), min_size=1, max_size=30)
AMOUNTS = st.none() | st.integers(0, 10**9).map(lambda cents: cents / 100)


@st.composite
def cues(draw: st.DrawFn) -> Cue:
    deed = draw(st.sampled_from(Deed))
    return Cue(
        deed=deed,
        after=draw(SECONDS),
        revenue=draw(AMOUNTS) if deed is Deed.PURCHASE else None,
        event=draw(NAMES) if deed is Deed.EVENT else "",
    )


@given(st.lists(cues(), max_size=8))
def test_a_script_that_is_written_is_read_again(written: list[Cue]) -> None:
    assert parse_script(write_script(written), CART) == tuple(sorted(written, key=lambda cue: cue.after))


@given(st.text(max_size=60))
def test_any_text_is_a_script_or_refused(text: str) -> None:
    with suppress(ScriptError):
        parse_script(text, CART)


def test_a_script_is_read_as_a_person_writes_it_and_played_in_order() -> None:
    script = (
        "purchase of 120 after 30h,  Click after 2 hours, “Product Viewed” after 1 day 4 hours, purchase 9.5 after 3d"
    )
    assert parse_script(script, CART) == (
        Cue(deed=Deed.CLICK, after=2 * HOUR),
        Cue(deed=Deed.EVENT, after=28 * HOUR, event="Product Viewed"),
        Cue(deed=Deed.PURCHASE, after=30 * HOUR, revenue=120.0),
        Cue(deed=Deed.PURCHASE, after=72 * HOUR, revenue=9.5),
    )


def test_an_empty_script_is_silence() -> None:
    assert parse_script("  ", CART) == ()


def test_events_of_the_plan_are_named_in_small_letters() -> None:
    assert parse_script("cart emptied after 1h", CART)[0].event == "Cart Emptied"
    assert parse_script("order refunded after 1h", ORDER)[0].event == "Order Refunded"
    assert parse_script("order completed after 1h", ORDER)[0].deed is Deed.PURCHASE


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("click after 2h, clik after 3h", "“clik after 3h”: nothing is called “clik”; possible are click, revisit, "),
        ("order refunded after 3h", "nothing is called “order refunded”; possible are click"),
        ("click", "“click” cannot be read: say what happens and when, as in “click after 2h”"),
        ("click after", "“click after” cannot be read"),
        ("after 2h", "“after 2h” cannot be read"),
        ("click after soon", "“click after soon”: “soon” is no span of time"),
        ("click of 12 after 2h", "“click of 12 after 2h”: only a purchase has an amount"),
        ('"Product Viewed after 2h', "cannot be read"),
        ('"" after 2h', "cannot be read"),
    ],
)
def test_a_wrong_part_is_named_with_what_is_possible(script: str, says: str) -> None:
    with pytest.raises(ScriptError) as refused:
        parse_script(script, CART)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_possible_words_end_with_the_plans_own() -> None:
    with pytest.raises(ScriptError, match=r"skip, order completed, cart emptied, or any other event by its name"):
        parse_script("dance after 2h", CART)


def test_facts_are_read_as_a_person_writes_them() -> None:
    assert parse_fact("first order=false") == (FIRST_ORDER, False)
    assert parse_fact(" Has Cart = yes ") == (HAS_CART, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("first=true", "no fact is called “first”; there are first order, has cart, bought since"),
        ("first order", "say “first order=true” or “first order=false”"),
        ("first order=maybe", "say “first order=true” or “first order=false”"),
    ],
)
def test_a_wrong_fact_is_named_with_what_is_possible(text: str, says: str) -> None:
    with pytest.raises(ScriptError) as refused:
        parse_fact(text)
    assert says in str(refused.value)
