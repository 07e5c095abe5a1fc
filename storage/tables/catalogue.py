"""What the shop sells, and the coupons that it gave."""

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.tables.base import Record, json_of, moment, moment_or_none, table_of


class ProductRecord(Record, table=True):
    """A `domain.product.Product`, and its place in the shop's own order."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_category_key_position", "category_key", "position"),)

    product_id: str = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    price: float
    compare_at: float | None = None
    category: str
    category_key: str
    """The category as it is looked for: `lighting` finds `Lighting`, on both databases alike."""
    brand: str
    image_url: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    stock: int | None = None
    added_at: datetime = Field(sa_type=UtcDateTime, nullable=False, index=True)
    complements: list[str] = json_of(list)
    attributes: dict[str, str] = json_of(dict)
    position: int = Field(index=True)


class ReviewRecord(Record, table=True):
    """A `domain.product.Review`."""

    __tablename__ = "product_reviews"

    review_id: str = Field(primary_key=True)
    product_id: str = Field(index=True)
    author: str
    rating: int
    quote: str = Field(sa_type=Text)
    written_at: datetime | None = moment_or_none()


class CouponRecord(Record, table=True):
    """A `domain.coupon.Coupon`: made before its message is rendered, redeemed by the order that bears it."""

    __tablename__ = "coupons"

    code: str = Field(primary_key=True)
    message: str = Field(unique=True)
    customer: str = Field(index=True)
    journey: str = Field(index=True)
    template: str
    kind: str
    percent: int = 0
    issued_at: datetime = moment()
    expires_at: datetime = moment()
    redeemed_at: datetime | None = moment_or_none()
    order_id: str | None = None
    revenue: float = 0.0


PRODUCTS: Final = table_of(ProductRecord)
REVIEWS: Final = table_of(ReviewRecord)
COUPONS: Final = table_of(CouponRecord)
