"""`segue enroll`, `signal`, `status`, `cancel`, `pause`, `resume`, `skip`: one customer's journeys."""

import math
import sys
import uuid
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

from domain.errors import ConfigurationError
from domain.pause import LONGEST_REASON
from domain.signals import Click, Observation, Purchase, Revisit, Signal, Unsubscribe
from starter.cli.customers import describe
from starter.cli.reach import AsJson, Data, operating
from starter.cli.tables import cell, console, show, show_pairs
from starter.operations import EnrollmentStatus
from starter.steering import Steered


def _amount(_type: object, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError("give an amount of at least 0")


def _short(_type: object, value: str) -> None:
    if len(value) > LONGEST_REASON:
        raise ValueError(f"say it in {LONGEST_REASON} characters")


Customer = Annotated[str, Parameter(help="User id, anonymous id or address.")]
InJourney = Annotated[str | None, Parameter(help="Only in this journey.")]


async def enroll(
    journey: str,
    customer: Customer,
    /,
    *,
    key: Annotated[str | None, Parameter(help="For journeys with one enrollment per order: the order id.")] = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Begin a journey for a customer, whatever its trigger says. The gate still decides about every mail."""
    async with operating(data) as operations:
        status = await operations.enroll(journey, customer, key=key)
    row = status.model_dump(mode="json", exclude={"history"})
    if json:
        show([row], as_json=True, empty="")
    else:
        console.print(f"Enrolled: {status.workflow_id}", highlight=False)


async def signal(
    customer: Customer,
    kind: Literal["click", "revisit", "purchase", "unsubscribe", "observe"],
    /,
    *,
    name: Annotated[str | None, Parameter(help="For observe: the event's name.")] = None,
    revenue: Annotated[float, Parameter(help="For purchase.", validator=_amount)] = 0.0,
    event_id: Annotated[str | None, Parameter(help="Same id, same event: told twice it counts once.")] = None,
    journey: InJourney = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Tell a customer's running journeys that something happened. Exit status 1 when none was running."""
    identifier = event_id or f"operator-{uuid.uuid4()}"
    if kind == "observe" and not name:
        raise ConfigurationError("observe needs --name: the event's name")
    made: dict[str, Signal] = {
        "click": Click(event_id=identifier),
        "revisit": Revisit(event_id=identifier),
        "purchase": Purchase(event_id=identifier, revenue=revenue),
        "unsubscribe": Unsubscribe(event_id=identifier),
        "observe": Observation(event_id=identifier, name=name or "-"),
    }
    async with operating(data) as operations:
        told = await operations.signal(customer, made[kind], journey=journey)
    _report(told, "Told", as_json=json)


async def status(customer: Customer, /, *, data: Data = None, json: AsJson = False) -> None:
    """Show a customer's journeys: where each is, why, and what comes next; and where the customer stands.

    JSON has the journeys; `segue customers --json` has the rest.
    """
    async with operating(data) as operations:
        found = await operations.status(customer)
        standing = await operations.standing(customer)
        joins = await operations.joins(customer)
    if json or not found:
        show([one.model_dump(mode="json") for one in found], as_json=json, empty=f"{customer} was never enrolled.")
    if json:
        return
    for one in found:
        _describe(one)
    describe(standing)
    if joins:
        former = ", ".join(dict.fromkeys(join.former for join in joins))
        show_pairs([("joined", f"{former}: see segue joins {standing.customer}")])


async def cancel(customer: Customer, /, *, journey: InJourney = None, data: Data = None, json: AsJson = False) -> None:
    """Cancel a customer's running journeys: nothing more is sent. Exit status 1 when none was running."""
    async with operating(data) as operations:
        cancelled = await operations.cancel(customer, journey=journey)
    _report(cancelled, "Cancelled", as_json=json)


async def pause(
    customer: Customer,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why, for whoever looks; no personal data.", validator=_short)] = "",
    journey: InJourney = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Hold a customer's running journeys still. Exit status 1 when there was none to pause."""
    async with operating(data) as operations:
        steered = await operations.pause(customer, journey=journey, reason=reason)
    _report_steered(steered, "Paused", as_json=json)


async def resume(customer: Customer, /, *, journey: InJourney = None, data: Data = None, json: AsJson = False) -> None:
    """Let a customer's paused journeys go on. Exit status 1 when there was none to resume."""
    async with operating(data) as operations:
        steered = await operations.resume(customer, journey=journey)
    _report_steered(steered, "Resumed", as_json=json)


async def skip(customer: Customer, /, *, journey: InJourney = None, data: Data = None, json: AsJson = False) -> None:
    """Pass over what a customer's journeys wait for. Exit status 1 when there was nothing to skip."""
    async with operating(data) as operations:
        steered = await operations.skip(customer, journey=journey)
    _report_steered(steered, "Skipped", as_json=json)


def _describe(one: EnrollmentStatus) -> None:
    """Print an enrollment as a few lines."""
    outcome = one.outcome
    lines = {
        "now": "" if outcome else one.doing,
        "until": f"{cell(one.next_due)} UTC at the latest" if one.next_due else "",
        "paused": f"since {cell(one.paused.since)} UTC{_because(one.paused.reason)}" if one.paused else "",
        "step": one.step,
        "intent": f"{one.intent.tier.value}, {one.intent.why}" if one.intent else "",
        "outcome": f"{outcome.kind.value}: {outcome.why}" if outcome else "",
        "revenue": f"{outcome.revenue:.2f}" if outcome and outcome.revenue else "",
    }
    console.print(Text.assemble((one.workflow_id, "bold"), f"  {one.state.value}"))
    show_pairs([(name, text) for name, text in lines.items() if text])
    show_pairs([("·", line) for line in one.history])


def _because(reason: str) -> str:
    return f", because {reason}" if reason else ""


def _report_steered(steered: list[Steered], verb: str, *, as_json: bool) -> None:
    """Print what came of it, a line each. Exit status 1 unless something was done."""
    if as_json:
        show(
            [one.model_dump(mode="json", exclude={"progress": {"history"}}) for one in steered], as_json=True, empty=""
        )
    else:
        for one in steered:
            console.print(f"{'Refused' if one.refusal else verb}: {one.workflow_id}{_why(one)}", highlight=False)
        if not steered:
            console.print("No journey of theirs is running.")
    if all(one.refusal for one in steered):
        sys.exit(1)


def _why(one: Steered) -> str:
    return f": {one.refusal}" if one.refusal else ""


def _report(workflow_ids: list[str], verb: str, *, as_json: bool) -> None:
    if as_json:
        show([{"workflow_id": identifier} for identifier in workflow_ids], as_json=True, empty="")
    for identifier in [] if as_json else workflow_ids:
        console.print(f"{verb}: {identifier}", highlight=False)
    if not workflow_ids:
        if not as_json:
            console.print("No journey of theirs is running.")
        sys.exit(1)
