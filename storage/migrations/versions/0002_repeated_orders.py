"""Events know whether they report an order once more.

Revision 0002. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# An order has a row for the event that reported it first.
REPEATS = sa.text(
    "UPDATE events SET repeats = true WHERE type = 'track' AND name = 'Order Completed' "
    "AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.event_seq = events.seq)"
)


def upgrade() -> None:
    op.add_column("events", sa.Column("repeats", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(REPEATS)
