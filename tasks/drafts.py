"""Entries as they are to be sent: payments, reversals, and our id on a row that is there. Pure."""

from collections.abc import Sequence
from typing import Any

from paidsync import money, origin
from paidsync.reasons import Remark
from paidsync.records import ENTRIES, Standing
from tasks.case import Case, Known
from tasks.strategies import Row

Draft = dict[str, Any]  # records.ENTRIES; n and origin_id are given at last


def numbered(case: Case, drafts: Sequence[Draft]) -> list[Draft]:
    """5.1: each new entry takes the next n of its allocation."""
    n = case.next_n
    allocation = case.row["allocation_id"]
    done = []
    for draft in drafts:
        if draft["resumes"]:
            done.append(draft)
        else:
            done.append({**draft, "n": n, "origin_id": origin.entry_id(allocation, n)})
            n += 1
    return done


def _about(case: Case) -> Draft:
    row = case.row
    return {
        "origin_id": None,
        "allocation_id": row["allocation_id"],
        "n": 0,
        "reverses": None,
        "links": None,
        "payment_id": row["payment_id"],
        "bill_id": row["bill_id"],
        "policy_version": case.known.policy_version,
        "resumes": False,
    }


def payment(case: Case, target: int) -> Draft:
    """The payment that should stand."""
    row, judged, known = case.row, case.judged, case.known
    application = known.applications.get(judged["application_id"] or "", {})
    reference = f" {row['payment_number']}" if row["payment_number"] else ""
    return {
        **_about(case),
        "kind": "payment",
        "project_id": judged["project_id"],
        "commitment_id": judged["commitment_id"],
        "application_id": judged["application_id"],
        "application_number": application.get("number"),
        "amount_minor": target,
        "currency": row["currency"],
        "date": row["payment_date"],
        "invoice_number": row["bill_number"],
        "invoice_date": row["bill_date"],
        "check_number": row["payment_number"],
        "payment_method": row["payment_method"],
        "notes": f"{known.erp_title} bill payment{reference}",
        "gross_minor": row["cash_minor"],
        "tax_minor": _tax(row, target, with_tax=case.policy.tax == "include"),
        "amber": judged["amber"],
        "policy_version": _version(case),
    }


def _version(case: Case) -> int:
    """5.5: what replaces an entry is judged by that entry's policy."""
    versions = [entry["policy_version"] for entry in case.live_entries]
    known = case.known
    return known.policy_version if known.restate or not versions else max(versions)


def _tax(row: Row, target: int, *, with_tax: bool) -> int | None:
    """The tax that belongs to the cash, whether it is posted or not."""
    cash, net, total = row["cash_minor"], row["bill_net_minor"], row["bill_total_minor"]
    if not with_tax:
        return int(cash - target)
    return cash - money.proportion(cash, net, total) if net is not None and total else None


def link(case: Case, target: int, typed: Row) -> Draft:
    """4.3: our id on a row that somebody typed; its own fields are what stands."""
    judged = case.judged
    amber = [remark for remark in ((judged["amber"] or ""), Remark.LINKED) if remark]
    return {
        **payment(case, target),
        "links": typed["contract_payment_id"],
        "application_id": typed["application_id"],
        "date": typed["date"],
        "invoice_number": typed["invoice_number"],
        "check_number": typed["check_number"],
        "notes": typed["notes"],
        "amber": ",".join(amber),
    }


def reversal(case: Case, there: Row) -> Draft:
    """5.2: taken back from the very row that stands, onto the same application and commitment."""
    row = case.row
    sent = next(each for each in case.entries if each["origin_id"] == there["origin_id"])
    return {
        **_about(case),
        "kind": "reversal",
        "reverses": there["origin_id"],
        "project_id": there["project_id"],
        "commitment_id": there["commitment_id"],
        "application_id": there["application_id"],
        "application_number": sent["application_number"],
        "amount_minor": -there["amount_minor"],
        "currency": there["currency"],
        "date": row["reversal_date"] or there["date"],
        "invoice_number": there["invoice_number"],
        "invoice_date": sent["invoice_date"],
        "check_number": there["check_number"],
        "payment_method": sent["payment_method"],
        "notes": _why_taken_back(row, case.known),
        "gross_minor": -sent["gross_minor"] if sent["gross_minor"] is not None else None,
        "tax_minor": -sent["tax_minor"] if sent["tax_minor"] is not None else None,
        "amber": None,
        "policy_version": sent["policy_version"],
    }


def _why_taken_back(row: Row, known: Known) -> str:
    paid = f"{known.erp_title} bill payment {row['payment_number'] or row['payment_id']}"
    match row["standing"]:
        case Standing.VOIDED:
            by = f" by {row['reversed_by']}" if row["reversed_by"] else ""
            return f"VOIDED{by}: {paid}"
        case Standing.REAPPLIED:
            return f"RE-APPLIED: {paid} no longer pays this bill"
        case Standing.DELETED:
            return f"DELETED: {paid}"
        case Standing.DISAPPEARED:
            return f"DISAPPEARED: {paid}, taken back by decision"
        case _:
            return f"CORRECTED: {paid}"


def resumed(entry: Row) -> Draft:
    """An entry frozen since it was first sent (rule 6.3)."""
    return {
        **{name: entry[name] for name in ENTRIES.columns if name != "resumes"},
        "resumes": True,
    }


def is_still_due(entry: Row, draft: Draft) -> bool:
    """Whether an entry that was sent once is what would be planned now."""
    facts = (
        "kind", "reverses", "links", "commitment_id", "application_id", "amount_minor", "date",
        "invoice_number", "check_number",
    )  # fmt: skip
    return all((entry[name] or None) == (draft[name] or None) for name in facts)
