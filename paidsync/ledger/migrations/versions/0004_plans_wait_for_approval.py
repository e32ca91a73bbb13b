"""plans wait for approval"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXTS = ("why", "decided_by", "proof", "note", "decided_at", "decided_run", "expires_at")


def upgrade() -> None:
    op.create_table(
        "approver",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("wrong_tries", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("email"),
    )
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(), nullable=False, server_default="free"))
        for name in ("contents", "asked"):
            batch_op.add_column(sa.Column(name, sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("makers", sa.JSON(), nullable=False, server_default="[]"))
        for name in _TEXTS:
            batch_op.add_column(sa.Column(name, sa.String(), nullable=True))
    # What was refused before this version is asked for again by the next run.
    op.execute("UPDATE plan SET state = 'replaced', why = stopped WHERE stopped IS NOT NULL")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.drop_column("stopped")


def downgrade() -> None:
    with op.batch_alter_table("plan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stopped", sa.String(), nullable=True))
    op.execute("UPDATE plan SET stopped = why")
    with op.batch_alter_table("plan", schema=None) as batch_op:
        for name in ("state", "contents", "asked", "makers", *_TEXTS):
            batch_op.drop_column(name)
    op.drop_table("approver")
