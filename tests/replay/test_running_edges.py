"""Enrollments that move while they are looked at, that have barely begun, or whose guard was taken out."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import WorkflowReplayResult

from domain.carried import Entry
from domain.errors import UnavailableError
from starter.embedded import free_port
from starter.replay.checkup import Checkup
from starter.replay.finding import Finding, Running, Verdict
from starter.replay.judging import judge
from starter.replay.record import Record
from starter.replay.replays import Failure, Replays
from temporal import DATA_CONVERTER, connect
from tests.replay.changed import FactAdded, StepsSwapped, WaitDropped, WordsChanged
from tests.replay.deploys import AsItWas, AsksForAFact, AsksForAFactSince, OtherTexts
from tests.replay.history import load
from tests.replay.record import FOLDER
from tests.replay.town import Town, opened_town
from workflows.cart_recovery import CartRecovery
from workflows.vocabulary import Journey

GUARD_GONE = (
    "step 2: the journal has “asking whether it came here after facts-instead-of-scores”, the code now asks for "
    "“reading whether has cart”"
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with opened_town(tmp_path) as town:
        yield town


async def test_who_ended_or_continued_as_new_meanwhile_is_no_error(town: Town) -> None:
    ending = await town.walk("ending", "waiting 1 hour")
    going_on = await town.walk("going-on", "waiting 1 hour", "waiting 2 hours")
    checkup = Checkup(town.house.client, {"test-deploys": AsksForAFact})
    listed = await checkup.running()
    await ending.cancel()
    await town.house.ended(ending.id)
    await town.continue_as_new(going_on)
    await town.comes_to(going_on, "waiting 2 hours")
    lost = Running("test-deploys", "test-deploys/lost", listed[0].run_id)
    found = {each.workflow_id: each.verdict for each in await checkup.examine([*listed, lost])}
    assert found == {
        ending.id: Verdict.ENDED,
        going_on.id: Verdict.BREAKS,
        lost.workflow_id: Verdict.ENDED,
    }


async def test_a_run_on_which_no_code_has_run_yet_breaks_by_what_was_handed_over_alone(town: Town) -> None:
    handle = await town.walk("anna", "waiting 1 hour", "waiting 2 hours")
    await town.continue_as_new(handle)
    await town.comes_to(handle, "waiting 2 hours")
    history = await handle.fetch_history()
    barely = WorkflowHistory(handle.id, history.events[:2])
    assert (await by_history(AsksForAFact, barely)).verdict is Verdict.BREAKS
    assert (await by_history(AsItWas, barely)).verdict is Verdict.FITS

    await town.house.stop_worker()
    new = await town.enroll("boris")
    assert not Record(await new.fetch_history(), DATA_CONVERTER).has_begun
    found = await town.findings(AsksForAFact, answer_within=timedelta(seconds=2))
    assert found["boris"].verdict is Verdict.FITS
    await town.house.start_worker()


async def test_a_guard_that_is_taken_out_too_early_is_found(town: Town) -> None:
    await town.deploy(AsksForAFactSince)
    passed = await town.walk("passed", "waiting 1 hour", "waiting 2 hours")
    before = await town.walk("before", "waiting 1 hour")
    found = await town.findings(AsksForAFact)
    assert found["before"].verdict is Verdict.FITS
    assert found["passed"].verdict is Verdict.BREAKS
    assert found["passed"].places == (GUARD_GONE,)
    await town.deploy(AsksForAFact)
    assert [await town.goes_on(handle) for handle in (passed, before)] == [False, True]


async def test_the_code_that_runs_need_not_know_of_journals(town: Town) -> None:
    """A query that its worker refuses is no answer."""
    await town.walk("anna", "waiting 1 hour")
    (anna,) = await Checkup(town.house.client, {}).running()
    await town.deploy()  # a worker that does not know the journey at all
    (found,) = await Checkup(town.house.client, {"test-deploys": OtherTexts}).examine([anna])
    assert (found.verdict, found.asked) == (Verdict.FITS, False)


async def test_temporal_that_is_away_is_said_to_be() -> None:
    client = await connect(f"127.0.0.1:{free_port()}", lazy=True)
    checkup = Checkup(client, {"cart-recovery": CartRecovery})
    with pytest.raises(UnavailableError, match="Temporal is away: nobody listens there"):
        await checkup.count()
    with pytest.raises(UnavailableError, match="Temporal is away"):
        await checkup.running()


# -- histories on file -------------------------------------------------------------------------------------------------

SILENCE = load(FOLDER / "cart-recovery.silence.json")


@pytest.mark.parametrize(
    ("changed", "failure"),
    [
        (CartRecovery, None),
        (WordsChanged, None),
        (StepsSwapped, Failure("Missing associated machine for LocalActivity(7)")),
        (WaitDropped, Failure("No command scheduled for event HistoryEvent(id: 59, TimerStarted)", 59)),
        (FactAdded, Failure("an answer in it is none to what the code now asks", is_of_code=True)),
    ],
)
async def test_a_replay_says_where_it_stopped(changed: type[Journey], failure: Failure | None) -> None:
    async with Replays.open([changed], DATA_CONVERTER) as replays:
        assert await replays.failure(SILENCE) == failure
        assert await replays.failure(SILENCE) == failure


async def test_what_was_too_slow_is_replayed_once_more() -> None:
    deadlock = RuntimeError('failed: Failure { message: "[TMPRL1101] Potential deadlock detected: no yield in 2 s" }')

    async def results() -> AsyncIterator[WorkflowReplayResult]:
        for failure in (deadlock, None, deadlock, deadlock):
            yield WorkflowReplayResult(history=SILENCE, replay_failure=failure)

    replays = Replays(results(), asyncio.Queue())
    assert await replays.failure(SILENCE) is None
    failure = await replays.failure(SILENCE)
    assert failure is not None
    assert failure.said.startswith("[TMPRL1101] Potential deadlock")


async def test_what_the_journal_does_not_show_is_told_by_the_history() -> None:
    found = await by_history(CartRecovery, SILENCE, (), Failure("No command scheduled", 59))
    assert found.places == ("the history has “waiting 1 day” where the code now asks for something else",)
    found = await by_history(CartRecovery, SILENCE, (), Failure("it is strange"))
    assert found.places == ("the history holds something else than the code now asks for: it is strange",)


async def test_a_beginning_that_cannot_be_read_is_found() -> None:
    history = WorkflowHistory.from_json("x", SILENCE.to_json())
    history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data = b'{"customer": 1}'
    found = await by_history(CartRecovery, history)
    assert found.verdict is Verdict.BREAKS
    assert found.places[0].startswith("its beginning cannot be read: ")
    assert len(found.places[0]) <= 300


async def by_history(
    journey: type[Journey],
    history: WorkflowHistory,
    entries: tuple[Entry, ...] | None = None,
    failure: Failure | None = None,
) -> Finding:
    running = Running(journey.plan.name, history.workflow_id, "run")
    return await judge(running, journey, Record(history, DATA_CONVERTER), entries, failure)
