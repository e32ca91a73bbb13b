"""The world in readable form: `GET /world`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from .answers import allocation, counts
from .company import World
from .rows import prefix_of
from .truth import tell

LIMIT = 500


def as_json(world: World, limit: int = LIMIT) -> dict[str, Any]:
    """Return both systems' records with every allocation's expected disposition.

    Each list holds at most `limit` items, newest first; `counts` counts all of them.
    """
    truth = tell(world)
    procore, erp = world.procore, world.erp
    lists: dict[str, tuple[int, Any]] = {
        "projects": (len(procore.projects), map(_project, _newest(procore.projects))),
        "commitments": (
            len(procore.commitments),
            (_commitment(world, one) for one in _newest(procore.commitments)),
        ),
        "applications": (
            len(procore.requisitions),
            map(_application, _newest(procore.requisitions)),
        ),
        "vendors": (len(erp.vendors.rows), map(_vendor, _newest(erp.vendors.rows))),
        "bills": (len(erp.bills.rows), map(_bill, _newest(erp.bills.rows))),
        "credits": (len(erp.credits.rows), map(_credit, _newest(erp.credits.rows))),
        "payments": (len(erp.payments.rows), map(_payment, _newest(erp.payments.rows))),
        "allocations": (
            len(truth.verdicts),
            (allocation(one, truth) for one in reversed(truth.verdicts)),
        ),
        "rows": (
            len(procore.payment_rows.by_id),
            (_row(world, one) for one in _newest(procore.payment_rows.by_id)),
        ),
    }
    shown = {name: list(islice(items, limit)) for name, (_, items) in lists.items()}
    sizes = {name: size for name, (size, _) in lists.items()}
    head = {
        "company": erp.name,
        "size": world.size,
        "seed": world.seed,
        "now": world.clock.now().isoformat(),
        "today": world.today.isoformat(),
        "erp": world.face.name,
        "erp_company": erp.company_id,
        "cannot": dict(erp.cannot),
        "company_id": procore.company_id,
        "counts": sizes,
        "expected": counts(truth),
    }
    return head | shown


def _newest(rows: dict[Any, Any]) -> Any:
    return reversed(rows.values())


def _project(one: Any) -> dict[str, Any]:
    return {"id": one.id, "number": one.number, "name": one.name, "active": one.active}


def _commitment(world: World, one: Any) -> dict[str, Any]:
    vendor = world.procore.vendors[one.vendor_id]
    return {
        "id": one.id,
        "project_id": one.project_id,
        "number": one.number,
        "title": one.title,
        "kind": one.kind,
        "status": one.status,
        "allow_payments": one.allow_payments,
        "currency": one.currency,
        "vendor": vendor.name,
        "vendor_id": vendor.origin_id,
    }


def _application(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "commitment_id": one.commitment_id,
        "invoice_number": one.invoice_number,
        "due": str(one.due),
        "retainage": str(one.retainage),
        "status": one.status,
        "bill_id": one.origin_id,
    }


def _vendor(one: Any) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "currency": one.currency, "active": one.active}


def _bill(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "vendor_id": one.vendor_id,
        "date": one.txn_date.isoformat(),
        "total": str(one.total),
        "balance": str(one.balance),
        "currency": one.currency,
        "payments": list(one.payments),
    }


def _credit(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "vendor_id": one.vendor_id,
        "total": str(one.total),
        "balance": str(one.balance),
    }


def _payment(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "number": one.number,
        "vendor_id": one.vendor_id,
        "date": one.txn_date.isoformat(),
        "method": "check" if one.pay_type == "Check" else "credit_card",
        "print_status": one.print_status,
        "total": str(one.total),
        "currency": one.currency,
        "state": "voided" if one.voided else "posted",
        "kind": one.kind,
        "batch": one.batch,
        "lines": [
            {"amount": str(line.amount), "linked": [{"type": k, "id": i} for k, i in line.linked]}
            for line in one.lines
        ],
    }


def _row(world: World, one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "commitment_id": one.contract_id,
        "requisition_id": one.requisition_id,
        "amount": str(one.amount),
        "date": one.date.isoformat(),
        "check_number": one.check_number,
        "invoice_number": one.invoice_number,
        "origin_id": one.origin_id,
        "external_payment_id": one.external_payment_id,
        "ours": prefix_of(world, one.origin_id) is not None,
    }
