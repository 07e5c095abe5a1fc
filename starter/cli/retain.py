"""`segue retain`: clears now what was kept long enough, or tells what would be. Needs the database alone."""

from typing import Annotated

from cyclopts import Parameter

from domain.retention import Keeping
from starter.cli.reach import Data, connected
from storage.retention import Retaining, Sweep

WORDS = {
    Keeping.BODIES: "bodies of mails",
    Keeping.STRANGERS: "visitors whom nobody knows",
    Keeping.EVENTS: "events",
    Keeping.CUSTOMERS: "customers who are gone",
}


async def retain(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Change nothing, only count.")] = False,
    data: Data = None,
) -> None:
    """Clear what was kept long enough, as the daily job does; see SEGUE_RETENTION__… in the settings."""
    async with connected(data) as found:
        policy, now = found.settings.retention, found.clock.now()
        if dry_run:
            async with found.database.read() as session:
                counted = await Retaining(session, policy, now).due()
        else:
            counted = dict.fromkeys(Keeping, 0)
            sweep = Sweep(found.database, policy)
            while (batch := await sweep.step(now)).rows:
                counted[Keeping(batch.keeping)] += batch.rows
            await found.database.scrub()
    told = ", ".join(f"{counted.get(keeping, 0)} {words}" for keeping, words in WORDS.items())
    print(f"Due: {told}; nothing was changed." if dry_run else f"Cleared: {told}.")
