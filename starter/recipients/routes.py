"""Everything behind the links of mails: tracked links, the way out, the preference centre, requests about data."""

from collections.abc import Iterator
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from domain.clock import Clock
from mail.links import Links
from starter.collector.committer import Committer
from starter.recipients.centre import Offered
from starter.recipients.data_requests import create_data_requests_router
from starter.recipients.links import create_links_router
from starter.recipients.pages import Pages
from starter.recipients.preferences import create_preferences_router
from starter.recipients.unsubscribe import create_unsubscribe_router
from storage.database import Database


def create_recipients_routers(
    *,
    database: Database,
    committer: Committer,
    clock: Clock,
    links: Links,
    pages: Pages,
    offered: Offered,
) -> Iterator[APIRouter]:
    """Make the routes that recipients of mails reach."""
    yield create_links_router(database=database, committer=committer, clock=clock, links=links, pages=pages)
    yield create_unsubscribe_router(database=database, clock=clock, links=links, pages=pages, offered=offered)
    yield create_preferences_router(database=database, clock=clock, links=links, pages=pages, offered=offered)
    yield create_data_requests_router(database=database, clock=clock, links=links, pages=pages)
    yield _create_dead_ends(pages)


def _create_dead_ends(pages: Pages) -> APIRouter:
    """Answer links that were cut short, or grew on the way, with a page: people follow them."""
    router = APIRouter(include_in_schema=False)

    async def explain(request: Request) -> Response:
        return pages.note("broken", pages.speech(request), HTTPStatus.NOT_FOUND)

    for page in ("c", "u", "r", "p", "d"):
        router.add_api_route(f"/{page}/{{rest:path}}", explain, methods=["GET", "HEAD"])
    return router
