"""Enrollments that outlive one history: each hand-over to the next run leaves no trace but the history itself.

On the real server, which is told to suggest continuing as new early. Time stands almost still where the moments of
waits are compared; there an operator skips on to the next.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from domain.carried import Entry
from domain.enrollment import Outcome, OutcomeKind, Progress
from domain.signals import Click, Observation, Purchase
from starter.dispatch.enrolling import Presence
from storage.database import Database
from tests.house import ANNA, House, opened_house, real_server
from tests.scenarios.handing_over import EARLY, hand_over
from tests.scenarios.runs import runs_of
from tests.stack.waiting import until
from tests.workflows.journeys import AnswersLater, EveryWait
from tests.workflows.playing import begin, seen, worker_for
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import search
from workflows.vocabulary.journal import Fit, fit

CART = f"cart-recovery/{ANNA}"
HOUR = timedelta(hours=1)
SIX_HOURS_A_SECOND = 21_600.0
"""Faster, and a machine that is busy for three or four seconds makes mails stale, which are dropped then."""

AT_ONCE = "limit.historyCount.suggestContinueAsNew=14"
"""A run then holds one mail, or a bit less."""

OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def opened(sqlite_database: Database) -> OpenHouse:
    @asynccontextmanager
    async def open_house(tuning: str = EARLY, **options: Any) -> AsyncIterator[House]:
        async with real_server(tuning) as env, opened_house(env, sqlite_database, **options) as house:
            await house.identify(timezone="UTC")
            yield house

    return open_house


async def progress(house: House, handle: WorkflowHandle[Any, Outcome]) -> Progress:
    """How it stands, once its present run has come to its wait.

    Asked twice: a query that comes while a workflow task is under way is answered as of the moment of the one before.
    """

    async def twice() -> tuple[Progress, Progress]:
        return await house.progress(handle.id), await house.progress(handle.id)

    first, _ = await until(twice, is_settled)
    return first


def is_settled(found: tuple[Progress, Progress]) -> bool:
    first, second = found
    return first == second and first.doing.startswith(("waiting", "loyalty"))


async def journal_of(handle: WorkflowHandle[Any, Outcome]) -> list[Entry]:
    entries: list[Entry] = await handle.query("journal", result_type=list[Entry])
    return entries


def has_grown(before: int, entries: list[Entry]) -> bool:
    return len(entries) > before


def standing(found: Progress) -> tuple[object, ...]:
    heard = tuple(line for line in found.history if "observation" not in line)
    return found.doing, found.next_due, found.step, found.intent, found.paused, heard


# -- in each kind of wait ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cached", [1000, 0], ids=["remembering", "forgetful"])
async def test_every_wait_goes_on_to_the_same_moment(opened: OpenHouse, cached: int) -> None:
    async with opened(build=worker_for(EveryWait, max_cached_workflows=cached)) as house:
        handle = await begin(house, EveryWait, at=await house.now())
        doing: list[str] = []
        for _ in range(6):
            before = await progress(house, handle)
            await hand_over(house, handle)
            after = await progress(house, handle)
            assert standing(after) == standing(before)
            doing.append(before.doing)
            entries = await journal_of(handle)
            await house.operations.skip(ANNA)
            await until(lambda: journal_of(handle), partial(has_grown, len(entries)))
        assert [each.partition(" until 2026")[0].partition(": 1 mail")[0] for each in doing] == [
            "waiting until quiet for 1 hour",
            "waiting 4 hours",
            "waiting",
            "waiting until 09:00 where the customer lives",
            "waiting 20 hours for a click or a return to the shop",
            "loyalty",  # the gate holds it back for a day
        ]
        assert await seen(handle) == ["quiet", "waited", "moment", "nine", "sent", "NoneType"]
        assert [(row.step, row.status.value) for row in await house.ledger()] == [
            ("review_request", "sent"),
            ("loyalty", "dropped"),
        ]
        assert len(await runs_of(house, handle.id)) == 7
        await handle.signal("observe", Observation(event_id="g-1", name="Goal Reached"))
        outcome = await handle.result()
        assert (outcome.kind, outcome.mails, outcome.step) == (OutcomeKind.CONVERTED, 1, "loyalty")


async def test_a_journey_that_is_handed_over_at_every_turn_says_the_same(opened: OpenHouse) -> None:
    async with opened(AT_ONCE, pace=SIX_HOURS_A_SECOND) as house:
        await house.add_to_cart()
        outcome = await house.ended(CART)
        assert (outcome.kind, outcome.mails, outcome.step) == (OutcomeKind.COMPLETED, 4, "last_call")
        assert [(row.step, row.status.value) for row in await house.ledger()] == [
            ("reminder", "sent"),
            ("objections", "sent"),
            ("social_proof", "sent"),
            ("last_call", "sent"),
        ]
        rows = await house.ledger()
        moments = [row.sent_at for row in rows if row.sent_at is not None]
        assert all(later - earlier >= 23 * HOUR for earlier, later in pairwise(moments))
        assert len(await runs_of(house, CART)) >= 3
        (row,) = await house.enrollments()
        start = house.routes.begin_again(row).start
        entries = await journal_of(house.handle(CART))
        assert fit(JOURNEYS["cart-recovery"], start, entries) == Fit(breaks=None, differs=(), open=None)


# -- what must survive -------------------------------------------------------------------------------------------------


async def test_memo_and_search_attributes_survive_and_the_title_is_in_the_details(opened: OpenHouse) -> None:
    async with opened() as house:
        await house.add_to_cart()
        handle = house.handle(CART)
        await progress(house, handle)
        before = await handle.describe()
        await hand_over(house, handle)
        after = await until(handle.describe, lambda found: found.run_id != before.run_id)
        assert await after.memo() == await before.memo()
        for key in (search.JOURNEY, search.CUSTOMER, search.STEP):
            assert after.typed_search_attributes.get(key) == before.typed_search_attributes.get(key) is not None
        (row,) = await house.enrollments()
        assert await house.enroller.look(CART, row.id) is Presence.RUNS
        await house.enroller.begin(house.routes.begin_again(row).start)  # delivered again: recognised as running


async def test_unread_reactions_and_known_events_survive(opened: OpenHouse) -> None:
    async with opened(build=worker_for(AnswersLater)) as house:
        handle = await begin(house, AnswersLater, at=await house.now())
        await until(house.sent)
        await progress(house, handle)
        await handle.signal("click", Click(event_id="c-1", link=7))
        await hand_over(house, handle)
        await handle.signal("click", Click(event_id="c-1", link=8))  # told again
        await hand_over(house, handle)
        await progress(house, handle)
        await house.operations.skip(ANNA)
        assert await until(lambda: seen(handle)) == ["7"]


async def test_a_pause_survives_with_the_rest_of_the_wait(opened: OpenHouse) -> None:
    async with opened(build=worker_for(EveryWait)) as house:
        handle = await begin(house, EveryWait, at=await house.now())
        await progress(house, handle)
        await house.operations.skip(ANNA)
        before = await until(lambda: progress(house, handle), lambda found: found.doing == "waiting 4 hours")
        (paused,) = await house.operations.pause(ANNA, reason="the shop is closed")
        assert paused.progress is not None
        assert paused.progress.paused is not None
        for _ in range(2):
            await hand_over(house, handle)
            found = await progress(house, handle)
            assert (found.doing, found.paused) == ("waiting 4 hours", paused.progress.paused)
        (skipped,) = await house.operations.skip(ANNA)
        assert skipped.refusal == "it is paused: resume it first"
        resumed_at = await house.now()
        await house.operations.resume(ANNA)
        after = await until(lambda: house.progress(handle.id), lambda found: found.next_due is not None)
        assert before.next_due is not None
        assert after.next_due is not None
        rest = before.next_due - paused.progress.paused.since
        assert abs(after.next_due - resumed_at - rest) < timedelta(seconds=5)


async def test_a_purchase_after_hand_overs_ends_the_journey_with_its_revenue(opened: OpenHouse) -> None:
    async with opened() as house:
        await house.add_to_cart()
        handle = house.handle(CART)
        for _ in range(2):
            await hand_over(house, handle)
        await handle.signal("purchase", Purchase(event_id="p-1", revenue=49.0, order_id="o-1"))
        outcome = await handle.result()
        assert (outcome.kind, outcome.revenue, outcome.order_id) == (OutcomeKind.CONVERTED, 49.0, "o-1")
        assert await house.outcomes() == [outcome]
