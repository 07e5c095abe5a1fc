"""Who listens to what follows from a journey's code, however the code says it."""

import pytest

from domain.signals import SIGNAL_NAMES, Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from tests.workflows import listeners
from tests.workflows.samples import answering, play, start
from workflows.catalogue import JOURNEYS, journey_named
from workflows.vocabulary import Journey
from workflows.vocabulary.listening import listens_to, observes
from workflows.vocabulary.verbs import Reaction


@pytest.mark.parametrize(
    ("name", "kinds"), [("cart-recovery", {Click, Revisit}), ("post-purchase", set())], ids=["cart", "order"]
)
def test_a_journey_listens_to_the_reactions_it_waits_for(name: str, kinds: set[type[Signal]]) -> None:
    assert listens_to(journey_named(name)) == kinds
    assert observes(journey_named(name)) == frozenset()


@pytest.mark.parametrize(
    ("journey", "kinds"),
    [
        (listeners.Silent, set()),
        (listeners.ByName, {Click}),
        (listeners.Inherited, {Click}),
        (listeners.ByTuple, {Click, Revisit}),
        (listeners.ByUnion, {Click, Purchase}),
        (listeners.ByModule, {Revisit}),
        (listeners.ByModuleOfModule, {Revisit}),
        (listeners.ByAttribute, {Click, Revisit}),
        (listeners.ByProperty, {Click, Revisit}),
        (listeners.ByDefault, {Click, Revisit}),
        (listeners.ByFunction, {Unsubscribe}),
        (listeners.ByClass, {Purchase}),
        (listeners.ByMixin, {Purchase}),
        (listeners.Everything, set(SIGNAL_NAMES)),
        (listeners.Watches, {Observation}),
        (listeners.enclosed(Revisit), {Revisit}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
def test_a_kind_counts_however_the_code_names_it_and_an_annotation_does_not(
    journey: type[Journey], kinds: set[type[Signal]]
) -> None:
    assert listens_to(journey) == kinds


def test_who_names_observations_observes_the_events_its_code_says() -> None:
    assert observes(listeners.Watches) >= {"Product Shared", "Price Dropped", listeners.VIDEO_WATCHED}
    assert "Video Paused" not in observes(listeners.Watches)
    assert observes(listeners.ByName) == frozenset()


@pytest.mark.parametrize("name", JOURNEYS)
@pytest.mark.parametrize(
    "reaction", [Click(event_id="c"), Revisit(event_id="r"), None], ids=["click", "revisit", "silence"]
)
@pytest.mark.parametrize("yes", [True, False])
def test_no_journey_waits_for_what_it_would_not_be_told(name: str, reaction: Signal | None, yes: bool) -> None:
    journey = journey_named(name)
    asked = play(journey(start(journey=name)), answering(reaction, yes=yes))
    waited_for = {kind for verb in asked if isinstance(verb, Reaction) for kind in verb.kinds}
    assert waited_for <= listens_to(journey)
