"""To which mailbox a message went, and whether it came to its customer with somebody who turned out to be them.

Where the mailbox is not known and its customer was ever joined with another, nobody can tell any more whose mail it
was: such a message is taken for inherited.

Revision 0013. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("address_hash", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("inherited", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE messages SET inherited = true WHERE customer_id IN (SELECT customer_id FROM customer_joins)")
