"""Holds and what people decided about them."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, select, update

from paidsync.ledger import accepted as accepted_rows
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
        whose cause went or whose state changed; one that stays open says what was seen last.
        Answers how many were opened and closed."""
        wanted = {row["allocation_id"]: row for row in held}
        looked_at = set(judged)
        closing: list[int] = []
        seen_anew: list[tuple[int, str | None]] = []
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
                    if now["detail"] != row["detail"]:
                        seen_anew.append((row["hold_id"], now["detail"]))
                else:
                    closing.append(row["hold_id"])
            for chunk in chunks(closing):
                db.execute(
                    update(_hold)
                    .where(_hold.c.hold_id.in_(chunk))
                    .values(closed_run=run_id, closed_at=utc_now())
                )
            for hold_id, detail in seen_anew:
                db.execute(update(_hold).where(_hold.c.hold_id == hold_id).values(detail=detail))
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

    def get(self, connection: str, hold_id: int) -> dict[str, Any] | None:
        """A hold by its number, open or closed."""
        with self._engine.begin() as db:
            query = select(_hold).where(
                _hold.c.connection == connection, _hold.c.hold_id == hold_id
            )
            row = db.execute(query).mappings().one_or_none()
            return dict(row) if row else None

    def newest_of(self, connection: str, allocation_ids: Iterable[str]) -> list[dict[str, Any]]:
        """The newest hold of each of these allocations, open or closed, oldest first."""
        found: dict[str, dict[str, Any]] = {}
        with self._engine.begin() as db:
            for chunk in chunks(allocation_ids):
                query = (
                    select(_hold)
                    .where(_hold.c.connection == connection, _hold.c.allocation_id.in_(chunk))
                    .order_by(_hold.c.hold_id)
                )
                found |= {row["allocation_id"]: dict(row) for row in db.execute(query).mappings()}
        return sorted(found.values(), key=lambda row: int(row["hold_id"]))

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
        accepted: Mapping[str, Mapping[str, Any] | None] | None = None,
    ) -> None:
        """Keep what a person decided: about a plan, or about a hold of an allocation in a state.

        ``accepted`` are rows of ours, by origin_id, as a person accepts them; None is a row that
        is gone.
        """
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
            made = db.execute(
                _decision.insert().values(connection=connection, at=utc_now(), **decided)
            )
            (number,) = made.inserted_primary_key or (0,)
            kept = accepted_rows.keep(db, connection, number, accepted or {})
            seen = {"accepted": kept} if kept else {}
            self._audit.append(db, "decision", {**decided, **seen}, of=connection)

    def note_refusal(
        self,
        connection: str,
        hold_id: int,
        *,
        decision: str,
        by_whom: str,
        note: str | None,
        why: str,
    ) -> None:
        """A decision that was not taken is in the audit trail, too."""
        asked = {"hold": hold_id, "decision": decision, "by_whom": by_whom, "note": note}
        with self._engine.begin() as db:
            self._audit.append(db, "decision_refused", {**asked, "why": why}, of=connection)

    def decisions(self, connection: str) -> dict[str, list[dict[str, Any]]]:
        """Every decision about a hold, by allocation, the newest last; each with the rows that it
        accepts."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._engine.begin() as db:
            accepted = accepted_rows.of_connection(db, connection)
            query = (
                select(_decision)
                .where(_decision.c.connection == connection, _decision.c.subject == "hold")
                .order_by(_decision.c.decision_id)
            )
            for row in db.execute(query).mappings():
                decided = {**row, "accepted": accepted.get(row["decision_id"], [])}
                found.setdefault(row["subject_id"], []).append(decided)
        return found
