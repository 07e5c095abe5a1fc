"""`segue rehearse` as somebody calls it at a terminal. Each call is a process with a test server of its own."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest

from tests.stack.terminal import Terminal

MAILS_OF_A_CLICK = ["cart/reminder", "cart/deeper", "cart/last_call"]


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


async def rehearsed(terminal: Terminal, *arguments: str) -> dict[str, Any]:
    found = json.loads(await terminal.say("rehearse", *arguments, "--json"))
    assert isinstance(found, dict)
    return found


def happened(performance: dict[str, Any], *kinds: str) -> list[tuple[str, str]]:
    return [
        (entry["at"], entry["template"] or entry["why"]) for entry in performance["timeline"] if entry["what"] in kinds
    ]


async def test_a_timeline_is_shown_to_whoever_never_saw_one(terminal: Terminal) -> None:
    told = await terminal.say("rehearse", "cart-recovery", "click after 2h, purchase after 30h")
    title, _, header, *lines, _, verdict = told.splitlines()
    assert title.startswith("cart-recovery · Win back a cart")
    assert header.split() == ["after", "Europe/Vienna", "mail", "why"]
    assert [" ".join(line.split()) for line in lines] == [
        "0 min Mon 02 Mar, 09:00 began with “Product Added”",
        "waited until quiet for 1 hour, until Mon 10:00",
        "1 h Mon 02 Mar, 10:00 sent cart/reminder quiet for 1 hour",
        "waited 23 hours for a click or a return to the shop, until Mon 11:00",
        "2 h Mon 02 Mar, 11:00 heard click",
        "sent cart/deeper a click",
        "waited 1 day, until Tue 11:00",
        "1 d 2 h Tue 03 Mar, 11:00 asked offer: reassurance, no paid offer applies",
        "sent cart/last_call 1 day later",
        "ended completed: the sequence is complete",
        "1 d 6 h Tue 03 Mar, 15:00 ignored purchase: the journey had ended",
    ]
    assert verdict == "Completed after 1 d 2 h with 3 mails."


async def test_programs_get_json(terminal: Terminal) -> None:
    performance = await rehearsed(terminal, "cart-recovery", "click after 2h")
    assert set(performance) == {"journey", "zone", "timeline", "sent", "outcome", "doing"}
    assert performance["sent"] == MAILS_OF_A_CLICK
    assert performance["outcome"]["kind"] == "completed"
    sent = next(entry for entry in performance["timeline"] if entry["what"] == "sent")
    assert set(sent) == {"at", "local", "what", "template", "subject", "why", "until", "journey"}
    assert (sent["at"], sent["subject"]) == ("PT1H", "Anna, your cart is saved")
    assert datetime.fromisoformat(sent["local"]).isoformat() == "2026-03-02T10:00:00+01:00"


async def test_options_decide_where_when_and_what_is_so(terminal: Terminal) -> None:
    late, second, short = await asyncio.gather(
        rehearsed(
            terminal, "cart-recovery", "--at", "2026-07-06 20:30", "--zone", "Asia/Tokyo", "cart emptied after 20h"
        ),
        rehearsed(terminal, "post-purchase", "--fact", "first order=false", "order refunded after 20 days"),
        rehearsed(terminal, "post-purchase", "--for", "2 days"),
    )
    assert happened(late, "held", "sent", "ended") == [
        ("PT1H", "cart/reminder"),
        ("PT11H30M", "cart/reminder"),
        ("PT20H", "exited: cart emptied"),
    ]
    assert second["sent"] == ["post_purchase/confirmation", "post_purchase/review_request"]
    assert short["outcome"] is None
    assert short["doing"] == "waiting 3 days"


async def test_the_deployments_settings_hold(terminal: Terminal) -> None:
    settings = {"SEGUE_JOURNEYS": '{"cart-recovery": {"quiet": "PT3H"}}', "SEGUE_CONSENT": "assumed"}
    found = await terminal.call("rehearse", "cart-recovery", "--for", "4h", environment=settings)
    assert "3 h    Mon 02 Mar, 12:00  sent    cart/reminder  quiet for 3 hours" in found.stdout
    assert "Not over after 4 h: waiting 23 hours for a click or a return to the shop. 1 mail so far." in found.stdout


async def test_what_cannot_be_played_is_refused_in_a_line(terminal: Terminal) -> None:
    refusals = {
        ("cart-rescue",): "no journey is named 'cart-rescue'; there are: advocacy, browse-abandonment, cart-recovery",
        ("cart-recovery", "clik after 2h"): "“clik after 2h”: nothing is called “clik”; possible are click",
        (
            "cart-recovery",
            "click after 5 min",
        ): "“click after 5 min”: there is nothing to click on: no mail was sent by",
        ("cart-recovery", "click after 3 days", "--for", "2 days"): "lies beyond the end of the rehearsal",
        ("cart-recovery", "--fact", "first=1"): "no fact is called “first”",
        ("cart-recovery", "--zone", "Mars"): "--zone Mars: give an IANA time zone",
        ("cart-recovery", "--at", "soon"): "--at soon: write it as 2026-03-02 20:30",
        ("cart-recovery", "--for", "ever"): "“ever” is no span of time",
    }
    objections = await asyncio.gather(*(terminal.refused("rehearse", *arguments) for arguments in refusals))
    for says, objection in zip(refusals.values(), objections, strict=True):
        assert says in objection


async def test_a_test_server_that_is_not_there_is_named(terminal: Terminal) -> None:
    objection = await terminal.refused("rehearse", "cart-recovery", SEGUE_TEST_SERVER_BINARY="/nowhere")
    assert objection == "SEGUE_TEST_SERVER_BINARY: there is no file /nowhere"
    objection = await terminal.refused("rehearse", "cart-recovery", SEGUE_TEST_SERVER_BINARY="/bin/true")
    assert objection.startswith("the test server `temporal-test-server` did not start (")
