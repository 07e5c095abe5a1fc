"""What the collector says when something is wrong: `{"error": {"field": …, "message": …}}`, and the right status.

`code` and `message` stand beside it, as in Segment's own answers: without them its older clients for Python take a
refusal for a failure of the network, and send the same calls ten times more.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from domain.errors import InvalidEventError, NotAllowedError, SegueError, UnavailableError
from metrics import requests as metrics
from starter.collector.bodies import BodyTooLargeError, UnsupportedEncodingError
from starter.collector.keys import WrongKeyError, WrongScopeError
from starter.collector.rates import Rates, TooManyError

RETRY_AFTER: Final = 5
"""Seconds. Long enough for a database to come back from a restart, short enough for a client's patience."""

_AUTHENTICATE: Final = {"WWW-Authenticate": 'Basic realm="segue", charset="UTF-8"'}
_CLIENT_CLOSED_REQUEST: Final = 499  # nginx's word for it; nobody is left to read it

_STATUS: Final[Mapping[type[SegueError], int]] = {
    NotAllowedError: HTTPStatus.FORBIDDEN,
    InvalidEventError: HTTPStatus.BAD_REQUEST,
    WrongKeyError: HTTPStatus.UNAUTHORIZED,
    WrongScopeError: HTTPStatus.FORBIDDEN,
    BodyTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedEncodingError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooManyError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_log = structlog.get_logger("segue.collector")


def error_answer(
    status: int,
    message: str,
    field: str = "",
    headers: Mapping[str, str] | None = None,
    told: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """Make an error's answer. `field` is empty where no single field is to blame; `told` stands beside it."""
    code = "invalid_request" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "unavailable"
    said = f"{field}: {message}" if field else message
    error = {"error": {"field": field, "message": message}, "code": code, "message": said}
    return JSONResponse(error | dict(told or {}), status, headers)


def batch_refused(first: InvalidEventError, told: Mapping[str, Any]) -> JSONResponse:
    """Make the answer to a batch of which no call is right: the first one's, and what is `told` of the others."""
    metrics.count_refused(type(first))
    return error_answer(_status_of(first), first.problem, first.field, told=told)


def too_many(error: TooManyError) -> JSONResponse:
    """Make the answer to one request too many."""
    metrics.count_refused(type(error))
    return error_answer(HTTPStatus.TOO_MANY_REQUESTS, str(error), headers={"Retry-After": str(error.wait)})


def install_answers(app: FastAPI, rates: Rates) -> None:
    """Give every error its answer. Who tries wrong keys too often gets another."""

    async def wrong_key(request: Request, error: Exception) -> Response:
        try:
            rates.of_wrong_key(request)
        except TooManyError as too_often:
            return await _segue_error(request, too_often)
        return await _segue_error(request, error)

    for error in _STATUS:
        app.add_exception_handler(error, _segue_error)
    app.add_exception_handler(WrongKeyError, wrong_key)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _bug)


async def _segue_error(_request: Request, error: Exception) -> Response:
    if isinstance(error, TooManyError):
        return too_many(error)
    status = _status_of(error)
    metrics.count_refused(type(error))
    if isinstance(error, InvalidEventError):
        return error_answer(status, error.problem, error.field)
    if isinstance(error, WrongKeyError):
        return error_answer(status, str(error), "writeKey", _AUTHENTICATE)
    if isinstance(error, WrongScopeError):
        return error_answer(status, str(error), "writeKey")
    if isinstance(error, UnavailableError):
        _log.warning("answered 503", why=str(error))
        # Where the database is, and how it is named, is not the client's business.
        return _try_again()
    return error_answer(status, str(error))


def _status_of(error: Exception) -> int:
    return next(status for kind, status in _STATUS.items() if isinstance(error, kind))


async def _no_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            calls = "calls go to /v1/track, /v1/identify … or /v1/batch"
            message = f"there is nothing here: {calls}, not {request.url.path[:100]}"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{request.method} is not possible here"
        case _:
            message = str(error.detail)
    return error_answer(error.status_code, message, headers=error.headers)


async def _database_error(request: Request, error: Exception) -> Response:
    metrics.count_refused(type(error))
    _log.error("the database refused", path=request.url.path, kind=type(error).__name__)
    if isinstance(error, DataError):
        return error_answer(HTTPStatus.BAD_REQUEST, "the database cannot store one of these values: send simpler ones")
    return _try_again()


async def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)


async def _bug(_request: Request, error: Exception) -> Response:
    metrics.count_refused(type(error))
    return error_answer(
        HTTPStatus.INTERNAL_SERVER_ERROR, "a fault of ours, which is in the log; nothing of this request was stored"
    )


def _try_again() -> Response:
    return error_answer(
        HTTPStatus.SERVICE_UNAVAILABLE, "cannot store events now: try again", headers={"Retry-After": str(RETRY_AFTER)}
    )
