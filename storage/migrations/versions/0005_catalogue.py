"""The shop's catalogue with its reviews, and coupons.

Revision 0005. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    _create_products()
    _create_reviews()
    _create_coupons()


def _create_products() -> None:
    op.create_table(
        "products",
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price", sa.Float(), nullable=False),
        sa.Column("compare_at", sa.Float(), nullable=True),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("category_key", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("complements", JSON, nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("product_id", name="pk_products"),
    )
    op.create_index("ix_products_added_at", "products", ["added_at"])
    op.create_index("ix_products_category_key_position", "products", ["category_key", "position"])
    op.create_index("ix_products_position", "products", ["position"])


def _create_reviews() -> None:
    op.create_table(
        "product_reviews",
        sa.Column("review_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("written_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("review_id", name="pk_product_reviews"),
    )
    op.create_index("ix_product_reviews_product_id", "product_reviews", ["product_id"])


def _create_coupons() -> None:
    op.create_table(
        "coupons",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("redeemed_at", MOMENT, nullable=True),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("revenue", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_coupons"),
        sa.UniqueConstraint("message", name="uq_coupons_message"),
    )
    op.create_index("ix_coupons_customer", "coupons", ["customer"])
    op.create_index("ix_coupons_journey", "coupons", ["journey"])
