"""What both systems showed when last read: bills, vendors, commitments, applications, rows."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, delete, select

from paidsync.ledger.sql import chunks, rows_in, upsert
from paidsync.ledger.tables import Bill, Commitment, ContractPayment, PaymentApplication, Vendor
from paidsync.records import COMMITMENTS, CONTRACT_PAYMENTS, PAYMENT_APPLICATIONS

_bill = Bill.__table__  # type: ignore[attr-defined]
_vendor = Vendor.__table__  # type: ignore[attr-defined]
_commitment = Commitment.__table__  # type: ignore[attr-defined]
_application = PaymentApplication.__table__  # type: ignore[attr-defined]
_contract_payment = ContractPayment.__table__  # type: ignore[attr-defined]

Rows = Iterable[Mapping[str, Any]]


class Mirror:
    """Copies of outside records, so that a run need not read everything anew."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store_bills(self, db: Db, connection: str, rows: Rows) -> None:
        """Bills as just read."""
        upsert(db, _bill, [{"connection": connection, **row} for row in rows])

    def store_vendors(self, db: Db, connection: str, rows: Rows) -> None:
        """Procore's vendors as just read."""
        upsert(db, _vendor, [{"connection": connection, **row} for row in rows])

    def store_commitments(self, db: Db, connection: str, rows: Rows) -> None:
        """Commitments as just read."""
        upsert(db, _commitment, [{"connection": connection, **row} for row in rows])

    def store_applications(self, db: Db, connection: str, rows: Rows) -> None:
        """Payment applications as just read."""
        upsert(db, _application, [{"connection": connection, **row} for row in rows])

    def store_contract_payments(
        self, connection: str, commitment_ids: Collection[str], rows: Rows, run_id: str
    ) -> None:
        """The complete rows of these commitments, as just read: rows no longer there go."""
        with self._engine.begin() as db:
            for chunk in chunks(commitment_ids):
                db.execute(
                    delete(_contract_payment).where(
                        _contract_payment.c.connection == connection,
                        _contract_payment.c.commitment_id.in_(chunk),
                    )
                )
            upsert(
                db,
                _contract_payment,
                [{"connection": connection, "read_run": run_id, **row} for row in rows],
            )

    def bills(self, connection: str) -> dict[str, dict[str, Any]]:
        """Every bill known, by id."""
        with self._engine.begin() as db:
            rows = db.execute(select(_bill).where(_bill.c.connection == connection)).mappings()
            return {row["bill_id"]: dict(row) for row in rows}

    def vendors(self, connection: str) -> dict[str, str | None]:
        """Origin id (the ERP's vendor id) of every vendor known, by Procore's id."""
        with self._engine.begin() as db:
            query = select(_vendor.c.vendor_id, _vendor.c.origin_id)
            rows = db.execute(query.where(_vendor.c.connection == connection)).all()
        return {row.vendor_id: row.origin_id for row in rows}

    def commitments(self, connection: str) -> list[dict[str, Any]]:
        """Every commitment known (records.COMMITMENTS)."""
        columns = [_commitment.c[name] for name in COMMITMENTS.columns]
        with self._engine.begin() as db:
            return rows_in(db, select(*columns).where(_commitment.c.connection == connection))

    def applications(self, connection: str) -> list[dict[str, Any]]:
        """Every payment application known, its vendor's origin id beside (PAYMENT_APPLICATIONS)."""
        columns = [
            _vendor.c.origin_id.label("vendor_origin_id")
            if name == "vendor_origin_id"
            else _application.c[name]
            for name in PAYMENT_APPLICATIONS.columns
        ]
        joined = _application.outerjoin(
            _vendor,
            (_vendor.c.connection == _application.c.connection)
            & (_vendor.c.vendor_id == _application.c.vendor_id),
        )
        with self._engine.begin() as db:
            query = (
                select(*columns)
                .select_from(joined)
                .where(_application.c.connection == connection)
                .order_by(_application.c.application_id)
            )
            return rows_in(db, query)

    def commitments_with(self, connection: str, origin_ids: Collection[str]) -> dict[str, str]:
        """Commitments, with their projects, on which rows of these ids stood when last read."""
        found: dict[str, str] = {}
        columns = _contract_payment.c.commitment_id, _contract_payment.c.project_id
        with self._engine.begin() as db:
            for chunk in chunks(origin_ids):
                query = select(*columns).where(
                    _contract_payment.c.connection == connection,
                    _contract_payment.c.origin_id.in_(chunk),
                )
                found |= {row[0]: row[1] for row in db.execute(query)}
        return found

    def contract_payments(
        self, connection: str, commitment_ids: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """Rows of Payments Issued as last read, of these commitments or of all
        (CONTRACT_PAYMENTS)."""
        columns = [_contract_payment.c[name] for name in CONTRACT_PAYMENTS.columns]
        query = select(*columns).where(_contract_payment.c.connection == connection)
        if commitment_ids is not None:
            query = query.where(_contract_payment.c.commitment_id.in_(commitment_ids))
        with self._engine.begin() as db:
            return rows_in(db, query)
