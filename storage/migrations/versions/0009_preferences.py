"""What recipients choose for themselves.

Revision 0009. Forward only: the way back is the backup.
"""

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
