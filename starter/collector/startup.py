"""What libraries for browsers ask before they send: where to send to, and what to load. Here: to us, and nothing.

Every write key is answered alike, ours or not: whoever asks learns nothing of keys. A wrong one is told with the first
call. The answers hold what the libraries insist on (read in their sources, see docs/integrate.md) and no more.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.errors import InvalidEventError
from starter.collector.paths import CUSTOMERIO_SETTINGS, METRICS, SETTINGS, SOURCE_CONFIG

SEGMENT: Final = "Segment.io"
CUSTOMERIO: Final = "Customer.io Data Pipelines"
"""How each library calls the one destination that is its own server. A second one would make it load more scripts."""

_HEADERS: Final = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}

_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")

_ALL: Final = {"__default": {"enabled": True, "integrations": {}}}


def create_startup_router(public_url: str) -> APIRouter:
    """Make the routes.

    Args:
        public_url: the collector's public address: where it is https, browsers are sent to https, since a proxy that
            ends TLS lets us see plain HTTP only.
    """
    router = APIRouter()
    behind_tls = public_url.startswith("https://")

    def settings_of(name: str, write_key: str, request: Request) -> JSONResponse:
        return JSONResponse(_settings(name, write_key, _own_address(request, behind_tls=behind_tls)), headers=_HEADERS)

    async def segment(write_key: str, request: Request) -> JSONResponse:
        """Tell Segment's library for browsers to send to this address, and to load nothing. Any key is answered."""
        return settings_of(SEGMENT, write_key, request)

    async def customerio(write_key: str, request: Request) -> JSONResponse:
        """Tell Customer.io's library the same; its `cdnURL` is this collector's address and `/customerio`."""
        return settings_of(CUSTOMERIO, write_key, request)

    async def source_config() -> JSONResponse:
        """Tell RudderStack's library for browsers that it has no destinations but its data plane, which is here."""
        return JSONResponse(_SOURCE_CONFIG, headers=_HEADERS)

    async def metrics() -> Response:
        """Take the library's own metrics, and forget them."""
        return Response(status_code=HTTPStatus.NO_CONTENT)

    described: dict[str, Any] = {"methods": ["GET"], "tags": ["browsers"]}
    busy = {"description": "Too many requests; try again after Retry-After seconds"}
    refusals: dict[int | str, dict[str, Any]] = {
        HTTPStatus.BAD_REQUEST: {"description": "The Host header is no host"},
        HTTPStatus.TOO_MANY_REQUESTS: busy,
    }
    router.add_api_route(SETTINGS, segment, summary="Settings, Segment", responses=refusals, **described)
    router.add_api_route(
        CUSTOMERIO_SETTINGS, customerio, summary="Settings, Customer.io", responses=refusals, **described
    )
    router.add_api_route(
        SOURCE_CONFIG[0],
        source_config,
        summary="Settings, RudderStack",
        responses={HTTPStatus.TOO_MANY_REQUESTS: busy},
        **described,
    )
    # The same once more: without the slash by older versions, and by HEAD to find ad blockers.
    router.add_api_route(SOURCE_CONFIG[1], source_config, methods=["GET"], include_in_schema=False)
    for path in SOURCE_CONFIG:
        router.add_api_route(path, source_config, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(METRICS, metrics, methods=["POST"], include_in_schema=False)  # nothing to read in it
    return router


def _own_address(request: Request, *, behind_tls: bool) -> tuple[str, str]:
    """Scheme and host as the browser has them.

    Raises:
        InvalidEventError: the Host header names no host.
    """
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise InvalidEventError("", "the Host header must name this collector: the library is told to send there")
    is_near = urlsplit(f"//{host}").hostname in _LOOPBACK
    return "https" if behind_tls and not is_near else request.url.scheme, host


def _settings(name: str, write_key: str, address: tuple[str, str]) -> Mapping[str, Any]:
    scheme, host = address
    own = {"apiKey": write_key, "apiHost": f"{host}/v1", "protocol": scheme, "addBundledMetadata": False}
    return {
        "integrations": {name: own},
        "plan": {"track": _ALL, "identify": _ALL, "group": _ALL},
        "metrics": {"sampleRate": 0},
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "remotePlugins": [],
        "legacyVideoPluginsEnabled": False,
        "analyticsNextEnabled": True,
    }


_SOURCE_CONFIG: Final = {
    "source": {
        "id": "segue",
        "name": "segue",
        "workspaceId": "segue",
        "enabled": True,
        "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
        "destinations": [],
    }
}
