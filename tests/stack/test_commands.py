"""What operators do to enrollments, each command a process: `enroll`, `signal`, `status`, `pause`, `cancel` …."""

import asyncio
from datetime import datetime, timedelta

import pytest

from domain.enrollment import OutcomeKind, State
from storage.breakers import Breakers
from tests.stack.shop import CART, ORDER, Shop
from tests.stack.terminal import Terminal
from workflows.catalogue import JOURNEYS

pytestmark = pytest.mark.asyncio(loop_scope="module")

PACE = 1800.0
"""The reminder comes after two seconds, and its journey listens for 46 more."""


async def reminded(shop: Shop, *customers: str) -> None:
    """Let customers fill their carts, and wait until each has been reminded."""
    await asyncio.gather(*(shop.backend.fill_cart(customer) for customer in customers))
    for customer in customers:
        await shop.books.row_of(await shop.books.letter(customer))


def is_moment(text: str) -> bool:
    """Whether it is an ISO 8601 moment in UTC."""
    return datetime.fromisoformat(text).utcoffset() == timedelta()


async def test_status_tells_where_a_journey_is_and_why(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "stella")
    (whole,), told = await asyncio.gather(terminal.read("status", "stella"), terminal.say("status", "stella"))

    assert set(whole) >= {"journey", "workflow_id", "state", "step", "doing", "intent", "next_due", "outcome"}
    assert (whole["journey"], whole["workflow_id"]) == (CART, "cart-recovery/stella")
    assert (whole["state"], whole["step"], whole["outcome"]) == ("running", "reminder", None)
    assert whole["doing"] == "waiting 23 hours for a click or a return to the shop"
    assert is_moment(whole["next_due"])
    assert whole["intent"]["tier"] in ("low", "medium", "high")

    assert told.startswith("cart-recovery/stella  running\n")
    assert whole["doing"] in told
    assert f"{datetime.fromisoformat(whole['next_due']):%Y-%m-%d %H:%M}" in told
    assert whole["intent"]["why"] in told
    assert "reminder: sent (quiet for 1 hour: accepted by the mail server)" in told


async def test_messages_tell_every_mail_and_why(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "manuela")
    (row,), told = await asyncio.gather(terminal.read("messages", "manuela"), terminal.say("messages", "manuela"))

    keys = "customer journey step template status reason decided_at due_at sent_at message_id id"
    assert list(row) == keys.split()
    assert [row[name] for name in keys.split()[:5]] == ["manuela", CART, "reminder", "cart/reminder", "sent"]
    assert row["reason"] == "quiet for 1 hour: accepted by the mail server"
    assert [is_moment(row[name]) for name in ("decided_at", "due_at", "sent_at")] == [True] * 3
    assert row["message_id"] == shop.books.letters("manuela")[0].message_id

    header, line = told.splitlines()
    assert header.split() == ["when", "customer", "mail", "status", "why"]
    when = datetime.fromisoformat(row["sent_at"])
    assert line.split(maxsplit=5) == [
        *(f"{when:%Y-%m-%d}", f"{when:%H:%M}", "manuela", "cart/reminder", "sent"),
        "quiet for 1 hour",
    ]


async def test_explain_tells_of_each_mail_why_it_went_or_did_not(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "erna")
    (row,), told = await asyncio.gather(terminal.read("explain", "erna"), terminal.say("explain", "erna"))

    keys = "when journey step status rule why template enrollment decided_at due_at sent_at id reported"
    assert list(row) == keys.split()
    assert [row[name] for name in keys.split()[1:6]] == [
        *(CART, "reminder", "sent", ""),
        "quiet for 1 hour: accepted by the mail server",
    ]
    header, line = told.splitlines()
    assert header.split() == ["when", "mail", "status", "rule", "why"]
    assert line.endswith("cart-recovery: reminder  sent    -     quiet for 1 hour: accepted by the mail server")


async def test_journeys_tell_what_is_deployed_and_how_many_went_through(shop: Shop, terminal: Terminal) -> None:
    await shop.backend.fill_cart("jana")
    await shop.books.all_delivered()
    rows, told = await asyncio.gather(terminal.read("journeys"), terminal.say("journeys"))

    assert [row["name"] for row in rows] == sorted(JOURNEYS)
    (cart,) = [row for row in rows if row["name"] == CART]
    assert set(rows[0]) == {"name", "summary", "starts_with", "goal", "topic", "priority", "counts", "held_back"}
    assert sum(cart["counts"].values()) >= 1
    for row in rows:
        (line,) = [line for line in told.splitlines() if line.split()[:1] == [row["name"]]]
        assert row["starts_with"].split()[0] in line
        assert row["goal"] in line


async def test_a_journey_that_is_held_back_goes_on_when_it_is_re_armed(shop: Shop, terminal: Terminal) -> None:
    async with shop.stack.database.transaction() as session:
        await Breakers(session).open(ORDER, "9 of 100 mails bounced", shop.stack.clock.now())
    rows = {row["name"]: row for row in await terminal.read("journeys")}
    assert (rows[CART]["held_back"], rows[ORDER]["held_back"]) == (None, "9 of 100 mails bounced")

    said = await terminal.say("rearm", ORDER)
    assert said.startswith(f"{ORDER} was held back: 9 of 100 mails bounced. It may send again; ")
    assert (await terminal.say("rearm", ORDER)).startswith(f"{ORDER} was not held back; ")
    assert "no journey is named 'post-purchas'" in await terminal.refused("rearm", "post-purchas")
    assert {row["held_back"] for row in await terminal.read("journeys")} == {None}


async def test_a_journey_can_be_begun_by_hand(shop: Shop, terminal: Terminal) -> None:
    for customer in ("enno", "edda"):
        await shop.backend.identify(customer)
    said, (row,) = await asyncio.gather(
        terminal.say("enroll", CART, "enno@shop.example"), terminal.read("enroll", CART, "edda")
    )
    assert said == "Enrolled: cart-recovery/enno\n"
    assert (row["journey"], row["workflow_id"], row["outcome"]) == (CART, "cart-recovery/edda", None)
    for customer in ("enno", "edda"):
        (begun,) = await shop.books.enrollments(customer)
        assert (begun.journey, begun.occasion.name) == (CART, "enrolled by an operator")
    await shop.books.letter("enno")


async def test_a_journey_answers_what_it_is_told(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "clara", "rita")
    said, rows = await asyncio.gather(
        terminal.say("signal", "clara", "click"), terminal.read("signal", "rita", "revisit")
    )
    assert said == "Told: cart-recovery/clara\n"
    assert rows == [{"workflow_id": "cart-recovery/rita"}]
    for customer, answer in (("clara", "cart/deeper"), ("rita", "cart/urgency")):
        await shop.books.row_of(await shop.books.letter(customer, 2))
        assert await shop.books.sent(customer) == ["cart/reminder", answer]


async def test_a_journey_ends_with_what_it_is_told(shop: Shop, terminal: Terminal) -> None:
    customers = ("petra", "ulla", "olga")
    await asyncio.gather(*(shop.backend.fill_cart(customer) for customer in customers))
    await shop.books.all_delivered()
    await asyncio.gather(
        terminal.say("signal", "petra", "purchase", "--revenue", "118.5"),
        terminal.say("signal", "ulla", "unsubscribe", "--journey", CART),
        terminal.say("signal", "olga", "observe", "--name", "Cart Emptied"),
    )
    outcomes = [await shop.books.outcome(customer, CART) for customer in customers]
    assert [(outcome.kind, outcome.why, outcome.revenue) for outcome in outcomes] == [
        (OutcomeKind.CONVERTED, "order completed", 118.5),
        (OutcomeKind.EXITED, "unsubscribed", 0.0),
        (OutcomeKind.EXITED, "cart emptied", 0.0),
    ]


async def test_a_journey_is_cancelled_once_and_sends_nothing_more(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "carla")
    assert await terminal.say("cancel", "carla", "--journey", CART) == "Cancelled: cart-recovery/carla\n"
    outcome = await shop.books.outcome("carla", CART)
    assert (outcome.kind, outcome.mails) == (OutcomeKind.CANCELLED, 1)

    again = await terminal.call("cancel", "carla")
    assert (again.returncode, again.stdout, again.stderr) == (1, "No journey of theirs is running.\n", "")
    assert [row.state for row in await shop.books.enrollments("carla")] == [State.ENDED]
    assert await shop.books.sent("carla") == ["cart/reminder"]


async def test_a_journey_is_paused_resumed_and_skipped(shop: Shop, terminal: Terminal) -> None:
    await reminded(shop, "paula")
    refused = await terminal.call("resume", "paula")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert refused.stdout == "Refused: cart-recovery/paula: it is not paused\n"

    assert await terminal.say("pause", "paula", "--reason", "on holiday") == "Paused: cart-recovery/paula\n"
    (row,), told = await asyncio.gather(terminal.read("status", "paula"), terminal.say("status", "paula"))
    assert (row["state"], row["paused"]["reason"], row["next_due"]) == ("running", "on holiday", None)
    assert f"since {datetime.fromisoformat(row['paused']['since']):%Y-%m-%d %H:%M} UTC, because on holiday" in told

    (resumed,) = await terminal.read("resume", "paula", "--journey", CART)
    assert (resumed["workflow_id"], resumed["refusal"]) == ("cart-recovery/paula", "")
    assert resumed["progress"]["paused"] is None
    assert await terminal.say("skip", "paula") == "Skipped: cart-recovery/paula\n"
    nobody = await terminal.call("pause", "paula", "--journey", ORDER)
    assert (nobody.returncode, nobody.stdout) == (1, "No journey of theirs is running.\n")


async def test_what_makes_no_sense_is_refused_in_a_line(shop: Shop, terminal: Terminal) -> None:
    await shop.backend.fill_cart("ilse")
    await shop.books.all_delivered()
    said = await asyncio.gather(
        terminal.refused("status", "stranger", "--json"),
        terminal.refused("enroll", "cart-recvery", "ilse"),
        terminal.refused("enroll", CART, "ilse"),
        terminal.refused("signal", "ilse", "observe"),
    )
    assert said[0] == "nobody is known as 'stranger': no event has named them"
    assert said[1].startswith("no journey is named 'cart-recvery'; there are: advocacy, ")
    assert said[2].startswith("ilse is in cart-recovery already: cart-recovery/ilse")
    assert said[3] == "observe needs --name: the event's name"
    assert len(await shop.books.enrollments("ilse")) == 1
