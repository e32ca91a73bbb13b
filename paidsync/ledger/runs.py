"""Runs, the generations of their extracts, and cursors."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import upsert, utc_now
from paidsync.ledger.tables import AuditEvent, Connection, Cursor, SyncRun
from paidsync.reasons import RunStopped, Stop

_run = SyncRun.__table__  # type: ignore[attr-defined]
_connection = Connection.__table__  # type: ignore[attr-defined]
_cursor = Cursor.__table__  # type: ignore[attr-defined]
_audit_event = AuditEvent.__table__  # type: ignore[attr-defined]


class Runs:
    """What ran, and how far each stream was read."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def open(
        self,
        *,
        run_id: str,
        connection: str,
        mode: str,
        requested_by: str | None,
        trigger: str,
        attempt: int,
        folder: str,
    ) -> None:
        """A run, or its next attempt, begins."""
        with self._engine.begin() as db:
            upsert(
                db,
                _run,
                [
                    {
                        "run_id": run_id,
                        "connection": connection,
                        "mode": mode,
                        "requested_by": requested_by,
                        "trigger": trigger,
                        "attempt": attempt,
                        "folder": folder,
                        "started_at": utc_now(),
                        "ended_at": None,
                        "state": None,
                        "message": None,
                        "manifest": None,
                        "summary": {},
                    }
                ],
            )

    def close(
        self, run_id: str, *, state: str, message: str, manifest: str, summary: Mapping[str, Any]
    ) -> None:
        """An attempt ended; its folder is sealed as ``manifest``, and the audit trail says so."""
        with self._engine.begin() as db:
            row = db.execute(select(_run).where(_run.c.run_id == run_id)).mappings().one()
            db.execute(
                update(_run)
                .where(_run.c.run_id == run_id)
                .values(
                    ended_at=utc_now(),
                    state=state,
                    message=message,
                    manifest=manifest,
                    summary=dict(summary),
                )
            )
            self._audit.append(
                db,
                "sealed",
                {
                    "manifest": manifest,
                    "state": state,
                    "attempt": row["attempt"],
                    "folder": row["folder"],
                },
                of=row["connection"],
                run_id=run_id,
            )

    def refused(self, run_id: str, connection: str, why: str) -> None:
        """A run named a connection that is not there: the audit trail alone can tell of it."""
        with self._engine.begin() as db:
            said = {"connection": connection, "why": why}
            self._audit.append(db, "run_refused", said, run_id=run_id)

    def last_manifest(self, connection: str) -> str | None:
        """The SHA-256 of the manifest sealed last for a connection: the next one names it."""
        with self._engine.begin() as db:
            query = (
                select(_audit_event.c.body)
                .where(_audit_event.c.connection == connection, _audit_event.c.kind == "sealed")
                .order_by(_audit_event.c.number.desc())
                .limit(1)
            )
            body = db.execute(query).scalar_one_or_none()
        return str(body["manifest"]) if body else None

    def get(self, run_id: str) -> SyncRun | None:
        """A run by its id."""
        with self._engine.begin() as db:
            row = db.execute(select(_run).where(_run.c.run_id == run_id)).mappings().first()
        return SyncRun.model_validate(dict(row)) if row else None

    def unfinished(self, connection: str) -> list[SyncRun]:
        """Runs that began and never ended, oldest first."""
        with self._engine.begin() as db:
            query = (
                select(_run)
                .where(_run.c.connection == connection, _run.c.ended_at.is_(None))
                .order_by(_run.c.started_at)
            )
            return [SyncRun.model_validate(dict(row)) for row in db.execute(query).mappings()]

    def last(self, connection: str, *, mode: str | None = None) -> SyncRun | None:
        """The newest ended run of a connection."""
        with self._engine.begin() as db:
            query = (
                select(_run)
                .where(_run.c.connection == connection, _run.c.ended_at.is_not(None))
                .order_by(_run.c.ended_at.desc())
                .limit(1)
            )
            if mode is not None:
                query = query.where(_run.c.mode == mode)
            row = db.execute(query).mappings().first()
        return SyncRun.model_validate(dict(row)) if row else None

    def last_reader(self, connection: str) -> SyncRun | None:
        """The run that stored an extract last."""
        with self._engine.begin() as db:
            query = (
                select(_run)
                .where(_run.c.connection == connection, _run.c.generation.is_not(None))
                .order_by(_run.c.generation.desc())
                .limit(1)
            )
            row = db.execute(query).mappings().first()
        return SyncRun.model_validate(dict(row)) if row else None

    def ids(self, connection: str) -> list[str]:
        """Every run of a connection that this ledger knows of."""
        with self._engine.begin() as db:
            query = select(_run.c.run_id).where(_run.c.connection == connection)
            return list(db.execute(query).scalars())

    def last_reader_but(self, connection: str, run_id: str) -> str:
        """Which extract of another run came last: what a retry's reuse depends on."""
        with self._engine.begin() as db:
            query = (
                select(_run.c.run_id, _run.c.generation)
                .where(
                    _run.c.connection == connection,
                    _run.c.run_id != run_id,
                    _run.c.generation.is_not(None),
                )
                .order_by(_run.c.generation.desc())
                .limit(1)
            )
            row = db.execute(query).first()
        return f"{row.generation}" if row else "0"

    def is_first(self, connection: str) -> bool:
        """Whether no run of the connection has stored an extract yet: the next one is the opening
        scan (money-rules 7.1), even if the ERP was still empty."""
        with self._engine.begin() as db:
            query = select(_connection.c.generation).where(_connection.c.name == connection)
            return int(db.execute(query).scalar_one()) == 0

    def claim_generation(self, db: Db, connection: str, run_id: str) -> int:
        """Within the extract's own transaction: this run read last; its generation."""
        number = int(
            db.execute(
                select(_connection.c.generation).where(_connection.c.name == connection)
            ).scalar_one()
        )
        changed = db.execute(
            update(_connection)
            .where(_connection.c.name == connection, _connection.c.generation == number)
            .values(generation=number + 1, generation_run=run_id)
        )
        if changed.rowcount != 1:
            raise RunStopped(Stop.PLAN_STALE, "Another run stored its extract at the same moment.")
        db.execute(update(_run).where(_run.c.run_id == run_id).values(generation=number + 1))
        return number + 1

    def require_generation(self, connection: str, generation: int) -> None:
        """Refuse a plan that a later extract has overtaken (money-rules 6.4)."""
        with self._engine.begin() as db:
            row = db.execute(
                select(_connection.c.generation, _connection.c.generation_run).where(
                    _connection.c.name == connection
                )
            ).one()
        if row.generation != generation:
            raise RunStopped(
                Stop.PLAN_STALE,
                f"The plan is of extract {generation}; run {row.generation_run} has read the ERP "
                f"since (extract {row.generation}).",
            )

    def cursor(self, connection: str, stream: str) -> tuple[str, str] | None:
        """How far a stream was read: the instant (UTC) and the connector's mark."""
        with self._engine.begin() as db:
            row = db.execute(
                select(_cursor.c.until, _cursor.c.mark).where(
                    _cursor.c.connection == connection, _cursor.c.stream == stream
                )
            ).first()
        return (row.until, row.mark) if row else None

    def move_cursor(
        self,
        db: Db,
        connection: str,
        stream: str,
        *,
        seen: tuple[str, str] | None,
        until: str,
        mark: str,
        run_id: str,
    ) -> None:
        """Move a cursor within the transaction that stores what was read up to it.

        ``seen`` is where it stood when the reading began; raises RunStopped where it has moved
        since, or would go backwards.
        """
        if seen is not None and until < seen[0]:
            raise RunStopped(
                Stop.SCHEMA_CHANGED,
                f"The cursor of {stream} would go back from {seen[0]} to {until}.",
            )
        values = {"until": until, "mark": mark, "moved_run": run_id}
        at = (_cursor.c.connection == connection) & (_cursor.c.stream == stream)
        if seen is None:
            stands = db.execute(select(_cursor.c.until).where(at)).first()
            if stands is None:
                db.execute(_cursor.insert().values(connection=connection, stream=stream, **values))
                return
        else:
            moved = db.execute(
                update(_cursor)
                .where(at, _cursor.c.until == seen[0], _cursor.c.mark == seen[1])
                .values(values)
            )
            if moved.rowcount == 1:
                return
        raise RunStopped(Stop.PLAN_STALE, f"Another run moved the cursor of {stream} meanwhile.")
