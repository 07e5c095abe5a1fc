"""What is found about running enrollments before a deploy, and that a worker of the new code then does just that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import pytest_asyncio

from starter.replay.checkup import NOT_DEPLOYED
from starter.replay.finding import Finding, Verdict
from tests.replay.deploys import (
    AnotherFact,
    AsItWas,
    AsksForAFact,
    AsksForAFactSince,
    Fails,
    Hurries,
    OtherTexts,
    Renamed,
)
from tests.replay.town import Handle, Town, opened_town
from workflows.vocabulary import Journey

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

WAITS = ("waiting 1 hour", "waiting 2 hours", "waiting 3 hours", "waiting 4 hours")

FITS, DIFFERS, MISREADS, BREAKS = Verdict.FITS, Verdict.DIFFERS, Verdict.MISREADS, Verdict.BREAKS

A_FACT = "step 2: the journal has “scoring intent”, the code now asks for “reading whether has cart”"
TOO_SOON = "step 3: the journal has “waiting 2 hours”, the code now asks for “sending post_purchase/review_request”"
AT_ONCE = "step 3: it is at “waiting 2 hours”, the code now asks for “sending post_purchase/review_request”"
ANOTHER_MAIL = (
    "step 4: the journal has “sending post_purchase/review_request”, the code now asks for "
    "“sending post_purchase/loyalty”"
)
MISTAKE = "step 2: the journal has “scoring intent”, the code now raises LookupError: no such thing"
ANOTHER_FACT = (
    "step 6: the journal has “reading whether first order”, the code now asks for “reading whether bought since”"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with opened_town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(town: Town) -> dict[str, Handle]:
    """By the place where each stands."""
    people = {f"at-{number}": await town.walk(f"at-{number}", *WAITS[:number]) for number in (1, 2, 3, 4)}
    people["paused-at-2"] = await town.walk("paused-at-2", *WAITS[:2])
    await town.house.operations.pause("paused-at-2")
    people["continued-at-3"] = await town.walk("continued-at-3", *WAITS[:3])
    await town.continue_as_new(people["continued-at-3"])
    await town.comes_to(people["continued-at-3"], WAITS[2])
    return people


Found = dict[str, tuple[Verdict, str]]

PAST_THE_SCORE = ("at-2", "at-3", "at-4", "paused-at-2", "continued-at-3")
PAST_THE_MAIL = ("at-3", "at-4", "continued-at-3")

VERSIONS: dict[type[Journey], Found] = {
    AsItWas: {},
    OtherTexts: dict.fromkeys(PAST_THE_MAIL, (DIFFERS, ANOTHER_MAIL)),
    AsksForAFact: dict.fromkeys(PAST_THE_SCORE, (BREAKS, A_FACT)),
    AsksForAFactSince: {},
    Hurries: dict.fromkeys(PAST_THE_MAIL, (BREAKS, TOO_SOON))
    | dict.fromkeys(("at-2", "paused-at-2"), (BREAKS, AT_ONCE)),
    AnotherFact: {"at-4": (MISREADS, ANOTHER_FACT)},
    Fails: dict.fromkeys(PAST_THE_SCORE, (BREAKS, MISTAKE)),
    Renamed: dict.fromkeys(("at-1", *PAST_THE_SCORE), (BREAKS, NOT_DEPLOYED)),
}
"""What is to be found; nothing about whom it does not name."""


@asynccontextmanager
async def meanwhile(town: Town, version: type[Journey]) -> AsyncIterator[None]:
    """Another version is deployed until the block ends, and then the one that was there."""
    await town.deploy(version)
    try:
        yield
    finally:
        await town.deploy(AsItWas)


def told(found: dict[str, Finding]) -> Found:
    return {who: (each.verdict, "; ".join(each.places)) for who, each in found.items() if each.verdict is not FITS}


@pytest.mark.parametrize(("version", "expected"), VERSIONS.items(), ids=lambda given: getattr(given, "__name__", ""))
async def test_a_new_worker_does_what_was_found(
    town: Town, people: dict[str, Handle], version: type[Journey], expected: Found
) -> None:
    found = await town.findings(version)
    assert told(found) == expected
    assert set(found) == set(people)
    assert all(each.asked for each in found.values())

    async with meanwhile(town, version):
        assert await town.standing_still(people) == {who for who, each in found.items() if each.verdict is BREAKS}
    assert await town.standing_still(people) == set()


async def test_who_stands_still_is_found_to_go_on_with_the_code_as_it_was(
    town: Town, people: dict[str, Handle]
) -> None:
    async with meanwhile(town, Fails):
        assert await town.standing_still(people) == set(PAST_THE_SCORE)
        found = await town.findings(AsItWas)
    assert {each.verdict for each in found.values()} == {FITS}
    assert {who for who, each in found.items() if not each.asked} == set(PAST_THE_SCORE)
    assert await town.standing_still(people) == set()


NO_ANSWER = "the code fails on its history: an answer in it is none to what the code now asks"
OTHERWISE = "the history has “waiting 2 hours” where the code now asks for something else"
IN_ONE_HISTORY = ("at-2", "at-3", "at-4", "paused-at-2")


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (OtherTexts, {"continued-at-3": (DIFFERS, ANOTHER_MAIL)}),
        (AsksForAFact, dict.fromkeys(IN_ONE_HISTORY, (BREAKS, NO_ANSWER)) | {"continued-at-3": (BREAKS, A_FACT)}),
        (Hurries, dict.fromkeys(IN_ONE_HISTORY, (BREAKS, OTHERWISE)) | {"continued-at-3": (BREAKS, TOO_SOON)}),
    ],
)
async def test_without_a_worker_histories_tell_what_breaks_and_carried_journals_a_bit_more(
    town: Town, people: dict[str, Handle], version: type[Journey], expected: Found
) -> None:
    await town.house.stop_worker()
    try:
        found = await town.findings(version, answer_within=timedelta(seconds=2))
    finally:
        await town.house.start_worker()
    assert told(found) == expected
    assert not any(each.asked for each in found.values())
