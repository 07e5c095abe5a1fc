"""What providers report of mails that went out.

Revision 0008. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

HAPPENINGS = (
    "delivered",
    "deferred",
    "opened",
    "machine_opened",
    "clicked",
    "machine_clicked",
    "soft_bounced",
    "bounced",
    "complained",
    "unsubscribed",
    "rejected",
)


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        *(sa.Column(f"{happening}_at", MOMENT, nullable=True) for happening in HAPPENINGS),
        sa.PrimaryKeyConstraint("message", name="pk_feedback"),
    )
    op.create_index("ix_feedback_customer_id", "feedback", ["customer_id"])
    op.create_table(
        "spent_tokens",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("real_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_spent_tokens"),
    )
    op.create_index("ix_spent_tokens_real_at", "spent_tokens", ["real_at"])
