"""The ERP's part of the extract: bill payments that changed, each read whole (money-rules 1, 2)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from connectors.erp import BillPayment, Cursor
from expectations.rules import EARLIEST
from paidsync.reasons import Hold, TotalsDiffer
from tasks.control_totals import count_payments
from tasks.desk import Desk
from tasks.read import PAYMENTS, Read
from tasks.rows import allocation_rows
from tasks.splits import Splits
from tasks.versions import both, contradicts, older

# A sweep counts every payment there is; nobody dates one further ahead.
_AHEAD = timedelta(days=366)


class Payments:
    """Payments as the ERP delivers them, whether its feed tells of them or they are asked for."""

    def __init__(self, at: Desk, read: Read, sent_under: Mapping[str, int]) -> None:
        """``sent_under`` are policy versions, by allocation, that the ledger does not have yet."""
        self._at = at
        self._name = at.run.connection
        self._read = read
        self.delivered: dict[str, BillPayment] = {}
        self.keys: dict[str, list[str]] = {}  # their allocations
        self._told: set[str] | None = None  # payments that the feed told of; None without a sweep
        self._splits = Splits(
            at.policies,
            at.run.policy_version,
            at.ledger.entries.sent_under(self._name) | dict(sent_under),
        )

    def read_changed(self) -> tuple[set[str], bool]:
        """Deliver what changed; answers the tombstones, and whether the feed was complete.

        A reconcile reads everything besides. So does a run whose count is not the ERP's even at a
        second reading: then there is something that the feed does not tell.
        """
        mark = self._at.ledger.runs.cursor(self._name, PAYMENTS)
        after = Cursor(datetime.fromisoformat(mark[0]), mark[1]) if mark else None
        gone, complete, cursor = self._drain(after)
        if self._at.run.sweeps:
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
            self._told = {*self.delivered, *gone}
        self._drain(None)
        return False

    def _drain(self, after: Cursor | None) -> tuple[set[str], bool, Cursor | None]:
        gone: set[str] = set()
        complete, cursor = True, None
        for page in self._at.erp.changed_payments(after, since=self._at.run.since_date):
            for payment in page.payments:
                self.deliver(payment)
            gone |= {each.payment_id for each in page.gone}
            complete = complete and page.complete_feed
            cursor = page.cursor or cursor
        return gone - set(self.delivered), complete, cursor

    def deliver(self, payment: BillPayment) -> None:
        """A payment read whole; of two versions the newest wins (money-rules 1.1)."""
        payment_id = payment.payment_id
        known = self.delivered.get(payment_id)
        if known is not None and older(payment, than=known):
            return
        if known is not None and contradicts(payment, known):
            payment = both(payment, known)
        for key in self.keys.pop(payment_id, ()):
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
        self.keys[payment_id] = list(by_id)
        self.delivered[payment_id] = payment

    def _count_differs(self, cursor: Cursor, gone: set[str], *, complete: bool) -> str | None:
        """How our payments of the days touched in this run, in a reconcile of all days, differ
        from the ERP's own count."""
        dates = [each.date for each in self.delivered.values() if each.date]
        if self._at.run.sweeps:
            dates += [EARLIEST, self._read.company.now.date() + _AHEAD]
        if not dates:
            return None
        first, last = min(dates), max(dates)
        absent = gone if complete else gone | self._untold(gone, first, last)
        self._read.control = count_payments(
            self._at, self.delivered, until=cursor, gone=absent, first=first, last=last
        )
        return self._read.control["detail"] if self._read.control else None

    def _untold(self, gone: set[str], first: date, last: date) -> set[str]:
        """Payments of the days compared that are not there any more, where the feed does not tell
        of deletions. What follows for them is judged later; here they are only not counted."""
        stored = self._at.ledger.allocations.payments_dated(
            self._name, first.isoformat(), last.isoformat()
        )
        stored -= set(self.delivered) | gone
        found = self._at.erp.payments(sorted(stored))
        for payment in found.values():
            self.deliver(payment)
        return stored - set(found)

    def found(self) -> list[str]:
        """What a sweep found: payments that are not as they were kept, and no feed told of."""
        if self._told is None:
            return []
        rows = self._read.allocations
        changed = self._at.ledger.allocations.changed(self._name, [*rows.values()])
        return sorted({rows[key]["payment_id"] for key in changed} - self._told)
