"""Every allocation ever seen, and what the last run judged of it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, and_, bindparam, false, func, or_, select, update

from paidsync.ledger.sql import chunks, rows_in, upsert
from paidsync.ledger.tables import Allocation, Bill, Entry
from paidsync.reasons import Outside
from paidsync.records import ALLOCATIONS, Standing

Row = dict[str, Any]

_allocation = Allocation.__table__  # type: ignore[attr-defined]
_entry = Entry.__table__  # type: ignore[attr-defined]
_bill = Bill.__table__  # type: ignore[attr-defined]

# What makes a payment another one than is kept here; its version and its time stamp alone do not.
_CONTENT = (
    "standing",
    "payment_number",
    "payment_date",
    "payment_method",
    "currency",
    "settled_minor",
    "cash_minor",
    "discount_minor",
    "credit_minor",
    "withheld_minor",
    "reversal_date",
    "fault",
    "split_in_proportion",
)
_OF_BILL = {
    "vendor_id": _bill.c.vendor_id,
    "vendor_name": _bill.c.vendor_name,
    "bill_number": _bill.c.number,
    "bill_date": _bill.c.date,
    "bill_total_minor": _bill.c.total_minor,
    "bill_net_minor": _bill.c.net_minor,
    "bill_tax_minor": _bill.c.tax_minor,
    "bill_settled_minor": _bill.c.settled_minor,
    "retainage_of": _bill.c.retainage_of,
    "named_commitments": _bill.c.named_commitments,
}
_OWN = frozenset(_allocation.c.keys())
_UNJUDGED = {"disposition": None, "reason": None, "state": None, "settled": False}


class Allocations:
    """Stores allocations before any filter, and finds those that a run has to look at."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store(
        self, db: Db, connection: str, rows: Iterable[Mapping[str, Any]], run_id: str
    ) -> None:
        """Allocations as just read, or as kept here with something changed; columns of their bills
        are not theirs. Their last judgement is forgotten, whether they changed or something that
        it depends on: were this run to end before it judges them, no feed would tell the next."""
        runs = {"last_read_run": run_id, "first_seen_run": run_id}
        upsert(
            db,
            _allocation,
            [
                {
                    **{name: row[name] for name in row if name in _OWN},
                    **_UNJUDGED,
                    **runs,
                    "connection": connection,
                }
                for row in rows
            ],
            keep=("first_seen_run", "opening", "opening_state"),
        )

    def changed(self, connection: str, rows: Collection[Mapping[str, Any]]) -> list[str]:
        """Those of the rows just read, by id, whose content is not as it is kept here."""
        known: dict[str, tuple[Any, ...]] = {}
        columns = [_allocation.c.allocation_id, *(_allocation.c[name] for name in _CONTENT)]
        with self._engine.begin() as db:
            for chunk in chunks([row["allocation_id"] for row in rows]):
                query = select(*columns).where(
                    _allocation.c.connection == connection, _allocation.c.allocation_id.in_(chunk)
                )
                known |= {row[0]: tuple(row[1:]) for row in db.execute(query)}
        return [
            row["allocation_id"]
            for row in rows
            if known.get(row["allocation_id"]) != tuple(row[name] for name in _CONTENT)
        ]

    def judge_anew(self, db: Db, connection: str, allocation_ids: Collection[str]) -> None:
        """Something that their judgement depends on changed: they are looked at again."""
        for chunk in chunks(allocation_ids):
            db.execute(
                update(_allocation)
                .where(
                    _allocation.c.connection == connection, _allocation.c.allocation_id.in_(chunk)
                )
                .values(_UNJUDGED)
            )

    def not_history(self, db: Db, connection: str, allocation_ids: Collection[str]) -> None:
        """Payments of ours stand for them, so they are no history of the opening scan."""
        for chunk in chunks(allocation_ids):
            db.execute(
                update(_allocation)
                .where(
                    _allocation.c.connection == connection, _allocation.c.allocation_id.in_(chunk)
                )
                .values(opening=False, opening_state=None)
            )

    def judged(self, connection: str, rows: Iterable[Mapping[str, Any]], run_id: str) -> None:
        """What this run judged: rows of allocation_id, disposition, reason, state and whether
        Procore was seen to agree (settled)."""
        statement = (
            update(_allocation)
            .where(
                _allocation.c.connection == connection,
                _allocation.c.allocation_id == bindparam("b_id"),
            )
            .values(
                disposition=bindparam("b_disposition"),
                reason=bindparam("b_reason"),
                state=bindparam("b_state"),
                settled=bindparam("b_settled"),
                judged_run=run_id,
            )
        )
        values = [
            {
                "b_id": row["allocation_id"],
                "b_disposition": row["disposition"],
                "b_reason": row["reason"],
                "b_state": row["state"],
                "b_settled": row["settled"],
            }
            for row in rows
        ]
        with self._engine.begin() as db:
            for chunk in chunks(values):
                db.execute(statement, chunk)

    def of_payments(self, connection: str, payment_ids: Collection[str]) -> list[Row]:
        """Stored allocations of these payments (ALLOCATIONS)."""
        return self._rows(connection, _allocation.c.payment_id, payment_ids)

    def of_bills(self, connection: str, bill_ids: Collection[str]) -> list[Row]:
        """Stored allocations to these bills (ALLOCATIONS)."""
        return self._rows(connection, _allocation.c.bill_id, bill_ids)

    def by_id(self, connection: str, allocation_ids: Collection[str]) -> list[Row]:
        """Stored allocations by their own ids (ALLOCATIONS)."""
        return self._rows(connection, _allocation.c.allocation_id, allocation_ids)

    def _rows(self, connection: str, column: Any, ids: Collection[str]) -> list[Row]:
        found: list[Row] = []
        with self._engine.begin() as db:
            for chunk in chunks(ids):
                where = and_(_allocation.c.connection == connection, column.in_(chunk))
                found += rows_in(db, _query(where))
        return found

    def open(self, connection: str) -> list[Row]:
        """What a run looks at besides what changed: everything that was not seen settled, that is
        changed, held, pending, outside, or with an entry under way; and whatever has a superseded
        entry, which may still arrive in Procore (ALLOCATIONS)."""
        watched = or_(_allocation.c.settled.is_(False), _was_superseded(connection))
        where = and_(_allocation.c.connection == connection, watched)
        with self._engine.begin() as db:
            return rows_in(db, _query(where))

    def all(self, connection: str) -> list[Row]:
        """Everything ever seen (ALLOCATIONS)."""
        with self._engine.begin() as db:
            return rows_in(db, _query(_allocation.c.connection == connection))

    def put_aside(self, connection: str) -> set[str]:
        """Allocations that are outside because a person decided so about a hold."""
        with self._engine.begin() as db:
            query = select(_allocation.c.allocation_id).where(
                _allocation.c.connection == connection,
                _allocation.c.disposition == "outside",
                _allocation.c.reason.in_((Outside.LEFT_BY_DECISION, Outside.DRIFT_ACCEPTED)),
            )
            return set(db.execute(query).scalars())

    def live_payment_ids(self, connection: str) -> list[str]:
        """Payments that stood in the ERP when last read, for a sweep."""
        with self._engine.begin() as db:
            query = (
                select(_allocation.c.payment_id)
                .distinct()
                .where(
                    _allocation.c.connection == connection,
                    _allocation.c.standing.in_((Standing.LIVE, Standing.NOT_ISSUED)),
                )
                .order_by(_allocation.c.payment_id)
            )
            return list(db.execute(query).scalars())

    def known_payment_ids(self, connection: str, ids: Collection[str]) -> set[str]:
        """Those of the ids that were ever seen."""
        found: set[str] = set()
        with self._engine.begin() as db:
            for chunk in chunks(ids):
                query = select(_allocation.c.payment_id).where(
                    _allocation.c.connection == connection, _allocation.c.payment_id.in_(chunk)
                )
                found |= set(db.execute(query).scalars())
        return found

    def payments_dated(self, connection: str, first: str, last: str) -> set[str]:
        """Payments seen that are dated first..last (ISO dates) and still there, to compare with
        the ERP's own count: by their own date, whenever a prepayment was applied."""
        there = (Standing.LIVE, Standing.NOT_ISSUED, Standing.VOIDED, Standing.REAPPLIED)
        # Rows kept before there were prepayments have only the one date.
        day = func.coalesce(_allocation.c.document_date, _allocation.c.payment_date)
        with self._engine.begin() as db:
            query = select(_allocation.c.payment_id).where(
                _allocation.c.connection == connection,
                day.between(first, last),
                _allocation.c.standing.in_(there),
            )
            return set(db.execute(query).scalars())

    def unfinished_payments(self, connection: str) -> set[str]:
        """Payments with an allocation that is changed, held, pending or under way: whatever is
        posted for them needs a fresh read first. Those outside are judged from what is stored."""
        with self._engine.begin() as db:
            unsettled = and_(
                _allocation.c.settled.is_(False),
                _allocation.c.disposition.is_distinct_from("outside"),
            )
            query = select(_allocation.c.payment_id).where(
                _allocation.c.connection == connection, or_(unsettled, _was_superseded(connection))
            )
            return set(db.execute(query).scalars())

    def posted_to(self, connection: str, application_ids: Collection[str]) -> list[Row]:
        """Stored allocations with entries on these payment applications (ALLOCATIONS)."""
        ids: set[str] = set()
        with self._engine.begin() as db:
            for chunk in chunks(application_ids):
                query = select(_entry.c.allocation_id).where(
                    _entry.c.connection == connection, _entry.c.application_id.in_(chunk)
                )
                ids |= set(db.execute(query).scalars())
        return self.by_id(connection, ids)

    def sent_under_other(self, connection: str, policy_version: int) -> list[Row]:
        """Stored allocations with entries posted under another policy version (ALLOCATIONS)."""
        with self._engine.begin() as db:
            query = (
                select(_entry.c.allocation_id)
                .distinct()
                .where(
                    _entry.c.connection == connection,
                    _entry.c.policy_version != policy_version,
                )
            )
            ids = list(db.execute(query).scalars())
        return self.by_id(connection, ids)


def _was_superseded(connection: str) -> Any:
    superseded = select(_entry.c.allocation_id).where(
        _entry.c.connection == connection, _entry.c.state == "superseded"
    )
    return _allocation.c.allocation_id.in_(superseded)


def _query(where: Any) -> Any:
    columns = []
    for name in ALLOCATIONS.columns:
        if name in _OF_BILL:
            columns.append(_OF_BILL[name].label(name))
        elif name == "fresh":
            columns.append(false().label("fresh"))
        else:
            columns.append(_allocation.c[name])
    joined = _allocation.outerjoin(
        _bill,
        (_bill.c.connection == _allocation.c.connection)
        & (_bill.c.bill_id == _allocation.c.bill_id),
    )
    return select(*columns).select_from(joined).where(where).order_by(_allocation.c.allocation_id)
