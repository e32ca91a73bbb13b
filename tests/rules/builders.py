"""A small invented company, told as an accountant would: what the ERP says, what Procore shows.

Bill ``640`` has number ``HRC-640``, is of vendor ``56`` and belongs to payment application ``a640``
on commitment ``c1``, unless a test says otherwise. Amounts are written as people read them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from paidsync import money, origin
from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
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
from tasks.case import Known
from tasks.decisions import Decided, Decisions
from tasks.limits import paid_on
from tasks.match import Sent, match
from tasks.places import closed_for_good, without_tab
from tasks.plan import Planned, plan
from tasks.rows import opening_state

Row = dict[str, Any]
Fate = Callable[[Row], str]

ERP, ERP_COMPANY = "quickbooks_online", "9130"
PREFIX = origin.company_prefix(ERP, ERP_COMPANY)
NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
GRACE = timedelta(minutes=10)
SEEN = ("sending", "posted", "verified", "refused", "superseded", "missing_in_procore")
POLICY = Policy(start_date=date(2026, 1, 1))
NOTHING_DECIDED: Decisions = {}


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
    row |= columns
    if row["opening"]:
        row.setdefault("opening_state", opening_state(row))
    return row


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


def bill(bill_id: str, number: str | None = None, vendor: str | None = "56", **columns: Any) -> Row:
    """A bill of the ERP (records.BILLS)."""
    return {"bill_id": bill_id, "vendor_id": vendor, "number": number or f"HRC-{bill_id}"} | columns


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
    policy: Policy = POLICY,
    decisions: Decisions = NOTHING_DECIDED,
    home_currency: str = "USD",
) -> pd.DataFrame:
    """The matching stage's frame. Bills of the payments are known; ``posted`` are payments for
    which something was sent; commitments are those of the applications."""
    payments, applications, posted = list(payments), list(applications), list(posted)
    if commitments is None:
        ids = sorted({each["commitment_id"] for each in applications})
        commitments = [commitment(each) for each in ids]
    known = {
        each["bill_id"]: {
            "bill_id": each["bill_id"],
            "vendor_id": each["vendor_id"],
            "number": each["bill_number"],
            "total_minor": each.get("bill_total_minor"),
            "settled_minor": each.get("bill_settled_minor"),
        }
        for each in payments
    } | {each["bill_id"]: each for each in bills}
    return match(
        ALLOCATIONS.frame(payments),
        PAYMENT_APPLICATIONS.frame(applications),
        COMMITMENTS.frame(commitments),
        FAULTS.frame(faults),
        bills=rows_of(BILLS.frame(known.values())),
        sent=Sent(
            allocations={each["allocation_id"] for each in posted},
            bills={each["bill_id"] for each in posted},
        ),
        policy=policy,
        decisions=decisions,
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
    bills: dict[str, Row] = field(default_factory=dict)  # besides those of the payments
    policies: dict[int, Policy] = field(default_factory=lambda: {1: POLICY})
    decisions: dict[str, list[Decided]] = field(default_factory=dict)
    restate: bool = False
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

    # People

    def new_policy(self, **choices: Any) -> None:
        """The next version of the policy."""
        last = self.policy.model_dump()
        self.policies[max(self.policies) + 1] = Policy.model_validate(last | choices)

    @property
    def policy(self) -> Policy:
        """The version in force."""
        return self.policies[max(self.policies)]

    def decide(self, of: Row, decision: Decision, application_id: str | None = None) -> None:
        """A person decides about the hold that a payment has now."""
        frame = self.plan().dispositions
        (row,) = rows_of(frame[frame["allocation_id"] == of["allocation_id"]])
        assert row["disposition"] == "held", row
        accepted = self._as_it_stands(of) if decision is Decision.ACCEPT else ()
        decided = Decided(Hold(row["reason"]), row["state"], decision, application_id, accepted)
        self.decisions.setdefault(of["allocation_id"], []).append(decided)

    def _as_it_stands(self, of: Row) -> tuple[Row, ...]:
        """What a person sees of a payment's rows: changed, or gone."""
        by_id = {row["origin_id"]: row for row in self._ours(of["allocation_id"])}
        ids = [entry["origin_id"] for entry in self.entries[of["allocation_id"]]]
        return tuple(
            {**by_id.get(each, {}), "origin_id": each, "removed": each not in by_id} for each in ids
        )

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
            bills=self.bills.values(),
            faults=self.faults,
            posted=[p for p in self.payments.values() if p["allocation_id"] in self.entries],
            policy=self.policy,
            decisions=self.decisions,
        )

    def known(self) -> Known:
        by_commitment: dict[str, list[Row]] = {}
        for row in rows_of(CONTRACT_PAYMENTS.frame(self.rows)):
            by_commitment.setdefault(row["commitment_id"], []).append(row)
        return Known(
            rows=by_commitment,
            entries=self.entries,
            bill_entries=[
                entry
                for entries in self.entries.values()
                for entry in entries
                if entry["state"] in ("posted", "verified")
            ],
            applications=self._applications(),
            paid=self._paid(),
            closed=closed_for_good(self.commitments.values())
            | without_tab(self.tabs, {key: row["number"] for key, row in self.commitments.items()}),
            policies=self.policies,
            policy_version=max(self.policies),
            restate=self.restate,
            decisions=self.decisions,
            prefix=PREFIX,
            erp_title="QuickBooks Online",
            now=self.now,
            sending_grace=GRACE,
        )

    def plan(self, **options: Any) -> Planned:
        return plan(
            ALLOCATIONS.frame(self.payments.values()),
            self.dispositions(),
            self.known(),
            **options,
        )

    def _applications(self) -> dict[str, Row]:
        rows = rows_of(PAYMENT_APPLICATIONS.frame(self.applications.values()))
        return {row["application_id"]: row for row in rows}

    def _paid(self) -> dict[str, int | None]:
        of_payments = {
            p["bill_id"]: bill(p["bill_id"], settled_minor=p.get("bill_settled_minor"))
            for p in self.payments.values()
        }
        bills = rows_of(BILLS.frame((of_payments | self.bills).values()))
        return {row["bill_id"]: paid_on(row) for row in bills}

    def post(self, planned: Planned, fate: Fate = lambda _: "ok") -> None:
        for kept in self.entries.values():
            for entry in kept:
                if entry["origin_id"] in planned.superseded:
                    entry["state"] = "superseded"
        own = {str(each) for each in planned.entries["origin_id"]}
        for entry in rows_of(planned.entries):
            kept = self.entries.setdefault(entry["allocation_id"], [])
            mine = next((each for each in kept if each["origin_id"] == entry["origin_id"]), None)
            if not _may_go(entry, kept, own):
                if not kept:
                    del self.entries[entry["allocation_id"]]
                continue
            if mine is None:
                mine = {name: entry[name] for name in ENTRIES.columns if name != "resumes"}
                mine |= {"plan_hash": "of this plan", "message": None}
                kept.append(mine)
            if any(row["origin_id"] == entry["origin_id"] for row in self.rows):
                mine["state"] = "verified"
                continue
            end = fate(entry)
            self.sent.append(entry["origin_id"])
            mine["sent_at"] = self.now.isoformat()
            mine["state"] = {"ok": "verified", "refused": "refused"}.get(end, "sending")
            if end in ("ok", "landed"):
                self._write(entry)

    def _write(self, entry: Row) -> None:
        if entry["links"] is None:
            self.rows.append(_as_procore_shows(entry, len(self.rows) + 1))
            return
        (row,) = (each for each in self.rows if each["contract_payment_id"] == entry["links"])
        row["origin_id"] = entry["origin_id"]

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


def _may_go(entry: Mapping[str, Any], kept: Iterable[Row], own: Collection[str]) -> bool:
    """n+1 goes only after n was read back; no payment after a reversal of the same plan, whose ids
    are its ``own``, that was refused."""
    earlier = [each for each in kept if each["n"] < entry["n"]]
    ended = ("verified", "refused", "superseded")
    return all(each["state"] in ended for each in earlier) and not any(
        each["state"] == "refused"
        and each["kind"] == "reversal"
        and entry["kind"] == "payment"
        and each["origin_id"] in own
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
