"""the first ledger"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allocation",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("allocation_id", sa.String(), nullable=False),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("bill_id", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("payment_number", sa.String(), nullable=True),
        sa.Column("payment_date", sa.String(), nullable=True),
        sa.Column("payment_method", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("settled_minor", sa.BigInteger(), nullable=True),
        sa.Column("cash_minor", sa.BigInteger(), nullable=True),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("credit_minor", sa.BigInteger(), nullable=True),
        sa.Column("withheld_minor", sa.BigInteger(), nullable=True),
        sa.Column("payment_currency", sa.String(), nullable=True),
        sa.Column("payment_total_minor", sa.BigInteger(), nullable=True),
        sa.Column("payment_credits_minor", sa.BigInteger(), nullable=True),
        sa.Column("payment_unapplied_minor", sa.BigInteger(), nullable=True),
        sa.Column("home_per_foreign", sa.String(), nullable=True),
        sa.Column("reversal_date", sa.String(), nullable=True),
        sa.Column("reversed_by", sa.String(), nullable=True),
        sa.Column("modified_at", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("split_in_proportion", sa.Boolean(), nullable=False),
        sa.Column("opening", sa.Boolean(), nullable=False),
        sa.Column("first_seen_run", sa.String(), nullable=False),
        sa.Column("last_read_run", sa.String(), nullable=False),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("judged_run", sa.String(), nullable=True),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "allocation_id"),
    )
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.create_index("allocation_by_bill", ["connection", "bill_id"], unique=False)
        batch_op.create_index("allocation_by_payment", ["connection", "payment_id"], unique=False)
        batch_op.create_index("allocation_by_settled", ["connection", "settled"], unique=False)

    op.create_table(
        "audit_event",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "bill",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("bill_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("vendor_name", sa.String(), nullable=True),
        sa.Column("date", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("net_minor", sa.BigInteger(), nullable=True),
        sa.Column("tax_minor", sa.BigInteger(), nullable=True),
        sa.Column("paid_minor", sa.BigInteger(), nullable=True),
        sa.Column("retainage_of", sa.String(), nullable=True),
        sa.Column("named_commitments", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "bill_id"),
    )
    op.create_table(
        "commitment",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("commitment_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("project_name", sa.String(), nullable=True),
        sa.Column("project_active", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("updated_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "commitment_id"),
    )
    op.create_table(
        "connection",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("erp", sa.String(), nullable=False),
        sa.Column("erp_company", sa.String(), nullable=False),
        sa.Column("procore_company", sa.String(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("generation_run", sa.String(), nullable=True),
        sa.Column("connected_at", sa.String(), nullable=False),
        sa.Column("connected_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "contract_payment",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("contract_payment_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("commitment_id", sa.String(), nullable=False),
        sa.Column("application_id", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("date", sa.String(), nullable=True),
        sa.Column("invoice_number", sa.String(), nullable=True),
        sa.Column("check_number", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("origin_id", sa.String(), nullable=True),
        sa.Column("origin_data", sa.String(), nullable=True),
        sa.Column("external_payment_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.String(), nullable=True),
        sa.Column("read_run", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "contract_payment_id"),
    )
    with op.batch_alter_table("contract_payment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contract_payment_commitment_id"), ["commitment_id"], unique=False
        )

    op.create_table(
        "cursor",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("moved_run", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "stream"),
    )
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("by_whom", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decision_connection"), ["connection"], unique=False)

    op.create_table(
        "entry",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("origin_id", sa.String(), nullable=False),
        sa.Column("allocation_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reverses", sa.String(), nullable=True),
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("bill_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("commitment_id", sa.String(), nullable=False),
        sa.Column("application_id", sa.String(), nullable=True),
        sa.Column("application_number", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("invoice_number", sa.String(), nullable=True),
        sa.Column("invoice_date", sa.String(), nullable=True),
        sa.Column("check_number", sa.String(), nullable=True),
        sa.Column("payment_method", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("gross_minor", sa.BigInteger(), nullable=True),
        sa.Column("tax_minor", sa.BigInteger(), nullable=True),
        sa.Column("amber", sa.String(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("plan_hash", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("sent_at", sa.String(), nullable=True),
        sa.Column("contract_payment_id", sa.String(), nullable=True),
        sa.Column("posted_at", sa.String(), nullable=True),
        sa.Column("verified_at", sa.String(), nullable=True),
        sa.Column("verified_run", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "origin_id"),
    )
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index("entry_by_allocation", ["connection", "allocation_id"], unique=False)
        batch_op.create_index(
            "entry_by_application", ["connection", "application_id"], unique=False
        )
        batch_op.create_index("entry_by_state", ["connection", "state"], unique=False)

    op.create_table(
        "hold",
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("allocation_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_run", sa.String(), nullable=False),
        sa.Column("opened_at", sa.String(), nullable=False),
        sa.Column("closed_run", sa.String(), nullable=True),
        sa.Column("closed_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("hold_id"),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_connection"), ["connection"], unique=False)

    op.create_table(
        "inbound_event",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.Column("handled_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("source", "event_id"),
    )
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("installation_id"),
    )
    op.create_table(
        "lease",
        sa.Column("procore_company", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=True),
        sa.Column("run_id", sa.String(), nullable=True),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("fencing", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("procore_company"),
    )
    op.create_table(
        "payment_application",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("application_id", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("commitment_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("invoice_number", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("origin_id", sa.String(), nullable=True),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("due_minor", sa.BigInteger(), nullable=True),
        sa.Column("retainage_minor", sa.BigInteger(), nullable=True),
        sa.Column("tax_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("updated_at", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "application_id"),
    )
    op.create_table(
        "plan",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("plan_hash", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("reversals", sa.Integer(), nullable=False),
        sa.Column("money", sa.JSON(), nullable=False),
        sa.Column("stopped", sa.String(), nullable=True),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "plan_hash"),
    )
    op.create_table(
        "policy",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("by_whom", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "version"),
    )
    op.create_table(
        "sync_run",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=True),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("ended_at", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("manifest", sa.String(), nullable=True),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("run_id"),
    )
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sync_run_connection"), ["connection"], unique=False)

    op.create_table(
        "token",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.String(), nullable=True),
        sa.Column("saved_at", sa.String(), nullable=True),
        sa.Column("locked_by", sa.String(), nullable=True),
        sa.Column("locked_until", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection"),
    )
    op.create_table(
        "vendor",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("origin_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "vendor_id"),
    )


def downgrade() -> None:
    op.drop_table("vendor")
    op.drop_table("token")
    with op.batch_alter_table("sync_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sync_run_connection"))

    op.drop_table("sync_run")
    op.drop_table("policy")
    op.drop_table("plan")
    op.drop_table("payment_application")
    op.drop_table("lease")
    op.drop_table("installation")
    op.drop_table("inbound_event")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_connection"))

    op.drop_table("hold")
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.drop_index("entry_by_state")
        batch_op.drop_index("entry_by_application")
        batch_op.drop_index("entry_by_allocation")

    op.drop_table("entry")
    with op.batch_alter_table("decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_decision_connection"))

    op.drop_table("decision")
    op.drop_table("cursor")
    with op.batch_alter_table("contract_payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contract_payment_commitment_id"))

    op.drop_table("contract_payment")
    op.drop_table("connection")
    op.drop_table("commitment")
    op.drop_table("bill")
    op.drop_table("audit_event")
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.drop_index("allocation_by_settled")
        batch_op.drop_index("allocation_by_payment")
        batch_op.drop_index("allocation_by_bill")

    op.drop_table("allocation")
