"""The audit trail: append-only, each row hashing the one before, so that a gap shows."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, select

from paidsync.ledger.sql import utc_now
from paidsync.ledger.tables import AuditEvent

_FIRST = "0" * 64
_table = AuditEvent.__table__  # type: ignore[attr-defined]


class Audit:
    """Appends and checks audit events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(
        self,
        connection: Connection,
        kind: str,
        body: Mapping[str, Any],
        *,
        of: str | None = None,
        run_id: str | None = None,
    ) -> str:
        """Add an event within the caller's transaction; its hash."""
        if connection.dialect.name == "postgresql":
            # SQLite has one writer anyway; here the next append waits for this transaction.
            connection.exec_driver_sql("LOCK TABLE audit_event IN EXCLUSIVE MODE")
        last = connection.execute(
            select(_table.c.number, _table.c.hash).order_by(_table.c.number.desc()).limit(1)
        ).first()
        number, previous = (last.number + 1, last.hash) if last else (1, _FIRST)
        row = {
            "number": number,
            "at": utc_now(),
            "kind": kind,
            "connection": of,
            "run_id": run_id,
            "body": dict(body),
            "previous": previous,
        }
        row["hash"] = _hash(row)
        connection.execute(_table.insert().values(row))
        return str(row["hash"])

    def broken_at(self) -> int | None:
        """The number of the first event that does not follow from the one before; None if sound."""
        previous, expected = _FIRST, 1
        with self._engine.begin() as connection:
            for row in connection.execute(select(_table).order_by(_table.c.number)).mappings():
                if (
                    row["number"] != expected
                    or row["previous"] != previous
                    or row["hash"] != _hash({k: v for k, v in row.items() if k != "hash"})
                ):
                    return int(row["number"])
                previous, expected = row["hash"], expected + 1
        return None


def _hash(row: Mapping[str, Any]) -> str:
    canonical = json.dumps(dict(row), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
