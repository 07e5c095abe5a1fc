"""Customers that turned out to be one: what was moved, and why.

Revision 0007. Forward only: the way back is the backup.
"""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
