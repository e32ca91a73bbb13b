"""The ledger: one object per database, its rooms as attributes."""

import sqlite3
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from paidsync.ledger import schema
from paidsync.ledger.allocations import Allocations
from paidsync.ledger.approvers import Approvers
from paidsync.ledger.audit import Audit
from paidsync.ledger.connections import Connections
from paidsync.ledger.entries import Entries
from paidsync.ledger.holds import Holds
from paidsync.ledger.inbound import Inbound
from paidsync.ledger.leases import Leases
from paidsync.ledger.mirror import Mirror
from paidsync.ledger.plans import Plans
from paidsync.ledger.probes import Probes
from paidsync.ledger.runs import Runs
from paidsync.ledger.tokens import Tokens
from paidsync.ledger.trouble import LedgerUnusable, tell, unusable

_BUSY_SECONDS = 30


class Ledger:
    """Everything that PaidSync remembers."""

    def __init__(self, url: str) -> None:
        """Opens nothing yet; ``url`` is a SQLAlchemy URL of SQLite or PostgreSQL. Raises
        LedgerUnusable where it is neither."""
        parsed = _parsed(url)
        self.engine = _engine(parsed)
        self.shown_url = _shown(parsed)
        self.audit = Audit(self.engine)
        self.connections = Connections(self.engine, self.audit)
        self.runs = Runs(self.engine, self.audit)
        self.allocations = Allocations(self.engine)
        self.mirror = Mirror(self.engine)
        self.entries = Entries(self.engine)
        self.holds = Holds(self.engine, self.audit)
        self.inbound = Inbound(self.engine, self.audit)
        self.leases = Leases(self.engine)
        self.probes = Probes(self.engine, self.audit)
        self.plans = Plans(self.engine, self.audit)
        self.approvers = Approvers(self.engine, self.audit)
        self.tokens = Tokens(self.engine)

    def require_current(self) -> "Ledger":
        """Itself, if the database is as this PaidSync needs it. Raises LedgerUnusable."""
        revision = self._revision("Check its path or address, or run `paidsync ledger upgrade`.")
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
        raise self._newer(revision)

    def upgrade(self) -> None:
        """Create or migrate the database. Raises LedgerUnusable."""
        if self.engine.dialect.name == "sqlite" and self.engine.url.database:
            folder = Path(self.engine.url.database).parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LedgerUnusable(
                    f"The folder {folder} cannot be made ({error.strerror}). "
                    "Name another one in PAIDSYNC_DATA_DIR."
                ) from error
        revision = self._revision("Check its path or address.")
        if revision is not None and not schema.is_known(revision):
            raise self._newer(revision)
        schema.upgrade(self.engine)
        self.connections.ensure_installation()

    def close(self) -> None:
        """Give connections back."""
        self.engine.dispose()

    def _revision(self, action: str) -> str | None:
        try:
            return schema.current(self.engine)
        except (DBAPIError, LedgerUnusable) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error.__cause__
            raise unusable(self.shown_url, cause, cannot="be opened", otherwise=action) from error

    def _newer(self, revision: str) -> LedgerUnusable:
        return LedgerUnusable(
            f"The ledger {self.shown_url} is of a newer PaidSync ({revision}) than this one. "
            "Upgrade PaidSync; nothing was changed."
        )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose words may quote the password
        parsed = None
    name = parsed.drivername.partition("+")[0] if parsed is not None else ""
    if parsed is None or name not in ("sqlite", "postgresql", "postgres"):
        raise LedgerUnusable(
            "PAIDSYNC_DATABASE_URL is not an address of a PostgreSQL database. Write it as "
            "postgresql://user:password@host/database, or leave it out for SQLite."
        )
    if name == "sqlite":
        return parsed
    return parsed.set(drivername="postgresql+psycopg")  # the one driver that is installed


def _shown(url: URL) -> str:
    return url.difference_update_query(["password"]).render_as_string(hide_password=True)


@lru_cache(maxsize=8)
def _engine(url: URL) -> Engine:
    """One engine per address: each stage opens the ledger anew, and its compiled statements stay.
    Closing a ledger gives its connections back."""
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, pool_pre_ping=True)
        event.listen(engine, "handle_error", partial(tell, _shown(url)))
        return engine
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "handle_error", partial(tell, _shown(url)))

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
