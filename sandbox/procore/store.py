"""The state of one Procore company.

Whoever plays the outside world (a person typing a payment, an ERP connector exporting an
invoice, Procore Support) calls the methods here; the HTTP routes read and write the same
records under the same lock.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sandbox.procore.model import (
    PAYMENT_METHODS,
    REQUISITION_STATUSES,
    ContractPayment,
    Record,
    Requisition,
    statuses_of,
)
from sandbox.procore.payment_rows import ITEM_TYPE as PAYMENT
from sandbox.procore.records import CompanyRecords, one_of


class ProcoreStore(CompanyRecords):
    """One company, with everything the outside world may do to it."""

    def set_project(self, project_id: int, **changes: Any) -> None:
        """Change attributes of a project."""
        self._set("project", self.projects[project_id], changes)

    def set_vendor(self, vendor_id: int, **changes: Any) -> None:
        """Change attributes of a vendor."""
        self._set("vendor", self.vendors[vendor_id], changes)

    def set_commitment(self, commitment_id: int, **changes: Any) -> None:
        """Change attributes of a commitment."""
        record = self.commitments[commitment_id]
        if "status" in changes:
            one_of("status", changes["status"], statuses_of(record.kind))
        self._set(record.item_type, record, changes, fixed=("project_id", "kind"))

    def set_requisition(self, requisition_id: int, **changes: Any) -> None:
        """Change attributes of an invoice, locked or not."""
        if "status" in changes:
            one_of("status", changes["status"], REQUISITION_STATUSES)
        fixed = ("project_id", "commitment_id")
        self._set("requisition", self.requisitions[requisition_id], changes, fixed=fixed)

    def link_requisition(self, requisition_id: int, origin_id: str) -> None:
        """An ERP connector exported the invoice: it is synced and locked from here on."""
        self.set_requisition(requisition_id, origin_id=origin_id)

    def unlink_requisition(self, requisition_id: int) -> None:
        """The invoice was unlinked from the ERP."""
        self.set_requisition(requisition_id, origin_id=None, origin_code=None, origin_data=None)

    def move_requisition(self, requisition_id: int, commitment_id: int) -> None:
        """The invoice now stands on another commitment; its payments stay where they are."""
        with self.lock:
            record = self.requisitions[requisition_id]
            target = self.commitments[commitment_id]
            _drop(self._invoices_of[record.commitment_id], record.id)
            _drop(self._requisitions_of[record.project_id], record.id)
            insort(self._invoices_of.setdefault(commitment_id, []), record.id)
            insort(self._requisitions_of.setdefault(target.project_id, []), record.id)
            record.former_commitment_ids += (record.commitment_id,)
            record.commitment_id = commitment_id
            record.project_id = target.project_id
            record.period_id = self.period_of(target.project_id, record.billing_date).id
            record.updated_at = self.now()

    def remove_requisition(self, requisition_id: int) -> None:
        """The invoice is deleted."""
        with self.lock:
            record = self.requisitions.pop(requisition_id)
            self.origins.release("requisition", record.origin_id, record.id)
            _drop(self._invoices_of[record.commitment_id], record.id)
            _drop(self._requisitions_of[record.project_id], record.id)

    def set_origin(self, item_type: str, record: Record, **origin: str | None) -> None:
        """Write a record's External Data; a taken origin id raises ``DuplicateOrigin``."""
        self._set(item_type, record, origin)

    def _set(
        self,
        item_type: str,
        record: Record,
        changes: dict[str, Any],
        *,
        fixed: Sequence[str] = (),
    ) -> None:
        with self.lock:
            for name in changes:
                if name in ("id", *fixed) or not hasattr(record, name):
                    raise ValueError(f"{name!r} of a {item_type} cannot be set")
            if "origin_id" in changes:
                self.origins.move(item_type, record.origin_id, changes["origin_id"], record.id)
                if isinstance(record, Requisition):
                    changes.setdefault("erp_status", "synced" if changes["origin_id"] else None)
            for name, value in changes.items():
                setattr(record, name, value)
            record.updated_at = self.now()
            if item_type == PAYMENT:
                self.payment_rows.changes += 1

    def type_payment(
        self,
        *,
        commitment_id: int,
        amount: Decimal,
        date: date,
        check_number: str | None = None,
        invoice_number: str | None = None,
        requisition_id: int | None = None,
        payment_method: str = "check",
        origin_id: str | None = None,
        external_payment_id: str | None = None,
        notes: str | None = None,
        duplicate_origin: bool = False,
        created_at: datetime | None = None,
    ) -> int:
        """A row by a person, by another integration (origin id) or by Procore Pay.

        ``duplicate_origin`` plants a second row with an origin id that is already taken;
        ``created_at`` makes the row as old as that.
        """
        one_of("payment_method", payment_method, PAYMENT_METHODS)
        with self.lock:
            commitment = self.commitments[commitment_id]
            row = ContractPayment(
                id=self.new_id("payment"),
                project_id=commitment.project_id,
                contract_id=commitment_id,
                amount=amount,
                date=date,
                check_number=check_number,
                invoice_number=invoice_number,
                requisition_id=requisition_id,
                payment_method=payment_method,
                payment_number=len(self.payment_rows.ids_of(commitment_id)) + 1,
                notes=notes,
                origin_id=origin_id,
                external_payment_id=external_payment_id,
                status="paid" if external_payment_id is not None else None,
                **self._stamps(),
            )
            if created_at is not None:
                row.created_at = row.updated_at = created_at.astimezone(UTC).replace(microsecond=0)
            self.payment_rows.add(row, forced_origin=duplicate_origin)
            return row.id

    def edit_payment(self, payment_id: int, **changes: Any) -> None:
        """A row changed in the product, whatever its origin; scope and id stay."""
        with self.lock:
            row = self.payment_rows.by_id[payment_id]
            amount = changes.pop("amount", row.amount)
            self._set(PAYMENT, row, changes, fixed=("project_id", "contract_id"))
            self.payment_rows.set_amount(row, amount)

    def remove_payment(self, payment_id: int) -> None:
        """Procore Support removes a row."""
        with self.lock:
            self.payment_rows.remove(payment_id)

    def payments(self, commitment_id: int | None = None) -> list[ContractPayment]:
        """The rows of one commitment, or of the company, oldest first."""
        with self.lock:
            if commitment_id is not None:
                return self.payment_rows.of(commitment_id)
            return list(self.payment_rows.by_id.values())

    def commitment_ids(self, project_id: int) -> Sequence[int]:
        """Commitments of a project, oldest first."""
        return self._commitments_of.get(project_id, ())

    def requisition_ids(self, project_id: int) -> Sequence[int]:
        """Invoices of a project, oldest first."""
        return self._requisitions_of.get(project_id, ())

    def invoice_ids(self, commitment_id: int) -> Sequence[int]:
        """Invoices of a commitment, oldest first."""
        return self._invoices_of.get(commitment_id, ())

    def synced_record(self, item_type: str, item_id: int) -> Record | None:
        """The record that External Data of this type and id belongs to."""
        if item_type in ("work_order_contract", "purchase_order_contract"):
            commitment = self.commitments.get(item_id)
            return commitment if commitment and commitment.item_type == item_type else None
        tables: dict[str, dict[int, Any]] = {
            PAYMENT: self.payment_rows.by_id,
            "requisition": self.requisitions,
            "vendor": self.vendors,
            "project": self.projects,
        }
        return tables.get(item_type, {}).get(item_id)


def _drop(ids: list[int], item_id: int) -> None:
    del ids[bisect_left(ids, item_id)]
