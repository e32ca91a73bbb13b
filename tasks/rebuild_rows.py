"""Entries made again from the rows that stand in Procore (money-rules 4.2). Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import RunStopped, Stop
from paidsync.records import Standing
from tasks.ours import written
from tasks.rows import no_longer
from tasks.strategies import Row

Entry = dict[str, Any]  # as the ledger keeps it, but for the connection and the run
Ours = Mapping[str, Sequence[Row]]  # our rows in Procore, by allocation, in order of n
_MOST_VERSIONS = 100_000  # of a policy; more is no version but a mistake


class CannotRebuild(RunStopped):
    """Why a rebuild ends without storing anything; the message says what to do, because what
    helps otherwise, a rebuild, does not."""

    def __init__(self, message: str) -> None:
        super().__init__(Stop.LEDGER_BEHIND, message)

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What else is known besides the rows."""

    erp: str
    erp_company: str
    policies: Mapping[int, Policy]
    policy_version: int

    def splits(self, bill: str, application: str, version: int) -> bool:
        """Whether the policy of that version, or the present one, gives a part of the bill to the
        application (money-rules 3.2)."""
        for policy in (self.policies.get(version), self.policies[self.policy_version]):
            split = policy.split_of(bill) if policy else None
            if split and any(part.application == application for part in split.parts):
                return True
        return False

    def parts_of(self, bill: str) -> set[str]:
        """Every application that any version of the policy gives a part of the bill."""
        splits = [split for each in self.policies.values() if (split := each.split_of(bill))]
        return {part.application for split in splits for part in split.parts}


def place(row: Row) -> str:
    """Where a person finds a row."""
    return f"row {row['contract_payment_id']} on commitment {row['commitment_id']}"


def duplicates(ours: Ours) -> dict[str, list[Row]]:
    """Rows that share their id with another one, by that id (money-rules 4.6)."""
    by_id: dict[str, list[Row]] = defaultdict(list)
    for rows in ours.values():
        for row in rows:
            by_id[row["origin_id"]].append(row)
    return {origin_id: rows for origin_id, rows in by_id.items() if len(rows) > 1}


def entries_of(ours: Ours, known: Known) -> Iterator[Entry]:
    """The entries behind our rows, given by allocation in order of n; of two rows with one id the
    first.

    Raises CannotRebuild, naming the row, where an entry cannot be told from it.
    """
    for allocation, rows in ours.items():
        first: dict[str, Row] = {}
        for row in rows:
            first.setdefault(row["origin_id"], row)
        entries = [_entry(row, allocation, known) for row in first.values()]
        _complete_reversals(entries, first)
        yield from entries
        yield from _lost_payments(entries, first)


def _entry(row: Row, allocation: str, known: Known) -> Entry:
    data, amount = written(row), row["amount_minor"]
    if amount is None:
        raise _unclear(row, "it has no amount in whole minor units")
    payment, bill, application = _named(row, allocation, data, known)
    version = _version(data) or known.policy_version
    if application is not None and not known.splits(bill, application, version):
        raise _unclear(
            row,
            f"it is a part of bill {bill}, and no policy in this ledger divides that bill so; "
            "connect the file with that policy first, then the present one",
        )
    kind = "reversal" if amount < 0 else "payment"
    return {
        "origin_id": row["origin_id"],
        "allocation_id": allocation,
        "n": int(row["origin_id"].rpartition(":")[2]),
        "kind": kind,
        "reverses": _reverses(data, row["origin_id"]) if kind == "reversal" else None,
        "links": text_in(data, "links"),
        "payment_id": payment,
        "bill_id": bill,
        "project_id": row["project_id"],
        "commitment_id": row["commitment_id"],
        "application_id": row["application_id"],
        "application_number": None,  # the extract knows it
        "amount_minor": amount,
        "currency": row["currency"],
        "date": row["date"] or "",
        "invoice_number": row["invoice_number"],
        "invoice_date": text_in(data, "invoice_date"),
        "check_number": row["check_number"],
        "payment_method": text_in(data, "method"),
        "notes": row["notes"],
        "gross_minor": _whole(data, "gross"),
        "tax_minor": _whole(data, "tax"),
        "amber": "linked" if text_in(data, "links") else None,
        "policy_version": version,
        "state": "verified",
        "plan_hash": text_in(data, "plan") or "",
        # Unknown, so that the next first write goes ahead alone again (money-rules 5.4).
        "route": None,
        "sent_at": row["created_at"],
        "contract_payment_id": row["contract_payment_id"],
        "posted_at": row["created_at"],
        "message": None,
    }


def _named(
    row: Row, allocation: str, data: Mapping[str, Any], known: Known
) -> tuple[str, str, str | None]:
    """The payment, the bill and, of a divided bill, the application: from the id, or where it ends
    in a hash, from what was written beside it, if that gives the same id."""
    ids = origin.payment_and_bill(allocation)
    if ids is not None:
        return *ids, origin.part(allocation) or None
    payment, bill = text_in(data, "payment"), text_in(data, "bill")
    if payment and bill:
        company = known.erp, known.erp_company
        for application in (None, *sorted(known.parts_of(bill))):
            if allocation == origin.allocation_id(
                *company, payment, bill, application_id=application
            ):
                return payment, bill, application
    raise _unclear(row, "its id ends in a hash, and origin_data does not name its payment and bill")


def _complete_reversals(entries: Sequence[Entry], rows: Mapping[str, Row]) -> None:
    """A reversal that does not say what it takes back takes back the newest payment before it of
    the same amount that nothing else does."""
    taken = {entry["reverses"] for entry in entries}
    for entry in entries:
        if entry["kind"] != "reversal" or entry["reverses"]:
            continue
        found = [
            each
            for each in entries
            if each["kind"] == "payment"
            and each["n"] < entry["n"]
            and each["amount_minor"] == -entry["amount_minor"]
            and each["origin_id"] not in taken
        ]
        if not found:
            raise _unclear(
                rows[entry["origin_id"]],
                "it takes something back, and neither origin_data nor the rows before it say what",
            )
        entry["reverses"] = found[-1]["origin_id"]
        taken.add(entry["reverses"])


def _lost_payments(entries: Sequence[Entry], rows: Mapping[str, Row]) -> Iterator[Entry]:
    """Payments whose reversal stands though they do not: somebody removed them (drift)."""
    for entry in entries:
        payment = entry["reverses"]
        if payment is None or payment in rows:
            continue
        yield {
            **entry,
            "origin_id": payment,
            "n": int(payment.rpartition(":")[2]),
            "kind": "payment",
            "reverses": None,
            "amount_minor": -entry["amount_minor"],
            "gross_minor": -entry["gross_minor"] if entry["gross_minor"] is not None else None,
            "tax_minor": -entry["tax_minor"] if entry["tax_minor"] is not None else None,
            "notes": None,
            "state": "missing_in_procore",
            "contract_payment_id": None,
            "message": "Its reversal stands in Procore; it does not.",
        }


def unread(ours: Ours, entries: Iterable[Entry], read: Collection[str]) -> list[dict[str, Any]]:
    """Allocations for which something stands that the ERP did not deliver: gone, voided or moved
    while nobody looked. Kept as disappeared, so that the next run reads and judges them.

    ``read`` are the allocations that were delivered or are kept already.
    """
    newest = {each["allocation_id"]: each for each in entries if each["kind"] == "payment"}
    return [
        _not_shown(newest[allocation], _net(rows))
        for allocation, rows in ours.items()
        if allocation not in read and _net(rows) != 0
    ]


def _net(rows: Sequence[Row]) -> int:
    return sum(row["amount_minor"] or 0 for row in rows)


def _not_shown(entry: Entry, standing: int) -> dict[str, Any]:
    nothing = dict.fromkeys(
        (
            "payment_currency", "payment_total_minor", "payment_credits_minor",
            "payment_unapplied_minor", "home_per_foreign", "reversal_date", "reversed_by",
            "modified_at", "version", "opening_state", "document_date",
        )
    )  # fmt: skip
    row = {
        **nothing,
        "allocation_id": entry["allocation_id"],
        "payment_id": entry["payment_id"],
        "bill_id": entry["bill_id"],
        "payment_number": entry["check_number"],
        "payment_date": entry["date"],
        "payment_method": entry["payment_method"],
        "currency": entry["currency"],
        "split_application": origin.part(entry["allocation_id"]) or None,
        "opening": False,
    }
    return no_longer(row, Standing.DISAPPEARED) | {
        "settled_minor": standing,
        "cash_minor": standing,
    }


def _reverses(data: Mapping[str, Any], origin_id: str) -> str | None:
    """The earlier entry of the same allocation that it says it takes back."""
    said = text_in(data, "reverses")
    taken, own = origin.parse(said or ""), origin.parse(origin_id)
    if taken is None or own is None or taken.allocation_id != own.allocation_id:
        return None
    return said if taken.n < own.n else None


def _version(data: Mapping[str, Any]) -> int | None:
    said = _whole(data, "policy")
    return said if said is not None and 0 < said <= _MOST_VERSIONS else None


def _unclear(row: Row, why: str) -> CannotRebuild:
    return CannotRebuild(
        f"{place(row).capitalize()} is ours ({row['origin_id']}), but {why}. Nothing was stored. "
        "Clear that up, or restore the newest copy of the ledger.",
    )


def text_in(data: Mapping[str, Any], name: str) -> str | None:
    """A text of what was written beside a row's id; None where there is none."""
    value = data.get(name)
    return value if isinstance(value, str) and value else None


def _whole(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if fits else None
