"""Alembic's environment: runs on the connection that ``paidsync.ledger.schema`` hands over."""

from alembic import context

from paidsync.ledger.tables import Entry

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Entry.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
