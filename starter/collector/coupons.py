"""`GET /v1/coupons/CODE`: the shop's checkout asks whether a code holds, and what it grants."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from domain.clock import Clock
from domain.coupon import normalise_code
from domain.write_key import Scope
from starter.collector.keys import WriteKeys, WrongKeyError
from storage.coupons import Coupons
from storage.database import Database


def create_coupons_router(*, database: Database, clock: Clock, keys: WriteKeys) -> APIRouter:
    """Make the route.

    Args:
        database: migrated.
        clock: product time; a code holds until a moment of it.
        keys: who may ask.
    """
    router = APIRouter()

    async def coupon(code: str, request: Request) -> JSONResponse:
        """Tell whether a code holds now: once redeemed, or after its last day, it does not. 404: it is none of ours."""
        caller = await keys.by_header(request.headers.get("authorization"))
        if caller is None:
            raise WrongKeyError("no write key: send it as the user name of HTTP Basic")
        caller.require(Scope.READ)
        async with database.read() as session:
            found = await Coupons(session).get(normalise_code(code))
        if found is None:
            return JSONResponse({"code": normalise_code(code), "valid": False}, HTTPStatus.NOT_FOUND)
        answer = {
            "code": found.code,
            "valid": found.holds(clock.now()),
            "kind": found.kind.value,
            "percent": found.percent,
            "expires_at": found.expires_at.isoformat(),
            "order_id": found.order_id,
        }
        return JSONResponse(answer)

    router.add_api_route(
        "/v1/coupons/{code}",
        coupon,
        methods=["GET"],
        tags=["coupons"],
        summary="Coupon",
        responses={
            HTTPStatus.UNAUTHORIZED: {"description": "No write key, or a wrong one"},
            HTTPStatus.FORBIDDEN: {"description": "The write key is not for reading"},
            HTTPStatus.NOT_FOUND: {"description": "None of ours: `code` as it was looked for, and `valid` false"},
            HTTPStatus.TOO_MANY_REQUESTS: {"description": "Too many requests; try again after Retry-After seconds"},
            HTTPStatus.SERVICE_UNAVAILABLE: {"description": "Cannot look now; try again after Retry-After seconds"},
        },
    )
    return router
