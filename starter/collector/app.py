"""The collector: takes in what backends report, by Segment's HTTP tracking API, so that its clients work unchanged.

200 means safe: the events are committed before the answer. A call that is wrong is answered with 4xx and the field's
path; in a batch it takes no other with it, and the answer names it. 503 always means that trying again makes sense.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from domain.clock import SystemClock
from domain.errors import InvalidEventError
from domain.event import Event, EventType
from domain.ignored import Ignored, ignored_in
from domain.segment_api import MODELS, Admit, Batch, parse_batch, parse_call
from domain.visitor import Visitors
from metrics import events as metrics
from settings import RateSettings
from starter.collector.answers import batch_refused, install_answers, too_many
from starter.collector.bodies import parse_json, read_body
from starter.collector.committer import Committer
from starter.collector.coupons import create_coupons_router
from starter.collector.health import Ready, create_health_router
from starter.collector.keys import REPORTING, Caller, WriteKeys
from starter.collector.omissions import Omissions
from starter.collector.paths import ALIASES, BATCH, CALLS, FOR_BROWSERS, KEY_BESIDE, KEYED
from starter.collector.rates import AddressLimit, Rates
from starter.collector.refusals import Refusals
from starter.collector.startup import create_startup_router
from storage.database import Database

_SUCCESS: Final = b'{"success":true}'

_SOME_REFUSED: Final = {
    "success": True,
    "refused": 1,
    "errors": [{"field": "batch.3.userId", "message": "is missing: give a userId, an anonymousId or both"}],
}
"""The answer to a batch of which one call is wrong."""

_DESCRIPTION: Final = """\
Takes the calls of Segment's HTTP tracking API. Send a write key as the user name of HTTP Basic with an empty
password, or as `writeKey` in the body. Bodies may be packed with gzip. An answer of 200 means that the events are
stored; a `messageId` that was stored before changes nothing. Of a batch, 200 means that what it does not name as
`refused` is stored. Traits that do not count, by their form or by the key they came with, are named as `ignored`.
"""

Read = Callable[[Mapping[str, Any], Admit], Batch]


_CORS: Final[Mapping[str, Any]] = {
    # Each site by its name, never `*`: libraries may be set to send credentials, though nothing here reads cookies.
    "allow_origin_regex": ".*",
    "allow_credentials": True,
    "allow_methods": ["GET", "POST"],
    "allow_headers": ["*"],
    "expose_headers": ["Retry-After"],
    "max_age": 86_400,
}


class _CallsOnlyCors(CORSMiddleware):
    """Lets browser libraries of any site report events. Nobody else's script has business with the pages."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(FOR_BROWSERS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class _Door:
    """What all calls have in common, from the raw request to the commit."""

    def __init__(
        self, committer: Committer, clock: SystemClock, keys: WriteKeys, max_body: int, refusals: Refusals
    ) -> None:
        self._committer = committer
        self._clock = clock
        self._keys = keys
        self._max_body = max_body
        self._refusals = refusals
        self._omissions = Omissions()

    def single(self, kind: EventType) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of one kind of call."""

        def read(body: Mapping[str, Any], admit: Admit) -> Batch:
            return Batch([admit(parse_call(body, kind=kind, **self._arrival()), "")], [])

        return self._endpoint(read)

    def batch(self) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of batches."""

        def read(body: Mapping[str, Any], admit: Admit) -> Batch:
            batch = parse_batch(body, admit=admit, **self._arrival())
            metrics.count_batch(len(batch.events) + len(batch.refused))
            return batch

        return self._endpoint(read)

    def _endpoint(self, read: Read) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            # Before we unpack a stranger's body.
            caller = await self._known_by_headers(request)
            body = parse_json(await read_body(request, self._max_body))
            if not isinstance(body, dict):
                raise InvalidEventError("", "the body must be a JSON object")
            caller = caller or await self._keys.by_body(body)
            caller.require(*REPORTING)
            ignored: list[tuple[str, Ignored]] = []

            def admit(event: Event, path: str) -> Event:
                admitted = self._keys.admit(caller, event, path)
                ignored.extend((path, each) for each in ignored_in(event, by_page=caller.is_browser))
                return admitted

            try:
                batch = read(body, admit)
            except InvalidEventError as error:
                batch = Batch([], [error])
            await self._committer.commit(batch.events)
            metrics.count_accepted(batch.events, metrics.BROWSER if caller.is_browser else metrics.BACKEND)
            if not batch.refused and not ignored:
                return Response(_SUCCESS, media_type="application/json")
            return self._telling(caller, batch, ignored)

        return endpoint

    def _telling(self, caller: Caller, batch: Batch, ignored: Sequence[tuple[str, Ignored]]) -> Response:
        told = self._omissions.note(caller.key, ignored) if ignored else {}
        if batch.refused:
            told |= self._refusals.note(batch.refused, stored=len(batch.events))
        if batch.events:
            return JSONResponse({"success": True} | told)
        if len(batch.refused) == 1:
            raise batch.refused[0]
        return batch_refused(batch.refused[0], told)

    async def _known_by_headers(self, request: Request) -> Caller | None:
        caller = await self._keys.by_header(request.headers.get("authorization"))
        if caller is None and request.url.path.startswith(KEY_BESIDE):
            given = request.headers.get("x-write-key") or request.query_params.get("writeKey")
            caller = await self._keys.require(given) if given else None
        return caller

    def _arrival(self) -> dict[str, Any]:
        paced = self._clock.paced
        return {"received_at_real": paced.real(self._clock.now()), "clock": paced, "new_id": lambda: str(uuid4())}


def create_collector(
    *,
    database: Database,
    clock: SystemClock,
    write_keys: Sequence[str],
    visitors: Visitors,
    public_url: str,
    max_body: int,
    committer: Committer,
    ready: Ready | None = None,
    limits: RateSettings | None = None,
) -> FastAPI:
    """Make the collector's application. What else it is to serve is included by the caller: links of mails, webhooks.

    Args:
        database: where events go; migrated.
        clock: product time, and its pace.
        write_keys: of backends; further keys are in the database.
        visitors: what browsers' keys are trusted with.
        public_url: where browsers reach it, for their libraries' start-up requests.
        max_body: bytes of a request's body, unpacked.
        committer: commits what is reported.
        ready: tells `GET /health` of further parts; see `starter.collector.health.Ready`.
        limits: how many requests it takes.

    Raises:
        ConfigurationError: a write key is written wrongly.
    """
    rates = Rates(limits or RateSettings())
    keys = WriteKeys(write_keys, visitors, rates, database=database, clock=clock)
    refusals = Refusals()
    door = _Door(committer, clock, keys, max_body, refusals)
    app = FastAPI(
        title="Segue collector",
        description=_DESCRIPTION,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    install_answers(app, rates)
    app.add_middleware(AddressLimit, rates=rates, keyed=KEYED, refuse=too_many)
    app.add_middleware(_CallsOnlyCors, **_CORS)
    for kind, model in MODELS.items():
        _add_call(app, kind.value, door.single(kind), model.__doc__ or "", model.model_json_schema())
    schemas = [model.model_json_schema() for model in MODELS.values()]
    batch = {"type": "object", "properties": {"batch": {"type": "array", "items": {"anyOf": schemas}}}}
    _add_call(app, BATCH, door.batch(), "Several calls. One that is wrong takes no other with it.", batch)
    app.include_router(create_startup_router(public_url))
    app.include_router(create_coupons_router(database=database, clock=clock, keys=keys))
    app.include_router(create_health_router(database, clock, refusals, ready))
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
            HTTPStatus.OK: {
                "description": "Stored. `ignored` names traits that do not count, if there are any",
                "content": {"application/json": {"example": _SOME_REFUSED if name == BATCH else {"success": True}}},
            },
            HTTPStatus.BAD_REQUEST: {"description": "Not in the spec; the answer names the field. Nothing was stored"},
            HTTPStatus.UNAUTHORIZED: {"description": "No write key, or a wrong one"},
            HTTPStatus.FORBIDDEN: {
                "description": "The write key may not report this; the answer names the field. Nothing was stored"
            },
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"description": "Body too large"},
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"description": "Content-Encoding is neither gzip nor deflate"},
            HTTPStatus.TOO_MANY_REQUESTS: {"description": "Too many requests; try again after Retry-After seconds"},
            HTTPStatus.SERVICE_UNAVAILABLE: {"description": "Cannot store now; try again after Retry-After seconds"},
        },
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    )
    for path in ALIASES[name]:  # of particular clients, see `starter.collector.paths`
        app.add_api_route(path, endpoint, methods=["POST"], name=f"{name}, {path}", include_in_schema=False)
