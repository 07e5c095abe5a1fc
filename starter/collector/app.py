"""The collector: takes in what backends report, by Segment's HTTP tracking API, so that its clients work unchanged.

200 means safe: the events are committed before the answer. A batch is stored as a whole or not at all. What is wrong
is answered with 4xx and the field's path, and 503 always means that trying again makes sense.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import text
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from domain.clock import SystemClock
from domain.errors import InvalidEventError
from domain.event import Event, EventType
from domain.segment import MODELS, parse_batch, parse_call
from mail.links import Links
from starter.collector.answers import install_answers
from starter.collector.bodies import parse_json, read_body
from starter.collector.committer import Committer
from starter.collector.coupons import create_coupons_router
from starter.collector.health import Ready, look
from starter.collector.keys import WriteKeys
from starter.collector.links import create_links_router
from starter.collector.pages import Pages
from storage.database import Database

CALLS: Final = "/v1/"

_SUCCESS: Final = b'{"success":true}'

_DESCRIPTION: Final = """\
Takes the calls of Segment's HTTP tracking API. Send a write key as the user name of HTTP Basic with an empty
password, or as `writeKey` in the body. Bodies may be packed with gzip. An answer of 200 means that the events are
stored; a `messageId` that was stored before changes nothing.
"""

Reader = Callable[[Mapping[str, Any]], Sequence[Event]]


class _CallsOnlyCors(CORSMiddleware):
    """Lets browser libraries of any site report events. Nobody else's script has business with the pages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CALLS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class _Door:
    """What all calls have in common, from the raw request to the commit."""

    def __init__(self, committer: Committer, clock: SystemClock, keys: WriteKeys, max_body: int) -> None:
        self._committer = committer
        self._clock = clock
        self._keys = keys
        self._max_body = max_body

    def single(self, kind: EventType) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one kind of call."""

        def read(body: Mapping[str, Any]) -> Sequence[Event]:
            return [parse_call(body, kind=kind, **self._arrival())]

        return self._endpoint(read)

    def batch(self) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of batches."""

        def read(body: Mapping[str, Any]) -> Sequence[Event]:
            return parse_batch(body, **self._arrival())

        return self._endpoint(read)

    def _endpoint(self, read: Reader) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            known = self._keys.check_header(request.headers.get("authorization"))  # before we unpack a stranger's body
            body = parse_json(await read_body(request, self._max_body))
            if not isinstance(body, dict):
                raise InvalidEventError("", "the body must be a JSON object")
            if not known:
                self._keys.check_body(body)
            await self._committer.commit(read(body))
            return Response(_SUCCESS, media_type="application/json")

        return endpoint

    def _arrival(self) -> dict[str, Any]:
        paced = self._clock.paced
        return {"received_at_real": paced.real(self._clock.now()), "clock": paced, "new_id": lambda: str(uuid4())}


def create_collector(
    *,
    database: Database,
    clock: SystemClock,
    write_keys: Sequence[str],
    links: Links,
    max_body: int,
    shop_url: str,
    shop_name: str = "the shop",
    ready: Ready | None = None,
    committer: Committer | None = None,
) -> FastAPI:
    """Make the collector's application.

    Args:
        database: where events go; migrated.
        clock: product time, and its pace.
        write_keys: who may report events.
        links: reads the links of mails.
        max_body: bytes of a request's body, unpacked.
        shop_url: where the pages of broken links lead.
        shop_name: how the pages call the sender.
        ready: tells `GET /health` of further parts; see `starter.collector.health.Ready`.
        committer: None: one of its own.

    Raises:
        ConfigurationError: there is no write key.
    """
    committer = committer or Committer(database)
    keys = WriteKeys(write_keys)
    door = _Door(committer, clock, keys, max_body)
    app = FastAPI(
        title="Segue collector",
        description=_DESCRIPTION,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    install_answers(app)
    app.add_middleware(_CallsOnlyCors, allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"], max_age=86_400)
    for kind, model in MODELS.items():
        _add_call(app, kind.value, door.single(kind), model.__doc__ or "", model.model_json_schema())
    schemas = [model.model_json_schema() for model in MODELS.values()]
    batch = {"type": "object", "properties": {"batch": {"type": "array", "items": {"anyOf": schemas}}}}
    _add_call(app, "batch", door.batch(), "Several calls, stored as a whole or not at all.", batch)
    app.include_router(create_coupons_router(database=database, clock=clock, keys=keys))
    app.include_router(
        create_links_router(
            database=database, committer=committer, clock=clock, links=links, pages=Pages(shop_url, shop_name)
        )
    )

    async def ask_database() -> dict[str, bool]:
        async with database.read() as session:
            await (await session.connection()).execute(text("SELECT 1"))
        return {"database": True}

    asked: dict[str, Ready] = {"database": ask_database} | ({"others": ready} if ready else {})

    async def health() -> JSONResponse:
        """Tell whether every part is there (503 where not), and what time it is."""
        found = await look(asked, clock)
        return JSONResponse(found.model_dump(mode="json"), 200 if found.ready else 503)

    app.add_api_route("/health", health, methods=["GET"], tags=["health"], summary="Health")
    app.add_api_route("/health", health, methods=["HEAD"], include_in_schema=False)
    return app


def _add_call(
    app: FastAPI, name: str, endpoint: Callable[[Request], Awaitable[Response]], about: str, schema: dict[str, Any]
) -> None:
    app.add_api_route(
        f"{CALLS}{name}",
        endpoint,
        methods=["POST"],
        name=name,
        operation_id=name,
        tags=["calls"],
        summary=name.capitalize(),
        description=about,
        response_class=JSONResponse,
        responses={
            200: {"description": "Stored", "content": {"application/json": {"example": {"success": True}}}},
            400: {"description": "Not in the spec; the answer names the field. Nothing was stored"},
            401: {"description": "No write key, or a wrong one"},
            413: {"description": "Body too large"},
            415: {"description": "Content-Encoding is neither gzip nor deflate"},
            503: {"description": "Cannot store now; try again after Retry-After seconds"},
        },
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    )
