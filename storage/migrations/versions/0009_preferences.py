"""What recipients choose for themselves, and what lifted an opt-out.

Revision 0009. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "preference_choices",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference_choices")),
    )
    op.create_index(op.f("ix_preference_choices_customer_id"), "preference_choices", ["customer_id"])
    op.add_column("opt_outs", sa.Column("lifted_by", sa.String(), nullable=True))
