"""Extract: reads both systems, and stores every allocation before any filter (money-rules 7.2)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect import get_run_logger, task
from sqlalchemy import Connection as Db

from expectations.rules import EARLIEST
from paidsync.records import (
    ALLOCATIONS,
    BILLS,
    COMMITMENTS,
    PAYMENT_APPLICATIONS,
    text,
    totals,
)
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Ref, Run, desk, may_try_again, same_extract
from tasks.pages import shown_money
from tasks.read import Read
from tasks.reading import Reader
from tasks.rows import opening_state, with_bill


@task(
    name="extract",
    task_run_name="read bill payments and payment applications",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=same_extract("extract"),
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def extract(run: Run) -> dict[str, Ref]:
    """Read; answers the references of allocations, bills, applications, commitments and context.

    A sync stores what was read, and how far, in one transaction; a preview stores nothing.
    """
    with desk(run) as at:
        read = Reader(at).read()
        opening = at.ledger.runs.is_first(run.connection)
        if opening:
            mark_opening_history(at, read)
        else:
            keep_opening_history(at, read)
        generation = _store(at, read) if run.posts else None
        rows = [
            *({**row, "fresh": True} for row in read.allocations.values()),
            *({**row, "fresh": False} for row in read.looked_at.values()),
        ]
        allocations = ALLOCATIONS.frame(
            with_bill(row, read.bills.get(row["bill_id"]))
            for row in sorted(rows, key=lambda row: str(row["allocation_id"]))
        )
        refs = {
            "allocations": at.folder.put_frame(
                "allocations", allocations, ALLOCATIONS, amount="cash_minor"
            ),
            "bills": at.folder.put_frame("bills", _bills(read), BILLS),
            "applications": at.folder.put_frame(
                "applications", _applications(at, read), PAYMENT_APPLICATIONS, amount="due_minor"
            ),
            "commitments": at.folder.put_frame(
                "commitments", COMMITMENTS.frame(_plain(read.commitments.values())), COMMITMENTS
            ),
            "context": at.folder.put_json("context", _context(at, read, generation)),
        }
    sums = totals(allocations, "cash_minor")
    get_run_logger().info(
        "Read %s bill payments anew (%s allocations to judge: %s) and %s payment applications.",
        len({row["payment_id"] for row in read.allocations.values()}),
        len(allocations),
        shown_money(sums),
        len(read.applications),
    )
    return {name: ref.as_dict() for name, ref in refs.items()}


def mark_opening_history(at: Desk, read: Read) -> None:
    """7.1: in the first run, what is dated before the start date is history; a day that only
    stands for a missing one is no date."""
    earliest, start = EARLIEST.isoformat(), at.policy.start_date.isoformat()
    for row in read.allocations.values():
        if row["payment_date"] and earliest <= row["payment_date"] < start:
            row |= {"opening": True, "opening_state": opening_state(row)}


def keep_opening_history(at: Desk, read: Read) -> None:
    """7.1: what the first run called history stays so when the feed delivers it again."""
    payments = {str(row["payment_id"]) for row in read.allocations.values()}
    for row in at.ledger.allocations.of_payments(at.run.connection, payments):
        if row["opening"] and row["allocation_id"] in read.allocations:
            kept = {name: row[name] for name in ("opening", "opening_state")}
            read.allocations[row["allocation_id"]] |= kept


def _store(at: Desk, read: Read) -> int:
    at.hold_lease()
    with at.ledger.engine.begin() as db:
        return store_read(db, at, read)


def store_read(db: Db, at: Desk, read: Read) -> int:
    """Everything read, and how far, within one transaction; the extract's generation."""
    run, ledger = at.run, at.ledger
    generation = ledger.runs.claim_generation(db, run.connection, run.run_id)
    ledger.mirror.store_bills(
        db, run.connection, [row for row in read.bills.values() if not row.get("stored")]
    )
    ledger.mirror.store_vendors(db, run.connection, read.vendors.values())
    ledger.mirror.store_commitments(db, run.connection, _plain(read.commitments.values()))
    ledger.mirror.store_applications(db, run.connection, read.applications.values())
    ledger.allocations.store(db, run.connection, read.allocations.values(), run.run_id)
    ledger.allocations.judge_anew(db, run.connection, list(read.looked_at))
    if run.since is None:
        for stream, (seen, until, mark) in read.cursors.items():
            ledger.runs.move_cursor(
                db, run.connection, stream, seen=seen, until=until, mark=mark, run_id=run.run_id
            )
    return generation


def _plain(rows: Any) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in COMMITMENTS.columns} for row in rows]


def _bills(read: Read) -> Any:
    return BILLS.frame({name: row[name] for name in BILLS.columns} for row in read.bills.values())


def _applications(at: Desk, read: Read) -> Any:
    """Applications with the ERP's vendor ids beside, ordered by id."""
    vendors = at.ledger.mirror.vendors(at.run.connection)
    vendors |= {key: row["origin_id"] for key, row in read.vendors.items()}
    return PAYMENT_APPLICATIONS.frame(
        {
            **{name: row.get(name) for name in PAYMENT_APPLICATIONS.columns},
            "vendor_origin_id": vendors.get(row["vendor_id"]) if row["vendor_id"] else None,
        }
        for row in sorted(read.applications.values(), key=lambda row: str(row["application_id"]))
    )


def _context(at: Desk, read: Read, generation: int | None) -> dict[str, Any]:
    """What later stages need to know of this reading."""
    company = read.company
    today = company.now.astimezone(ZoneInfo(company.time_zone)).date()
    return {
        "generation": generation,
        "erp_title": at.erp.title,
        "erp_company": company.company_id,
        "erp_company_name": text(company.name),
        "home_currency": company.home_currency,
        "time_zone": company.time_zone,
        "today": today.isoformat(),
        "read_at": datetime.now(tz=company.now.tzinfo).isoformat(timespec="seconds"),
        "installation": at.ledger.connections.installation_id(),
        "control_total": read.control,
        "bills_compared": read.bills_compared,
        "found": read.found,
        "gone": read.evidence,
        "listed": read.listed,
        "since": at.run.since,
        "cursors": {
            stream: {"from": seen[0] if seen else None, "to": until}
            for stream, (seen, until, _) in read.cursors.items()
        },
    }
