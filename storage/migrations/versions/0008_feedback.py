"""What providers report of mails that went out.

Revision 0008. Forward only: the way back is the backup.
"""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
