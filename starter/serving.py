"""Collector and dispatcher, serving until told to stop. Used by `segue serve` and `segue up` alike."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from temporalio.client import Client

from domain.clock import SystemClock
from domain.visitor import Visitors
from listening import answering
from mail.links import Links
from metrics.events import dispatching
from settings import Settings, split_list
from starter.collector.app import create_collector
from starter.collector.committer import Committer
from starter.connections import Guests, connections_of
from starter.dispatch.dispatcher import Dispatcher
from starter.dispatch.enrolling import Enroller
from starter.erasing import Eraser
from starter.recipients.centre import Offered, idle_topics
from starter.recipients.pages import Pages
from starter.recipients.routes import create_recipients_routers
from starter.webhooks.routes import create_webhooks_router
from storage.database import Database
from storage.lease import dispatcher_lease
from workflows.catalogue import JOURNEYS
from workflows.vocabulary.routing import Routes

_log = structlog.get_logger("segue.serving")

STOPS_WITHIN = 10
"""Seconds that requests under way have when the collector stops."""

Parts = Callable[[], Awaitable[Mapping[str, bool | str]]]


def routes_of(settings: Settings, clock: SystemClock) -> Routes:
    """The deployed journeys with the deployment's settings."""
    return Routes(JOURNEYS, clock.paced, settings.journeys, settings.thresholds, settings.journeys_off)


def server_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    """How the collector is served: bounded in all that a stranger could make large, long or many."""
    proxies = list(split_list(settings.trusted_proxies))
    return uvicorn.Config(
        app,
        http=connections_of(Guests(settings.max_connections_per_address, proxies)),
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=bool(proxies),  # from anybody else X-Forwarded-For is what they like to be called
        forwarded_allow_ips=proxies,
        limit_concurrency=settings.max_connections,
        timeout_graceful_shutdown=STOPS_WITHIN,
    )


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    database: Database,
    clock: SystemClock,
    client: Client,
    listening: socket.socket,
    links: Links,
    write_keys: tuple[str, ...],
    parts: Parts | None = None,
    routers: Sequence[APIRouter] = (),
) -> AsyncIterator[Dispatcher]:
    """Serve until the block ends: requests under way are answered, and what was accepted is safe in the database.

    Args:
        settings: body limits, shop, journeys.
        database: migrated.
        clock: product time.
        client: to Temporal.
        listening: the collector's socket, taken over.
        links: verifies links in mails.
        write_keys: who may report events.
        parts: more to ask for `GET /health`.
        routers: more for the collector to serve.
    """
    webhooks = create_webhooks_router(settings.webhooks, database=database, clock=clock, links=links)
    dispatcher = Dispatcher(database, clock, routes_of(settings, clock), Enroller(client))
    delivering = asyncio.create_task(_dispatch(database, dispatcher, Eraser(database, clock, client)))

    async def ready() -> Mapping[str, bool | str]:
        # Not Temporal: while it is away events are taken in all the same, and a load balancer must not turn them away.
        own: dict[str, bool | str] = {"dispatcher": not delivering.done()}
        return own | dict(await parts() if parts else {})

    shop, committer = settings.shop, Committer(database)
    collector = create_collector(
        database=database,
        clock=clock,
        write_keys=write_keys,
        visitors=Visitors(settings.browser, shop.url, shop.images),
        public_url=links.base_url,
        max_body=settings.max_body,
        committer=committer,
        ready=ready,
        limits=settings.rates,
    )
    recipients = create_recipients_routers(
        database=database,
        committer=committer,
        clock=clock,
        links=links,
        pages=Pages(shop.url, shop.name, shop.support_email),
        offered=Offered(
            idle=idle_topics(JOURNEYS, off=settings.journeys_off, sources_run=settings.sources.run),
            consent=settings.consent,
            default_zone=settings.default_zone,
        ),
    )
    for router in (*recipients, *routers, webhooks):
        collector.include_router(router)
    try:
        async with answering(server_config(settings, collector), listening):
            yield dispatcher
    finally:
        delivering.cancel()
        with suppress(asyncio.CancelledError):
            await delivering


async def _dispatch(database: Database, dispatcher: Dispatcher, eraser: Eraser) -> None:
    """Dispatch whenever this process is the one to do so; an unforeseen error is logged and tried again."""
    while True:
        try:
            async with dispatcher_lease(database):
                with dispatching():
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(dispatcher.run())
                        tasks.create_task(eraser.run())
        except Exception:
            _log.exception("dispatching failed, trying again")
            await asyncio.sleep(1)


async def answers(client: Client) -> bool:
    """Whether Temporal answers now."""
    try:
        async with asyncio.timeout(2):
            return bool(await client.service_client.check_health())
    except Exception:
        return False
