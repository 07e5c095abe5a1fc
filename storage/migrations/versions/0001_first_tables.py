"""First tables.

Revision 0001. Forward only: the way back is the backup.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PENDING = sa.text("dispatched_at IS NULL AND parked_error IS NULL")


def upgrade() -> None:
    _create_customers()
    _create_aliases()
    _create_events()
    _create_orders()
    _create_enrollments()
    _create_messages()
    _create_consents()
    _create_opt_outs()
    _create_suppressions()
    _create_exposures()
    _create_clock()


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("locale", sa.String(), nullable=True),
        sa.Column("traits", JSON, nullable=False),
        sa.Column("cart", JSON, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("lifetime_value", sa.Float(), nullable=False),
        sa.Column("first_order_at", MOMENT, nullable=True),
        sa.Column("last_order_at", MOMENT, nullable=True),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
    )
    op.create_index("ix_customers_email", "customers", ["email"])


def _create_aliases() -> None:
    op.create_table(
        "aliases",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_aliases_customer_id_customers"),
        sa.PrimaryKeyConstraint("kind", "external_id", name="pk_aliases"),
    )
    op.create_index("ix_aliases_customer_id", "aliases", ["customer_id"])


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("anonymous_id", sa.String(), nullable=True),
        sa.Column("previous_id", sa.String(), nullable=True),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("properties", JSON, nullable=False),
        sa.Column("context", JSON, nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("starts_visit", sa.Boolean(), nullable=False),
        sa.Column("dispatched_at", MOMENT, nullable=True),
        sa.Column("parked_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_events_customer_id_customers"),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
        sa.UniqueConstraint("message_id", name="uq_events_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_customer_id_name_occurred_at", "events", ["customer_id", "name", "occurred_at"])
    op.create_index("ix_events_customer_id_occurred_at", "events", ["customer_id", "occurred_at"])
    op.create_index("ix_events_pending", "events", ["seq"], sqlite_where=PENDING, postgresql_where=PENDING)


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("event_seq", SEQUENCE, nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("lines", JSON, nullable=False),
        sa.Column("completed_at", MOMENT, nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name="fk_orders_customer_id_customers"),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name="fk_orders_event_seq_events"),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])
    op.create_index("ix_orders_event_seq", "orders", ["event_seq"])


def _create_enrollments() -> None:
    op.create_table(
        "enrollments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("occasion", JSON, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("admitted_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", JSON, nullable=True),
        sa.Column("outcome_kind", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
    )
    op.create_index("ix_enrollments_customer_id_state", "enrollments", ["customer_id", "state"])
    op.create_index(
        "ix_enrollments_journey_customer_id_started_at", "enrollments", ["journey", "customer_id", "started_at"]
    )
    op.create_index("ix_enrollments_workflow_id", "enrollments", ["workflow_id"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("enrollment_id", sa.String(), nullable=False),
        sa.Column("workflow_id", sa.String(), nullable=False),
        sa.Column("journey", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offer", JSON, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("rendered_at", MOMENT, nullable=True),
        sa.Column("handed_over_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("hand_overs", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("links", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index("ix_messages_customer_id_decided_at", "messages", ["customer_id", "decided_at"])
    op.create_index("ix_messages_journey_decided_at", "messages", ["journey", "decided_at"])
    op.create_index("ix_messages_message_id", "messages", ["message_id"])
    op.create_index("uq_messages_enrollment_id_step", "messages", ["enrollment_id", "step"], unique=True)


def _create_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_customer_id_topic", "consents", ["customer_id", "topic"])


def _create_opt_outs() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("lifted_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_opt_outs"),
    )
    op.create_index("ix_opt_outs_customer_id_topic", "opt_outs", ["customer_id", "topic"])


def _create_suppressions() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("customer_id", sa.String(), nullable=True),
        sa.Column("email_hash", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppressions"),
    )
    op.create_index("ix_suppressions_customer_id", "suppressions", ["customer_id"])
    op.create_index("ix_suppressions_email_hash", "suppressions", ["email_hash"])


def _create_exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("experiment", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("enrollment_id", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "experiment", name="pk_exposures"),
    )


def _create_clock() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("anchor_real", MOMENT, nullable=False),
        sa.Column("anchor_product", MOMENT, nullable=False),
        sa.Column("pace", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
    )
