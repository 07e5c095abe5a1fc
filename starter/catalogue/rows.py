"""From a row of a file to a product or a review: other spellings of names, texts that are numbers, errors by field."""

import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from domain.errors import InvalidCatalogueError
from domain.product import Product, Review
from starter.catalogue.files import Row
from storage.storable import storable

T = TypeVar("T", bound=BaseModel)

_SPELLINGS: Final = {
    "id": "product_id",
    "sku": "product_id",
    "productid": "product_id",
    "title": "name",
    "image": "image_url",
    "image_link": "image_url",
    "imageurl": "image_url",
    "link": "url",
    "compare_at_price": "compare_at",
    "product_type": "category",
    "quantity": "stock",
    "inventory": "stock",
    "related": "complements",
    "related_ids": "complements",
    "text": "quote",
    "body": "quote",
    "comment": "quote",
    "stars": "rating",
    "date": "written_at",
}
"""What shops' exports call a field, in lower case."""

_ATTRIBUTE: Final = "attribute."
_REMEDIES: Final = {
    "product_id": "give each product an id of at most 200 characters",
    "name": "give each product a name",
    "price": "write a number of at least 0 without a currency sign, such as 49.90",
    "compare_at": "write a number without a currency sign, such as 59.90, or leave it out",
    "stock": "write a whole number of at least 0, or leave it out where you do not count",
    "added_at": "write a date and time, such as 2026-03-01T09:00:00Z, or a date",
    "written_at": "write a date and time, such as 2026-03-01T09:00:00Z, or a date",
    "complements": "write ids, in CSV with | between them",
    "attributes": "write an object of texts; in CSV use columns such as attribute.colour",
    "rating": "write a whole number from 1 to 5",
    "author": "say who wrote it",
    "quote": "give the review's text",
}


def read_product(row: Row, otherwise_added: datetime) -> Product:
    """A product; one that says not when it was added has been added then.

    Raises:
        InvalidCatalogueError: names line, field and remedy.
    """
    fields = _normal(row.fields)
    fields.setdefault("added_at", otherwise_added)
    return _require_web(_checked(Product, fields, row.line), row.line)


def read_review(row: Row) -> Review:
    """A review. One without an id gets one made of its content, so that importing it again doubles nothing.

    Raises:
        InvalidCatalogueError: names line, field and remedy.
    """
    given = {str(name).strip().lower(): value for name, value in row.fields.items()}
    fields = _normal({"review_id" if name == "id" else name: value for name, value in given.items()})
    said = "\n".join(str(fields.get(name, "")) for name in ("product_id", "author", "quote"))
    fields.setdefault("review_id", hashlib.sha256(said.encode(errors="replace")).hexdigest()[:24])
    return _checked(Review, fields, row.line)


def unknown_fields(row: Row, model: type[BaseModel]) -> set[str]:
    """Fields that nobody reads."""
    return {str(name) for name in row.fields if _name(str(name)) not in (*model.model_fields, "id", "attributes")}


def _require_web(product: Product, line: int) -> Product:
    for field in ("image_url", "url"):
        try:
            scheme = urlsplit(getattr(product, field)).scheme.lower()
        except ValueError:
            scheme = "none"
        if scheme not in ("", "http", "https"):
            raise InvalidCatalogueError(
                f"line {line}: {field} is no web address: begin it with https://, or give a path of the shop"
            )
    return product


def _name(given: str) -> str:
    name = given.strip().lower().replace(" ", "_")
    return "attributes" if name.startswith(_ATTRIBUTE) else _SPELLINGS.get(name, name)


def _normal(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by their right names and as the types they are meant to be; what cannot be read is left as it is."""
    fields: dict[str, Any] = {}
    for spelling, value in given.items():
        name, text = _name(str(spelling)), str(spelling).strip()
        if text.lower().startswith(_ATTRIBUTE):
            fields.setdefault("attributes", {})[text[len(_ATTRIBUTE) :]] = str(value)
        else:
            fields[name] = _read(name, storable(value))
    return fields


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    match name:
        case "price" | "compare_at" | "stock" | "rating" if isinstance(value, str):
            return _number(value)
        case "complements" if isinstance(value, str):
            return [each.strip() for each in re.split(r"[|,;]", value) if each.strip()]
        case "complements" if isinstance(value, list):
            return [str(each) if isinstance(each, int) else each for each in value]
        case "attributes" if isinstance(value, dict):
            return {str(key): each if isinstance(each, str) else str(each) for key, each in value.items()}
        case "added_at" | "written_at":
            return _moment(value)
        case "product_id" | "review_id" | "name" if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        case _:
            return value


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else None


def _moment(value: Any) -> Any:
    """A date is its first moment, and what names no zone is UTC."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and moment.tzinfo is None else moment


def _checked(model: type[T], fields: Mapping[str, Any], line: int) -> T:
    known = {name: value for name, value in fields.items() if name in model.model_fields}
    try:
        return model.model_validate(known)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0])
        problem = "is missing" if first["type"] == "missing" else _in_words(first["msg"])
        remedy = _REMEDIES.get(field, "shorten it, or leave it out")
        raise InvalidCatalogueError(f"line {line}: {field} {problem}: {remedy}") from None


def _in_words(message: str) -> str:
    return message[:1].lower() + message[1:].removeprefix("Input ") if not message.startswith("Input ") else message[6:]
