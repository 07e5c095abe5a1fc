"""What an operator reads of an enrollment in the Temporal UI."""

from datetime import timedelta

from domain.carried import Carried, DisplayState, PerformerState
from domain.carried_inbox import InboxState
from domain.intent import Action, Behaviour, score
from domain.message import Stage
from domain.pause import Pause
from tests.workflows.samples import HOUR, NOON, start
from workflows.vocabulary.display import Display


def test_a_pause_is_shown_first_and_hides_when_the_wait_would_have_ended() -> None:
    display = Display(start())
    display.doing_now("waiting 1 day", NOON + timedelta(days=1))
    assert display.markdown() == "**Now:** waiting 1 day, until 2026-03-03 12:00 UTC at the latest"
    display.paused = Pause(since=NOON, reason="the shop is closed")
    assert display.markdown() == (
        "**Paused** since 2026-03-02 12:00 UTC, because the shop is closed\n\n**Now:** waiting 1 day"
    )
    assert display.progress().next_due is None


def test_intent_is_shown_with_what_it_is_made_of() -> None:
    display = Display(start())
    left = Behaviour(
        deepest=Action.CART_VIEWED,
        stage=Stage.PURCHASE,
        session=timedelta(minutes=6),
        cart_abandoned=True,
        last_activity_at=NOON,
    )
    display.intent = score(left, now=NOON)
    assert display.markdown().splitlines()[2:] == [
        "**Intent:** high · 90: cart left in a long session",
        "",
        "- time spent: 0 of 30, product views under a minute",
        "- depth of action: 25 of 25, cart left in a long session",
        "- category relevance: 0 of 25, 0% of views in one category",
        "- lifecycle stage: 14 of 20, purchase stage",
        "- together: 39; what was done counts at least 90",
    ]


def test_a_burst_takes_one_line_of_the_story() -> None:
    display = Display(start())
    display.note(NOON, "reminder: sent")
    for minute in range(100):
        display.note(NOON + timedelta(minutes=minute), "heard: click")
    display.note(NOON + 2 * HOUR, "heard: revisit")
    assert display.progress().history == (
        "2026-03-02 12:00 UTC · reminder: sent",
        "2026-03-02 13:39 UTC · heard: click (100 times)",
        "2026-03-02 14:00 UTC · heard: revisit",
    )


def test_a_continued_run_says_whose_it_is_and_goes_on_with_the_story() -> None:
    first = Display(start())
    first.note(NOON, "heard: click")
    first.step = "reminder"
    carried = Carried(
        runs=2,
        inbox=InboxState(answers_from=NOON),
        performer=PerformerState(because="after a click"),
        display=first.state(),
    )
    second = Display(start(carried=carried), DisplayState.model_validate_json(carried.display.model_dump_json()))
    second.note(NOON + HOUR, "heard: revisit")
    assert second.markdown().splitlines() == [
        "**Cart recovery of anna**, run 3",
        "",
        "**Now:** starting",
        "",
        "**Step:** reminder",
        "",
        "### So far",
        "- 2026-03-02 12:00 UTC · heard: click",
        "- 2026-03-02 13:00 UTC · heard: revisit",
    ]
