"""How far an import came.

Revision 0012. Forward only: the way back is the backup.
"""

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
