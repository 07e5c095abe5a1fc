"""A salt for hashed addresses, and erasures asked for.

Revision 0011. Forward only: the way back is the backup.
"""

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
