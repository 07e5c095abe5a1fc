"""Data request: somebody asked, behind a mail's links, for what not everybody who holds the mail may get."""

from domain.event import (
    DATA_EXPORT_REQUESTED,
    DATA_REQUEST_CONFIRMED,
    DATA_REQUESTS,
    ERASURE_REQUESTED,
    PREFERENCES_LINK_REQUESTED,
)
from workflows.vocabulary import (
    Duration,
    Fact,
    Journey,
    Kind,
    Lane,
    On,
    Plan,
    Portrait,
    Stage,
    Value,
    journey,
    timedelta,
)


class Waits(Value):
    """How long a confirmation is waited for, in product time.

    At the usual pace as long as its link lives, which is real time (`mail.links.DATA_REQUEST_MAX_AGE`). At another
    pace the journey is over earlier, or later; the link does what it is for all the same.
    """

    confirmation: Duration = timedelta(hours=72)


def _asked_for(portrait: Portrait) -> str:
    name = portrait.occasion.name
    return name if name in DATA_REQUESTS else PREFERENCES_LINK_REQUESTED  # what is harmless, if an operator began it


ASKED_FOR = Fact("asked for", DATA_REQUESTS, _asked_for, settled=True)
"""Which of the events it began with."""


@journey
class DataRequest(Journey):
    """Answer a request about data by a mail to the address on file, since a forwarded mail's reader can ask as well.

    Starts when a recipient asks for an export of their data, for their erasure, or for a fresh link to the preference
    centre; one enrollment for each request. Ends as a success when they confirm it by the mail's link, and else after
    three days, as long as that link lives at the usual pace. An erasure cancels it like every other journey.
    """

    plan = Plan(
        name="data-request",
        trigger=On(DATA_EXPORT_REQUESTED, ERASURE_REQUESTED, PREFERENCES_LINK_REQUESTED),
        goal=DATA_REQUEST_CONFIRMED,
        lane=Lane.SERVICE,
        priority=0,
        topic="your data",
        owner="data protection",
        owed=True,
        one_per="request",
        settings=Waits,
    )

    async def steps(self) -> None:
        """Send what was asked for; an export and an erasure have to be confirmed."""
        match await self.fact(ASKED_FOR):
            case name if name == DATA_EXPORT_REQUESTED:
                await self.send("data_request/export", kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
            case name if name == ERASURE_REQUESTED:
                await self.send("data_request/erasure", kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
            case _:
                await self.send("data_request/link", kind=Kind.TRANSACTIONAL, stage=Stage.RETENTION)
                return
        await self.wait(self.settings(Waits).confirmation)
