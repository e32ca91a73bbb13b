"""What a rebuild changes in the ledger, and the one transaction in which it does (rule 4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as Db

from paidsync.ledger.entries import STANDING
from tasks.case import differences
from tasks.desk import Desk
from tasks.extract import store_read
from tasks.read import Read
from tasks.rebuild_installation import taken_over, writers
from tasks.rebuild_read import PaymentsIssued
from tasks.rebuild_rows import Entry, Ours, duplicates
from tasks.strategies import Row

# States that a row corrects which stands as it was sent.
_UNCERTAIN = ("planned", "sending", "posted", "refused", "superseded")


@dataclass(slots=True)
class Change:
    """Procore's rows of ours against what the ledger knows. History is only appended to."""

    new: list[Entry] = field(default_factory=list)  # unknown, or planned otherwise than they stand
    replaced: int = 0  # of the new ones: those that were planned otherwise
    standing: dict[str, str] = field(default_factory=dict)  # as sent: origin_id -> its row
    differing: int = 0  # known, and not standing as sent: the next run holds them
    missing: int = 0  # known as posted, and not there: the next run holds them
    judge: set[str] = field(default_factory=set)  # allocations that the next run has to look at


def compared(at: Desk, issued: PaymentsIssued, there: Ours, entries: Iterable[Entry]) -> Change:
    """What the ledger has to learn."""
    change = Change()
    known = at.ledger.entries.of_connection(at.run.connection)
    rows: dict[str, list[Row]] = {}
    for each in there.values():
        for row in each:
            rows.setdefault(row["origin_id"], []).append(row)
    for entry in entries:
        sent = known.get(entry["origin_id"])
        if sent is None:
            change.new.append(entry)
            change.judge.add(entry["allocation_id"])
        elif entry["origin_id"] in rows:
            _compare(change, sent, entry, rows[entry["origin_id"]])
    for origin_id, sent in known.items():
        posted = sent["state"] in STANDING and sent["commitment_id"] in issued.commitments
        if posted and origin_id not in rows:
            change.missing += 1
            change.judge.add(sent["allocation_id"])
    change.judge |= {origin_id.rpartition(":")[0] for origin_id in duplicates(there)}
    return change


def _compare(change: Change, sent: Row, entry: Entry, rows: list[Row]) -> None:
    as_sent = next((row for row in rows if not differences(sent, row)), None)
    if as_sent is not None and sent["state"] in _UNCERTAIN:
        change.standing[sent["origin_id"]] = as_sent["contract_payment_id"]
    elif as_sent is None and sent["state"] == "planned":
        # Planned is not history: another plan, which this ledger lost, was carried out.
        change.new.append(entry)
        change.replaced += 1
    elif as_sent is None:
        change.differing += 1
    else:
        return
    change.judge.add(sent["allocation_id"])


def own_installation(db: Db, at: Desk, there: Ours) -> str | None:
    """The installation to take over from the rows; None where the ledger is of it already.
    Raises CannotRebuild where it may not."""
    return taken_over(
        writers(there),
        at.ledger.connections.installation_id_in(db),
        has_sent=at.ledger.entries.any_sent_at_all(db),
    )


def store(
    at: Desk, there: Ours, change: Change, read: Read, stubs: list[dict[str, Any]]
) -> tuple[str | None, list[int]]:
    """Everything in one transaction. Answers the installation taken over, if it was, and the
    policy versions that the ledger had to be given."""
    ledger, run, name = at.ledger, at.run, at.run.connection
    with ledger.engine.begin() as db:
        installation = own_installation(db, at, there)
        if installation is not None:
            ledger.connections.take_over_installation(db, installation, run.run_id)
        versions = ledger.connections.restore_policies(
            db, name, {entry["policy_version"] for entry in change.new}, run.run_id
        )
        ledger.entries.rebuilt(db, name, change.new, run.run_id)
        ledger.entries.found_standing(db, name, change.standing, run.run_id)
        store_read(db, at, read)
        ledger.allocations.store(db, name, stubs, run.run_id)
        added = {entry["allocation_id"] for entry in change.new}
        ledger.allocations.not_history(db, name, added)
        ledger.allocations.judge_anew(db, name, change.judge)
        ledger.audit.append(
            db,
            "rebuilt",
            {"added": len(change.new), "corrected": sorted(change.standing)},
            of=name,
            run_id=run.run_id,
        )
    return installation, versions
