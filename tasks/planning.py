"""The plan: entries that would make Procore agree with the ERP, and nothing else. Pure.

The table of money-rules 5, one allocation at a time: what the ERP says now, against what stands
in Procore under the allocation's ids, read in this run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from paidsync import money, origin
from paidsync.policy import Policy
from paidsync.reasons import Disposition, Hold, Outside
from paidsync.records import Standing
from tasks.lookalikes import looks_alike
from tasks.ours import our_id
from tasks.strategies import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the plan is made from, besides the allocations themselves."""

    rows: Mapping[str, Sequence[Row]]  # every row in Procore now, by commitment
    entries: Mapping[str, Sequence[Row]]  # the ledger's, by allocation, in order of n
    applications: Mapping[str, Row]
    tabs: Mapping[str, bool | None]  # commitment -> Payments Issued tab on; None unknown
    numbers: Mapping[str, str | None]  # commitment -> its number, for people
    policy: Policy
    policy_version: int
    erp_title: str
    now: datetime  # UTC
    sending_grace: timedelta


@dataclass(slots=True)
class Outcome:
    """What becomes of one allocation."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    disposition: Disposition | None = None  # only where the plan changes it
    reason: str | None = None
    detail: str | None = None
    left: str | None = None  # why it waits for the next run, although nothing is wrong
    asked: bool = True  # False: its project is not among those that this run was asked for
    notes: tuple[str, ...] = ()

    @classmethod
    def held(cls, reason: Hold, detail: str) -> "Outcome":
        """A person is needed."""
        return cls(disposition=Disposition.HELD, reason=reason.value, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One allocation, with everything that its plan depends on."""

    row: Row  # records.ALLOCATIONS
    judged: Row  # records.DISPOSITIONS
    standing: Sequence[Row]  # our rows in Procore now, in order of n
    entries: Sequence[Row]  # the ledger's, in order of n
    live: Sequence[Row]  # our payments in Procore that no reversal of ours takes back
    check_total: int  # what the whole check pays on the commitment
    known: Known

    @property
    def next_n(self) -> int:
        """5.1: one more than the highest ever seen, in Procore or in the ledger; never reused."""
        in_procore = (origin.parse(each["origin_id"]) for each in self.standing)
        numbers = [parsed.n for parsed in in_procore if parsed]
        return 1 + max([*numbers, *(entry["n"] for entry in self.entries)], default=0)


def plan_allocation(
    row: Row, judged: Row, standing: Sequence[Row], check_total: int, known: Known
) -> Outcome:
    """What becomes of one allocation.

    ``row`` is records.ALLOCATIONS, ``judged`` its disposition, ``standing`` our rows in Procore
    now; ``check_total`` what the whole check pays on the commitment.
    """
    entries = known.entries.get(row["allocation_id"], [])
    case = _Case(
        row=row,
        judged=judged,
        standing=standing,
        entries=entries,
        live=_not_taken_back(standing, entries),
        check_total=check_total,
        known=known,
    )
    return _trouble(standing, entries) or _unanswered(case) or _table(case)


def _table(case: _Case) -> Outcome:
    """The plan table of money-rules 5."""
    row = case.row
    if case.judged["disposition"] != Disposition.MATCHED:
        return Outcome()
    if row["standing"] != Standing.LIVE:
        return _taken_back(case)
    if not row["fresh"]:
        return _not_read()
    if row["cash_minor"] == 0:
        return _no_cash_any_more(case)
    if _stands_as_it_should(case):
        return _details(case)
    return _post(case)


def _stands_as_it_should(case: _Case) -> bool:
    """The right amount, on the right application."""
    return (
        bool(case.live)
        and sum(each["amount_minor"] for each in case.live) == case.row["cash_minor"]
        and all(
            each["application_id"] == case.judged["application_id"]
            and each["commitment_id"] == case.judged["commitment_id"]
            for each in case.live
        )
    )


def _not_read() -> Outcome:
    return Outcome(left="it was not read from the ERP in this run")


def _trouble(standing: Sequence[Row], entries: Sequence[Row]) -> Outcome | None:
    """4.6 and the last line of the table: what we own is not as we left it."""
    seen: set[str] = set()
    for each in standing:
        if each["origin_id"] in seen:
            return Outcome.held(
                Hold.DUPLICATE_IN_PROCORE, f"Two rows in Procore bear {each['origin_id']}."
            )
        seen.add(each["origin_id"])
    by_id = {each["origin_id"]: each for each in standing}
    for entry in entries:
        there = by_id.get(entry["origin_id"])
        if entry["state"] == "refused" and there is not None and not is_the_same(entry, there):
            return _conflict(entry, there)
        if entry["state"] not in ("posted", "verified", "missing_in_procore"):
            continue
        if there is None:
            return Outcome.held(
                Hold.DRIFT_IN_PROCORE,
                f"The row of {entry['date']} ({entry['origin_id']}) is no longer in Procore.",
            )
        if changed := differences(entry, there):
            return Outcome.held(
                Hold.DRIFT_IN_PROCORE,
                f"Row {there['contract_payment_id']} was changed in Procore: {changed}.",
            )
    return None


def differences(entry: Row, there: Row) -> str:
    """How a row in Procore differs from the entry that was sent; empty where it does not."""
    pairs = {
        "commitment": (entry["commitment_id"], there["commitment_id"]),
        "application": (entry["application_id"], there["application_id"]),
        "amount in minor units": (entry["amount_minor"], there["amount_minor"]),
        "date": (entry["date"], there["date"]),
        "invoice number": (entry["invoice_number"], there["invoice_number"]),
        "check number": (entry["check_number"], there["check_number"]),
    }
    return ", ".join(
        f"{what} {now or '-'} instead of {sent or '-'}"
        for what, (sent, now) in pairs.items()
        if (sent or None) != (now or None)
    )


def _unanswered(case: _Case) -> Outcome | None:
    """6.2 and 6.3: an entry that may have been sent is adopted, sent again, or waited for.

    It is sent again as it was, and only where the table still asks for something.
    """
    by_id = {each["origin_id"]: each for each in case.standing}
    for entry in case.entries:
        if entry["state"] != "sending":
            continue
        there = by_id.get(entry["origin_id"])
        if there is not None:
            if is_the_same(entry, there):
                return Outcome(entries=[_resumed(entry)])
            return _conflict(entry, there)
        sent = datetime.fromisoformat(entry["sent_at"])
        if case.known.now - sent < case.known.sending_grace:
            return Outcome(left=f"the answer to {entry['origin_id']} is not known yet")
        asked = _table(case)
        return Outcome(entries=[_resumed(entry)]) if asked.entries else asked
    return None


def _conflict(entry: Row, there: Row) -> Outcome:
    return Outcome.held(
        Hold.ORIGIN_ID_CONFLICT,
        f"Row {there['contract_payment_id']} bears {entry['origin_id']} but is not what was sent: "
        f"{differences(entry, there)}.",
    )


def is_the_same(entry: Row, there: Row) -> bool:
    """Commitment, application, amount and with it the kind are those of the entry (rule 6.2)."""
    return bool(
        entry["commitment_id"] == there["commitment_id"]
        and entry["application_id"] == there["application_id"]
        and entry["amount_minor"] == there["amount_minor"]
    )


def _not_taken_back(standing: Sequence[Row], entries: Sequence[Row]) -> list[Row]:
    """Our payments in Procore that no reversal of ours takes back."""
    kinds = {entry["origin_id"]: entry for entry in entries}
    reversed_ids = {
        kinds[each["origin_id"]]["reverses"]
        for each in standing
        if each["origin_id"] in kinds and kinds[each["origin_id"]]["kind"] == "reversal"
    }
    return [
        each
        for each in standing
        if each["origin_id"] in kinds
        and kinds[each["origin_id"]]["kind"] == "payment"
        and each["origin_id"] not in reversed_ids
    ]


def _taken_back(case: _Case) -> Outcome:
    """Voided, moved to other bills, or gone on proof: what stands is reversed (5.2, 5.3)."""
    row, live = case.row, case.live
    if not live:
        return Outcome() if case.entries else _outside(Outside.VOIDED_BEFORE_POSTING)
    if row["standing"] != Standing.DELETED:
        return Outcome(entries=_reversals(case)) if row["fresh"] else _not_read()
    if case.known.policy.deleted_in_erp == "hold":
        return Outcome.held(
            Hold.DELETED_IN_ERP,
            f"Payment {row['payment_number'] or row['payment_id']} of {live[0]['date']} was "
            f"deleted in {case.known.erp_title}; {_still_stands(live)} still stand in Procore.",
        )
    return Outcome(entries=_reversals(case))


def _no_cash_any_more(case: _Case) -> Outcome:
    """1.3: a credit settles the bill now, instead of cash."""
    if case.live:
        return Outcome(entries=_reversals(case))
    return _outside(Outside.CREDIT_APPLICATION)


def _outside(reason: Outside, detail: str | None = None) -> Outcome:
    return Outcome(disposition=Disposition.OUTSIDE, reason=reason.value, detail=detail)


def _still_stands(live: Sequence[Row]) -> str:
    sums: dict[str, int] = defaultdict(int)
    for row in live:
        sums[row["currency"]] += row["amount_minor"]
    return ", ".join(money.shown(total, code) for code, total in sums.items())


def _details(case: _Case) -> Outcome:
    """The amount is right; the check number or the date may have changed."""
    row, last = case.row, case.live[-1]
    notes = []
    if (row["payment_number"] or None) != (last["check_number"] or None):
        notes.append("check_number_changed")
    if row["payment_date"] != last["date"]:
        notes.append("date_changed")
    if not notes or case.known.policy.details_changed == "note":
        return Outcome(notes=tuple(notes))
    return replace(_post(case), notes=tuple(notes))


def _post(case: _Case) -> Outcome:
    """A payment, after the reversal of what stands wrongly; both or neither (rule 6.1)."""
    row, known, commitment = case.row, case.known, case.judged["commitment_id"]
    if known.tabs.get(commitment) is False:
        return Outcome.held(
            Hold.PAYMENTS_TAB_DISABLED,
            f"Commitment {known.numbers.get(commitment) or commitment} has its Payments Issued tab "
            "switched off.",
        )
    prefix = row["allocation_id"].rsplit(":", 2)[0] + ":"
    in_the_way = looks_alike(
        row,
        amount=row["cash_minor"],
        check_total=case.check_total,
        others=[each for each in known.rows.get(commitment, []) if not our_id(each, prefix)],
    )
    if in_the_way is not None:
        reason, detail = in_the_way
        if isinstance(reason, Outside) and not case.live:
            return _outside(reason, detail)
        held = reason if isinstance(reason, Hold) else Hold.LOOKS_LIKE_MANUAL_PAYMENT
        return Outcome.held(held, detail)
    reversals = _reversals(case)
    return Outcome(entries=[*reversals, _payment(case, case.next_n + len(reversals))])


def _payment(case: _Case, n: int) -> dict[str, Any]:
    row, judged, known = case.row, case.judged, case.known
    application = known.applications[judged["application_id"]]
    reference = f" {row['payment_number']}" if row["payment_number"] else ""
    return {
        "origin_id": origin.entry_id(row["allocation_id"], n),
        "allocation_id": row["allocation_id"],
        "n": n,
        "kind": "payment",
        "reverses": None,
        "payment_id": row["payment_id"],
        "bill_id": row["bill_id"],
        "project_id": judged["project_id"],
        "commitment_id": judged["commitment_id"],
        "application_id": judged["application_id"],
        "application_number": application["number"],
        "amount_minor": row["cash_minor"],
        "currency": row["currency"],
        "date": row["payment_date"],
        "invoice_number": row["bill_number"],
        "invoice_date": row["bill_date"],
        "check_number": row["payment_number"],
        "payment_method": row["payment_method"],
        "notes": f"{known.erp_title} bill payment{reference}",
        "gross_minor": row["cash_minor"],
        "tax_minor": row["bill_tax_minor"],
        "amber": judged["amber"],
        "policy_version": known.policy_version,
        "resumes": False,
    }


def _reversals(case: _Case) -> list[dict[str, Any]]:
    """5.2: taken back from the very row that stands, onto the same application and commitment."""
    row, known = case.row, case.known
    by_id = {entry["origin_id"]: entry for entry in case.entries}
    reversals = []
    for n, there in enumerate(case.live, start=case.next_n):
        sent = by_id[there["origin_id"]]
        reversals.append(
            {
                "origin_id": origin.entry_id(row["allocation_id"], n),
                "allocation_id": row["allocation_id"],
                "n": n,
                "kind": "reversal",
                "reverses": there["origin_id"],
                "payment_id": row["payment_id"],
                "bill_id": row["bill_id"],
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
                "notes": _why_taken_back(row, known),
                "gross_minor": -sent["gross_minor"] if sent["gross_minor"] is not None else None,
                "tax_minor": -sent["tax_minor"] if sent["tax_minor"] is not None else None,
                "amber": None,
                "policy_version": known.policy_version,
                "resumes": False,
            }
        )
    return reversals


def _why_taken_back(row: Row, known: Known) -> str:
    payment = f"{known.erp_title} bill payment {row['payment_number'] or row['payment_id']}"
    match row["standing"]:
        case Standing.VOIDED:
            by = f" by {row['reversed_by']}" if row["reversed_by"] else ""
            return f"VOIDED{by}: {payment}"
        case Standing.REAPPLIED:
            return f"RE-APPLIED: {payment} no longer pays this bill"
        case Standing.DELETED:
            return f"DELETED: {payment}"
        case _:
            return f"CORRECTED: {payment}"


def _resumed(entry: Row) -> dict[str, Any]:
    """An entry frozen since it was first sent (rule 6.3)."""
    return {
        **{
            name: entry[name]
            for name in (
                "origin_id", "allocation_id", "n", "kind", "reverses", "payment_id", "bill_id",
                "project_id", "commitment_id", "application_id", "application_number",
                "amount_minor", "currency", "date", "invoice_number", "invoice_date",
                "check_number", "payment_method", "notes", "gross_minor", "tax_minor", "amber",
                "policy_version",
            )
        },
        "resumes": True,
    }  # fmt: skip
