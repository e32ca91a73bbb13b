"""the whole rule book"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW = {
    "allocation": ("split_application", "opening_state"),
    "payment_application": ("invoice_type",),
    "entry": ("links",),
    "decision": ("reason", "application_id"),
}


def upgrade() -> None:
    for table, columns in _NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.add_column(sa.Column(column, sa.String(), nullable=True))
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index("entry_by_bill", ["connection", "bill_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.drop_index("entry_by_bill")
    for table, columns in _NEW.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)
