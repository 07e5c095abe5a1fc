"""Salted digests for keys that may not travel, and refusals that outlive their customer.

Nothing says yet from which event on ids are salted: the dispatcher settles it when it runs.

Revision 0015. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

from storage.columns import sequence_type

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("salt", sa.Column("events_from", sequence_type(), nullable=True))
    op.add_column("suppressions", sa.Column("topic", sa.String(), nullable=True))
