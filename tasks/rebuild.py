"""Rebuild: a ledger that was lost, or restored from an old copy, learns from Procore and the ERP
what PaidSync has posted (money-rules 4.2, house plan 7). It writes nothing to either."""

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from paidsync import origin
from paidsync.ledger import Ledger
from paidsync.reasons import RunStopped
from paidsync.records import ALLOCATIONS, CONTRACT_PAYMENTS, ENTRIES, totals
from paidsync.settings import Settings
from tasks.desk import Desk, stored_connection
from tasks.extract import keep_opening_history, mark_opening_history
from tasks.opening import open_run, seal_abandoned
from tasks.ours import ours
from tasks.preflight import look
from tasks.read import Read
from tasks.reading import Reader
from tasks.rebuild_read import PaymentsIssued, read_payments_issued, tried_again
from tasks.rebuild_rows import Entry, Known, Ours, duplicates, entries_of, unread
from tasks.rebuild_store import Change, compared, own_installation, store
from tasks.rows import with_bill

# Nothing is kept before everything was read, so a used-up rate window is waited for: Procore's
# longest is an hour.
_PATIENCE_SECONDS = 3900


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild read and found; plain JSON. Money is net, in minor units by currency."""

    connection: str
    run_id: str
    folder: str
    commitments: int = 0
    unanswered: list[str] = field(default_factory=list)  # inactive projects, not shown by Procore
    payments: int = 0  # rows of ours
    reversals: int = 0
    money: dict[str, int] = field(default_factory=dict)
    duplicates: dict[str, list[str]] = field(default_factory=dict)  # id -> rows that bear it
    added: int = 0
    corrected: int = 0
    differing: int = 0  # known, and not standing as sent
    missing: int = 0  # known as posted, and not there
    allocations: int = 0
    opening: int = 0
    not_shown: int = 0  # something stands, and the ERP did not deliver it
    installation: str | None = None  # taken over from the rows
    policy_versions: list[int] = field(default_factory=list)  # that the lost ledger alone knew

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def rebuild(own: Settings, ledger: Ledger, name: str, *, requested_by: str) -> Rebuilt:
    """Mend the ledger of a connection; running it again changes nothing.

    Raises RunStopped (lease_held, company_changed, ledger_behind ...) or an OutsideError; the
    ledger then knows what it knew before.
    """
    company = str(stored_connection(ledger, name).procore.company_id)
    run_id = str(uuid.uuid4())
    lease = ledger.leases.take(company, run_id=run_id, connection=name, seconds=own.lease_seconds)
    try:
        seal_abandoned(own, ledger, name, lease)
        run = open_run(
            own,
            ledger,
            connection=name,
            run_id=run_id,
            attempt=1,
            mode="rebuild",
            since=None,
            projects=(),
            restate=None,
            requested_by=requested_by,
            trigger="command line",
        ).with_lease(lease)
        patience = max(own.longest_wait_seconds, _PATIENCE_SECONDS)
        at = Desk(run, ledger, own.model_copy(update={"longest_wait_seconds": patience}))
        try:
            return _recorded(at)
        finally:
            at.close()
    finally:
        ledger.leases.release(lease)


def _recorded(at: Desk) -> Rebuilt:
    """Do it, and seal the run folder whatever comes of it."""
    done = Rebuilt(connection=at.run.connection, run_id=at.run.run_id, folder=at.run.folder)
    try:
        _rebuild(at, done)
    except Exception as trouble:
        _seal(at, done, "Refused" if isinstance(trouble, RunStopped) else "Failed", str(trouble))
        raise
    _seal(at, done, "Completed", f"added {done.added} entries, corrected {done.corrected}")
    return done


def _seal(at: Desk, done: Rebuilt, state: str, message: str) -> None:
    ledger, run = at.ledger, at.run
    manifest = at.folder.seal(
        {
            "run": run.as_dict(),
            "state": state,
            "message": message,
            "summary": done.as_dict(),
            "previous_manifest": ledger.runs.last_manifest(run.connection),
        }
    )
    facts = {**done.as_dict(), "mode": run.mode, "state": state, "message": message}
    ledger.runs.close(run.run_id, state=state, message=message, manifest=manifest, summary=facts)


def _rebuild(at: Desk, done: Rebuilt) -> None:
    systems = look(at.erp, at.procore, at.connection.erp_company)
    at.folder.put_json("preflight", systems)
    prefix = origin.company_prefix(at.connection.erp_name, at.connection.erp_company)
    issued = read_payments_issued(at, home_currency=systems["home_currency"], prefix=prefix)
    at.folder.put_frame(
        "contract_payments",
        CONTRACT_PAYMENTS.frame(issued.rows),
        CONTRACT_PAYMENTS,
        amount="amount_minor",
    )
    there = ours(issued.rows, prefix)
    _count(done, issued, there)
    with at.ledger.engine.begin() as db:
        own_installation(db, at, there)  # refused before the long reading, if at all
    known = Known(
        erp=at.connection.erp_name,
        erp_company=at.connection.erp_company,
        policies=at.policies,
        policy_version=at.run.policy_version,
    )
    entries = list(entries_of(there, known))
    change = compared(at, issued, there, entries)
    at.hold_lease()
    read = _read_erp(at, issued, entries, change)
    ids = list(there)
    kept = at.ledger.allocations.by_id(at.run.connection, ids)
    stubs = unread(there, entries, {*read.allocations, *(row["allocation_id"] for row in kept)})
    _describe(at, done, change, read, stubs)
    at.hold_lease()
    done.installation, done.policy_versions = store(at, there, change, read, stubs)


def _count(done: Rebuilt, issued: PaymentsIssued, there: Ours) -> None:
    rows = [row for each in there.values() for row in each]
    done.commitments = len(issued.commitments)
    done.unanswered = issued.unanswered
    done.reversals = sum((row["amount_minor"] or 0) < 0 for row in rows)
    done.payments = len(rows) - done.reversals
    done.money = totals(CONTRACT_PAYMENTS.frame(rows), "amount_minor")
    done.duplicates = {
        origin_id: [row["contract_payment_id"] for row in each]
        for origin_id, each in duplicates(there).items()
    }


def _read_erp(at: Desk, issued: PaymentsIssued, entries: list[Entry], change: Change) -> Read:
    """What an extract reads: everything, or where the ledger has cursors, what came since."""
    first = at.ledger.runs.is_first(at.run.connection)
    sent_under: dict[str, int] = {}
    for entry in entries:
        allocation = entry["allocation_id"]
        sent_under[allocation] = max(entry["policy_version"], sent_under.get(allocation, 0))
    read = tried_again(at, lambda: Reader(at, sent_under=sent_under).read())
    # An extract passes over inactive projects; what stands there has to be known all the same.
    for key, row in issued.commitments.items():
        read.commitments.setdefault(key, row)
    for key, row in issued.applications.items():
        read.applications.setdefault(key, row)
    if first:
        mark_opening_history(at, read)
    else:
        keep_opening_history(at, read)
    for entry in change.new:
        application = read.applications.get(entry["application_id"] or "", {})
        entry["application_number"] = application.get("number")
        if entry["allocation_id"] in read.allocations:
            read.allocations[entry["allocation_id"]] |= {"opening": False, "opening_state": None}
    return read


def _describe(
    at: Desk, done: Rebuilt, change: Change, read: Read, stubs: list[dict[str, Any]]
) -> None:
    """The counts, and for the run folder what the ledger is about to learn."""
    done.added = len(change.new) - change.replaced
    done.corrected = len(change.standing) + change.replaced
    done.differing, done.missing = change.differing, change.missing
    done.allocations = len(read.allocations) + len(stubs)
    done.opening = sum(bool(row["opening"]) for row in read.allocations.values())
    done.not_shown = len(stubs)
    columns = ENTRIES.columns.keys() - {"resumes"}
    entries = ENTRIES.frame(
        {**{name: entry[name] for name in columns}, "resumes": False} for entry in change.new
    )
    at.folder.put_frame("entries", entries, ENTRIES, amount="amount_minor")
    allocations = ALLOCATIONS.frame(
        with_bill({**row, "fresh": fresh}, read.bills.get(row["bill_id"]))
        for rows, fresh in ((read.allocations.values(), True), (stubs, False))
        for row in rows
    )
    at.folder.put_frame("allocations", allocations, ALLOCATIONS, amount="cash_minor")
