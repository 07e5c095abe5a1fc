"""Verbs in virtual time: what the explorer's properties cannot see, since it plays one reaction at a time."""

from dataclasses import replace
from datetime import timedelta

from domain.gate import GatePolicy
from domain.signals import Click, Revisit
from rehearsal.fates import USUAL
from rehearsal.virtual import VirtualPerformer
from rehearsal.world import World
from tests.workflows.samples import HOUR, MINUTE, NOON, start
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import verbs


def performer() -> VirtualPerformer:
    return VirtualPerformer(CartRecovery.plan, start(), GatePolicy())


def after_hearing(*signals: Click | Revisit) -> World:
    world = performer().first_world()
    for number, signal in enumerate(signals, start=1):
        at = NOON + number * MINUTE
        world = performer().hear(world._replace(now=at), signal.model_copy(update={"occurred_at": at}), at)
    return world


def test_several_returns_are_one_reaction_as_in_the_inbox() -> None:
    world = after_hearing(Revisit(event_id="r1"), Click(event_id="c1", message="m1"), Revisit(event_id="r2"))
    asked = verbs.Reaction((Revisit,), within=HOUR)

    first = performer().perform(world, asked, USUAL)
    second = performer().perform(first.world, asked, USUAL)

    assert (first.answer.event_id, first.answer.count, first.answer.occurred_at) == ("r1", 2, NOON + 3 * MINUTE)
    assert second.answer is None
    assert second.world.now == NOON + 3 * MINUTE + HOUR


def test_clicks_on_different_mails_are_two_reactions() -> None:
    world = after_hearing(Click(event_id="c1", message="m1"), Click(event_id="c2", message="m2"))

    assert [signal.event_id for signal, _ in world.unread] == ["c1", "c2"]


def test_a_change_of_the_code_is_asked_about_and_takes_no_time() -> None:
    fate = replace(USUAL, answer=True)

    done = performer().perform(performer().first_world(), verbs.Since("shorter-ending"), fate)

    assert done.answer is True
    assert done.world.now - NOON == timedelta()
