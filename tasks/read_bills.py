"""The ERP's part of the extract: bills that changed or are named, and the checks that need them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from connectors.erp import Bill, Cursor
from paidsync.reasons import RunStopped, Stop
from paidsync.records import text
from tasks.control_totals import compare_bills
from tasks.desk import Desk
from tasks.read import BILLS, PAYMENTS, Read
from tasks.rows import NO_BILL, bill_row
from tasks.strategies import number_key

# How many origin ids are tried as bill ids before a connection is called wrong (money-rules 3.1).
_ID_FORMAT_SAMPLE = 20


class Bills:
    """Bills for one run; what is read goes into ``read.bills``."""

    def __init__(self, at: Desk, read: Read) -> None:
        self._at = at
        self._name = at.run.connection
        self._read = read
        self._bills: dict[str, Bill] = {}  # read in this run

    def read_changed(self) -> None:
        """Those that changed since the last run."""
        mark = self._at.ledger.runs.cursor(self._name, BILLS)
        after = Cursor(datetime.fromisoformat(mark[0]), mark[1]) if mark else None
        bills, cursor = self._at.erp.changed_bills(after)
        self._keep(bills)
        self._read.cursors[BILLS] = (mark, cursor.until.isoformat(), cursor.mark)

    def read_named(self) -> None:
        """The bills of what was delivered, and bills that stand in the way of a match by number."""
        read = self._read
        wanted = {row["bill_id"] for row in read.allocations.values() if row["bill_id"] != NO_BILL}
        if self._at.run.sweeps:  # a bill that says it is paid tells of a payment that nobody listed
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
        self._keep(self._at.erp.bills(sorted(bill_ids)).values())

    def _keep(self, bills: Iterable[Bill]) -> None:
        for bill in bills:
            self._bills[bill.bill_id] = bill
            self._read.bills[bill.bill_id] = bill_row(bill)

    def compare(self) -> None:
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

    def require_id_format(self) -> None:
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
