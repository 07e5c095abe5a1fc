"""The code of today continues what yesterday's began: every record replays, and a careless change does not."""

import json
from pathlib import Path

import pytest
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from temporal import DATA_CONVERTER, workflow_runner
from tests.replay import scenes_joining, scenes_lifecycle, scenes_retention, scenes_selling
from tests.replay.changed import FactAdded, StepsSwapped, WaitDropped, WordsChanged
from tests.replay.commands import BEGIN, END, GATE, HAND_OVER, MAIL, OFFER
from tests.replay.history import fingerprint, load, payloads
from tests.replay.record import FOLDER, PERSON, SCENES
from workflows.catalogue import JOURNEYS
from workflows.vocabulary import Journey

FILES = sorted(FOLDER.glob("*.json"))

QUIET_HOUR = ["timer 1 h", "local read_last_activity"]
ANSWER = "timer 23 h"
DAY = "timer 24 h"
BY_THE_CAP = ["timer 1 h", "local score_customer", "local decide_message", *HAND_OVER]
"""The gate deferred the mail for the last hour of its day, and was asked again."""

FINGERPRINTS: dict[str, list[str]] = (
    {
        "cart-recovery.silence": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            ANSWER,
            *GATE,
            *BY_THE_CAP,
            DAY,
            *MAIL,
            DAY,
            *OFFER,
            *MAIL,
            *END,
            "completed",
        ],
        "cart-recovery.click": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            ANSWER,
            "told click",
            "timer cancelled",
            *MAIL,
            DAY,
            *OFFER,
            *MAIL,
            *END,
            "completed",
        ],
        "cart-recovery.deferral": [
            *BEGIN,
            *QUIET_HOUR,
            *GATE,
            "timer 10.5 h",  # from 21:30 to 08:00
            "local score_customer",
            "local decide_message",
            *HAND_OVER,
            ANSWER,
            "told revisit",
            "timer cancelled",
            *MAIL,
            DAY,
            *OFFER,
            *MAIL,
            *END,
            "completed",
        ],
        "cart-recovery.cancel": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            ANSWER,
            "told to cancel",
            "timer cancelled",
            *END,
            "canceled",
        ],
        "cart-recovery.purchase-during-a-wait": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            ANSWER,
            *GATE,
            *BY_THE_CAP,
            DAY,
            "told purchase",
            "timer cancelled",
            *END,
            "completed",
        ],
        "cart-recovery.purchase-before-its-signal": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            "timer 0.1 h",  # the hand-over found the order; its signal is waited for
            "told purchase",
            "timer cancelled",
            *END,
            "completed",
        ],
        "cart-recovery.purchase-during-a-send": [
            *BEGIN,
            *QUIET_HOUR,
            *MAIL,
            "told purchase",
            "activity cancelled",
            *END,
            "completed",
        ],
        "post-purchase.first-order": [
            *BEGIN,
            *MAIL,
            "local read_fact",
            "timer 72 h",
            *MAIL,
            "timer 96 h",
            *MAIL,
            "timer 168 h",
            *MAIL,
            "timer 384 h",
            "local read_fact",
            *OFFER,
            *MAIL,
            *END,
            "completed",
        ],
        "post-purchase.second-order": [
            *BEGIN,
            *MAIL,
            "local read_fact",
            "timer 336 h",
            *MAIL,
            *END,
            "completed",
        ],
    }
    | scenes_joining.FINGERPRINTS
    | scenes_lifecycle.FINGERPRINTS
    | scenes_selling.FINGERPRINTS
    | scenes_retention.FINGERPRINTS
)
"""What each enrollment asked of Temporal. A change here is a change to running enrollments: patch it, or record anew
where none can be running."""


def replayer(*journeys: type[Journey]) -> Replayer:
    return Replayer(
        workflows=list(journeys) or list(JOURNEYS.values()),
        workflow_runner=workflow_runner(),
        data_converter=DATA_CONVERTER,
    )


each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


@each_file
async def test_the_code_of_today_continues_what_was_recorded(file: Path) -> None:
    await replayer().replay_workflow(load(file))


@each_file
def test_the_history_holds_what_its_name_says(file: Path) -> None:
    assert fingerprint(load(file)) == FINGERPRINTS[file.stem]


def test_every_scene_is_recorded_and_every_record_has_its_scene() -> None:
    assert [file.stem for file in FILES] == sorted(SCENES) == sorted(FINGERPRINTS)


def test_every_deployed_journey_has_a_history() -> None:
    assert {file.stem.partition(".")[0] for file in FILES} == set(JOURNEYS)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        (StepsSwapped, NondeterminismError),
        (WaitDropped, NondeterminismError),
        (FactAdded, RuntimeError),  # the gate's recorded answer is read as a score, and is none
    ],
)
async def test_a_careless_change_does_not_replay(changed: type[Journey], error: type[Exception]) -> None:
    history = load(FOLDER / "cart-recovery.silence.json")
    with pytest.raises(error):
        await replayer(changed).replay_workflow(history)


async def test_replay_does_not_see_templates_and_durations() -> None:
    """So the fingerprint of a change is not enough: scenarios assert what is sent, and when."""
    await replayer(WordsChanged).replay_workflow(load(FOLDER / "cart-recovery.silence.json"))


@each_file
def test_no_history_holds_personal_data_or_the_machine_it_was_recorded_on(file: Path) -> None:
    content = json.loads(file.read_text())
    everything = file.read_text() + "\n".join(payloads(content))
    unwanted = [PERSON["email"], PERSON["firstName"], "your cart is saved", "<html", "Lamp", str(Path.cwd())]
    assert [each for each in unwanted if each.lower() in everything.lower()] == []
    assert "@" not in everything
