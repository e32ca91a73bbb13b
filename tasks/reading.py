"""Reading both systems for the extract: what changed, and what has to be looked at again."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from expectations.run import cursor_advances
from paidsync.reasons import RunStopped, Stop
from paidsync.records import Standing
from tasks.desk import Desk
from tasks.gone import judge_missing
from tasks.read import Read, Rows
from tasks.read_bills import Bills
from tasks.read_payments import Payments
from tasks.read_procore import read_procore
from tasks.rows import NO_BILL, no_longer


class Reader:
    """Reads for one run. Nothing is stored here."""

    def __init__(self, at: Desk, *, sent_under: Mapping[str, int] | None = None) -> None:
        """``sent_under`` are policy versions, by allocation, of entries that a rebuild found and
        has not stored yet."""
        self._at = at
        self._name = at.run.connection
        self._read = Read()
        self._payments = Payments(at, self._read, sent_under or {})
        self._bills = Bills(at, self._read)
        self._touched: set[str] = set()  # bills that changed, or whose application did
        self._old_applications: Rows = {}

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
        self._old_applications = read_procore(self._at, read)
        gone, complete = self._payments.read_changed()
        self._bills.read_changed()
        self._look_at_stored()
        self._read_again(gone, everything=not complete)
        self._bills.read_named()
        self._bills.require_id_format()
        read.found = self._payments.found()
        if self._at.run.sweeps:
            self._bills.compare()
        for stream, (seen, until, _) in read.cursors.items():
            before = datetime.fromisoformat(seen[0]) if seen else None
            for _, found in cursor_advances(before, datetime.fromisoformat(until), stream=stream):
                raise RunStopped(Stop.SCHEMA_CHANGED, found)
        return read

    def _look_at_stored(self) -> None:
        """Everything unsettled, and whatever the changed bills and applications touch."""
        read = self._read
        touched = set(read.bills)
        for key in read.changed_applications:
            for row in (read.applications[key], self._old_applications.get(key, {})):
                if row.get("origin_id"):
                    touched.add(row["origin_id"])
        for row in self._stored(touched):
            read.looked_at[row["allocation_id"]] = row
        for key, row in list(read.looked_at.items()):
            if key in read.allocations:
                del read.looked_at[key]
            elif row["payment_id"] in self._payments.delivered:
                payment = self._payments.delivered[row["payment_id"]]
                if payment.fault is not None:
                    read.allocations[key] = {**row, "fault": payment.fault.value}
                elif payment.whole:
                    self._no_longer_named(key, row)
                else:
                    continue  # not in the part that was read: it stays as it was known
                del read.looked_at[key]
        self._touched = touched | self._named_by_policy()

    def _stored(self, touched: set[str]) -> list[dict[str, Any]]:
        run, stored = self._at.run, self._at.ledger.allocations
        if run.sweeps:
            return stored.all(self._name)
        rows = [
            *stored.open(self._name),
            *stored.of_bills(self._name, touched),
            *stored.of_payments(self._name, list(self._payments.delivered)),
            *stored.posted_to(self._name, self._read.changed_applications),
        ]
        if run.restate is not None:
            rows += stored.sent_under_other(self._name, run.policy_version)
        return rows

    def _named_by_policy(self) -> set[str]:
        """Bills that the policy maps or splits: whatever of them is not settled is read anew, so
        that a new policy takes effect at once."""
        policy = self._at.policy
        mapped = {bill for each in policy.map for bill in each.bills}
        return mapped | {each.bill for each in policy.split}

    def _no_longer_named(self, key: str, row: dict[str, Any]) -> None:
        """The payment was read whole, and this bill is no longer in it: moved away, or voided."""
        read, keys = self._read, self._payments.keys[row["payment_id"]]
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
        wanted -= set(self._payments.delivered)
        wanted -= {
            row["payment_id"]
            for row in read.looked_at.values()
            if row["standing"] == Standing.DELETED
        }
        found = at.erp.payments(sorted(wanted))
        for payment in found.values():
            self._payments.deliver(payment)
        self._judge_missing(wanted - set(found), gone)
        self._look_at_stored()

    def _judge_missing(self, missing: set[str], gone: set[str]) -> None:
        at, read = self._at, self._read
        stored = at.ledger.allocations.of_payments(self._name, sorted(missing))
        bills_of: dict[str, set[str]] = defaultdict(set)
        for row in stored:
            if row["bill_id"] != NO_BILL and row["standing"] != Standing.REAPPLIED:
                bills_of[row["payment_id"]].add(row["bill_id"])
        known = at.ledger.allocations.live_payment_ids(self._name)
        controls = [
            key for key in (*self._payments.delivered, *reversed(known)) if key not in missing
        ]
        again, evidence = judge_missing(
            at.erp,
            missing,
            company_id=at.connection.erp_company,
            tombstones=gone,
            bills_of=bills_of,
            control_ids=controls,
        )
        for payment in again.values():
            self._payments.deliver(payment)
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
