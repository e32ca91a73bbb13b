"""The ledger: one object per database, its rooms as attributes."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from paidsync.ledger import schema
from paidsync.ledger.allocations import Allocations
from paidsync.ledger.audit import Audit
from paidsync.ledger.connections import Connections
from paidsync.ledger.entries import Entries
from paidsync.ledger.holds import Holds
from paidsync.ledger.leases import Leases
from paidsync.ledger.mirror import Mirror
from paidsync.ledger.runs import Runs
from paidsync.ledger.tokens import Tokens

_BUSY_SECONDS = 30


class LedgerUnusable(Exception):
    """The database is missing, not upgraded, newer than this PaidSync, or cannot be opened."""


class Ledger:
    """Everything that PaidSync remembers."""

    def __init__(self, url: str) -> None:
        """Opens nothing yet; ``url`` is a SQLAlchemy URL of SQLite or PostgreSQL."""
        self.engine = _engine(url)
        self.shown_url = make_url(url).render_as_string(hide_password=True)
        self.audit = Audit(self.engine)
        self.connections = Connections(self.engine, self.audit)
        self.runs = Runs(self.engine)
        self.allocations = Allocations(self.engine)
        self.mirror = Mirror(self.engine)
        self.entries = Entries(self.engine)
        self.holds = Holds(self.engine)
        self.leases = Leases(self.engine)
        self.tokens = Tokens(self.engine)

    def require_current(self) -> "Ledger":
        """Itself, if the database is as this PaidSync needs it. Raises LedgerUnusable."""
        try:
            revision = schema.current(self.engine)
        except DBAPIError as error:
            raise LedgerUnusable(
                f"The ledger {self.shown_url} cannot be opened ({error.orig}). "
                "Check its path or address, or run `paidsync ledger upgrade` to create it."
            ) from error
        if revision is None:
            raise LedgerUnusable(
                f"The ledger {self.shown_url} is empty. Run `paidsync ledger upgrade` once."
            )
        if revision == schema.newest():
            return self
        if schema.is_known(revision):
            raise LedgerUnusable(
                f"The ledger {self.shown_url} is of an older version ({revision}). "
                "Run `paidsync ledger upgrade`."
            )
        raise LedgerUnusable(
            f"The ledger {self.shown_url} is of a newer PaidSync ({revision}) than this one. "
            "Upgrade PaidSync; nothing was changed."
        )

    def upgrade(self) -> None:
        """Create or migrate the database."""
        if self.engine.dialect.name == "sqlite" and self.engine.url.database:
            Path(self.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        schema.upgrade(self.engine)
        self.connections.ensure_installation()

    def close(self) -> None:
        """Give connections back."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    engine = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions itself, see below
        connection.execute("PRAGMA journal_mode=WAL")
        # A `sending` entry must survive a power cut before the request leaves.
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _write_at_once(connection: Any) -> None:
        # IMMEDIATE: two writers queue at the start and never fail in the middle.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
