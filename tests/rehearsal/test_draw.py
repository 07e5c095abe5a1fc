"""Pictures: what is drawn, what is not, and that nothing that was explored is left out of them."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import ConfigurationError, UnknownJourneyError
from domain.facts import FIRST_ORDER, HAS_CART
from domain.message import Kind
from rehearsal.draw import chart, draw
from rehearsal.explore import Bound, explore
from rehearsal.fold import MOST_STEPS, fold
from rehearsal.graph import Exploration
from rehearsal.mermaid import Box, Shape, flowchart, named, quoted
from starter.cli.draw import draw as command
from tests.rehearsal.explored import explored
from tests.rehearsal.mermaid import Read, read
from tests.rehearsal.program import Op, journey_of, programs
from tests.workflows.journeys import plan
from workflows.cart_recovery import CartRecovery
from workflows.catalogue import JOURNEYS
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import Click, Journey, Revisit, time

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def picture(journey: type[Journey]) -> Read:
    return read(draw(journey))


def leaves_nothing_out(exploration: Exploration) -> bool:
    """Whether every place in the code that was explored is a box, or lies on an arrow."""
    drawn = chart(exploration)
    return {node.place for node in exploration.nodes} == {step.place for step in (*drawn.shows, *drawn.passes)}


# -- the shipped ones --------------------------------------------------------------------------------------------------


def test_cart_recovery_is_drawn_as_a_marketer_would() -> None:
    drawn = picture(CartRecovery)
    assert drawn.told() == {
        "“Product Added” and something is in the cart -- quiet for 1 hour --> reminder",
        "reminder --> within 23 hours",
        "reminder -- not sent --> completed",
        "within 23 hours -- click --> deeper",
        "within 23 hours -- return to the shop --> urgency",
        "within 23 hours -- silence --> objections",
        "objections -- 1 day --> social proof",
        "deeper -- 1 day --> last call",
        "urgency -- 1 day --> last call",
        "social proof -- 1 day --> last call",
        "last call --> completed",
    }
    assert len(drawn.boxes) <= 20


def test_post_purchase_asks_whether_it_was_the_first_order() -> None:
    told = picture(PostPurchase).told()
    assert "confirmation (owed) --> first order?" in told
    assert "first order? -- no, then 14 days --> review request" in told
    assert "first order? -- yes, then 3 days --> usage guide" in told


def test_what_ends_it_at_any_moment_is_drawn_once() -> None:
    drawn = picture(CartRecovery)
    assert [(words, other) for one, words, other in drawn.arrows if one == "anywhere"] == [
        ("order completed", "converted"),
        ("cart emptied, the address bounced, marked as spam, erased, unsubscribed", "exited"),
        ("by an operator", "cancelled"),
    ]


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_journey_is_drawn_small_and_whole(name: str) -> None:
    exploration = explored(name)
    drawn = read(str(chart(exploration)))
    assert leaves_nothing_out(exploration)
    assert len(drawn.boxes) <= MOST_STEPS


# -- any journey -------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programs)
def test_every_explored_place_is_drawn_and_each_answer_leads_to_one(program: tuple[Op, ...]) -> None:
    exploration = explore(journey_of(program), bound=Bound(states=500))
    read(str(chart(exploration)))
    assert leaves_nothing_out(exploration)
    if exploration.is_complete:
        steps = fold(exploration).steps
        assert all(len(targets) == 1 for step in steps for targets in step.ways.values())


class OneAfterTheOther(Journey):
    """A loop over templates."""

    plan = plan("one-after-the-other")

    async def steps(self) -> None:
        for template in ("a/one", "a/two", "a/three"):
            await self.send(template)
            await self.wait(2 * DAY)


def test_a_loop_over_templates_unrolls() -> None:
    assert picture(OneAfterTheOther).told() == {
        "“Never” --> one",
        "one -- 2 days --> two",
        "two -- 2 days --> three",
        "three -- 2 days --> completed",
    }


class Remembers(Journey):
    """Acts late on an early answer."""

    plan = plan("remembers")

    async def steps(self) -> None:
        first = await self.send("a/one")
        click = await self.reaction(Click, within=DAY)
        await self.wait_until(first.at + 3 * DAY)
        await self.wait_until_local(time(11))
        await self.send("a/two" if click else "a/three")


def test_an_answer_that_is_remembered_keeps_the_ways_apart() -> None:
    told = picture(Remembers).told()
    assert "within 1 day -- silence, then 2 days, then until 11:00 local time --> three" in told
    assert any(arrow.startswith("within 1 day -- click, then ") and arrow.endswith("--> two") for arrow in told)


class Asks(Journey):
    """Asks much, and does something else for two answers only."""

    plan = plan("asks")

    async def steps(self) -> None:
        offer = await self.offer()
        variant = await self.variant("subject", ("short", "long", "longest"))
        await self.send("a/short" if variant == "short" else "a/long", offer=offer)
        intent = await self.score()
        await self.wait(DAY if intent.tier.value == "low" else 2 * DAY)
        await self.reaction(Click, Revisit, within=3 * HOUR)
        await self.send("b/last", urgent=intent.tier.value == "high")


def test_questions_are_drawn_where_their_answers_make_a_difference() -> None:
    drawn = picture(Asks)
    assert drawn.of("question") == ["variant of subject", "intent"]
    then = "then up to 3 hours for a click or a return to the shop"
    assert drawn.told() == {
        "“Never” --> variant of subject",
        "variant of subject -- short --> a/short",
        "variant of subject -- long or longest --> a/long",
        "a/short --> intent",
        "a/long --> intent",
        f"intent -- low, then 1 day, {then} --> b/last",
        f"intent -- medium, then 2 days, {then} --> b/last",
        f"intent -- high, then 2 days, {then} --> b/last (urgent)",
        "b/last --> completed",
        "b/last (urgent) --> completed",
    }


class AsksTwice(Journey):
    """Asks the same settled question twice."""

    plan = plan("asks-twice")

    async def steps(self) -> None:
        if await self.fact(FIRST_ORDER):
            await self.wait(HOUR)
        if await self.fact(FIRST_ORDER):
            await self.wait(2 * HOUR)


def test_a_question_that_was_answered_before_is_not_drawn_again() -> None:
    assert picture(AsksTwice).told() == {
        "“Never” --> first order?",
        "first order? -- yes, then 1 hour, then 2 hours --> completed",
        "first order? -- no --> completed",
    }


class Particular(Journey):
    """Tells apart all that can become of a mail."""

    plan = plan("particular")

    async def steps(self) -> None:
        delivery = await self.send("a/one")
        match delivery.status.value:
            case "refused":
                await self.send("a/refused", kind=Kind.TRANSACTIONAL)
            case "dropped":
                await self.send("a/dropped", kind=Kind.TRANSACTIONAL)
            case "unknown":
                await self.send("a/unknown", kind=Kind.TRANSACTIONAL)


def test_what_became_of_a_mail_is_said_where_something_else_follows() -> None:
    assert picture(Particular).told() == {
        "“Never” --> one",
        "one --> completed",
        "one -- not sent --> dropped (owed)",
        "one -- refused --> refused (owed)",
        "one -- perhaps sent --> unknown (owed)",
        *(f"{mail} (owed) --> completed" for mail in ("dropped", "refused", "unknown")),
    }


class Circles(Journey):
    """Waits for ever, unless something lies in the cart."""

    plan = plan("circles")

    async def steps(self) -> None:
        while not await self.fact(HAS_CART):
            await self.wait(DAY)


class Counts(Journey):
    """Mails for ever, counting."""

    plan = plan("counts")

    async def steps(self) -> None:
        number = 0
        while True:
            number += 1
            await self.wait(DAY * 9)
            await self.send("a/digest", kind=Kind.TRANSACTIONAL)


class Sleeps(Journey):
    """Does nothing, for ever."""

    plan = plan("sleeps")

    async def steps(self) -> None:
        while True:
            await self.wait(DAY)


class Nothing(Journey):
    """Has no steps at all."""

    plan = plan("nothing")

    async def steps(self) -> None:
        return


def test_a_circle_is_drawn_as_one() -> None:
    assert picture(Circles).told() == {
        "“Never” --> has cart?",
        "has cart? -- no, then 1 day --> has cart?",
        "has cart? -- yes --> completed",
    }
    assert picture(Sleeps).told() == {"“Never” --> 1 day", "1 day --> 1 day"}


def test_a_journey_that_was_not_explored_to_its_end_is_drawn_as_far_as_it_was() -> None:
    drawn = read(str(chart(explore(Counts, bound=Bound(verbs=20)))))
    assert drawn.told() == {"“Never” -- 9 days --> digest (owed)", "digest (owed) -- 9 days --> digest (owed)"}
    stopped = read(str(chart(explore(CartRecovery, bound=Bound(verbs=1)))))
    assert "reminder --> not explored any further" in stopped.told()


def test_nothing_is_drawn_as_nothing() -> None:
    assert (
        draw(Nothing) == 'flowchart TD\n    start(["“Never”"])\n    completed(["completed"])\n    start --> completed\n'
    )


# -- the language ------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(codec="utf-8")))
def test_any_words_can_be_a_label(words: str) -> None:
    box, other = Box("one", Shape.MAIL, words), Box("other", Shape.WAIT, "other")
    text = flowchart([box, other], [])
    [line, _] = text.splitlines()[1:]
    found = read(f"flowchart TD\n{line}\n    one --> one\n")
    assert found.boxes["one"] == ("mail", " ".join(words.split()) or "…")


@pytest.mark.parametrize("words", ["1. first", "- dash", "+ plus", "# head", "*", "https://x", "%%{init}", 'a "b"'])
def test_what_looks_like_markup_stays_text(words: str) -> None:
    assert quoted(words) != f'"{words}"'


def test_names_are_unique_and_none_is_a_word_of_the_language() -> None:
    taken: list[str] = []
    for words in ("reminder", "Reminder", "end", "end", "2nd mail", "ü", "click", ""):
        taken.append(named(words, taken))
    assert taken == [
        "reminder",
        "reminder_2",
        "step_end",
        "step_end_2",
        "step_2nd_mail",
        "step",
        "step_click",
        "step_2",
    ]


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_prints_a_picture(capsys: pytest.CaptureFixture[str]) -> None:
    command("post-purchase")
    assert capsys.readouterr().out == draw(PostPurchase)


def test_the_command_names_the_journeys_there_are() -> None:
    with pytest.raises(UnknownJourneyError, match=r"there are: advocacy, .*cart-recovery, "):
        command("card-recovery")
    with pytest.raises(ConfigurationError, match=r"name a journey \(advocacy, "):
        command()
