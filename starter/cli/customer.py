"""`segue customer`: everything known about one customer, and how they are forgotten."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from domain.errors import ConfigurationError, UnknownCustomerError
from domain.ignored import misreported_consent
from domain.profile import normalise_email
from starter.cli.reach import AsJson, Connected, Data, connected
from starter.cli.tables import console, show_pairs
from starter.cli.tables import show as show_rows
from starter.privacy import Privacy
from storage.customers import Customers
from storage.erasures import Erasure, Erasures
from storage.permissions import Permissions
from storage.suppressions import Suppressions

BY_OPERATOR = "operator"
"""Where an erasure was asked for."""

WAIT_FOR = timedelta(seconds=60)
"""How long the command waits for an erasure to be carried out. It takes a second, unless a mail is under way."""

app = cyclopts.App(
    name="customer",
    help="Show, export and erase a customer; what they asked for in vain; let an erased address be written to again.",
)

Id = Annotated[str, Parameter(help="Customer id, user id, anonymous id or address.")]


@app.command
async def export(
    customer: Id,
    /,
    *,
    to: Annotated[Path | None, Parameter(help="Write to a new file that only you can read.")] = None,
    data: Data = None,
) -> None:
    """Print everything known about a customer as JSON: facts, events, orders, journeys, mails, consents …."""
    async with connected(data) as found:
        who = await _identify(found, customer)
        exported = await Privacy(found.database, found.clock).export(who)
    text = json.dumps(exported, indent=2, ensure_ascii=False)
    if to is None:
        print(text)
    else:
        _write(to, text + "\n")


@app.command
async def show(customer: Id, /, *, data: Data = None) -> None:
    """Show what there is about a customer: how much of what, their consents, what forbids mail. No address, no name."""
    async with connected(data) as found:
        who = await _identify(found, customer)
        exported = await Privacy(found.database, found.clock).export(who)
        async with found.database.read() as session:
            permissions = Permissions(session)
            opt_outs, suppression = await permissions.opt_outs(who), await Suppressions(session).reason(who)
            erasure = await Erasures(session).of(who)
    tables = exported["tables"]
    facts = tables["customers"][0]
    console.print(who, style="bold", highlight=False)
    show_pairs(
        [
            ("known as", ", ".join(f"{each['kind']} {_shown(each)}" for each in tables["aliases"]) or "this id alone"),
            ("address", "known" if facts["email"] else "none"),
            ("first seen", facts["first_seen_at"]),
            ("last seen", facts["last_seen_at"]),
            ("consents", "; ".join(_consent(each) for each in tables["consents"]) or _no_consents(facts["traits"])),
            ("opted out of", ", ".join(sorted(opt_outs)) or "nothing"),
            ("suppressed", suppression or "no"),
            *([("being erased", _standing(erasure))] if erasure is not None else []),
            ("rows", _counted({name: len(rows) for name, rows in tables.items()})),
        ]
    )


@app.command
async def requests(*, data: Data = None, json: AsJson = False) -> None:
    """List requests about data that no mail could answer, since nothing is sent to who asked. Answer them by hand."""
    async with connected(data) as found:
        unanswered = await Privacy(found.database, found.clock).unanswered()
    rows = [
        {
            "when": row.decided_at.isoformat(),
            "customer": row.customer,
            "asked for": row.template.rpartition("/")[2],
            "why no mail went": row.reason,
        }
        for row in unanswered
    ]
    show_rows(rows, as_json=json, empty="Every request about data was answered by a mail.")


@app.command
async def erase(
    customer: Id,
    /,
    *,
    yes: Annotated[bool, Parameter(negative="", help="Do it. Without, only say what would go.")] = False,
    data: Data = None,
) -> None:
    """Forget a customer: journeys end, then every row goes. A salted hash of the address stays, so that no mail does.

    Once asked for it stands: `segue serve` or `segue up` carries it out, now or when Temporal is back.
    """
    async with connected(data) as found:
        who = await _identify(found, customer)
        if not yes:
            await _foretell(found, who)
            return
        await Privacy(found.database, found.clock).request_erasure(who, BY_OPERATOR)
        if await _is_done(found, who):
            _say(f"{who} was erased.")
        else:
            _say(
                f"The erasure of {who} stands, and no more mail goes to them. It is carried out by `segue serve` or "
                "`segue up`, once Temporal and a worker run."
            )


@app.command
async def readmit(
    address: Annotated[str, Parameter(help="The address of somebody who was erased, and asks for mail again.")],
    /,
    *,
    data: Data = None,
) -> None:
    """Let mail go again to an address whose owner was erased. Other reasons against it, such as a bounce, stay."""
    email = normalise_email(address)
    if email is None:
        raise ConfigurationError("ADDRESS is no mail address: give one such as anna@shop.example")
    async with connected(data) as found, found.database.transaction() as session:
        lifted = await Suppressions(session).readmit(email, found.clock.now())
    _say("Mail may go there again." if lifted else "Nobody of that address was erased; nothing was changed.")


async def _identify(found: Connected, customer: str) -> str:
    async with found.database.read() as session:
        who = await Customers(session).find(customer)
    if who is None:
        raise UnknownCustomerError(f"nobody is known as {customer!r}: no event has named them, or they were erased")
    return who


async def _foretell(found: Connected, who: str) -> None:
    exported = await Privacy(found.database, found.clock).export(who)
    tables = exported["tables"]
    running = [row["workflow_id"] for row in tables["enrollments"] if row["state"] != "ended"]
    others = await _others_of(found, who, tables["customers"][0]["email"])
    _say(f"Erasing {who} would delete {_counted({name: len(rows) for name, rows in tables.items()})}.")
    if running:
        _say(f"These journeys would be cancelled first: {', '.join(running)}.")
    if others:
        _say(f"Not them, though they have the same address and would get no more mail: {', '.join(others)}.")
    _say("Nothing was changed: --yes does it.")


async def _others_of(found: Connected, who: str, email: str | None) -> list[str]:
    if email is None:
        return []
    async with found.database.read() as session:
        return [each for each in await Customers(session).with_email(email) if each != who]


async def _is_done(found: Connected, who: str) -> bool:
    """Whether the erasure is carried out within a minute."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WAIT_FOR.total_seconds()
    while loop.time() < deadline:
        async with found.database.read() as session:
            # They may have signed in since: what was asked for is then asked of whom they are.
            theirs = {who, await Customers(session).current(who)}
            if all(erasure.customer not in theirs for erasure in await Erasures(session).open()):
                return True
        await asyncio.sleep(0.2)
    return False


def _write(path: Path, text: str) -> None:
    """Write a file of one's own.

    Raises:
        ConfigurationError: there is one, or it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"--to {path}: {error.strerror}; name a file that is not there yet") from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)


def _shown(alias: dict[str, Any]) -> str:
    return "(an address)" if "@" in alias["external_id"] else str(alias["external_id"])


def _consent(row: dict[str, Any]) -> str:
    verb = "agreed to" if row["granted"] else "refused"
    topic = "all marketing" if row["topic"] == "*" else row["topic"]
    return f"{verb} {topic} on {row['at'][:10]} ({row['source']})"


def _no_consents(traits: dict[str, Any]) -> str:
    return "none that counts: what was reported is no true or false" if misreported_consent(traits) else "none reported"


def _standing(erasure: Erasure) -> str:
    waits = "waits for `segue serve` or `segue up`, and these for Temporal and a worker"
    return f"asked for at {erasure.asked_at.isoformat()} ({erasure.source}); {waits}"


def _say(line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
