"""Alembic's environment: runs on the connection that ``paidsync.ledger.schema`` hands over."""

from alembic import context
from sqlmodel import SQLModel

from paidsync.ledger import tables

assert tables.Entry.metadata is SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
