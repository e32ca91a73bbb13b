"""Reading both systems for the extract: what changed, and what has to be looked at again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from connectors.erp import Bill, BillPayment, Cursor
from expectations.rules import EARLIEST
from expectations.run import cursor_advances
from paidsync.reasons import Hold, RunStopped, Stop, TotalsDiffer
from paidsync.records import Standing, rows_of, text
from tasks.control_totals import compare_bills, count_payments
from tasks.desk import Desk
from tasks.gone import judge_missing
from tasks.rows import (
    NO_BILL,
    allocation_rows,
    application_row,
    bill_row,
    commitment_row,
    no_longer,
)
from tasks.splits import Splits
from tasks.strategies import number_key
from tasks.versions import both, contradicts, older

# Procore's lists are asked again for what changed this long before the last reading, because a
# row may become visible after its own time stamp.
_PROCORE_OVERLAP = timedelta(minutes=5)
PAYMENTS, BILLS, PROCORE = "bill_payments", "bills", "procore"
_APPLICATION_FACTS = (
    "origin_id", "commitment_id", "invoice_number", "vendor_id", "currency", "due_minor",
    "retainage_minor", "tax_minor", "invoice_type",
)  # fmt: skip
# How many origin ids are tried as bill ids before a connection is called wrong (money-rules 3.1).
_ID_FORMAT_SAMPLE = 20
# A sweep counts every payment there is; nobody dates one further ahead.
_AHEAD = timedelta(days=366)

Rows = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Read:
    """Everything one extract read. Keys of the row dicts are the records' own ids."""

    company: Any = None
    allocations: Rows = field(default_factory=dict)  # delivered in this run, bill columns missing
    looked_at: Rows = field(default_factory=dict)  # stored rows that this run judges besides
    bills: Rows = field(default_factory=dict)
    vendors: Rows = field(default_factory=dict)
    commitments: Rows = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)  # commitments that Procore showed in this run
    applications: Rows = field(default_factory=dict)
    changed_applications: set[str] = field(default_factory=set)
    cursors: dict[str, tuple[tuple[str, str] | None, str, str]] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)  # gone payments -> why
    control: dict[str, Any] | None = None  # the ERP's count beside ours
    bills_compared: dict[str, Any] | None = None  # what the ERP says is paid on them beside ours
    found: list[str] = field(default_factory=list)  # payments that changed and no feed told of


class Reader:
    """Reads for one run. Nothing is stored here."""

    def __init__(self, at: Desk, *, sent_under: Mapping[str, int] | None = None) -> None:
        """``sent_under`` are policy versions, by allocation, of entries that a rebuild found and
        has not stored yet."""
        self._at = at
        self._name = at.run.connection
        self._read = Read()
        self._delivered: dict[str, BillPayment] = {}
        self._keys: dict[str, list[str]] = {}  # their allocations
        self._touched: set[str] = set()  # bills that changed, or whose application did
        self._bills: dict[str, Bill] = {}  # read in this run
        self._told: set[str] | None = None  # payments that the feed told of; None without a sweep
        self._old_applications: Rows = {}
        self._splits = Splits(
            at.policies,
            at.run.policy_version,
            at.ledger.entries.sent_under(at.run.connection) | dict(sent_under or {}),
        )

    @property
    def _sweeps(self) -> bool:
        return self._at.run.mode == "reconcile"

    def read(self) -> Read:
        """Everything that this run has to judge."""
        read = self._read
        read.company = self._at.erp.company()
        if read.company.company_id != self._at.connection.erp_company:
            raise RunStopped(
                Stop.COMPANY_CHANGED,
                f"The credentials open {read.company.name} ({read.company.company_id}), the "
                f"connection is for {self._at.connection.erp_company}.",
            )
        self._read_procore()
        gone, complete = self._read_changed_payments()
        self._read_changed_bills()
        self._look_at_stored()
        self._read_again(gone, everything=not complete)
        self._read_bills_of_allocations()
        self._require_id_format()
        self._see_what_no_feed_told()
        if self._sweeps:
            self._compare_bills()
        for stream, (seen, until, _) in read.cursors.items():
            before = datetime.fromisoformat(seen[0]) if seen else None
            for _, found in cursor_advances(before, datetime.fromisoformat(until), stream=stream):
                raise RunStopped(Stop.SCHEMA_CHANGED, found)
        return read

    # Procore

    def _read_procore(self) -> None:
        at, read = self._at, self._read
        mark = at.ledger.runs.cursor(self._name, PROCORE)
        since = None
        if mark and not self._sweeps:
            since = datetime.fromisoformat(mark[0]) - _PROCORE_OVERLAP
        projects = at.procore.projects()
        begun = at.procore.server_time()
        for vendor in at.procore.vendors(updated_since=since):
            read.vendors[vendor.vendor_id] = {
                "vendor_id": vendor.vendor_id,
                "name": vendor.name,
                "origin_id": vendor.origin_id,
            }
        for row in rows_of(at.ledger.mirror.commitments(self._name)):
            read.commitments[row["commitment_id"]] = row
        visible = {project.project_id: project for project in projects}
        for row in read.commitments.values():
            project = visible.get(row["project_id"])
            row["project_active"] = bool(project and project.active)
        stored = at.ledger.mirror.applications(self._name)
        before = {row["application_id"]: row for row in rows_of(stored)}
        read.applications = {
            key: {name: value for name, value in row.items() if name != "vendor_origin_id"}
            for key, row in before.items()
        }
        for project in projects:
            if project.active:
                self._read_project(project, since)
        for key, row in read.applications.items():
            old = before.get(key)
            if old is None or any(old[name] != row[name] for name in _APPLICATION_FACTS):
                read.changed_applications.add(key)
        if begun is not None:
            until = max(begun.isoformat(), mark[0] if mark else "")
            read.cursors[PROCORE] = (mark, until, "")
        self._old_applications = before

    def _read_project(self, project: Any, since: datetime | None) -> None:
        at, read = self._at, self._read
        for commitment in at.procore.commitments(project.project_id, updated_since=since):
            read.listed.append(commitment.commitment_id)
            read.commitments[commitment.commitment_id] = commitment_row(commitment, project)
        for application in at.procore.applications(project.project_id, updated_since=since):
            on = read.commitments.get(application.commitment_id or "", {})
            currency = application.currency or on.get("currency") or read.company.home_currency
            row = application_row(application, currency)
            row["vendor_id"] = row["vendor_id"] or on.get("vendor_id")
            read.applications[application.application_id] = row

    # The ERP

    def _read_changed_payments(self) -> tuple[set[str], bool]:
        """Deliver what changed; answers the tombstones, and whether the feed was complete.

        A reconcile reads everything besides. So does a run whose count is not the ERP's even at a
        second reading: then there is something that the feed does not tell.
        """
        mark = self._at.ledger.runs.cursor(self._name, PAYMENTS)
        after = Cursor(datetime.fromisoformat(mark[0]), mark[1]) if mark else None
        gone, complete, cursor = self._drain(after)
        if self._sweeps:
            complete = self._sweep(after, gone)
        if self._at.run.since_date is not None or cursor is None:
            return gone, complete
        tries = [after] if after is None else [after, None]
        while (differs := self._count_differs(cursor, gone, complete=complete)) is not None:
            if not tries:
                raise TotalsDiffer(differs)
            # A payment may have changed between the reading and the counting: read once more.
            begin = tries.pop(0)
            if begin is None:
                complete = self._sweep(after, gone)
            else:
                more, whole, _ = self._drain(begin)
                gone, complete = gone | more, complete and whole
        self._read.cursors[PAYMENTS] = (mark, cursor.until.isoformat(), cursor.mark)
        return gone, complete

    def _sweep(self, after: Cursor | None, gone: set[str]) -> bool:
        """Deliver every payment that the ERP lists, whatever the feed told; not complete, so that
        each one that is known and not listed is asked for by its id."""
        if after is not None and self._told is None:
            self._told = {*self._delivered, *gone}
        self._drain(None)
        return False

    def _drain(self, after: Cursor | None) -> tuple[set[str], bool, Cursor | None]:
        gone: set[str] = set()
        complete, cursor = True, None
        for page in self._at.erp.changed_payments(after, since=self._at.run.since_date):
            for payment in page.payments:
                self._deliver(payment)
            gone |= {each.payment_id for each in page.gone}
            complete = complete and page.complete_feed
            cursor = page.cursor or cursor
        return gone - set(self._delivered), complete, cursor

    def _deliver(self, payment: BillPayment) -> None:
        """A payment read whole; of two versions the newest wins (money-rules 1.1)."""
        payment_id = payment.payment_id
        known = self._delivered.get(payment_id)
        if known is not None and older(payment, than=known):
            return
        if known is not None and contradicts(payment, known):
            payment = both(payment, known)
        for key in self._keys.pop(payment_id, ()):
            self._read.allocations.pop(key, None)
        connection = self._at.connection
        ids = {"erp": connection.erp_name, "erp_company": connection.erp_company}
        rows = [
            part for row in allocation_rows(payment, **ids) for part in self._splits.of(row, **ids)
        ]
        by_id: dict[str, dict[str, Any]] = {}
        for row in rows:
            twice = row["allocation_id"] in by_id
            fault = {"fault": Hold.DUPLICATE_ALLOCATION.value} if twice else {}
            by_id[row["allocation_id"]] = {**row, **fault}
        self._read.allocations |= by_id
        self._keys[payment_id] = list(by_id)
        self._delivered[payment_id] = payment

    def _count_differs(self, cursor: Cursor, gone: set[str], *, complete: bool) -> str | None:
        """How our payments of the days touched in this run, in a reconcile of all days, differ
        from the ERP's own count."""
        dates = [each.date for each in self._delivered.values() if each.date]
        if self._sweeps:
            dates += [EARLIEST, self._read.company.now.date() + _AHEAD]
        if not dates:
            return None
        first, last = min(dates), max(dates)
        absent = gone if complete else gone | self._untold(gone, first, last)
        self._read.control = count_payments(
            self._at, self._delivered, until=cursor, gone=absent, first=first, last=last
        )
        return self._read.control["detail"] if self._read.control else None

    def _untold(self, gone: set[str], first: date, last: date) -> set[str]:
        """Payments of the days compared that are not there any more, where the feed does not tell
        of deletions. What follows for them is judged later; here they are only not counted."""
        stored = self._at.ledger.allocations.payments_dated(
            self._name, first.isoformat(), last.isoformat()
        )
        stored -= set(self._delivered) | gone
        found = self._at.erp.payments(sorted(stored))
        for payment in found.values():
            self._deliver(payment)
        return stored - set(found)

    def _read_changed_bills(self) -> None:
        mark = self._at.ledger.runs.cursor(self._name, BILLS)
        after = Cursor(datetime.fromisoformat(mark[0]), mark[1]) if mark else None
        bills, cursor = self._at.erp.changed_bills(after)
        self._keep_bills(bills)
        self._read.cursors[BILLS] = (mark, cursor.until.isoformat(), cursor.mark)

    # What is judged besides what changed

    def _look_at_stored(self) -> None:
        """Everything unsettled, and whatever the changed bills and applications touch."""
        read = self._read
        touched = set(read.bills)
        for key in read.changed_applications:
            for row in (read.applications[key], self._old_applications.get(key, {})):
                if row.get("origin_id"):
                    touched.add(row["origin_id"])
        for frame in self._stored(touched):
            for row in rows_of(frame):
                read.looked_at[row["allocation_id"]] = row
        for key, row in list(read.looked_at.items()):
            if key in read.allocations:
                del read.looked_at[key]
            elif row["payment_id"] in self._delivered:
                payment = self._delivered[row["payment_id"]]
                if payment.fault is not None:
                    read.allocations[key] = {**row, "fault": payment.fault.value}
                elif payment.whole:
                    self._no_longer_named(key, row)
                else:
                    continue  # not in the part that was read: it stays as it was known
                del read.looked_at[key]
        self._touched = touched | self._named_by_policy()

    def _stored(self, touched: set[str]) -> list[pd.DataFrame]:
        run, stored = self._at.run, self._at.ledger.allocations
        if self._sweeps:
            return [stored.all(self._name)]
        frames = [
            stored.open(self._name),
            stored.of_bills(self._name, touched),
            stored.of_payments(self._name, list(self._delivered)),
            stored.posted_to(self._name, self._read.changed_applications),
        ]
        if run.restate is not None:
            frames.append(stored.sent_under_other(self._name, run.policy_version))
        return frames

    def _named_by_policy(self) -> set[str]:
        """Bills that the policy maps or splits: whatever of them is not settled is read anew, so
        that a new policy takes effect at once."""
        policy = self._at.policy
        mapped = {bill for each in policy.map for bill in each.bills}
        return mapped | {each.bill for each in policy.split}

    def _no_longer_named(self, key: str, row: dict[str, Any]) -> None:
        """The payment was read whole, and this bill is no longer in it: moved away, or voided."""
        read, keys = self._read, self._keys[row["payment_id"]]
        payment = read.allocations[keys[0]]
        voided = payment["standing"] == Standing.VOIDED
        read.allocations[key] = {
            **no_longer(row, Standing.VOIDED if voided else Standing.REAPPLIED),
            **{
                name: payment[name]
                for name in (
                    "payment_date",
                    "document_date",
                    "reversal_date",
                    "reversed_by",
                    "modified_at",
                    "version",
                )
            },
        }
        keys.append(key)
        if voided and payment["bill_id"] == NO_BILL:
            # It stood in for the bills that a voided payment no longer names; they are known.
            keys.remove(payment["allocation_id"])
            del read.allocations[payment["allocation_id"]]

    def _read_again(self, gone: set[str], *, everything: bool) -> None:
        """Direct reads of what must be fresh before anything is posted for it (money-rules 2)."""
        at, read = self._at, self._read
        unfinished = at.ledger.allocations.unfinished_payments(self._name)
        wanted = {
            row["payment_id"]
            for row in read.looked_at.values()
            if row["payment_id"] in unfinished
            or row["bill_id"] in self._touched
            or at.run.restate is not None
        }
        wanted |= at.ledger.allocations.known_payment_ids(self._name, gone)
        if everything:
            wanted |= set(at.ledger.allocations.live_payment_ids(self._name))
        wanted -= set(self._delivered)
        wanted -= {
            row["payment_id"]
            for row in read.looked_at.values()
            if row["standing"] == Standing.DELETED
        }
        found = at.erp.payments(sorted(wanted))
        for payment in found.values():
            self._deliver(payment)
        self._judge_missing(wanted - set(found), gone)
        self._look_at_stored()

    def _judge_missing(self, missing: set[str], gone: set[str]) -> None:
        at, read = self._at, self._read
        stored = rows_of(at.ledger.allocations.of_payments(self._name, sorted(missing)))
        bills_of: dict[str, set[str]] = defaultdict(set)
        for row in stored:
            if row["bill_id"] != NO_BILL and row["standing"] != Standing.REAPPLIED:
                bills_of[row["payment_id"]].add(row["bill_id"])
        known = at.ledger.allocations.live_payment_ids(self._name)
        controls = [key for key in (*self._delivered, *reversed(known)) if key not in missing]
        again, evidence = judge_missing(
            at.erp,
            missing,
            company_id=at.connection.erp_company,
            tombstones=gone,
            bills_of=bills_of,
            control_ids=controls,
        )
        for payment in again.values():
            self._deliver(payment)
        for row in stored:
            found = evidence.get(row["payment_id"])
            if found is None:
                continue
            read.evidence[row["payment_id"]] = f"{found.standing}: {found.why}"
            read.allocations[row["allocation_id"]] = (
                no_longer(row, Standing.DELETED)
                if found.standing == Standing.DELETED
                else {**row, "standing": Standing.DISAPPEARED}
            )
            read.looked_at.pop(row["allocation_id"], None)

    # Bills

    def _read_bills_of_allocations(self) -> None:
        """The bills of what was delivered, and bills that stand in the way of a match by number."""
        read = self._read
        wanted = {row["bill_id"] for row in read.allocations.values() if row["bill_id"] != NO_BILL}
        if self._sweeps:  # a bill that says it is paid tells of a payment that nobody listed
            wanted |= {each["origin_id"] for each in read.applications.values()} - {None}
        self._fetch(wanted - set(read.bills))
        known = self._at.ledger.mirror.bills(self._name)
        for key, row in known.items():
            read.bills.setdefault(key, {**row, "stored": True})
        self._fetch(self._named_by_lookalikes() - set(read.bills))

    def _named_by_lookalikes(self) -> set[str]:
        """Origin ids of applications that an allocation could match by vendor and number only:
        whether they name a bill that exists decides (money-rules 3.3)."""
        read = self._read
        named = {row["origin_id"] for row in read.applications.values() if row["origin_id"]}
        origins = {
            **self._at.ledger.mirror.vendors(self._name),
            **{key: row["origin_id"] for key, row in read.vendors.items()},
        }
        by_number: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in read.applications.values():
            key = number_key(origins.get(row["vendor_id"] or ""), row["invoice_number"])
            if key and row["origin_id"]:
                by_number[key].add(row["origin_id"])
        wanted: set[str] = set()
        for row in (*read.allocations.values(), *read.looked_at.values()):
            bill = read.bills.get(row["bill_id"])
            if bill is not None and row["bill_id"] not in named:
                key = number_key(bill["vendor_id"], bill["number"])
                wanted |= by_number.get(key, set()) if key else set()
        return wanted

    def _fetch(self, bill_ids: Iterable[str]) -> None:
        self._keep_bills(self._at.erp.bills(sorted(bill_ids)).values())

    def _keep_bills(self, bills: Iterable[Bill]) -> None:
        for bill in bills:
            self._bills[bill.bill_id] = bill
            self._read.bills[bill.bill_id] = bill_row(bill)

    def _compare_bills(self) -> None:
        """Bills that did not change while this run read, against their payments."""
        read = self._read
        until = datetime.fromisoformat(read.cursors[PAYMENTS][1])
        still = sorted(
            key
            for key, bill in self._bills.items()
            if bill.modified_at is None or bill.modified_at < until
        )
        read.bills_compared = compare_bills(
            [read.bills[key] for key in still],
            (*read.allocations.values(), *read.looked_at.values()),
            erp_title=self._at.erp.title,
        )

    def _see_what_no_feed_told(self) -> None:
        """What a sweep found: payments that are not as they were kept, and that no feed told of."""
        if self._told is None:
            return
        rows = self._read.allocations
        changed = self._at.ledger.allocations.changed(self._name, [*rows.values()])
        self._read.found = sorted({rows[key]["payment_id"] for key in changed} - self._told)

    def _require_id_format(self) -> None:
        """3.1: if no origin_id resolves to any bill, the ids are of another kind; unless the
        policy says that another tool exported bills (3.2)."""
        read = self._read
        if self._at.policy.map or self._at.policy.split:
            return
        origins = sorted(row["origin_id"] for row in read.applications.values() if row["origin_id"])
        if not origins or any(each in read.bills for each in origins):
            return
        self._fetch(origins[:_ID_FORMAT_SAMPLE])
        if not any(each in read.bills for each in origins):
            raise RunStopped(
                Stop.WRONG_ID_FORMAT,
                f"None of {len(origins)} synced payment applications names a bill of "
                f"{read.company.name}; the first says {text(origins[0])!r}.",
            )
