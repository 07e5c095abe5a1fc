"""Health: whether everything the collector needs is there, and what time it is."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from sqlalchemy import text
from starlette.responses import JSONResponse

from domain.clock import PacedClock, SystemClock
from domain.model import Instant, WireValue
from starter.collector.refusals import Refusals
from storage.database import Database

PATIENCE: Final = 3.0
"""Seconds the parts may take to answer. Whoever asks for health usually gives up after five."""

Ready = Callable[[], Awaitable[Mapping[str, bool | str]]]
"""Tells of some parts: True is ready; False, or a text that says what is wrong, is not."""


class Health(WireValue):
    """The answer to `GET /health`. `now` is product time."""

    ready: bool
    parts: dict[str, bool | str]
    now: Instant
    pace: float
    clock: PacedClock
    refused_calls: int = 0
    """Calls that this process refused since it began, because they were wrong."""


async def look(asked: Mapping[str, Ready], clock: SystemClock, *, refused: int = 0) -> Health:
    """Ask all at once. Takes `PATIENCE` at most, and raises nothing.

    Args:
        asked: who tells of parts; a name stands for its parts when they cannot be told.
        clock: product time.
        refused: calls, since the process began.
    """
    parts: dict[str, bool | str] = {}
    for answer in await asyncio.gather(*(_ask(name, ready) for name, ready in asked.items())):
        parts |= answer
    return Health(
        ready=all(state is True for state in parts.values()),
        parts=parts,
        now=clock.now(),
        pace=clock.paced.pace,
        clock=clock.paced,
        refused_calls=refused,
    )


def create_health_router(
    database: Database, clock: SystemClock, refusals: Refusals, others: Ready | None = None
) -> APIRouter:
    """Make `GET /health`: of the database, and of what others tell."""

    async def ask_database() -> dict[str, bool]:
        async with database.read() as session:
            await (await session.connection()).execute(text("SELECT 1"))
        return {"database": True}

    asked: dict[str, Ready] = {"database": ask_database} | ({"others": others} if others else {})
    router = APIRouter()

    async def health() -> JSONResponse:
        """Tell whether every part is there (503 where not), and what time it is."""
        found = await look(asked, clock, refused=refusals.count)
        status = HTTPStatus.OK if found.ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(found.model_dump(mode="json"), status)

    router.add_api_route(
        "/health",
        health,
        methods=["GET"],
        tags=["health"],
        summary="Health",
        responses={
            HTTPStatus.SERVICE_UNAVAILABLE: {"description": "A part is missing: the same answer, which names it"}
        },
    )
    router.add_api_route("/health", health, methods=["HEAD"], include_in_schema=False)
    return router


async def _ask(name: str, ready: Ready) -> Mapping[str, bool | str]:
    try:
        async with asyncio.timeout(PATIENCE):
            return await ready()
    except Exception as error:  # whatever it is, it is not ready
        return {name: f"does not answer: {type(error).__name__}"}
