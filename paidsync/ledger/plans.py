"""Plans by their hash, and what people decide about those that need an approval.

A plan that needs nobody is ``free``. One that does is ``open`` until a person decides:
``approved``, then ``carried_out`` or, when its time is over, ``expired``; or ``rejected``. A newer
one of the connection leaves it ``replaced``. Every step is in the audit trail.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import upsert, utc_now
from paidsync.ledger.tables import Decision, Plan
from paidsync.reasons import RunStopped, Stop

_plan = Plan.__table__  # type: ignore[attr-defined]
_decision = Decision.__table__  # type: ignore[attr-defined]

# What a person may still decide about, and what a newer plan replaces.
UNDECIDED = ("open", "approved", "rejected", "expired")
_KEY = {"connection", "plan_hash"}
_UNTOUCHED: Mapping[str, Any] = {
    "why": None,
    "contents": {},
    "asked": {},
    "makers": [],
    "decided_by": None,
    "proof": None,
    "note": None,
    "decided_at": None,
    "decided_run": None,
    "expires_at": None,
}


class Plans:
    """What was planned, and what waits for whom."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def keep_free(self, row: Mapping[str, Any]) -> None:
        """Keep a plan that is carried out without asking anybody."""
        with self._engine.begin() as db:
            before = self._row(db, row["connection"], row["plan_hash"])
            if before is None or before["state"] not in ("approved", "carried_out"):
                upsert(db, _plan, [{**_UNTOUCHED, **row, "state": "free", "at": utc_now()}])

    def ask(self, row: Mapping[str, Any], makers: Collection[str]) -> dict[str, Any]:
        """Keep a plan that waits for a person, in place of every other one of the connection;
        answers it as it stands: what was decided about exactly this plan still counts."""
        connection, digest, run_id = row["connection"], row["plan_hash"], row["run_id"]
        with self._engine.begin() as db:
            before = self._row(db, connection, digest)
            if before is not None and before["state"] in ("open", "approved", "rejected"):
                known = sorted({*before["makers"], *makers})
                changed = {name: row[name] for name in row.keys() - _KEY}
                self._set(db, connection, digest, **changed, makers=known)
            else:
                # Whose plan was approved and then changed has made the new one, too.
                approved = self._rows(db, connection, ("approved",))
                makers = {*makers, *(each for old in approved for each in old["makers"])}
                fresh = {**_UNTOUCHED, **row, "makers": sorted(makers)}
                upsert(db, _plan, [{**fresh, "state": "open", "at": utc_now()}])
                self._tell(db, {**fresh, "state": "open"}, run_id)
            self._replace(db, connection, run_id, but=digest)
            kept = self._row(db, connection, digest)
        assert kept is not None  # noqa: S101 - written above, in the same transaction
        return kept

    def replace(self, connection: str, run_id: str, *, asked: Mapping[str, Any]) -> None:
        """Nothing waits any more of what was asked for like this: its plans are history."""
        with self._engine.begin() as db:
            self._replace(db, connection, run_id, asked=asked)

    def expire(self, connection: str, now: datetime) -> None:
        """Approvals whose time is over count no longer."""
        with self._engine.begin() as db:
            for row in self._rows(db, connection, ("approved",)):
                if _is_over(row, now):
                    self._set(db, connection, row["plan_hash"], state="expired")
                    self._tell(db, {**row, "state": "expired"})

    def decide(
        self,
        connection: str,
        plan_hash: str,
        *,
        decision: str,
        by_whom: str,
        proof: str,
        note: str | None,
        expires_at: datetime | None,
        run_id: str | None,
    ) -> dict[str, Any]:
        """Keep what a person decided; answers the plan as it is now. Raises RunStopped
        (plan_stale) where it is no longer to be decided."""
        state = {"approve": "approved", "reject": "rejected"}[decision]
        decided = {
            "state": state,
            "decided_by": by_whom,
            "proof": proof,
            "note": note,
            "decided_at": utc_now(),
            "decided_run": run_id,
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        at = (_plan.c.connection == connection) & (_plan.c.plan_hash == plan_hash)
        with self._engine.begin() as db:
            changed = db.execute(
                update(_plan).where(at, _plan.c.state.in_(UNDECIDED)).values(decided)
            )
            if changed.rowcount != 1:
                raise RunStopped(
                    Stop.PLAN_STALE, f"Plan {plan_hash[:12]} was replaced while it was decided."
                )
            db.execute(
                _decision.insert().values(
                    connection=connection,
                    subject="plan",
                    subject_id=plan_hash,
                    decision=decision,
                    by_whom=by_whom,
                    note=note,
                    at=decided["decided_at"],
                )
            )
            kept = self._row(db, connection, plan_hash) or {}
            self._tell(db, kept, run_id)
        return kept

    def note_refusal(
        self,
        connection: str,
        plan: str,
        *,
        decision: str,
        by_whom: str,
        why: str,
        run_id: str | None,
    ) -> None:
        """A decision that was not taken is in the audit trail, too."""
        said = {"plan": plan, "decision": decision, "by": by_whom, "why": why}
        with self._engine.begin() as db:
            self._audit.append(db, "decision_refused", said, of=connection, run_id=run_id)

    def carried_out(self, connection: str, plan_hash: str, run_id: str) -> None:
        """Everything of an approved plan was sent."""
        with self._engine.begin() as db:
            row = self._row(db, connection, plan_hash)
            if row is not None and row["state"] == "approved":
                self._set(db, connection, plan_hash, state="carried_out")
                self._tell(db, {**row, "state": "carried_out"}, run_id)

    def get(self, connection: str, plan_hash: str) -> dict[str, Any] | None:
        """A plan by its hash."""
        with self._engine.begin() as db:
            return self._row(db, connection, plan_hash)

    def newest(self, connection: str, beginning: str) -> dict[str, Any] | None:
        """The newest plan whose hash begins so, whatever became of it."""
        query = (
            select(_plan)
            .where(_plan.c.connection == connection, _plan.c.plan_hash.startswith(beginning))
            .order_by(_plan.c.at.desc())
            .limit(1)
        )
        with self._engine.begin() as db:
            row = db.execute(query).mappings().first()
        return dict(row) if row else None

    def undecided(self, connection: str) -> list[dict[str, Any]]:
        """Plans that a person may decide about, the newest first."""
        with self._engine.begin() as db:
            return self._rows(db, connection, UNDECIDED)

    def approved(self, connection: str, now: datetime) -> list[dict[str, Any]]:
        """Plans whose approval counts at this moment."""
        with self._engine.begin() as db:
            rows = self._rows(db, connection, ("approved",))
        return [row for row in rows if not _is_over(row, now)]

    def require_approved(self, connection: str, plan_hash: str) -> None:
        """Refuse to go on with a plan whose approval was taken back."""
        row = self.get(connection, plan_hash)
        if row is None or row["state"] != "approved":
            now = row["state"] if row else "unknown"
            raise RunStopped(
                Stop.PLAN_STALE, f"Plan {plan_hash[:12]} is no longer approved; it is {now}."
            )

    def _replace(
        self,
        db: Db,
        connection: str,
        run_id: str,
        *,
        but: str | None = None,
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        for row in self._rows(db, connection, UNDECIDED):
            if row["plan_hash"] != but and (asked is None or row["asked"] == dict(asked)):
                self._set(db, connection, row["plan_hash"], state="replaced")
                self._tell(db, {**row, "state": "replaced"}, run_id)

    def _tell(self, db: Db, row: Mapping[str, Any], run_id: str | None = None) -> None:
        """One step of a plan, into the audit trail."""
        said = ("entries", "reversals", "money", "why", "makers", "decided_by", "proof", "note")
        body = {name: row[name] for name in ("state", *said, "expires_at")}
        self._audit.append(
            db, "plan", {"plan": row["plan_hash"], **body}, of=row["connection"], run_id=run_id
        )

    @staticmethod
    def _row(db: Db, connection: str, plan_hash: str) -> dict[str, Any] | None:
        query = select(_plan).where(
            _plan.c.connection == connection, _plan.c.plan_hash == plan_hash
        )
        row = db.execute(query).mappings().first()
        return dict(row) if row else None

    @staticmethod
    def _rows(db: Db, connection: str, states: Collection[str]) -> list[dict[str, Any]]:
        query = (
            select(_plan)
            .where(_plan.c.connection == connection, _plan.c.state.in_(states))
            .order_by(_plan.c.at.desc(), _plan.c.plan_hash)
        )
        return [dict(row) for row in db.execute(query).mappings()]

    @staticmethod
    def _set(db: Db, connection: str, plan_hash: str, **values: Any) -> None:
        db.execute(
            update(_plan)
            .where(_plan.c.connection == connection, _plan.c.plan_hash == plan_hash)
            .values(values)
        )


def _is_over(row: Mapping[str, Any], now: datetime) -> bool:
    return row["expires_at"] is not None and datetime.fromisoformat(row["expires_at"]) <= now
