"""The script: verbs come out, answers go in, and nothing else passes."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.errors import JourneyError
from workflows.vocabulary.script import Script
from workflows.vocabulary.verbs import Verb, Wait

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Answered(Verb[str]):
    """A verb that is answered with a text."""

    duration: timedelta


class Foreign:
    """Something that can be awaited and is no verb."""

    def __await__(self) -> Generator[object, None, None]:
        yield "the outside world"


def test_verbs_come_out_and_answers_go_in() -> None:
    heard: list[object] = []

    async def steps() -> None:
        heard.append(await Answered(HOUR))
        heard.append(await Answered(2 * HOUR))

    script = Script(steps())
    assert script.begin() == Answered(HOUR)
    assert script.answer("one") == Answered(2 * HOUR)
    assert script.answer("two") is None
    assert heard == ["one", "two"]


def test_a_sequence_without_a_verb_is_over_at_once() -> None:
    async def steps() -> None:
        return

    assert Script(steps()).begin() is None


def test_awaiting_what_is_no_verb_is_an_error_that_names_it_and_the_remedy() -> None:
    async def steps() -> None:
        await Foreign()

    with pytest.raises(JourneyError, match=r"awaited str: use one of the journey's own methods"):
        Script(steps()).begin()


def test_a_journey_that_awaited_a_stranger_is_closed() -> None:
    closed: list[bool] = []

    async def steps() -> None:
        try:
            await Foreign()
        finally:
            closed.append(True)

    with pytest.raises(JourneyError):
        Script(steps()).begin()
    assert closed == [True]


def test_an_error_of_the_journey_reaches_the_runner() -> None:
    async def steps() -> None:
        await Wait(HOUR)
        raise ZeroDivisionError

    script = Script(steps())
    script.begin()
    with pytest.raises(ZeroDivisionError):
        script.answer(None)


def test_closing_runs_finally_blocks_and_nothing_after_the_open_verb() -> None:
    went: list[str] = []

    async def steps() -> None:
        try:
            await Wait(HOUR)
            went.append("on")
        finally:
            went.append("finally")

    script = Script(steps())
    script.begin()
    script.close()
    script.close()
    assert went == ["finally"]


def test_a_script_that_was_never_begun_can_be_closed() -> None:
    async def steps() -> None:
        await Wait(HOUR)

    Script(steps()).close()
