"""Evidence: the one rule for pages about prices, praise, and properties that say nothing."""

from typing import Any

import pytest

from domain.event import PRICING_VIEWED, PRODUCT_REVIEWED, Event, EventType
from domain.evidence import ACTIONS, CLOSING, action_of, is_about_content, is_about_prices, is_praise
from domain.intent import Action
from tests.domain.visits import event


def page(name: str = "page", *, kind: EventType = EventType.PAGE, **properties: Any) -> Event:
    return event(name, kind=kind, **properties).event


class TestPrices:
    @pytest.mark.parametrize(
        "seen",
        [
            event(PRICING_VIEWED).event,
            page("Pricing"),
            page(" PRICES "),
            page("Preise", kind=EventType.SCREEN),
            page(path="/pricing"),
            page(path="/en/pricing/teams"),
            page(url="https://shop.example/Pricing?plan=2#top"),
            page().model_copy(update={"context": {"page": {"path": "/pricing"}}}),
        ],
    )
    def test_are_seen_by_event_name_or_path(self, seen: Event) -> None:
        assert is_about_prices(seen)
        assert action_of(seen) is Action.PRICING

    @pytest.mark.parametrize(
        "seen",
        [
            page("Home"),
            page("Our pricing philosophy"),
            page(path="/blog/pricing-your-craft"),
            page(path="/", url="https://pricing.example/pricing"),  # the path, where there is one
            page(url="https://pricing.example"),
            page(url="http://["),
            page(path=["pricing"], url={"pricing": 1}),
            page().model_copy(update={"context": {"page": "pricing"}}),
            page("Pricing", kind=EventType.TRACK),
            page(PRICING_VIEWED),
            page("Pricing", kind=EventType.IDENTIFY),
        ],
    )
    def test_are_not_seen_elsewhere(self, seen: Event) -> None:
        assert not is_about_prices(seen)


@pytest.mark.parametrize("rating", [4, 5, 4.5, "5", " 4 "])
def test_praise_is_a_review_of_four_stars(rating: object) -> None:
    assert is_praise(event(PRODUCT_REVIEWED, rating=rating).event)


@pytest.mark.parametrize("rating", [3, "3.9", None, True, "excellent", [], float("nan")])
def test_other_reviews_are_no_praise(rating: object) -> None:
    assert not is_praise(event(PRODUCT_REVIEWED, rating=rating).event)
    assert not is_praise(event("Product Loved", rating=5).event)


def test_every_closing_event_is_activity() -> None:
    assert all(ACTIONS[name] >= Action.HOMEPAGE for name in CLOSING)


def test_content_is_what_intent_reads_as_content() -> None:
    about = {name for name in ACTIONS if is_about_content(event(name).event)}
    assert about == {name for name, action in ACTIONS.items() if Action.CONTENT <= action <= Action.CONTENT_REPEATED}
