"""Lumen & Loft, the sample shop: sixty things for the home, so that the development stack has something to show."""

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from domain.product import Product, Review
from storage.database import Database
from storage.products import Products

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "samples" / "shop"
"""Products, reviews and pictures; they ship with Segue."""

NEWEST_AGE: Final = timedelta(days=2)
"""How long ago the newest product came in, whenever the shop is opened: some are new arrivals that way."""

PATH: Final = "/shop/"
"""Where the collector of a development stack serves the shop's pictures; products name theirs below it."""

_DAY: Final = "max-age=86400"


async def stock_sample_shop(database: Database, now: datetime) -> bool:
    """Fill an empty catalogue with the sample shop, its dates moved to now. Whether it was empty."""
    products, reviews = _read("products.json"), _read("reviews.json")
    newest = max(datetime.fromisoformat(each["added_at"]) for each in products)
    later = now - NEWEST_AGE - newest
    async with database.transaction() as session:
        catalogue = Products(session)
        if await catalogue.any_left():
            return False
        goods = [Product.model_validate(_moved(each, "added_at", later)) for each in products]
        await catalogue.save(list(enumerate(goods)), keep_places=False)
        await catalogue.save_reviews([Review.model_validate(_moved(each, "written_at", later)) for each in reviews])
    return True


def picture_routes() -> APIRouter:
    """Serve the pictures. Only what lies in their folder now has an address: no request names a path."""
    pictures = {path.name: path for path in (FOLDER / "images").glob("*.png")}
    router = APIRouter()

    @router.get(f"{PATH}images/{{name}}", include_in_schema=False)
    async def picture(name: str) -> Response:
        """One picture."""
        found = pictures.get(name)
        if found is None:
            return Response("There is no such picture.", HTTPStatus.NOT_FOUND)
        return FileResponse(found, media_type="image/png", headers={"cache-control": _DAY})

    return router


def _read(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def _moved(fields: dict[str, Any], name: str, later: timedelta) -> dict[str, Any]:
    return fields | {name: datetime.fromisoformat(fields[name]) + later}
