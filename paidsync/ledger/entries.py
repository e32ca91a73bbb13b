"""Entries: contract payments of ours, from planned to verified. History is only appended to."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, delete, func, select, update

from paidsync.ledger.sql import chunks, upsert, utc_now
from paidsync.ledger.tables import Entry
from paidsync.reasons import RunStopped, Stop

_entry = Entry.__table__  # type: ignore[attr-defined]

# States in which an entry was, or may have been, sent: its n is never used again (5.1).
SEEN = ("sending", "posted", "verified", "refused", "superseded", "missing_in_procore")
STANDING = ("posted", "verified")


class Entries:
    """The witness of what was sent; Procore itself is the source."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_allocations(
        self, connection: str, allocation_ids: Collection[str], *, planned: bool = False
    ) -> dict[str, list[dict[str, Any]]]:
        """Entries that were or may have been sent, by allocation, in order of n; with those that
        are only planned, where asked for."""
        states = (*SEEN, "planned") if planned else SEEN
        found: dict[str, list[dict[str, Any]]] = {}
        with self._engine.begin() as db:
            for chunk in chunks(allocation_ids):
                query = (
                    select(_entry)
                    .where(
                        _entry.c.connection == connection,
                        _entry.c.allocation_id.in_(chunk),
                        _entry.c.state.in_(states),
                    )
                    .order_by(_entry.c.allocation_id, _entry.c.n)
                )
                for row in db.execute(query).mappings():
                    found.setdefault(row["allocation_id"], []).append(dict(row))
        return found

    def known_ids(self, connection: str) -> set[str]:
        """Every origin_id that was or may have been sent."""
        with self._engine.begin() as db:
            query = select(_entry.c.origin_id).where(
                _entry.c.connection == connection, _entry.c.state.in_(SEEN)
            )
            return set(db.execute(query).scalars())

    def any_sent(self, connection: str) -> bool:
        """Whether anything was, or may have been, sent for the connection."""
        with self._engine.begin() as db:
            query = select(_entry.c.origin_id).where(
                _entry.c.connection == connection, _entry.c.state.in_(SEEN)
            )
            return db.execute(query.limit(1)).first() is not None

    def any_sent_at_all(self, db: Db) -> bool:
        """Whether this ledger ever sent, or may have sent, anything for any connection."""
        query = select(_entry.c.origin_id).where(_entry.c.state.in_(SEEN)).limit(1)
        return db.execute(query).first() is not None

    def with_entries(self, connection: str) -> set[str]:
        """Allocations for which anything was or may have been sent."""
        with self._engine.begin() as db:
            query = (
                select(_entry.c.allocation_id)
                .distinct()
                .where(_entry.c.connection == connection, _entry.c.state.in_(SEEN))
            )
            return set(db.execute(query).scalars())

    def sent_under(self, connection: str) -> dict[str, int]:
        """The policy version of the newest entry that was or may have been sent, by allocation."""
        with self._engine.begin() as db:
            query = (
                select(_entry.c.allocation_id, func.max(_entry.c.policy_version))
                .where(_entry.c.connection == connection, _entry.c.state.in_(SEEN))
                .group_by(_entry.c.allocation_id)
            )
            return {row[0]: int(row[1]) for row in db.execute(query)}

    def bills_with_entries(self, connection: str) -> set[str]:
        """Bills for which anything was or may have been sent."""
        with self._engine.begin() as db:
            query = (
                select(_entry.c.bill_id)
                .distinct()
                .where(_entry.c.connection == connection, _entry.c.state.in_(SEEN))
            )
            return set(db.execute(query).scalars())

    def of_bills(self, connection: str, bill_ids: Collection[str]) -> list[dict[str, Any]]:
        """Entries of these bills that stand in Procore as far as the ledger knows."""
        found: list[dict[str, Any]] = []
        with self._engine.begin() as db:
            for chunk in chunks(bill_ids):
                query = select(_entry).where(
                    _entry.c.connection == connection,
                    _entry.c.bill_id.in_(chunk),
                    _entry.c.state.in_(STANDING),
                )
                found += [dict(row) for row in db.execute(query).mappings()]
        return found

    def commitments_of(self, connection: str, allocation_ids: Collection[str]) -> dict[str, str]:
        """Commitments (and their projects) on which entries of these allocations stand."""
        found: dict[str, str] = {}
        with self._engine.begin() as db:
            for chunk in chunks(allocation_ids):
                query = (
                    select(_entry.c.commitment_id, _entry.c.project_id)
                    .distinct()
                    .where(
                        _entry.c.connection == connection,
                        _entry.c.allocation_id.in_(chunk),
                        _entry.c.state.in_(SEEN),
                    )
                )
                found |= {row.commitment_id: row.project_id for row in db.execute(query)}
        return found

    def standing_payments(self, connection: str) -> int:
        """Payments of ours now standing in Procore, as far as the ledger knows: what the circuit
        breaker measures against (5.4)."""
        with self._engine.begin() as db:
            taken_back = select(_entry.c.reverses).where(
                _entry.c.connection == connection,
                _entry.c.kind == "reversal",
                _entry.c.state.in_(STANDING),
                _entry.c.reverses.is_not(None),  # one NULL would make NOT IN true of nothing
            )
            query = select(func.count()).where(
                _entry.c.connection == connection,
                _entry.c.kind == "payment",
                _entry.c.state.in_(STANDING),
                _entry.c.origin_id.not_in(taken_back),
            )
            return int(db.execute(query).scalar_one())

    def first_write_is_ahead(self, connection: str, route: str, policy_version: int) -> bool:
        """Whether nothing was yet verified for this route and policy: a canary goes first (5.4)."""
        with self._engine.begin() as db:
            query = (
                select(_entry.c.origin_id)
                .where(
                    _entry.c.connection == connection,
                    _entry.c.route == route,
                    _entry.c.policy_version == policy_version,
                    _entry.c.state == "verified",
                )
                .limit(1)
            )
            return db.execute(query).first() is None

    def plan(
        self,
        connection: str,
        judged: Collection[str],
        rows: Iterable[Mapping[str, Any]],
        *,
        plan_hash: str,
        run_id: str,
    ) -> None:
        """Store a plan's new entries; for the allocations judged in this run, they replace what
        was planned earlier and never sent. Raises RunStopped(plan_stale) where an entry of the
        plan was sent meanwhile: from then on it is frozen."""
        planned = list(rows)
        with self._engine.begin() as db:
            self._require_unsent(db, connection, [row["origin_id"] for row in planned])
            for chunk in chunks(judged):
                db.execute(
                    delete(_entry).where(
                        _entry.c.connection == connection,
                        _entry.c.state == "planned",
                        _entry.c.allocation_id.in_(chunk),
                    )
                )
            new = {"connection": connection, "state": "planned", "plan_hash": plan_hash}
            upsert(db, _entry, [{**row, **new, "run_id": run_id} for row in planned])

    @staticmethod
    def _require_unsent(db: Db, connection: str, origin_ids: Collection[str]) -> None:
        for chunk in chunks(origin_ids):
            query = select(_entry.c.origin_id).where(
                _entry.c.connection == connection,
                _entry.c.origin_id.in_(chunk),
                _entry.c.state.in_(SEEN),
            )
            sent = db.execute(query.limit(1)).scalar_one_or_none()
            if sent is not None:
                raise RunStopped(Stop.PLAN_STALE, f"Entry {sent} was sent since it was planned.")

    def get(self, connection: str, origin_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Entries by origin_id."""
        found: dict[str, dict[str, Any]] = {}
        with self._engine.begin() as db:
            for chunk in chunks(origin_ids):
                query = select(_entry).where(
                    _entry.c.connection == connection, _entry.c.origin_id.in_(chunk)
                )
                found |= {row["origin_id"]: dict(row) for row in db.execute(query).mappings()}
        return found

    def of_connection(self, connection: str) -> dict[str, dict[str, Any]]:
        """Every entry of a connection, by origin_id."""
        with self._engine.begin() as db:
            query = select(_entry).where(_entry.c.connection == connection)
            return {row["origin_id"]: dict(row) for row in db.execute(query).mappings()}

    def rebuilt(
        self, db: Db, connection: str, rows: Iterable[Mapping[str, Any]], run_id: str
    ) -> None:
        """Entries made again from what stands in Procore (money-rules 4.2), each with its state;
        they replace what was planned under their ids and never sent. The caller has seen that
        nothing else is known of them."""
        told = {"connection": connection, "run_id": run_id}
        read_back = {"verified_at": utc_now(), "verified_run": run_id}
        unread = dict.fromkeys(read_back)
        upsert(
            db,
            _entry,
            [
                {**row, **told, **(read_back if row["state"] == "verified" else unread)}
                for row in rows
            ],
        )

    def found_standing(self, db: Db, connection: str, rows: Mapping[str, str], run_id: str) -> None:
        """Entries, by origin_id, that a rebuild found standing as they were sent, each with the id
        of its row."""
        for origin_id, contract_payment_id in rows.items():
            db.execute(
                update(_entry)
                .where(_entry.c.connection == connection, _entry.c.origin_id == origin_id)
                .values(
                    state="verified",
                    contract_payment_id=contract_payment_id,
                    posted_at=func.coalesce(_entry.c.posted_at, utc_now()),
                    verified_at=utc_now(),
                    verified_run=run_id,
                    message=None,
                )
            )

    def sending(self, connection: str, origin_id: str, *, route: str, run_id: str) -> None:
        """Durably, before the request leaves: this entry may from now on stand in Procore."""
        self._set(
            connection, origin_id, state="sending", sent_at=utc_now(), route=route, run_id=run_id
        )

    def posted(
        self,
        connection: str,
        origin_id: str,
        contract_payment_id: str,
        *,
        sent_by: str | None = None,
    ) -> None:
        """Procore answered ``sent_by``, or the row was found standing."""
        self._set(
            connection,
            origin_id,
            sent_by,
            state="posted",
            contract_payment_id=contract_payment_id,
            posted_at=utc_now(),
            message=None,
        )

    def verified(self, connection: str, origin_ids: Collection[str], run_id: str) -> None:
        """Read back and equal."""
        with self._engine.begin() as db:
            for chunk in chunks(origin_ids):
                db.execute(
                    update(_entry)
                    .where(_entry.c.connection == connection, _entry.c.origin_id.in_(chunk))
                    .values(
                        state="verified", verified_at=utc_now(), verified_run=run_id, message=None
                    )
                )

    def refused(
        self, connection: str, origin_id: str, message: str, *, sent_by: str | None = None
    ) -> None:
        """Procore did not take it, for a reason."""
        self._set(connection, origin_id, sent_by, state="refused", message=message)

    def unsent(
        self, connection: str, origin_id: str, message: str | None = None, *, sent_by: str
    ) -> None:
        """It certainly did not reach Procore: it is as if it had never been sent."""
        self._set(connection, origin_id, sent_by, state="planned", sent_at=None, message=message)

    def sent_by_now(self, connection: str) -> None:
        """An entry that is being sent was sent before this instant, whatever a clock said that was
        set back since; for whoever knows that nobody is sending now."""
        now = utc_now()
        with self._engine.begin() as db:
            db.execute(
                update(_entry)
                .where(
                    _entry.c.connection == connection,
                    _entry.c.state == "sending",
                    _entry.c.sent_at > now,
                )
                .values(sent_at=now)
            )

    def missing(self, connection: str, origin_id: str, message: str) -> None:
        """A row of ours that no longer stands in Procore."""
        self._set(connection, origin_id, state="missing_in_procore", message=message)

    def superseded(self, connection: str, origin_id: str) -> None:
        """Sent once, judged absent, and no longer what is due: it is never sent again."""
        self._set(connection, origin_id, state="superseded", message=None)

    def note(self, connection: str, origin_id: str, message: str) -> None:
        """What was seen of an entry that stays in its state."""
        self._set(connection, origin_id, message=message)

    def _set(
        self, connection: str, origin_id: str, sent_by: str | None = None, **values: Any
    ) -> None:
        """What comes of a request, told by the run that sent it, comes too late where another run
        has taken the entry over since; nothing is changed then."""
        at = (_entry.c.connection == connection) & (_entry.c.origin_id == origin_id)
        if sent_by is not None:
            at &= (_entry.c.state == "sending") & (_entry.c.run_id == sent_by)
        with self._engine.begin() as db:
            changed = db.execute(update(_entry).where(at).values(values))
            if changed.rowcount != 1 and sent_by is None:
                raise LookupError(f"the ledger has no entry {origin_id}")
