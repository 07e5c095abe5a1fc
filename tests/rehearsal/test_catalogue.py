"""The catalogue: that it is current, and that its figures are right."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from domain.message import Kind
from mail.context import TEMPLATES
from mail.render import Templates
from rehearsal.catalogue import catalogue
from rehearsal.explore import explore
from rehearsal.measures import measure
from rehearsal.pages import made_pages, with_pictures
from rehearsal.paths import Happened, all_paths
from rehearsal.plan_in_words import again, measured_by, segment
from rehearsal.world import WENT_OUT
from tests.workflows.journeys import plan
from workflows.catalogue import JOURNEYS
from workflows.post_purchase import PostPurchase
from workflows.vocabulary import HasCart, Journey, On, Plan, Value

ROOT = Path(__file__).parent.parent.parent
HOUR = timedelta(hours=1)
DAY = 24 * HOUR


@pytest.fixture(scope="module")
def pages() -> dict[Path, str]:
    return made_pages(ROOT, JOURNEYS)


@pytest.mark.parametrize("name", ["README.md", "docs/journeys.md"])
def test_a_page_that_is_made_is_current(pages: dict[Path, str], name: str) -> None:
    assert (ROOT / name).read_text() == pages[ROOT / name], f"{name} is out of date: run `segue draw --docs`"


def test_the_readme_has_a_picture() -> None:
    assert "<!-- picture of cart-recovery: " in (ROOT / "README.md").read_text()


def test_every_journey_has_a_section_a_row_and_a_picture(pages: dict[Path, str]) -> None:
    page = pages[ROOT / "docs/journeys.md"]
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == sorted(JOURNEYS)
    assert re.findall(r"^\| \[(.+?)\]\(#", page, re.MULTILINE) == sorted(JOURNEYS)
    assert page.count("```mermaid\nflowchart TD\n") == len(JOURNEYS)


def test_every_template_of_the_journeys_is_listed_with_its_subject(pages: dict[Path, str]) -> None:
    page = pages[ROOT / "docs/journeys.md"]
    for template in Templates(TEMPLATES).names():
        if template.split("/")[0] in ("cart", "post_purchase"):
            assert re.search(rf"^\| \w+ \| `{template}` \| [^|]+ \| \w+ \| \w+", page, re.MULTILINE), template


@pytest.mark.parametrize("name", [name for name, journey in JOURNEYS.items() if journey.plan.owed])
def test_a_journey_whose_topic_nobody_chooses_sends_only_what_is_owed(name: str) -> None:
    mails = [mail for path in all_paths(explore(JOURNEYS[name])) for mail in path.mails]
    assert mails
    assert all(mail.turn.owed for mail in mails)


# -- figures -----------------------------------------------------------------------------------------------------------


class Crowded(Journey):
    """Owes one mail, then sends three that the caps hold apart, the middle one urgent."""

    plan = plan("crowded")

    async def steps(self) -> None:
        await self.send("a/owed", kind=Kind.TRANSACTIONAL)
        await self.send("a/one")
        await self.send("a/two", urgent=True)
        await self.wait(50 * HOUR)
        await self.send("a/one")


@pytest.mark.parametrize("journey", [Crowded, PostPurchase])
def test_measures_are_what_walking_every_path_finds(journey: type[Journey]) -> None:
    exploration = explore(journey)
    measures = measure(exploration)
    paths = list(all_paths(exploration))
    assert measures.paths == len(paths)
    assert measures.longest is not None
    assert measures.longest.lasts == max(path.lasts for path in paths)
    assert measures.most_mails == max(len(path.mails) for path in paths)
    assert measures.most_in_two_days == max(max(in_two_days(path.mails), default=0) for path in paths)


def in_two_days(mails: tuple[Happened, ...]) -> Iterator[int]:
    """For each marketing mail, how many there were in the 48 hours that end with it."""
    went = [each.after for each in mails if each.turn.kind in WENT_OUT and not each.turn.owed]
    return (sum(timedelta() <= last - other < 2 * DAY for other in went) for last in went)


def test_measures_of_a_small_journey() -> None:
    measures = measure(explore(Crowded))
    assert measures.most_mails == 4
    assert measures.most_in_two_days == 2  # the urgent mail passes the daily cap; the last comes 50 hours later


class Circles(Journey):
    """Mails for ever."""

    plan = plan("circles")

    async def steps(self) -> None:
        while True:
            await self.wait(9 * DAY)
            await self.send("cart/reminder")


def test_a_journey_without_an_end_has_no_figures_that_need_one() -> None:
    measures = measure(explore(Circles))
    assert (measures.paths, measures.longest, measures.most_mails) == (None, None, None)
    page = catalogue({"circles": Circles}, Templates(TEMPLATES))
    assert "| paths | no end begun at 09:00, no end begun at 20:30 |" in page
    assert "| reminder, reminder-2, … | `cart/reminder` |" in page


# -- words -------------------------------------------------------------------------------------------------------------


class Waits(Value):
    """How long it waits."""

    pause: timedelta = 90 * HOUR


class Twice(Journey):
    """Sends a | b, twice."""

    plan = Plan(
        name="twice",
        trigger=On("A|B") & ~HasCart(),
        goal=None,
        topic="tests",
        owner="tests",
        one_per="order_id",
        settings=Waits,
        holdout=0.1,
    )

    async def steps(self) -> None:
        await self.send("cart/reminder")
        await self.wait(self.settings(Waits).pause)
        await self.send("cart/reminder")


def test_a_section_says_everything_that_is_declared() -> None:
    page = catalogue({"twice": Twice}, Templates(TEMPLATES))
    rows = dict(re.findall(r"^\| ([a-z ,]+) \| (.+) \|$", page, re.MULTILINE))
    assert rows["starts with"] == r"“A\|B” and not (something is in the cart)"
    assert rows["for whom"].endswith("marketing mail only with consent to tests; 10% are held out for comparison")
    assert rows["goal"] == "none"
    assert rows["again"] == "for each order_id once"
    assert rows["settings"] == "`pause` 3 days 18 hours"
    assert rows["waits"] == "3 days 18 hours"
    assert rows["judged by"].startswith("the share of enrollments that complete the sequence, against the holdout; ")
    assert "| reminder, reminder-2 | `cart/reminder` | Your cart is saved | purchase | marketing |" in page


def test_words_for_a_plan() -> None:
    never = plan("never")
    assert again(never) == "never"
    assert measured_by(never).startswith("the share of enrollments that end with “Goal Reached”; their revenue; ")
    assert list(segment(never, ["first order"]))[-1] == "told apart by: first order"


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_picture_is_drawn_between_its_marks_and_nothing_else_is_touched() -> None:
    page = "before\n<!-- picture of twice: made -->\nold\n<!-- end of the picture -->\nafter\n"
    made = with_pictures(page, {"twice": Twice})
    assert made.startswith("before\n<!-- picture of twice: made -->\n```mermaid\nflowchart TD\n")
    assert made.endswith("```\n<!-- end of the picture -->\nafter\n")
    assert with_pictures(made, {"twice": Twice}) == made


def test_a_picture_of_no_journey_is_refused(tmp_path: Path) -> None:
    page = "<!-- picture of nobody: made -->\n<!-- end of the picture -->\n"
    with pytest.raises(ConfigurationError, match="picture of 'nobody', and no journey is named so"):
        with_pictures(page, JOURNEYS)
    with pytest.raises(ConfigurationError, match=r"no README\.md and docs/ to write to"):
        made_pages(tmp_path, JOURNEYS)
