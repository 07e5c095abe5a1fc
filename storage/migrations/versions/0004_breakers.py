"""Breakers of journeys, and indexes to count what was handed over.

Revision 0004. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("rearmed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("journey", name="pk_breakers"),
    )
    op.create_index("ix_messages_handed_over_at", "messages", ["handed_over_at"])
    op.create_index("ix_messages_journey_handed_over_at", "messages", ["journey", "handed_over_at"])
