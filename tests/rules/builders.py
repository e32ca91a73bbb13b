"""A small invented company, told as an accountant would: what the ERP says, what Procore shows.

Bill ``640`` has number ``HRC-640``, is of vendor ``56`` and belongs to payment application ``a640``
on commitment ``c1``, unless a test says otherwise. Amounts are written as people read them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from paidsync import money, origin
from paidsync.policy import Policy
from paidsync.reasons import Hold
from paidsync.records import (
    ALLOCATIONS,
    BILLS,
    COMMITMENTS,
    CONTRACT_PAYMENTS,
    DISPOSITIONS,
    ENTRIES,
    FAULTS,
    PAYMENT_APPLICATIONS,
    Standing,
    rows_of,
)
from tasks.match import match
from tasks.plan import Planned, plan
from tasks.planning import Known

Row = dict[str, Any]
Fate = Callable[[Row], str]

ERP, ERP_COMPANY = "quickbooks_online", "9130"
PREFIX = origin.company_prefix(ERP, ERP_COMPANY)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
GRACE = timedelta(minutes=10)
SEEN = ("sending", "posted", "verified", "refused", "missing_in_procore")


def minor(amount: str, currency: str = "USD") -> int:
    return money.to_minor(Decimal(amount), currency)


def payment(
    check: str | None = "10457",
    bill: str = "640",
    cash: str = "100.00",
    *,
    settled: str | None = None,
    currency: str = "USD",
    standing: str = Standing.LIVE,
    **columns: Any,
) -> Row:
    """What one bill payment pays of one bill now: a row of the extract (records.ALLOCATIONS)."""
    payment_id = columns.pop("payment_id", f"p{check}")
    row = {
        "allocation_id": origin.allocation_id(ERP, ERP_COMPANY, payment_id, bill),
        "payment_id": payment_id,
        "bill_id": bill,
        "standing": standing,
        "payment_number": check,
        "payment_date": "2026-03-14",
        "payment_method": "check",
        "vendor_id": "56",
        "vendor_name": "Kestrel Plumbing",
        "bill_number": f"HRC-{bill}",
        "bill_date": "2026-02-28",
        "currency": currency,
        "settled_minor": minor(settled if settled is not None else cash, currency),
        "cash_minor": minor(cash, currency),
        "split_in_proportion": False,
        "fresh": True,
        "opening": False,
    }
    return row | columns


def application(bill: str = "640", commitment: str = "c1", **columns: Any) -> Row:
    """A payment application, synced to the bill (records.PAYMENT_APPLICATIONS)."""
    return {
        "application_id": f"a{bill}",
        "project_id": "7",
        "commitment_id": commitment,
        "number": "3",
        "invoice_number": f"HRC-{bill}",
        "status": "approved",
        "origin_id": bill,
        "vendor_id": "v1",
        "vendor_origin_id": "56",
        "due_minor": minor("100.00"),
        "currency": "USD",
    } | columns


def commitment(commitment_id: str = "c1", **columns: Any) -> Row:
    """A subcontract (records.COMMITMENTS)."""
    return {
        "commitment_id": commitment_id,
        "project_id": "7",
        "project_name": "Harbour Road Clinic",
        "project_active": True,
        "kind": "work_order",
        "number": f"SC-{commitment_id}",
        "status": "approved",
        "currency": "USD",
    } | columns


def bill(bill_id: str, number: str | None = None, vendor: str | None = "56") -> Row:
    """A bill of the ERP (records.BILLS)."""
    return {"bill_id": bill_id, "vendor_id": vendor, "number": number or f"HRC-{bill_id}"}


def fault(of: Row, reason: Hold, rule: str = "BP-126") -> Row:
    """What the validation found on a row (records.FAULTS)."""
    row_id = of.get("allocation_id") or of["application_id"]
    return {"row_id": row_id, "rule": rule, "reason": reason.value, "detail": reason.plain}


def standing_row(
    amount: str = "100.00", *, of: Row | None = None, n: int = 1, **columns: Any
) -> Row:
    """A row of Payments Issued (records.CONTRACT_PAYMENTS): ours if it is ``of`` a payment, else
    typed by hand."""
    return {
        "contract_payment_id": "typed" if of is None else f"row {n}",
        "project_id": "7",
        "commitment_id": "c1",
        "application_id": None if of is None else f"a{of['bill_id']}",
        "amount_minor": minor(amount),
        "currency": "USD",
        "date": "2026-03-14",
        "invoice_number": None if of is None else of["bill_number"],
        "check_number": None if of is None else of["payment_number"],
        "notes": None,
        "origin_id": None if of is None else origin.entry_id(of["allocation_id"], n),
        "origin_data": None,
        "external_payment_id": None,
        "created_at": None,
    } | columns


def judged(
    payments: Iterable[Row],
    applications: Iterable[Row] = (),
    *,
    commitments: Iterable[Row] | None = None,
    bills: Iterable[Row] = (),
    faults: Iterable[Row] = (),
    posted: Iterable[Row] = (),
    home_currency: str = "USD",
) -> pd.DataFrame:
    """The matching stage's frame. Bills of the payments are known; ``posted`` are payments for
    which something was sent; commitments are those of the applications."""
    payments, applications = list(payments), list(applications)
    if commitments is None:
        ids = sorted({each["commitment_id"] for each in applications})
        commitments = [commitment(each) for each in ids]
    known = {
        each["bill_id"]: {
            "bill_id": each["bill_id"],
            "vendor_id": each["vendor_id"],
            "number": each["bill_number"],
        }
        for each in payments
    } | {each["bill_id"]: each for each in bills}
    return match(
        ALLOCATIONS.frame(payments),
        PAYMENT_APPLICATIONS.frame(applications),
        COMMITMENTS.frame(commitments),
        FAULTS.frame(faults),
        bills=rows_of(BILLS.frame(known.values())),
        posted={each["allocation_id"] for each in posted},
        home_currency=home_currency,
    )


def verdict(
    of: Row, applications: Iterable[Row] = (), *, beside: Iterable[Row] = (), **known: Any
) -> Row:
    """What the matching stage says of one payment, ``beside`` others in the same run."""
    rows = rows_of(judged([of, *beside], applications, **known))
    return rows[0]


def said(row: Row) -> tuple[str, str | None]:
    """Disposition and reason."""
    return row["disposition"], row["reason"]


@dataclass
class Books:
    """Both systems and the ledger, and the runs over them.

    ``post`` does what loading does with the plan's entries; a fate says how a send ends: ``ok``,
    ``refused``, ``lost`` (no answer, nothing arrived) or ``landed`` (no answer, but it stands).
    """

    payments: dict[str, Row] = field(default_factory=dict)
    applications: dict[str, Row] = field(default_factory=dict)
    commitments: dict[str, Row] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    entries: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Row] = field(default_factory=list)
    tabs: dict[str, bool | None] = field(default_factory=dict)
    policy: Policy = field(default_factory=lambda: Policy(start_date=date(2026, 1, 1)))
    now: datetime = NOW
    sent: list[str] = field(default_factory=list)  # every id that ever left

    @classmethod
    def of(
        cls, payments: Iterable[Row] | Row, applications: Iterable[Row] | None = None, **more: Any
    ) -> "Books":
        """Payments of bills that are all synced, unless applications are given."""
        payments = [payments] if isinstance(payments, dict) else list(payments)
        if applications is None:
            applications = [application(each) for each in sorted({p["bill_id"] for p in payments})]
        applications = list(applications)
        places = {each["commitment_id"] for each in applications}
        return cls(
            payments={each["allocation_id"]: each for each in payments},
            applications={each["application_id"]: each for each in applications},
            commitments={each: commitment(each) for each in places},
            **more,
        )

    @classmethod
    def posted(cls, payments: Iterable[Row] | Row, *args: Any, **more: Any) -> "Books":
        """The same, after a first run that posted everything."""
        books = cls.of(payments, *args, **more)
        books.sync()
        return books

    # The ERP

    def erp_says(self, of: Row, **changes: Any) -> Row:
        """The ERP's payment changes; answers the row as it is now."""
        now = self.payments[of["allocation_id"]] | changes
        if now["standing"] not in (Standing.LIVE, Standing.NOT_ISSUED, Standing.DISAPPEARED):
            now |= {"cash_minor": 0, "settled_minor": 0}
        elif "cash_minor" in changes and "settled_minor" not in changes:
            now["settled_minor"] = changes["cash_minor"]
        self.payments[of["allocation_id"]] = now
        return now

    # A run

    def dispositions(self) -> pd.DataFrame:
        return judged(
            self.payments.values(),
            self.applications.values(),
            commitments=self.commitments.values(),
            faults=self.faults,
            posted=[p for p in self.payments.values() if p["allocation_id"] in self.entries],
        )

    def known(self) -> Known:
        by_commitment: dict[str, list[Row]] = {}
        for row in rows_of(CONTRACT_PAYMENTS.frame(self.rows)):
            by_commitment.setdefault(row["commitment_id"], []).append(row)
        return Known(
            rows=by_commitment,
            entries=self.entries,
            applications=self.applications,
            tabs=self.tabs,
            numbers={key: row["number"] for key, row in self.commitments.items()},
            policy=self.policy,
            policy_version=1,
            erp_title="QuickBooks Online",
            now=self.now,
            sending_grace=GRACE,
        )

    def plan(self, **options: Any) -> Planned:
        return plan(
            ALLOCATIONS.frame(self.payments.values()),
            self.dispositions(),
            self.known(),
            prefix=PREFIX,
            **options,
        )

    def post(self, planned: Planned, fate: Fate = lambda _: "ok") -> None:
        for entry in rows_of(planned.entries):
            kept = self.entries.setdefault(entry["allocation_id"], [])
            mine = next((each for each in kept if each["origin_id"] == entry["origin_id"]), None)
            if not _may_go(entry, kept):
                if not kept:
                    del self.entries[entry["allocation_id"]]
                continue
            if mine is None:
                mine = {name: entry[name] for name in ENTRIES.columns if name != "resumes"}
                mine |= {"plan_hash": "of this plan"}
                kept.append(mine)
            if any(row["origin_id"] == entry["origin_id"] for row in self.rows):
                mine["state"] = "verified"
                continue
            end = fate(entry)
            self.sent.append(entry["origin_id"])
            mine["sent_at"] = self.now.isoformat()
            mine["state"] = {"ok": "verified", "refused": "refused"}.get(end, "sending")
            if end in ("ok", "landed"):
                self.rows.append(_as_procore_shows(entry, len(self.rows) + 1))

    def sync(self, fate: Fate = lambda _: "ok") -> Planned:
        planned = self.plan()
        self.post(planned, fate)
        return planned

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    # What stands

    def net(self, of: Row | str) -> int:
        allocation = of if isinstance(of, str) else of["allocation_id"]
        return sum(row["amount_minor"] for row in self._ours(allocation))

    def net_on(self, of: Row, commitment_id: str) -> int:
        rows = self._ours(of["allocation_id"])
        return sum(row["amount_minor"] for row in rows if row["commitment_id"] == commitment_id)

    def _ours(self, allocation: str) -> list[Row]:
        return [
            row
            for row in self.rows
            if (parsed := origin.parse(row["origin_id"] or "")) and parsed[0] == allocation
        ]


def _may_go(entry: Mapping[str, Any], kept: Iterable[Row]) -> bool:
    """n+1 goes only after n was read back; not at all after a reversal that was refused."""
    earlier = [each for each in kept if each["n"] < entry["n"]]
    return all(each["state"] in ("verified", "refused") for each in earlier) and not any(
        each["state"] == "refused"
        and each["kind"] == "reversal"
        and entry["kind"] == "payment"
        and each["n"] == entry["n"] - 1
        for each in earlier
    )


def _as_procore_shows(entry: Mapping[str, Any], number: int) -> Row:
    same = (
        "project_id", "commitment_id", "application_id", "amount_minor", "currency", "date",
        "invoice_number", "check_number", "notes", "origin_id",
    )  # fmt: skip
    return {"contract_payment_id": f"row {number}"} | {name: entry[name] for name in same}


def amounts(planned: Planned) -> list[tuple[str, int]]:
    """Kind and amount of each planned entry, in the order of sending."""
    return [(each["kind"], each["amount_minor"]) for each in rows_of(planned.entries)]


def outcome(planned: Planned, of: Row) -> tuple[str, str | None]:
    """What became of a payment: its reason, or for a matched one right, planned or left."""
    frame = planned.dispositions
    (row,) = rows_of(frame[frame["allocation_id"] == of["allocation_id"]])
    return row["disposition"], row["outcome"] if row["reason"] is None else row["reason"]


def dispositions(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return DISPOSITIONS.frame(rows)
