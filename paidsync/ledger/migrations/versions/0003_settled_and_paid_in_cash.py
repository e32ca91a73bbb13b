"""settled and paid in cash"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bill", schema=None) as batch_op:
        batch_op.alter_column("paid_minor", new_column_name="settled_minor")
        batch_op.add_column(sa.Column("paid_cash_minor", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("document_date", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("allocation", schema=None) as batch_op:
        batch_op.drop_column("document_date")
    with op.batch_alter_table("bill", schema=None) as batch_op:
        batch_op.drop_column("paid_cash_minor")
        batch_op.alter_column("settled_minor", new_column_name="paid_minor")
