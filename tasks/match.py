"""Match: gives every allocation exactly one disposition (money-rules 2 and 3). Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

from paidsync.evidence.folder import read_frame, read_json
from paidsync.reasons import Disposition, Hold, Outside, Pending
from paidsync.records import (
    ALLOCATIONS,
    COMMITMENTS,
    DISPOSITIONS,
    FAULTS,
    PAYMENT_APPLICATIONS,
    Standing,
    rows_of,
)
from tasks.desk import RETRIES, RETRY_SECONDS, Ref, Run, desk, may_try_again, same_extract
from tasks.rows import NO_BILL
from tasks.strategies import Book, Match, Row, find

# Commitments that no payment belongs on (Procore: commitments).
_VOID = {"void", "terminated"}


def match(
    allocations: pd.DataFrame,
    applications: pd.DataFrame,
    commitments: pd.DataFrame,
    faults: pd.DataFrame,
    *,
    bills: Iterable[Row],
    posted: set[str],
    home_currency: str,
) -> pd.DataFrame:
    """Dispositions of all allocations (records.DISPOSITIONS), one row each, in their order.

    ``faults`` are the validation's; ``bills`` all bills known (bill_id, vendor_id, number);
    ``posted`` the allocations for which anything was or may have been sent. A ``matched`` row may
    still become held or outside when the plan has read Procore.
    """
    book = Book.of(rows_of(applications), bills)
    by_commitment = {row["commitment_id"]: row for row in rows_of(commitments)}
    first_fault: dict[str, Row] = {}
    for fault in rows_of(faults):
        first_fault.setdefault(fault["row_id"], fault)
    rows = rows_of(allocations)
    found = {
        row["allocation_id"]: find(row, book) if row["bill_id"] != NO_BILL else None
        for row in rows
    }
    spread = _spread_over_commitments(rows, found)
    judged = [
        _judge(
            row,
            found[row["allocation_id"]],
            fault=first_fault.get(row["allocation_id"]),
            application_fault=first_fault,
            commitments=by_commitment,
            posted=row["allocation_id"] in posted,
            spread=row["payment_id"] in spread,
            home_currency=home_currency,
        )
        for row in rows
    ]
    return DISPOSITIONS.frame(judged)


def _spread_over_commitments(rows: Iterable[Row], found: Mapping[str, Match | None]) -> set[str]:
    """Payments whose credits were spread in proportion although their bills are not all on one
    commitment (money-rules 1.3)."""
    commitments: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        if row["split_in_proportion"] and row["standing"] == Standing.LIVE:
            match_ = found[row["allocation_id"]]
            application = match_.application if match_ else None
            commitments[row["payment_id"]].add(
                application["commitment_id"] if application else None
            )
    return {payment for payment, places in commitments.items() if len(places) > 1}


def _judge(
    row: Row,
    match_: Match | None,
    *,
    fault: Row | None,
    application_fault: Mapping[str, Row],
    commitments: Mapping[str, Row],
    posted: bool,
    spread: bool,
    home_currency: str,
) -> dict[str, Any]:
    application = match_.application if match_ else None

    def said(
        disposition: Disposition, reason: str | None = None, detail: str | None = None, rule: str = ""
    ) -> dict[str, Any]:
        return {
            "allocation_id": row["allocation_id"],
            "disposition": disposition.value,
            "reason": reason,
            "detail": detail,
            "rule": rule or (match_.strategy if match_ else None),
            "amber": ",".join(_remarks(row, match_)) or None,
            "application_id": application["application_id"] if application else None,
            "commitment_id": application["commitment_id"] if application else None,
            "project_id": application["project_id"] if application else None,
            "currency": row["currency"],
            "cash_minor": row["cash_minor"],
            "state": fingerprint(row, application["application_id"] if application else None),
        }

    def held(reason: Hold, detail: str | None, rule: str = "") -> dict[str, Any]:
        return said(Disposition.HELD, reason.value, detail or reason.plain, rule)

    standing = row["standing"]
    if standing in (Standing.VOIDED, Standing.REAPPLIED, Standing.DELETED):
        if posted:
            return said(Disposition.MATCHED)
        return said(Disposition.OUTSIDE, Outside.VOIDED_BEFORE_POSTING.value)
    if standing == Standing.DISAPPEARED:
        if posted:
            return held(Hold.DISAPPEARED_FROM_ERP, None)
        return said(Disposition.OUTSIDE, Outside.VOIDED_BEFORE_POSTING.value)
    if row["opening"]:
        return said(Disposition.OUTSIDE, Outside.OPENING_HISTORY.value)
    if row["bill_id"] == NO_BILL:
        return said(Disposition.OUTSIDE, Outside.UNAPPLIED.value)
    if match_ is None:
        if posted:
            return held(
                Hold.APPLICATION_UNLINKED,
                f"No payment application names bill {row['bill_number'] or row['bill_id']} any more.",
            )
        return said(Disposition.OUTSIDE, Outside.NO_PAYMENT_APPLICATION.value)
    if standing == Standing.NOT_ISSUED:
        return said(Disposition.PENDING, Pending.NOT_ISSUED_YET.value)
    if row["cash_minor"] == 0 and row["settled_minor"] and fault is None and not posted:
        return said(Disposition.OUTSIDE, Outside.CREDIT_APPLICATION.value)
    if match_.pending is not None:
        if posted:
            return held(Hold.APPLICATION_UNLINKED, match_.detail)
        return said(Disposition.PENDING, match_.pending.value, match_.detail)
    if match_.hold is not None:
        return held(match_.hold, match_.detail)
    if fault is not None:
        return held(Hold(fault["reason"]), fault["detail"], fault["rule"])
    assert application is not None
    if wrong := application_fault.get(application["application_id"]):
        return held(Hold(wrong["reason"]), wrong["detail"], wrong["rule"])
    if spread:
        return held(
            Hold.CASH_SPLIT_UNKNOWN,
            "A credit is used on bills of several commitments, and the ERP does not say on which.",
        )
    refusal = _commitment_refuses(row, commitments.get(application["commitment_id"]), home_currency)
    if refusal is not None:
        return held(*refusal)
    return said(Disposition.MATCHED)


def _commitment_refuses(
    row: Row, commitment: Row | None, home_currency: str
) -> tuple[Hold, str] | None:
    if commitment is None or not commitment["project_active"]:
        return Hold.PROJECT_NOT_ACTIVE, (
            "The project is not active in Procore, or the service account cannot see it."
            if commitment is None
            else f"Project {commitment['project_name']} is not active in Procore."
        )
    if (commitment["status"] or "").casefold() in _VOID:
        return Hold.COMMITMENT_VOID, (
            f"Commitment {commitment['number']} is {commitment['status']} in Procore."
        )
    currency = commitment["currency"] or home_currency
    if currency != row["currency"]:
        return Hold.CURRENCY_DIFFERS, (
            f"Bill {row['bill_number']} is in {row['currency']}, commitment "
            f"{commitment['number']} in {currency}."
        )
    return None


def _remarks(row: Row, match_: Match | None) -> list[str]:
    remarks = list(match_.amber) if match_ else []
    if (row["settled_minor"] or 0) > (row["cash_minor"] or 0) > 0:
        remarks.append("settled_without_cash")
    return remarks


def fingerprint(row: Row, application_id: str | None) -> str:
    """The state that a hold or a decision binds to: amount, bill, vendor, application (rule 2)."""
    parts = [
        row["standing"],
        row["currency"],
        row["cash_minor"],
        row["bill_id"],
        row["vendor_id"],
        row["bill_number"],
        application_id,
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@task(
    name="match",
    task_run_name="match payments to payment applications",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=same_extract("match"),
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def match_payments(run: Run, extract: dict[str, Ref], validate: dict[str, Ref]) -> dict[str, Ref]:
    """Match the extract; answers the reference of the dispositions."""
    with desk(run) as at:
        context = read_json(extract["context"])
        judged = match(
            read_frame(extract["allocations"], ALLOCATIONS),
            read_frame(extract["applications"], PAYMENT_APPLICATIONS),
            read_frame(extract["commitments"], COMMITMENTS),
            read_frame(validate["faults"], FAULTS),
            bills=context["bills"],
            posted=at.ledger.entries.with_entries(run.connection),
            home_currency=context["home_currency"],
        )
        ref = at.folder.put_frame("dispositions", judged, DISPOSITIONS, amount="cash_minor")
    counts = judged["disposition"].value_counts().to_dict()
    get_run_logger().info(
        "Matched %s of %s: outside %s, pending %s, held %s.",
        counts.get("matched", 0),
        len(judged),
        counts.get("outside", 0),
        counts.get("pending", 0),
        counts.get("held", 0),
    )
    return {"dispositions": ref.as_dict()}
