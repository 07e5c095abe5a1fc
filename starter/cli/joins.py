"""`segue joins`: which ids turned out to be a customer's, what said so, and what was moved and ended for it."""

from typing import Any

from rich.text import Text

from domain.joining import CustomerJoin
from starter.cli.enrollments import Customer
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import cell, console, show, show_pairs


async def joins(customer: Customer, /, *, data: Data = None, json: AsJson = False) -> None:
    """List what made a customer who they are, the oldest first. Ids and numbers only."""
    async with operating(data) as operations:
        found = await operations.joins(customer)
    if json or not found:
        rows = [join.model_dump(mode="json") for join in found]
        show(rows, as_json=json, empty=f"{customer} was never anybody else.")
        return
    for join in found:
        console.print(Text.assemble((join.former, "bold"), f" turned out to be {join.joined_to}"))
        show_pairs(describe_join(join))


def describe_join(join: CustomerJoin) -> list[tuple[str, str]]:
    """What is to be said of a join, by name."""
    facts: dict[str, Any] = {
        "when": f"{cell(join.at)} UTC",
        "because of": f"event {join.event_id}",
        "moved": _counted(join.moved),
        "gave way": _counted(join.dropped),
        "go on": f"{len(join.carried)} journeys that ran" if join.carried else "",
    }
    pairs = [(name, text) for name, text in facts.items() if text]
    pairs += [("ended", f"{each.workflow_id}, since {each.by} goes on") for each in join.superseded]
    return pairs if join.told_at else [*pairs, ("open", "the workflows were not told yet")]


def _counted(rows: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(rows.items()))
