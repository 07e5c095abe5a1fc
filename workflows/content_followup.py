"""Content follow-up (J11): somebody downloaded, watched or read what the shop knows."""

from domain.event import CONTENT_DOWNLOADED, CONTENT_VIEWED, VIDEO_COMPLETED
from workflows.vocabulary import (
    ORDER_COMPLETED,
    RETURNING,
    YES_NO,
    Duration,
    Fact,
    HasAddress,
    Journey,
    Lane,
    On,
    Plan,
    Stage,
    Times,
    Value,
    journey,
    timedelta,
)

WEEK = timedelta(days=7)
LATELY = timedelta(days=14)
READS = (CONTENT_DOWNLOADED, CONTENT_VIEWED, VIDEO_COMPLETED)
DEEP = 3
"""Pieces in a fortnight from which somebody is a deep reader; in a week, from which mere reading starts the journey."""


class Waits(Value):
    """How long the follow-up waits; a deployment may change each. Both together are two days."""

    first: Duration = timedelta(hours=6)
    second: Duration = timedelta(hours=42)


WATCHED_VIDEO = Fact("has watched a video", YES_NO, lambda portrait: portrait.did(VIDEO_COMPLETED, within=LATELY) > 0)
DEEP_READER = Fact("deep reader", YES_NO, lambda portrait: portrait.did(*READS, within=LATELY) >= DEEP)


@journey
class ContentFollowup(Journey):
    """Lead from what somebody read to what it means in practice. Ends as a success when they order.

    Starts with a download or a video watched to its end; with an article only when it is the third in a week, since a
    glance at one means little. Not again within two weeks: a second download raises intent, and starts no second run.
    Lives two days.
    """

    plan = Plan(
        name="content-followup",
        trigger=HasAddress()
        & (On(CONTENT_DOWNLOADED, VIDEO_COMPLETED) | On(CONTENT_VIEWED) & Times(CONTENT_VIEWED, DEEP, within=WEEK)),
        goal=ORDER_COMPLETED,
        lane=Lane.NURTURE,
        priority=60,
        topic="content",
        owner="content marketing",
        reentry=timedelta(days=14),
        settings=Waits,
    )

    async def steps(self) -> None:
        """A case study of their industry; then a demonstration for who watched, a comparison for who reads deeply."""
        waits = self.settings(Waits)
        await self.wait(waits.first)
        case_study = await self.send("content/case_study", stage=Stage.CONSIDERATION)
        if not case_study.went_out:
            return  # nothing was said, so there is nothing to follow up

        await self.wait(waits.second)
        if await self.fact(WATCHED_VIDEO) and not await self.fact(RETURNING):
            await self.send("content/demo", stage=Stage.CONSIDERATION)
        elif await self.fact(DEEP_READER):
            await self.send("content/comparison", stage=Stage.CONSIDERATION)
