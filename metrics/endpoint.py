"""`GET /metrics`, on an address of its own and never the collector's: how a shop does is nobody's business.

A scrape never fails because a part is away: what that part would tell is left out then, and counted as missing.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

import uvicorn
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Counter, generate_latest
from prometheus_client.core import Metric
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from listening import answering, bind
from metrics.registry import REGISTRY
from metrics.sdk import read_sdk, sdk_client

Figures = Callable[[], Awaitable[Iterable[Metric]]]
"""Reads what is not counted in this process, and cannot be read in an instant: from the database."""

PATIENCE: Final = 3.0
"""Seconds for each part. Prometheus gives up after ten."""

AT_ONCE: Final = 20
"""Connections. Somebody who scrapes has one or two."""

_MISSING: Final = Counter(
    "segue_scrape_missing_total",
    "Scrapes that went without a part, since it did not answer: the `database`, or the SDK of `temporal`.",
    ["part"],
    registry=REGISTRY,
)

Part = Callable[[], Awaitable[bytes]]


@asynccontextmanager
async def serving_metrics(
    host: str, port: int | None, *, figures: Figures | None = None, sdk: str | None = None
) -> AsyncIterator[str]:
    """Serve until the block ends. Yields the address, which is empty where none was set.

    Args:
        host: to listen on.
        port: 0: any; None: nothing is served.
        figures: of the database.
        sdk: where the Temporal SDK of this process serves its own, see `logs.configure_logs`.

    Raises:
        ConfigurationError: the port is taken, or not permitted.
    """
    if port is None:
        yield ""
        return
    async with AsyncExitStack() as stack:
        listening = stack.enter_context(bind(host, port, "SEGUE_METRICS_PORT"))
        parts: dict[str, Part] = {}
        if figures is not None:
            parts["database"] = partial(_written, figures)
        if sdk is not None:
            client = await stack.enter_async_context(sdk_client(sdk))
            parts["temporal"] = partial(read_sdk, client)
        for part in parts:
            _MISSING.labels(part)  # a series that is there from the start can be seen to rise
        app = create_metrics_app(parts)
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False, limit_concurrency=AT_ONCE
        )
        await stack.enter_async_context(answering(config, listening))
        yield f"http://{host}:{listening.getsockname()[1]}/metrics"


def create_metrics_app(parts: dict[str, Part]) -> Starlette:
    """Make the application: what this process has counted, and what each part writes."""

    async def metrics(_request: Request) -> Response:
        texts = await asyncio.gather(*(_ask(name, part) for name, part in parts.items()))
        return Response(b"".join([generate_latest(REGISTRY), *texts]), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return Starlette(routes=[Route("/metrics", metrics, methods=["GET"])])


class _Read:
    """Figures as the library wants to write them."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


async def _written(figures: Figures) -> bytes:
    return generate_latest(_Read(await figures()))


async def _ask(name: str, part: Part) -> bytes:
    try:
        async with asyncio.timeout(PATIENCE):
            return await part()
    except Exception:  # whatever it is, the rest is told
        _MISSING.labels(name).inc()
        return b""
