"""Suppressions that journeys make: of marketing alone, until the customer returns.

Revision 0006. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("suppressions", sa.Column("sunset", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("suppressions", sa.Column("lifted_at", MOMENT, nullable=True))
