"""The plan: entries that would make Procore agree with the ERP, and nothing else. Pure.

The table of money-rules 5, one allocation at a time: what the ERP says now, against what stands
in Procore under the allocation's ids, read in this run.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import Disposition, Hold, Outside, RunStopped, Stop
from paidsync.records import Standing
from tasks.lookalikes import looks_alike
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
    right: bool = False  # Procore agrees already
    asked: bool = True  # False: its project is not among those that this run was asked for
    notes: tuple[str, ...] = ()

    @classmethod
    def held(cls, reason: Hold, detail: str) -> "Outcome":
        """A person is needed."""
        return cls(disposition=Disposition.HELD, reason=reason.value, detail=detail)


def ours(rows: Iterable[Row], prefix: str) -> dict[str, list[Row]]:
    """Rows under our ERP company's prefix, by allocation, in order of n (rule 4.1)."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        parsed = origin.parse(row["origin_id"] or "")
        if parsed and parsed.allocation_id.startswith(prefix):
            found[parsed.allocation_id].append(row)
    for standing in found.values():
        standing.sort(key=lambda row: origin.parse(row["origin_id"]).n)  # type: ignore[union-attr]
    return found


def require_known(rows: Iterable[Row], prefix: str, known_ids: set[str]) -> None:
    """Stop where Procore has an id of ours that the ledger does not know (rule 4.2)."""
    for row in rows:
        origin_id = row["origin_id"] or ""
        if origin_id.startswith(prefix) and origin.parse(origin_id) and origin_id not in known_ids:
            raise RunStopped(
                Stop.LEDGER_BEHIND,
                f"Row {row['contract_payment_id']} on commitment {row['commitment_id']} is ours "
                f"({origin_id}), but the ledger has never sent it.",
            )


def plan_allocation(
    row: Row, judged: Row, standing: Sequence[Row], check_total: int, known: Known
) -> Outcome:
    """The plan table, for one allocation.

    ``row`` is records.ALLOCATIONS, ``judged`` its disposition, ``standing`` our rows in Procore
    now; ``check_total`` what the whole check pays on the commitment.
    """
    entries = known.entries.get(row["allocation_id"], [])
    trouble = _trouble(standing, entries)
    if trouble is not None:
        return trouble
    waiting = _unanswered(entries, standing, known)
    if waiting is not None:
        return waiting
    live = _not_taken_back(standing, entries)
    posted = sum(each["amount_minor"] for each in live)
    if judged["disposition"] != Disposition.MATCHED:
        return Outcome()
    if row["standing"] != Standing.LIVE:
        return _taken_back(row, live, entries, known)
    if not row["fresh"]:
        return Outcome(left="it was not read from the ERP in this run")
    same_place = all(
        each["application_id"] == judged["application_id"]
        and each["commitment_id"] == judged["commitment_id"]
        for each in live
    )
    if live and posted == row["cash_minor"] and same_place:
        return _details(row, judged, live, entries, known)
    if live and row["cash_minor"] == 0:
        return Outcome(entries=_reversals(row, live, entries, known))
    return _post(row, judged, live, entries, check_total, known)


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
        if entry["state"] not in ("posted", "verified", "missing_in_procore"):
            continue
        there = by_id.get(entry["origin_id"])
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


def _unanswered(entries: Sequence[Row], standing: Sequence[Row], known: Known) -> Outcome | None:
    """6.2 and 6.3: an entry that may have been sent is adopted, sent again, or waited for."""
    by_id = {each["origin_id"]: each for each in standing}
    for entry in entries:
        if entry["state"] != "sending":
            continue
        there = by_id.get(entry["origin_id"])
        if there is not None:
            if is_the_same(entry, there):
                return Outcome(entries=[_resumed(entry)])
            return Outcome.held(
                Hold.ORIGIN_ID_CONFLICT,
                f"Row {there['contract_payment_id']} bears {entry['origin_id']} but is not what "
                f"was sent: {differences(entry, there)}.",
            )
        sent = datetime.fromisoformat(entry["sent_at"])
        if known.now - sent < known.sending_grace:
            return Outcome(left=f"the answer to {entry['origin_id']} is not known yet")
        return Outcome(entries=[_resumed(entry)])
    return None


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


def _taken_back(row: Row, live: Sequence[Row], entries: Sequence[Row], known: Known) -> Outcome:
    """Voided, moved to other bills, or gone on proof: what stands is reversed (5.2, 5.3)."""
    if not live and entries:
        return Outcome(right=True)
    if not live:
        return Outcome(
            disposition=Disposition.OUTSIDE, reason=Outside.VOIDED_BEFORE_POSTING.value, right=True
        )
    if row["standing"] == Standing.DELETED and known.policy.deleted_in_erp == "hold":
        return Outcome.held(
            Hold.DELETED_IN_ERP,
            f"Payment {row['payment_number'] or row['payment_id']} of {live[0]['date']} was "
            f"deleted in {known.erp_title}; its row still stands in Procore.",
        )
    return Outcome(entries=_reversals(row, live, entries, known))


def _details(
    row: Row, judged: Row, live: Sequence[Row], entries: Sequence[Row], known: Known
) -> Outcome:
    """The amount is right; the check number or the date may have changed."""
    last = live[-1]
    notes = []
    if (row["payment_number"] or None) != (last["check_number"] or None):
        notes.append("check_number_changed")
    if row["payment_date"] != last["date"]:
        notes.append("date_changed")
    if not notes or known.policy.details_changed == "note":
        return Outcome(right=True, notes=tuple(notes))
    reversals = _reversals(row, live, entries, known)
    number = _next_n(live, entries) + len(reversals)
    return Outcome(entries=[*reversals, _payment(row, judged, number, known)], notes=tuple(notes))


def _post(
    row: Row,
    judged: Row,
    live: Sequence[Row],
    entries: Sequence[Row],
    check_total: int,
    known: Known,
) -> Outcome:
    """A payment, after the reversal of what stands wrongly; both or neither (rule 6.1)."""
    commitment = judged["commitment_id"]
    if known.tabs.get(commitment) is False:
        return Outcome.held(
            Hold.PAYMENTS_TAB_DISABLED,
            f"Commitment {known.numbers.get(commitment) or commitment} has its Payments Issued tab "
            "switched off.",
        )
    prefix = row["allocation_id"].rsplit(":", 2)[0] + ":"
    others = [
        each
        for each in known.rows.get(commitment, [])
        if not (each["origin_id"] or "").startswith(prefix)
    ]
    in_the_way = looks_alike(row, amount=row["cash_minor"], check_total=check_total, others=others)
    if in_the_way is not None:
        reason, detail = in_the_way
        if isinstance(reason, Outside) and not live:
            return Outcome(
                disposition=Disposition.OUTSIDE, reason=reason.value, detail=detail, right=True
            )
        held = reason if isinstance(reason, Hold) else Hold.LOOKS_LIKE_MANUAL_PAYMENT
        return Outcome.held(held, detail)
    reversals = _reversals(row, live, entries, known)
    number = _next_n(live, entries) + len(reversals)
    return Outcome(entries=[*reversals, _payment(row, judged, number, known)])


def _next_n(standing: Sequence[Row], entries: Sequence[Row]) -> int:
    """5.1: one more than the highest ever seen, in Procore or in the ledger; never reused."""
    in_procore = (origin.parse(each["origin_id"]) for each in standing)
    numbers = [parsed.n for parsed in in_procore if parsed] + [entry["n"] for entry in entries]
    return 1 + max(numbers, default=0)


def _payment(row: Row, judged: Row, n: int, known: Known) -> dict[str, Any]:
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


def _reversals(
    row: Row, live: Sequence[Row], entries: Sequence[Row], known: Known
) -> list[dict[str, Any]]:
    """5.2: taken back from the very row that stands, onto the same application and commitment."""
    by_id = {entry["origin_id"]: entry for entry in entries}
    first = _next_n(live, entries)
    reversals = []
    for offset, there in enumerate(live):
        sent = by_id[there["origin_id"]]
        reversals.append(
            {
                "origin_id": origin.entry_id(row["allocation_id"], first + offset),
                "allocation_id": row["allocation_id"],
                "n": first + offset,
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


def in_sending_order(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """6.1: commitment by commitment; in one, reversals go first, then the newest payments.

    Commitments that give up a payment come before those that receive it, so that an allocation's
    entries stay in order of n.
    """
    planned = list(entries)
    places: dict[str, set[str]] = defaultdict(set)
    for entry in planned:
        places[entry["allocation_id"]].add(entry["commitment_id"])
    giving = {
        entry["commitment_id"]
        for entry in planned
        if entry["kind"] == "reversal" and len(places[entry["allocation_id"]]) > 1
    }
    newest_first = sorted(
        planned, key=lambda entry: (entry["date"], entry["origin_id"]), reverse=True
    )
    return sorted(
        newest_first,
        key=lambda entry: (
            entry["commitment_id"] not in giving,
            entry["commitment_id"],
            entry["kind"] != "reversal",
        ),
    )


def plan_hash(entries: Iterable[Mapping[str, Any]], connection: str) -> str:
    """What a plan is known by: the same entries, whenever planned, have the same hash."""
    canonical = json.dumps(
        [connection, sorted((dict(entry) for entry in entries), key=lambda e: str(e["origin_id"]))],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_mass_change(reversals: int, standing: int) -> bool:
    """5.4: more than 20 and more than 2 %, or at least 3 and more than 25 %, of what is posted."""
    if standing <= 0:
        return False
    return (reversals > 20 and reversals * 50 > standing) or (
        reversals >= 3 and reversals * 4 > standing
    )
