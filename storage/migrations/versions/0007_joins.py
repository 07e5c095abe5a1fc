"""Customers that turned out to be one: what was moved, and why.

Revision 0007. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "customer_joins",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("former_id", sa.String(), nullable=False),
        sa.Column("joined_to", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.Column("dropped", JSON, nullable=False),
        sa.Column("carried", JSON, nullable=False),
        sa.Column("superseded", JSON, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_customer_joins"),
    )
    op.create_index("ix_customer_joins_customer_id", "customer_joins", ["customer_id"])
    op.create_index("ix_customer_joins_former_id", "customer_joins", ["former_id"])
    op.create_index(
        "ix_customer_joins_untold",
        "customer_joins",
        ["id"],
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )
