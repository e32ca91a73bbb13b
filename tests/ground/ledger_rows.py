"""Rows as the stages hand them to the ledger."""

from typing import Any

from paidsync.ledger import Ledger

US = "acme-us"
UK = "acme-uk"


def allocation(payment: str = "100", bill: str = "200", **changes: Any) -> dict[str, Any]:
    """An allocation as just read."""
    row: dict[str, Any] = {
        "allocation_id": f"quickbooks_online:1:{payment}:{bill}",
        "payment_id": payment,
        "bill_id": bill,
        "standing": "live",
        "payment_number": "4711",
        "payment_date": "2026-03-02",
        "document_date": changes.get("payment_date", "2026-03-02"),
        "payment_method": "check",
        "currency": "USD",
        "settled_minor": 125_000,
        "cash_minor": 125_000,
        "discount_minor": 0,
        "credit_minor": 0,
        "withheld_minor": 0,
        "payment_currency": "USD",
        "payment_total_minor": 125_000,
        "payment_credits_minor": 0,
        "payment_unapplied_minor": 0,
        "home_per_foreign": None,
        "reversal_date": None,
        "reversed_by": None,
        "modified_at": "2026-03-02T10:00:00+00:00",
        "version": "0",
        "fault": None,
        "split_in_proportion": False,
        "opening": False,
    }
    assert changes.keys() <= row.keys()
    return row | changes


def store(ledger: Ledger, *rows: dict[str, Any], run: str = "run-1", connection: str = US) -> None:
    """Store allocations as an extract does."""
    with ledger.engine.begin() as db:
        ledger.allocations.store(db, connection, rows, run)


def judgement(row: dict[str, Any], disposition: str = "matched", **changes: Any) -> dict[str, Any]:
    """What a run judged of an allocation."""
    judged = {
        "allocation_id": row["allocation_id"],
        "disposition": disposition,
        "reason": None,
        "state": "state-1",
        "settled": disposition == "matched",
    }
    return judged | changes


def entry(n: int = 1, payment: str = "100", bill: str = "200", **changes: Any) -> dict[str, Any]:
    """A planned entry."""
    allocation_id = f"quickbooks_online:1:{payment}:{bill}"
    row: dict[str, Any] = {
        "origin_id": f"{allocation_id}:{n}",
        "allocation_id": allocation_id,
        "n": n,
        "kind": "payment",
        "reverses": None,
        "payment_id": payment,
        "bill_id": bill,
        "project_id": "p1",
        "commitment_id": "c1",
        "application_id": "a1",
        "application_number": "1",
        "amount_minor": 125_000,
        "currency": "USD",
        "date": "2026-03-02",
        "invoice_number": "INV-1",
        "invoice_date": None,
        "check_number": "4711",
        "payment_method": "check",
        "notes": None,
        "gross_minor": 125_000,
        "tax_minor": None,
        "amber": None,
        "policy_version": 1,
    }
    assert changes.keys() <= row.keys()
    return row | changes


def reversal(n: int, of: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The entry that takes another one back."""
    return {
        **of,
        "origin_id": f"{of['allocation_id']}:{n}",
        "n": n,
        "kind": "reversal",
        "reverses": of["origin_id"],
        "amount_minor": -of["amount_minor"],
        **changes,
    }


def plan(
    ledger: Ledger, *rows: dict[str, Any], judged: set[str] | None = None, **more: str
) -> None:
    """Store a plan as the plan stage does."""
    told = {"plan_hash": "hash-1", "run_id": "run-1"} | more
    ids = {row["allocation_id"] for row in rows} if judged is None else judged
    ledger.entries.plan(US, ids, rows, **told)


def posted(ledger: Ledger, row: dict[str, Any], *, verified: bool = False) -> None:
    """Plan and post one entry, as far as the ledger sees it."""
    plan(ledger, row, judged=set())
    ledger.entries.sending(US, row["origin_id"], route="contract_payments", run_id="run-1")
    ledger.entries.posted(US, row["origin_id"], f"cp-{row['n']}")
    if verified:
        ledger.entries.verified(US, [row["origin_id"]], "run-1")


def connect(ledger: Ledger, name: str = US, **changes: Any) -> int:
    """Store a connection."""
    told: dict[str, Any] = {
        "name": name,
        "erp": "quickbooks_online",
        "erp_company": "1",
        "procore_company": "7",
        "config": {"name": name},
        "policy": {"start_date": "2026-01-01"},
        "by_whom": "controller",
    }
    return ledger.connections.save(**(told | changes))


def open_run(ledger: Ledger, run_id: str, connection: str = US, mode: str = "sync") -> None:
    """A run begins."""
    ledger.runs.open(
        run_id=run_id,
        connection=connection,
        mode=mode,
        requested_by=None,
        trigger="on demand",
        attempt=1,
        folder=f"runs/{run_id}",
    )
