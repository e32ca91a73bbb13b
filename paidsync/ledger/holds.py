"""Holds and what people decided about them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import chunks, utc_now
from paidsync.ledger.tables import Decision, Hold

_hold = Hold.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]


class Holds:
    """A hold is bound to the state of its allocation; it closes when its cause goes."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def reconcile(
        self,
        connection: str,
        judged: Iterable[str],
        held: Iterable[Mapping[str, Any]],
        run_id: str,
    ) -> tuple[int, int]:
        """Of the allocations judged in this run, these are held: opens new holds, closes those
        whose cause went or whose state changed. Answers how many were opened and closed."""
        wanted = {row["allocation_id"]: row for row in held}
        looked_at = set(judged)
        closing: list[int] = []
        standing: set[str] = set()
        with self._engine.begin() as db:
            query = select(_hold).where(
                _hold.c.connection == connection, _hold.c.closed_at.is_(None)
            )
            for row in db.execute(query).mappings().all():
                if row["allocation_id"] not in looked_at:
                    continue
                now = wanted.get(row["allocation_id"])
                if now and (now["reason"], now["state"]) == (row["reason"], row["state"]):
                    standing.add(row["allocation_id"])
                else:
                    closing.append(row["hold_id"])
            for chunk in chunks(closing):
                db.execute(
                    update(_hold)
                    .where(_hold.c.hold_id.in_(chunk))
                    .values(closed_run=run_id, closed_at=utc_now())
                )
            opening = [
                {
                    "connection": connection,
                    "allocation_id": row["allocation_id"],
                    "reason": row["reason"],
                    "detail": row["detail"],
                    "state": row["state"],
                    "opened_run": run_id,
                    "opened_at": utc_now(),
                }
                for allocation_id, row in wanted.items()
                if allocation_id not in standing
            ]
            for rows in chunks(opening, 1000):
                db.execute(_hold.insert(), rows)
        return len(opening), len(closing)

    def open(self, connection: str) -> list[dict[str, Any]]:
        """Every open hold of a connection, oldest first."""
        with self._engine.begin() as db:
            query = (
                select(_hold)
                .where(_hold.c.connection == connection, _hold.c.closed_at.is_(None))
                .order_by(_hold.c.hold_id)
            )
            return [dict(row) for row in db.execute(query).mappings()]

    def decide(
        self,
        connection: str,
        *,
        subject: str,
        subject_id: str,
        decision: str,
        by_whom: str,
        note: str | None,
        reason: str | None = None,
        state: str | None = None,
        application_id: str | None = None,
    ) -> None:
        """Keep what a person decided: about a plan, or about a hold of an allocation in a state."""
        decided = {
            "subject": subject,
            "subject_id": subject_id,
            "reason": reason,
            "state": state,
            "decision": decision,
            "application_id": application_id,
            "by_whom": by_whom,
            "note": note,
        }
        with self._engine.begin() as db:
            db.execute(_decision.insert().values(connection=connection, at=utc_now(), **decided))
            self._audit.append(db, "decision", decided, of=connection)

    def decisions(self, connection: str) -> dict[str, list[dict[str, Any]]]:
        """Every decision about a hold, by allocation, the newest last."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._engine.begin() as db:
            query = (
                select(_decision)
                .where(_decision.c.connection == connection, _decision.c.subject == "hold")
                .order_by(_decision.c.decision_id)
            )
            for row in db.execute(query).mappings():
                found.setdefault(row["subject_id"], []).append(dict(row))
        return found

    def plan_is_approved(self, connection: str, plan_hash: str) -> bool:
        """Whether the newest decision about exactly this plan approves it."""
        with self._engine.begin() as db:
            query = (
                select(_decision.c.decision)
                .where(
                    _decision.c.connection == connection,
                    _decision.c.subject == "plan",
                    _decision.c.subject_id == plan_hash,
                )
                .order_by(_decision.c.decision_id.desc())
                .limit(1)
            )
            return db.execute(query).scalar_one_or_none() == "approve"
