"""Reading both systems for the extract: what changed, and what has to be looked at again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from connectors.erp import BillPayment, Cursor
from expectations.run import control_totals, cursor_advances
from paidsync.reasons import Hold, RunStopped, Stop
from paidsync.records import Standing, rows_of, text
from tasks.desk import Desk
from tasks.gone import judge_missing
from tasks.rows import (
    NO_BILL,
    allocation_rows,
    application_row,
    bill_row,
    commitment_row,
    iso,
    no_longer,
)
from tasks.splits import Splits
from tasks.strategies import number_key

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
    applications: Rows = field(default_factory=dict)
    changed_applications: set[str] = field(default_factory=set)
    cursors: dict[str, tuple[tuple[str, str] | None, str, str]] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)  # gone payments -> why
    control: dict[str, Any] | None = None


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
        self._old_applications: Rows = {}
        self._splits = Splits(
            at.policies,
            at.run.policy_version,
            at.ledger.entries.sent_under(at.run.connection) | dict(sent_under or {}),
        )

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
        for stream, (seen, until, _) in read.cursors.items():
            before = datetime.fromisoformat(seen[0]) if seen else None
            for _, found in cursor_advances(before, datetime.fromisoformat(until), stream=stream):
                raise RunStopped(Stop.SCHEMA_CHANGED, found)
        return read

    # Procore

    def _read_procore(self) -> None:
        at, read = self._at, self._read
        mark = at.ledger.runs.cursor(self._name, PROCORE)
        since = datetime.fromisoformat(mark[0]) - _PROCORE_OVERLAP if mark else None
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
            read.commitments[commitment.commitment_id] = commitment_row(commitment, project)
        for application in at.procore.applications(project.project_id, updated_since=since):
            on = read.commitments.get(application.commitment_id or "", {})
            currency = application.currency or on.get("currency") or read.company.home_currency
            row = application_row(application, currency)
            row["vendor_id"] = row["vendor_id"] or on.get("vendor_id")
            read.applications[application.application_id] = row

    # The ERP

    def _read_changed_payments(self) -> tuple[set[str], bool]:
        """Deliver what changed; answers the tombstones, and whether the feed was complete."""
        mark = self._at.ledger.runs.cursor(self._name, PAYMENTS)
        after = Cursor(datetime.fromisoformat(mark[0]), mark[1]) if mark else None
        gone, complete, cursor = self._drain(after)
        if self._at.run.since_date is not None or cursor is None:
            return gone, complete
        if not self._control_total_agrees(cursor, gone):
            # A payment may have changed between the reading and the counting: read once more.
            more, complete_again, cursor = self._drain(after)
            gone, complete = gone | more, complete and complete_again
            absent = gone if complete else gone | self._untold(gone)
            if cursor is None or not self._control_total_agrees(cursor, absent):
                seen = (self._read.control or {}).get("detail") or "No cursor was delivered."
                raise RunStopped(Stop.SCHEMA_CHANGED, seen)
        self._read.cursors[PAYMENTS] = (mark, cursor.until.isoformat(), cursor.mark)
        return gone, complete

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
        if known is not None and _older(payment, than=known):
            return
        if known is not None and _contradicts(payment, known):
            payment = _both(payment, known)
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

    def _control_total_agrees(self, cursor: Cursor, gone: set[str]) -> bool:
        """Our payments of the days touched in this run against the ERP's own count."""
        dates = sorted(iso(each.date) or "" for each in self._delivered.values() if each.date)
        if not dates or not self._at.erp.capabilities.control_count:
            return True
        first, last = date.fromisoformat(dates[0]), date.fromisoformat(dates[-1])
        theirs = self._at.erp.control_total(first, last, until=cursor.until)
        if theirs is None:
            return True
        recent = {
            key
            for key, each in self._delivered.items()
            if each.modified_at is not None and each.modified_at >= cursor.until
        }
        if not theirs.bounded and recent:
            return True  # it counts what changed meanwhile; the next run compares
        ours = self._at.ledger.allocations.payments_dated(self._name, dates[0], dates[-1])
        ours -= set(self._delivered) | gone
        ours |= {
            key
            for key, each in self._delivered.items()
            if each.date and first <= each.date <= last and key not in recent
        }
        stops = control_totals(len(ours), theirs.count, first=first, last=last)
        self._read.control = {
            "first": dates[0],
            "last": dates[-1],
            "ours": len(ours),
            "theirs": theirs.count,
            "changed_before": cursor.until.isoformat(),
            "detail": stops[0][1] if stops else None,
        }
        return not stops

    def _untold(self, gone: set[str]) -> set[str]:
        """Payments of the days compared that are not there any more, where the feed does not tell
        of deletions. What follows for them is judged later; here they are only not counted."""
        days = self._read.control or {}
        stored = self._at.ledger.allocations.payments_dated(
            self._name, days.get("first", ""), days.get("last", "")
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
        for bill in bills:
            self._read.bills[bill.bill_id] = bill_row(bill)
        self._read.cursors[BILLS] = (mark, cursor.until.isoformat(), cursor.mark)

    # What is judged besides what changed

    def _look_at_stored(self) -> None:
        """Everything unsettled, and whatever the changed bills and applications touch."""
        at, read = self._at, self._read
        touched = set(read.bills)
        for key in read.changed_applications:
            for row in (read.applications[key], self._old_applications.get(key, {})):
                if row.get("origin_id"):
                    touched.add(row["origin_id"])
        frames = [
            at.ledger.allocations.open(self._name),
            at.ledger.allocations.of_bills(self._name, touched),
            at.ledger.allocations.of_payments(self._name, list(self._delivered)),
            at.ledger.allocations.posted_to(self._name, read.changed_applications),
        ]
        if at.run.restate is not None:
            frames.append(at.ledger.allocations.sent_under_other(self._name, at.run.policy_version))
        for frame in frames:
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
        wanted = {
            row["bill_id"] for row in read.allocations.values() if row["bill_id"] != NO_BILL
        } - set(read.bills)
        self._fetch(wanted)
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
        for bill in self._at.erp.bills(sorted(bill_ids)).values():
            self._read.bills[bill.bill_id] = bill_row(bill)

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


def _older(payment: BillPayment, *, than: BillPayment) -> bool:
    """Whether it is an earlier version; edits of one second are told apart by a counted version."""
    stamp, other = payment.modified_at, than.modified_at
    if stamp is None or other is None or stamp > other:
        return False
    if stamp < other:
        return True
    versions = payment.version, than.version
    return all(each.isdecimal() for each in versions) and int(versions[0]) < int(versions[1])


def _contradicts(payment: BillPayment, known: BillPayment) -> bool:
    """Whether one version of a payment was told in two ways; once seen, it stays so in this run."""
    if (payment.modified_at, payment.version) != (known.modified_at, known.version):
        return False
    return known.fault is Hold.DUPLICATE_ALLOCATION or _facts(payment) != _facts(known)


def _facts(payment: BillPayment) -> tuple[Any, ...]:
    """What money depends on, in any order of the bills."""
    parts = {(each.bill_id, each.currency, each.settled, each.cash) for each in payment.allocations}
    return payment.status, payment.number, payment.date, payment.currency, payment.total, parts


def _both(payment: BillPayment, known: BillPayment) -> BillPayment:
    """Two contradicting versions: held, with the bills of either."""
    named = {each.bill_id for each in payment.allocations}
    more = (each for each in known.allocations if each.bill_id not in named)
    return replace(
        payment, fault=Hold.DUPLICATE_ALLOCATION, allocations=(*payment.allocations, *more)
    )
