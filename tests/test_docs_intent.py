"""docs/intent.md tells the truth: its tables are what the code says."""

from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from domain.evidence import ACTIONS, GOOD_RATING, PRICING_PAGES
from domain.intent import DEFAULT_THRESHOLDS, HALF_LIFE, Action, Behaviour, score
from domain.message import Stage
from domain.segments import Segment, SegmentRules
from tests.domain.scores import CART_VIEWED, HOMEPAGE, KEEN_LEFT_LONG, KEEN_LEFT_SHORT, LEFT_LONG, NOW, PRODUCT_VIEWER
from tests.pages import PAGES

PAGE = PAGES["intent.md"]
ANCHORS = {
    "homepage visited": HOMEPAGE,
    "one product viewed, a minute long": PRODUCT_VIEWER,
    "cart viewed": CART_VIEWED,
    "cart left after a session over 5 minutes": LEFT_LONG,
    "product views over 5 minutes, cart left after a session over 6": KEEN_LEFT_LONG,
    "the same, after a short session": KEEN_LEFT_SHORT,
}


def rows_under(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = section[section.index("\n| ") :].strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


@pytest.mark.parametrize(("row", "anchor"), [*zip(rows_under("Six customers"), ANCHORS.items(), strict=True)])
def test_the_anchors_are_what_is_scored(row: list[str], anchor: tuple[str, Behaviour]) -> None:
    what, seen = anchor
    intent = score(seen, now=NOW)
    contributions = [f"{part.contribution:g}" for part in intent.parts]
    assert row == [what, *contributions, f"{intent.weighted:g}", f"**{intent.score}**", intent.tier.value]


def test_each_actions_points_and_bounds_are_shown() -> None:
    shown = []
    for action in Action:
        intent = score(Behaviour(deepest=action), now=NOW)
        shown.append([intent.parts[1].why, f"{intent.parts[1].points:g}", f"{intent.least:g} to {intent.most:g}"])
    assert [[row[0], *row[2:]] for row in rows_under("How far the customer went")] == shown


def test_each_event_that_is_read_stands_beside_its_action() -> None:
    shown = {row[0]: row[1] for row in rows_under("How far the customer went")}
    for name, action in ACTIONS.items():
        if name not in ("Order Completed", "Subscription Started"):  # these close what was before
            assert f"`{name}`" in shown[score(Behaviour(deepest=action), now=NOW).parts[1].why]


def test_each_stages_points_are_shown() -> None:
    points = {stage: score(Behaviour(stage=stage), now=NOW).parts[3].points for stage in Stage}
    assert [[row[0], row[1]] for row in rows_under("Stages")] == [
        [f"*{stage}*", f"{points[stage]:g}"] for stage in Stage
    ]


def test_the_tiers_are_the_defaults() -> None:
    medium, high, margin = DEFAULT_THRESHOLDS.medium, DEFAULT_THRESHOLDS.high, DEFAULT_THRESHOLDS.margin
    assert rows_under("Tiers") == [
        ["low", "below " + str(medium), ""],
        ["medium", str(medium), f"below {medium - margin}"],
        ["high", str(high), f"below {high - margin}"],
    ]
    assert HALF_LIFE.days == 7
    assert "halves every seven days" in PAGE


def test_each_segment_is_shown_with_the_settings_it_follows() -> None:
    rows = rows_under("Segments")
    assert [row[0] for row in rows] == [f"`{segment}`" for segment in Segment]
    dump = TypeAdapter(timedelta).dump_python
    defaults = {name: getattr(SegmentRules(), name) for name in SegmentRules.model_fields}
    spoken = {
        name: dump(value, mode="json") if isinstance(value, timedelta) else f"{value:g}"
        for name, value in defaults.items()
    }
    told = " ".join(row[2] for row in rows)
    for name, value in spoken.items():
        assert f"`{name.upper()}` {value}" in told


def test_the_words_for_pages_about_prices_are_named() -> None:
    assert all(f"`{word}`" in PAGE for word in PRICING_PAGES)
    assert f"{GOOD_RATING} stars" in PAGE
