"""Enrollments know their journey's place among the others, and messages the gate's rule that decided.

Revision 0003. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrollments", sa.Column("lane", sa.String(), nullable=True))
    op.add_column("enrollments", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("messages", sa.Column("rule", sa.String(), nullable=False, server_default=sa.text("''")))
