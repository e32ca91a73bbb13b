"""Match: gives every allocation exactly one disposition (money-rules 2 and 3). Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from prefect import get_run_logger, task

from paidsync.evidence.folder import read_frame, read_json, read_records
from paidsync.policy import Policy
from paidsync.reasons import Decision, Disposition, Hold, Outside, Pending, Remark
from paidsync.records import (
    ALLOCATIONS,
    BILLS,
    COMMITMENTS,
    DISPOSITIONS,
    FAULTS,
    PAYMENT_APPLICATIONS,
    Standing,
    rows_of,
)
from tasks.bill_totals import total_differs
from tasks.decisions import Decisions, decision_about, linked_application
from tasks.desk import RETRIES, RETRY_SECONDS, Ref, Run, desk, may_try_again, same_extract
from tasks.rows import NO_BILL, opening_state
from tasks.strategies import Book, Match, Row, by_decision, find


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """For what anything was, or may have been, sent."""

    allocations: Collection[str] = ()
    bills: Collection[str] = ()


def match(
    allocations: pd.DataFrame,
    applications: pd.DataFrame,
    commitments: pd.DataFrame,
    faults: pd.DataFrame,
    *,
    bills: Iterable[Row],
    sent: Sent,
    policy: Policy,
    decisions: Decisions,
    home_currency: str,
) -> pd.DataFrame:
    """Dispositions of all allocations (records.DISPOSITIONS), one row each, in their order.

    ``faults`` are the validation's; ``bills`` all bills known (records.BILLS). A ``matched`` row
    may still become held or outside when the plan has read Procore.
    """
    book = Book.of(rows_of(applications), bills, policy)
    by_commitment = {row["commitment_id"]: row for row in rows_of(commitments)}
    first_fault: dict[str, Row] = {}
    for fault in rows_of(faults):
        first_fault.setdefault(fault["row_id"], fault)
    rows = rows_of(allocations)
    found = {row["allocation_id"]: _found(row, book, decisions) for row in rows}
    spread = _spread_over_commitments(rows, {key: each for key, (each, _) in found.items()})

    def case(row: Row) -> _Case:
        match_, state = found[row["allocation_id"]]
        return _Case(
            row=row,
            match=match_,
            state=state,
            fault=first_fault.get(row["allocation_id"]),
            application_fault=first_fault.get((match_ and match_.application_id) or ""),
            commitment=by_commitment.get((match_ and match_.commitment_id) or ""),
            posted=row["allocation_id"] in sent.allocations,
            bill_posted=row["bill_id"] in sent.bills,
            spread=row["payment_id"] in spread,
            book=book,
            policy=policy,
            decisions=decisions,
            home_currency=home_currency,
        )

    return DISPOSITIONS.frame(_judge(case(row)) for row in rows)


def _found(row: Row, book: Book, decisions: Decisions) -> tuple[Match | None, str]:
    """The match, and the state that holds and decisions bind to: as it is without a decision."""
    if row["bill_id"] == NO_BILL:
        return None, fingerprint(row, None)
    match_ = find(row, book)
    state = fingerprint(row, match_.application_id if match_ else None)
    named = linked_application(decisions, row["allocation_id"], state)
    linked = by_decision(named, book) if named is not None else None
    return linked or match_, state


def _spread_over_commitments(rows: Iterable[Row], found: Mapping[str, Match | None]) -> set[str]:
    """Payments whose credits were spread in proportion although their bills are not all on one
    commitment (money-rules 1.3)."""
    commitments: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        if row["split_in_proportion"] and row["standing"] == Standing.LIVE:
            match_ = found[row["allocation_id"]]
            commitments[row["payment_id"]].add(match_.commitment_id if match_ else None)
    return {payment for payment, places in commitments.items() if len(places) > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One allocation, with everything that its judgement depends on."""

    row: Row
    match: Match | None
    state: str
    fault: Row | None
    application_fault: Row | None
    commitment: Row | None
    posted: bool  # something was or may have been sent for it
    bill_posted: bool  # or for another payment of its bill
    spread: bool  # its credits are spread over several commitments
    book: Book
    policy: Policy
    decisions: Decisions
    home_currency: str

    def decided(self, reason: Hold) -> Decision | None:
        """What a person decided about this hold of the allocation as it is now."""
        return decision_about(self.decisions, self.row["allocation_id"], self.state, reason)


class _Verdict(NamedTuple):
    disposition: Disposition
    reason: Hold | Pending | Outside | None = None
    detail: str | None = None
    rule: str | None = None


def _held(reason: Hold, detail: str | None = None, rule: str | None = None) -> _Verdict:
    return _Verdict(Disposition.HELD, reason, detail or reason.plain, rule)


def _contradicts_itself(case: _Case) -> _Verdict | None:
    """1.1: of two versions that contradict each other, neither is believed, whatever it says."""
    fault = case.fault
    if fault is None or fault["reason"] != Hold.DUPLICATE_ALLOCATION or case.row["opening"]:
        return None
    if case.match is None and not case.posted:
        return None
    return _held(Hold.DUPLICATE_ALLOCATION, fault["detail"], fault["rule"])


def _changed_before_start(case: _Case) -> _Verdict | None:
    """7.1: history of the opening scan that is no longer what it was."""
    row, match_ = case.row, case.match
    if not row["opening"]:
        return None
    if opening_state(row) == row["opening_state"] or match_ is None or match_.pending is not None:
        return _Verdict(Disposition.OUTSIDE, Outside.OPENING_HISTORY)
    return _held(
        Hold.CHANGED_BEFORE_START,
        f"Payment {row['payment_number'] or row['payment_id']} of bill "
        f"{row['bill_number'] or row['bill_id']} is from before the start date and is no longer "
        "what it was at the first run.",
    )


def _not_live(case: _Case) -> _Verdict | None:
    """Voided, moved, deleted: there is something to do only if something was posted."""
    standing = case.row["standing"]
    if standing in (Standing.LIVE, Standing.NOT_ISSUED):
        return None
    if not case.posted:
        return _Verdict(Disposition.OUTSIDE, Outside.VOIDED_BEFORE_POSTING)
    if standing == Standing.DISAPPEARED:
        return _held(Hold.DISAPPEARED_FROM_ERP)
    return _Verdict(Disposition.MATCHED)


def _nothing_to_do_with_procore(case: _Case) -> _Verdict | None:
    row = case.row
    if row["bill_id"] == NO_BILL:
        if row["fault"]:  # a document that cannot be judged: it may pay any bill
            return _held(Hold(row["fault"]), _unread(row))
        return _Verdict(Disposition.OUTSIDE, Outside.UNAPPLIED)
    if case.match is None and not case.posted:
        return _Verdict(Disposition.OUTSIDE, Outside.NO_PAYMENT_APPLICATION)
    return None


def _unread(row: Row) -> str:
    return (
        f"{Hold(row['fault']).plain} Which bills it pays cannot be read: payment "
        f"{row['payment_number'] or '(no number)'}, id {row['payment_id']}."
    )


def _lost_its_application(case: _Case) -> _Verdict | None:
    """3.8: a match that is lost never moves money."""
    if not case.posted:
        return None
    if case.match is None:
        number = case.row["bill_number"] or case.row["bill_id"]
        return _held(
            Hold.APPLICATION_UNLINKED, f"No payment application names bill {number} any more."
        )
    if case.match.pending is not None:
        return _held(Hold.APPLICATION_UNLINKED, case.match.detail)
    return None


def _not_yet(case: _Case) -> _Verdict | None:
    if case.row["standing"] == Standing.NOT_ISSUED:
        return _Verdict(Disposition.PENDING, Pending.NOT_ISSUED_YET)
    if case.match is not None and case.match.pending is not None:
        return _Verdict(Disposition.PENDING, case.match.pending, case.match.detail)
    return None


def _no_cash_moved(case: _Case) -> _Verdict | None:
    """1.3: a bill settled by a credit."""
    row = case.row
    if row["cash_minor"] == 0 and row["settled_minor"] and not case.fault and not case.posted:
        return _Verdict(Disposition.OUTSIDE, Outside.CREDIT_APPLICATION)
    return None


def _matched_doubtfully(case: _Case) -> _Verdict | None:
    if case.match is not None and case.match.hold is not None:
        return _held(case.match.hold, case.match.detail)
    return None


def _is_answered(case: _Case, fault: Row) -> bool:
    """Which application it is, a person has said."""
    linked = case.match is not None and case.match.strategy == "by_decision"
    return linked and fault["reason"] == Hold.AMBIGUOUS_MATCH


def _breaks_a_rule(case: _Case) -> _Verdict | None:
    for fault in (case.fault, case.application_fault):
        if fault is not None and not _is_answered(case, fault):
            return _held(Hold(fault["reason"]), fault["detail"], fault["rule"])
    if case.spread:
        return _held(
            Hold.CASH_SPLIT_UNKNOWN,
            "A credit is used on bills of several commitments, and the ERP does not say on which.",
        )
    return None


def _bill_is_not_what_is_due(case: _Case) -> _Verdict | None:
    """3.4: at the first match, the bill's total is what the application says is due."""
    application = case.match.application if case.match else None
    if case.posted or case.bill_posted or application is None:
        return None
    if case.match is not None and case.match.strategy == "by_decision":
        return None  # a person has seen both
    row = case.row
    detail = total_differs(row, application, case.book, case.policy)
    if detail is None:
        return None
    if "," in (row["named_commitments"] or ""):
        return _held(
            Hold.BILL_SPANS_COMMITMENTS,
            f"Bill {row['bill_number']} names the commitments {row['named_commitments']}.",
        )
    return _held(Hold.BILL_TOTAL_DIFFERS, detail)


def _currency_differs(case: _Case) -> _Verdict | None:
    """1.2: amounts are never converted."""
    row, commitment = case.row, case.commitment
    if commitment is None:
        return _held(Hold.PROJECT_NOT_ACTIVE)
    currency = commitment["currency"] or case.home_currency
    if currency != row["currency"]:
        return _held(
            Hold.CURRENCY_DIFFERS,
            f"Bill {row['bill_number']} is in {row['currency']}, "
            f"commitment {commitment['number']} in {currency}.",
        )
    return None


# In this order; the first that has something to say decides.
_RULES: tuple[Callable[[_Case], _Verdict | None], ...] = (
    _contradicts_itself,
    _changed_before_start,
    _not_live,
    _nothing_to_do_with_procore,
    _lost_its_application,
    _not_yet,
    _no_cash_moved,
    _matched_doubtfully,
    _breaks_a_rule,
    _currency_differs,
    _bill_is_not_what_is_due,
)


def _judge(case: _Case) -> dict[str, Any]:
    verdict = next(
        (said for rule in _RULES if (said := _decided(case, rule(case))) is not None),
        _Verdict(Disposition.MATCHED),
    )
    row, match_ = case.row, case.match
    return {
        "allocation_id": row["allocation_id"],
        "disposition": verdict.disposition.value,
        "reason": verdict.reason.value if verdict.reason else None,
        "detail": verdict.detail,
        "rule": verdict.rule or (match_.strategy if match_ else None),
        "amber": ",".join(_remarks(row, match_)) or None,
        "application_id": match_.application_id if match_ else None,
        "commitment_id": match_.commitment_id if match_ else None,
        "project_id": match_.project_id if match_ else None,
        "currency": row["currency"],
        "cash_minor": row["cash_minor"],
        "state": case.state,
    }


def _decided(case: _Case, verdict: _Verdict | None) -> _Verdict | None:
    """The verdict itself, unless a person decided about exactly this hold (money-rules 2)."""
    if verdict is None or not isinstance(verdict.reason, Hold):
        return verdict
    decision = case.decided(verdict.reason)
    if decision is Decision.LEAVE:
        return _Verdict(Disposition.OUTSIDE, Outside.LEFT_BY_DECISION, verdict.detail)
    if decision is Decision.REVERSE:
        return _Verdict(Disposition.MATCHED)
    if decision in (Decision.POST, Decision.POST_WITHOUT_APPLICATION):
        return None  # the other rules still count
    return verdict


def _remarks(row: Row, match_: Match | None) -> list[str]:
    remarks = list(match_.amber) if match_ else []
    if (row["settled_minor"] or 0) > (row["cash_minor"] or 0) > 0:
        remarks.append(Remark.SETTLED_WITHOUT_CASH)
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
            bills=read_records(extract["bills"], BILLS),
            sent=Sent(
                allocations=at.ledger.entries.with_entries(run.connection),
                bills=at.ledger.entries.bills_with_entries(run.connection),
            ),
            policy=at.policy,
            decisions=at.decisions,
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
