"""The journal: what was asked and answered, read back by the same code, and by code that has changed since."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import Delivery
from domain.carried import Entry
from domain.enrollment import Start
from domain.errors import JournalMismatchError
from domain.facts import BOUGHT_SINCE, FIRST_ORDER, HAS_CART
from domain.intent import Intent, Part, Tier
from domain.message import Kind, MessageStatus, Stage
from domain.moments import RENEWAL, Timing
from domain.offer import Offer, OfferKind
from domain.signals import SIGNAL_NAMES, Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from tests.workflows.samples import HOUR, NOON, delivery, start
from workflows.cart_recovery import CartRecovery
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import CART_ACTIVITY, Journey, time
from workflows.vocabulary import verbs as v
from workflows.vocabulary.journal import Fit, Journal, fit
from workflows.vocabulary.script import Script

# -- every answer comes back -------------------------------------------------------------------------------------------

moments = st.timedeltas(timedelta(), timedelta(days=7000)).map(lambda since: NOON + since)
texts = st.text(max_size=30)
ids = st.text(min_size=1, max_size=30)
counts = st.integers(0, 1000)
dated = {"event_id": ids, "occurred_at": st.none() | moments, "others": st.lists(ids).map(tuple), "more": counts}

signals: dict[type[Signal], st.SearchStrategy[Signal]] = {
    Click: st.builds(Click, **dated, message=st.none() | texts, link=st.none() | counts),
    Revisit: st.builds(Revisit, **dated),
    Purchase: st.builds(Purchase, **dated, revenue=st.floats(0, 1e6), order_id=st.none() | texts),
    Unsubscribe: st.builds(Unsubscribe, **dated, topic=st.none() | texts),
    Observation: st.builds(Observation, **dated, name=ids, about=st.none() | texts),
}
parts = st.builds(
    Part, name=texts, weight=st.floats(0, 1), points=st.floats(0, 100), contribution=st.floats(0, 100), why=texts
)
deliveries = st.builds(
    Delivery,
    message=ids,
    status=st.sampled_from(MessageStatus),
    reason=texts,
    at=moments,
    until=st.none() | moments,
    ended_by=st.none() | texts,
)
intents = st.builds(
    Intent,
    score=st.integers(0, 100),
    tier=st.sampled_from(Tier),
    parts=st.lists(parts, max_size=4).map(tuple),
    why=texts,
    scored_at=moments,
)
offers = st.builds(
    Offer, kind=st.sampled_from(OfferKind), percent=st.integers(0, 99), code=st.none() | texts, why=texts
)

SEND = v.Send(
    template="cart/reminder", kind=Kind.MARKETING, stage=Stage.PURCHASE, urgent=False, stale_after=HOUR, offer=None
)
ANSWERS: list[tuple[v.Verb[Any], st.SearchStrategy[Any]]] = [
    (SEND, deliveries),
    (v.Wait(HOUR), st.none()),
    (v.WaitUntil(NOON), st.none()),
    (v.WaitUntilLocal(time(9)), st.none()),
    (v.Quiet(HOUR, CART_ACTIVITY), st.none()),
    (v.Until(RENEWAL, HOUR), st.sampled_from(Timing)),
    (v.Reaction(tuple(signals), HOUR), st.none() | st.one_of(*signals.values())),
    (v.Score(), intents),
    (v.ReadFact(HAS_CART), st.booleans() | texts),
    (v.Suppress("no answer"), st.none()),
    (v.ChooseOffer(), offers),
    (v.ChooseVariant("subject", ("short", "long")), texts),
    (v.Since("shorter-ending"), st.booleans()),
]
WIRE_NAMES = [
    *("send", "wait", "wait_until", "wait_until_local", "quiet", "until", "reaction", "score", "fact"),
    *("suppress", "offer", "variant", "since"),
]


def test_the_wire_names_are_those_that_stand_in_journals() -> None:
    """Frozen: a change here makes every running enrollment forget where it is."""
    assert [verb.wire_name for verb, _ in ANSWERS] == WIRE_NAMES
    assert list(SIGNAL_NAMES) == list(signals)


def test_every_verb_is_among_them() -> None:
    assert {type(verb) for verb, _ in ANSWERS} == {
        each for each in v.Verb.__subclasses__() if each.__module__ == v.__name__
    }


@pytest.mark.parametrize(("verb", "answers"), ANSWERS, ids=WIRE_NAMES)
@given(data=st.data())
def test_every_answer_comes_back_as_it_was(
    verb: v.Verb[Any], answers: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    answer = data.draw(answers)
    journal = Journal()
    journal.record(verb, answer)
    (entry,) = journal.entries()
    read = Entry.model_validate_json(entry.model_dump_json())
    back = verb.decode(read.answer)
    assert back == answer
    assert type(back) is type(answer)


# -- journeys that are played, and played again from the journal -------------------------------------------------------


def answer_to(verb: v.Verb[Any], data: st.DataObject) -> Any:
    match verb:
        case v.Reaction(kinds):
            return data.draw(st.none() | st.one_of(*(signals[kind] for kind in kinds)))
        case v.ReadFact(fact):
            return data.draw(st.sampled_from(fact.values))
        case v.ChooseVariant(_, variants):
            return data.draw(st.sampled_from(variants))
        case _:
            return data.draw(next(answers for known, answers in ANSWERS if type(known) is type(verb)))


@pytest.mark.parametrize("name", JOURNEYS)
@given(data=st.data())
def test_a_journey_is_at_the_same_place_after_any_number_of_answers(name: str, data: st.DataObject) -> None:
    journal, script = Journal(), Script(JOURNEYS[name](start(journey=name)).steps())
    verb = script.begin()
    while verb is not None:
        again = Script(JOURNEYS[name](start(journey=name)).steps())
        assert Journal(journal.entries()).fast_forward(again) == verb
        again.close()
        answer = answer_to(verb, data)
        journal.record(verb, answer)
        verb = script.answer(answer)
    assert fit(JOURNEYS[name], start(journey=name), journal.entries()) == Fit(breaks=None, differs=(), open=None)


# -- code that has changed ---------------------------------------------------------------------------------------------


Steps = Callable[[Journey], Any]


def changed(steps: Steps) -> Callable[[Start], Journey]:
    """Cart recovery with another sequence."""
    return type("Changed", (CartRecovery,), {"steps": steps})


def journal_of(*lines: tuple[v.Verb[Any], Any]) -> tuple[Entry, ...]:
    journal = Journal()
    for verb, answer in lines:
        journal.record(verb, answer)
    return journal.entries()


DAY = timedelta(days=1)
ANSWERED = (v.Reaction((Click, Revisit), 23 * HOUR), Revisit(event_id="r-1"))
ANSWER = "waiting 23 hours for a click or a return to the shop: revisit"
LIVED = journal_of(
    (v.Quiet(HOUR, CART_ACTIVITY), None),
    (SEND, delivery()),
    ANSWERED,
    (v.Wait(DAY), None),
)


async def as_before(journey: Journey) -> None:
    await journey.quiet(HOUR, since=CART_ACTIVITY)
    await journey.send("cart/reminder")
    await journey.reaction(Click, Revisit, within=23 * HOUR)
    await journey.wait(DAY)
    await journey.offer()


async def fact_instead_of_a_wait(journey: Journey) -> None:
    await journey.quiet(HOUR, since=CART_ACTIVITY)
    await journey.send("cart/reminder")
    await journey.reaction(Click, Revisit, within=23 * HOUR)
    await journey.fact(HAS_CART)


async def ends_early(journey: Journey) -> None:
    await journey.quiet(HOUR, since=CART_ACTIVITY)
    await journey.send("cart/reminder")


async def wants_clicks_only(journey: Journey) -> None:
    await journey.quiet(HOUR, since=CART_ACTIVITY)
    await journey.send("cart/reminder")
    await journey.reaction(Click, within=23 * HOUR)


async def fails(journey: Journey) -> None:
    await journey.quiet(HOUR, since=CART_ACTIVITY)
    sent = await journey.send("cart/reminder")
    raise LookupError(sent.status.value)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (
            fact_instead_of_a_wait,
            "step 4: the journal has “waiting 1 day”, the code now asks for “reading whether has cart”",
        ),
        (
            ends_early,
            f"step 3: the journal has “{ANSWER}”, the code now ends",
        ),
        (
            wants_clicks_only,
            f"step 3: the journal has “{ANSWER}”, the code now asks for “waiting 23 hours for a click”",
        ),
    ],
)
def test_code_that_does_not_fit_is_named_with_the_place(steps: Steps, said: str) -> None:
    found = fit(changed(steps), start(), LIVED)
    assert str(found.breaks) == said
    script = Script(changed(steps)(start()).steps())
    with pytest.raises(JournalMismatchError) as mismatch:
        Journal(LIVED).fast_forward(script)
    script.close()
    assert str(mismatch.value).startswith(said)


def test_code_that_fails_on_the_way_does_not_fit() -> None:
    found = fit(changed(fails), start(), LIVED)
    assert str(found.breaks) == "step 2: the journal has “sending cart/reminder”, the code now raises LookupError: sent"


def test_code_that_fits_says_where_it_goes_on() -> None:
    assert fit(changed(as_before), start(), LIVED) == Fit(breaks=None, differs=(), open=v.ChooseOffer())


async def other_words(journey: Journey) -> None:
    await journey.quiet(2 * HOUR, since=CART_ACTIVITY)
    await journey.send("cart/urgency")
    await journey.reaction(Revisit, within=HOUR)
    await journey.wait(2 * DAY)


def test_other_templates_are_differences_and_other_durations_are_nothing() -> None:
    found = fit(changed(other_words), start(), LIVED)
    assert found.breaks is None
    assert [str(each) for each in found.differs] == [
        "step 2: the journal has “sending cart/reminder”, the code now asks for “sending cart/urgency”",
        f"step 3: the journal has “{ANSWER}”, the code now asks for “waiting 1 hour for a return to the shop”",
    ]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ((v.ReadFact(FIRST_ORDER), True), lambda journey: journey.fact(BOUGHT_SINCE)),
        ((v.ChooseVariant("subject", ("a", "b")), "a"), lambda journey: journey.variant("length", ("a", "b"))),
        ((v.Score(), None), lambda journey: journey.score()),
    ],
    ids=["another fact", "another experiment", "an answer that is none"],
)
def test_an_answer_to_another_question_does_not_fit(
    then: tuple[v.Verb[Any], Any], now: Callable[[Journey], Any]
) -> None:
    async def steps(journey: Journey) -> None:
        await now(journey)

    verb, answer = then
    entries = (Entry(verb=verb.wire_name, about=verb.about, words=verb.describe(), answer=answer),)
    assert fit(changed(steps), start(), entries).breaks is not None


def test_a_variant_that_is_no_more_is_a_difference() -> None:
    async def steps(journey: Journey) -> None:
        await journey.variant("subject", ("b", "c"))

    found = fit(changed(steps), start(), journal_of((v.ChooseVariant("subject", ("a", "b")), "a")))
    assert (found.breaks, len(found.differs)) == (None, 1)


# -- since -------------------------------------------------------------------------------------------------------------


async def guarded(journey: Journey) -> None:
    await journey.wait(HOUR)
    if await journey.since("shorter-ending"):
        await journey.wait(2 * HOUR)
    else:
        await journey.score()
        await journey.wait(DAY)
    await journey.since("shorter-ending")


SCORED = (v.Score(), Intent(score=1, tier=Tier.LOW, parts=(), why="", scored_at=NOON))


def test_who_passed_before_the_change_goes_the_old_way_and_stays_on_it() -> None:
    journal = Journal(journal_of((v.Wait(HOUR), None), SCORED, (v.Wait(DAY), None)))
    script = Script(changed(guarded)(start()).steps())
    verb = journal.fast_forward(script)
    script.close()
    assert verb == v.Since("shorter-ending")
    assert journal.settled(v.Since("shorter-ending")) is False
    assert journal.settled(v.Since("another")) is None


def test_who_comes_after_the_change_is_asked() -> None:
    found = fit(changed(guarded), start(), journal_of((v.Wait(HOUR), None)))
    assert found == Fit(breaks=None, differs=(), open=v.Since("shorter-ending"))


@pytest.mark.parametrize(("new", "then"), [(True, v.Wait(2 * HOUR)), (False, v.Score())])
def test_a_recorded_answer_stays(new: bool, then: v.Verb[Any]) -> None:
    found = fit(changed(guarded), start(), journal_of((v.Wait(HOUR), None), (v.Since("shorter-ending"), new)))
    assert found == Fit(breaks=None, differs=(), open=then)


def test_a_guard_that_was_taken_out_is_a_difference() -> None:
    async def only_new(journey: Journey) -> None:
        await journey.wait(HOUR)
        await journey.wait(2 * HOUR)

    lived = journal_of((v.Wait(HOUR), None), (v.Since("shorter-ending"), True))
    found = fit(changed(only_new), start(), lived)
    assert (found.breaks, found.open) == (None, v.Wait(2 * HOUR))
    (difference,) = found.differs
    assert difference.recorded == "asking whether it came here after shorter-ending"
