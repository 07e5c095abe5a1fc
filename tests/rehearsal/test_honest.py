"""The rehearsal is honest (R6): what the explorer predicts of a path is what happens on a Temporal server."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowRunner

from domain.enrollment import OutcomeKind
from domain.gate import GatePolicy
from rehearsal.explore import EVENING, MORNING, Bound, explore
from rehearsal.graph import Exploration
from rehearsal.paths import Path, all_paths, draw_paths
from rehearsal.world import TurnKind
from temporal import register_search_attributes, workflow_runner
from tests.house import time_skipping
from tests.rehearsal.cast import Cast, Performance, perform, worker
from tests.rehearsal.explored import explored
from tests.rehearsal.program import Op, journey_of, programs
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey, journey

A_BREATH = timedelta(seconds=45)
"""What the work of a whole path itself may take, in real time; less than a minute, by which fates are apart."""

A_TICK = timedelta(microseconds=1)
"""What a workflow's clock may be slow: it is a float of seconds (`temporalio.workflow.time`), which from 2106 on has no
whole microseconds. The test server's clock gets there, since it jumps by decades."""

_ON_RECORD = (TurnKind.SENT, TurnKind.UNKNOWN, TurnKind.REFUSED)


def drawn(exploration: Exploration, count: int, seed: object) -> list[Path]:
    """Paths by lot."""
    return list(itertools.islice(draw_paths(exploration, random.Random(str(seed))), count))


async def play(journey: type[Journey], exploration: Exploration, paths: Sequence[Path], runner: WorkflowRunner) -> None:
    """Play paths one after the other on one server, and compare each with what was predicted."""
    cast = Cast(GatePolicy())
    async with time_skipping() as env:
        await register_search_attributes(env.client)
        async with worker(env, journey, cast, runner):
            for number, path in enumerate(paths):
                compare(path, await perform(env, cast, exploration, path, number))


def compare(path: Path, played: Performance) -> None:
    predicted = [(each.step, each.turn.kind.value) for each in path.happened if each.turn.kind in _ON_RECORD]
    happened = [each for each in played.seen if each.status != "dropped"]
    said = f"{path.told}\n" + "\n".join(path.timeline())
    assert [(each.step, each.status) for each in happened] == predicted, said
    for each, expected in zip(happened, (one for one in path.happened if one.turn.kind in _ON_RECORD), strict=True):
        assert -A_TICK <= each.after - expected.after < A_BREATH, said
    assert played.outcome is not None
    assert path.outcome is not None
    assert (played.outcome.kind, played.outcome.why) == (path.outcome.kind, path.outcome.why), said
    assert played.outcome.revenue == path.outcome.revenue, said
    assert played.outcome.mails == len(path.mails), said
    assert played.ended_after is not None
    assert -A_TICK <= played.ended_after - path.lasts < A_BREATH, said


MANY = {"cart-recovery": 25, "post-purchase": 25, "webinar": 20, "subscription": 12, "trial": 12, "reengagement": 12}
"""How many paths are played of journeys that have a verb, or an order of them, that the others do not have."""
FEW = 6


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        *(pytest.param(name, MORNING, id=f"{name}-morning") for name in JOURNEYS),
        *(pytest.param(name, EVENING, id=f"{name}-evening") for name in MANY),
    ],
)
async def test_paths_of_the_explorer_are_what_temporal_does(name: str, begins: datetime) -> None:
    exploration = explored(name, begins)
    paths = drawn(exploration, MANY.get(name, FEW), seed=f"{name} {begins}")
    if name in MANY:
        assert {path.outcome.kind for path in paths if path.outcome} >= {OutcomeKind.COMPLETED, OutcomeKind.EXITED}
    await play(JOURNEYS[name], exploration, paths, workflow_runner())


@pytest.mark.timeout(300)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs, seed=st.integers(0, 1000))
async def test_paths_of_any_journey_are_what_temporal_does(program: tuple[Op, ...], seed: int) -> None:
    generated = journey(journey_of(program))
    exploration = explore(generated, bound=Bound(states=3_000))
    if not exploration.is_complete:
        return
    await play(generated, exploration, drawn(exploration, 4, seed), UnsandboxedWorkflowRunner())


async def test_a_wrong_prediction_is_noticed() -> None:
    """The comparison can fail: another journey's path is played."""
    exploration = explored("cart-recovery")
    silent, clicked = (
        next(path for path in all_paths(exploration) if said in path.told)
        for said in ("does nothing", "clicks at 1 hour")
    )
    cast = Cast(GatePolicy())
    async with time_skipping() as env:
        await register_search_attributes(env.client)
        async with worker(env, JOURNEYS["cart-recovery"], cast, workflow_runner()):
            played = await perform(env, cast, exploration, silent, 1)
    with pytest.raises(AssertionError):
        compare(clicked, played)
