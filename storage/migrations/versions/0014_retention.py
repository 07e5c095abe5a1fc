"""Indexes for what was kept long enough: a sweep finds it without looking at anything else.

Revision 0014. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create("ix_messages_with_body", "messages", ["rendered_at", "id"], "html IS NOT NULL")
    create("ix_messages_with_links_alone", "messages", ["rendered_at", "id"], "html IS NULL AND links <> '[]'")
    stranger = "coalesce(email, '') = '' AND orders = 0 AND substr(id, 1, 5) = 'anon-'"
    create("ix_customers_stranger", "customers", ["last_seen_at", "id"], stranger)
    telling = "name <> 'Order Completed' OR properties <> '{}'"
    create("ix_events_telling", "events", ["occurred_at", "seq"], telling)


def create(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
