"""Verify: reads back what was posted. Green means synced: Invoice # equals the bill number."""

from collections import defaultdict
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from paidsync.evidence.folder import read_frame
from paidsync.records import VERIFIED
from tasks.case import differences
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Ref, Run, desk, may_try_again
from tasks.payments_issued import read_rows
from tasks.strategies import Row


@task(
    name="verify",
    task_run_name="verify batch {batch} of {batches}",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def verify_batch(run: Run, origin_ids: list[str], batch: int, batches: int) -> Ref:
    """Read the batch's commitments again and compare field by field; the reference of the rows
    seen (records.VERIFIED). Makes no call where every entry was verified in this run before."""
    with desk(run) as at:
        stored = at.ledger.entries.get(run.connection, origin_ids)
        entries = [entry for entry in stored.values() if entry["state"] in ("posted", "verified")]
        unread = [
            entry
            for entry in entries
            if entry["state"] == "posted" or entry["verified_run"] != run.run_id
        ]
        commitments = {entry["commitment_id"] for entry in unread}
        there = _read(at, [e for e in entries if e["commitment_id"] in commitments])
        rows = [
            _seen(entry, there[entry["commitment_id"]].get(entry["origin_id"], []))
            if entry["commitment_id"] in commitments
            else _row(entry, *_colour(entry))
            for entry in sorted(entries, key=lambda each: str(each["origin_id"]))
        ]
        good = [row["origin_id"] for row in rows if row["colour"] != "red"]
        at.ledger.entries.verified(run.connection, good, run.run_id)
        for row in rows:
            if row["colour"] == "red":
                at.ledger.entries.note(run.connection, row["origin_id"], row["remark"])
        name = f"verified_{batch:04d}"
        ref = at.folder.put_frame(
            _free(at, name), VERIFIED.frame(rows), VERIFIED, amount="amount_minor"
        )
    get_run_logger().info(
        "Batch %s of %s: %s of %s posted entries stand as sent.",
        batch,
        batches,
        len(good),
        len(rows),
    )
    return ref.as_dict()


def seen_red(ref: Ref) -> bool:
    """Whether something of a verified batch does not stand as it was sent."""
    return bool((read_frame(ref, VERIFIED)["colour"] == "red").any())


def _free(at: Desk, name: str) -> str:
    """A retried task of the same attempt writes beside its first try, not over it."""
    tries = 1
    free = name
    while (at.folder.path / f"{free}.parquet").exists():
        tries += 1
        free = f"{name}_try{tries}"
    return free


def _read(at: Desk, entries: list[Row]) -> dict[str, dict[str, list[Row]]]:
    found: dict[str, dict[str, list[Row]]] = {}
    for entry in entries:
        commitment_id = entry["commitment_id"]
        if commitment_id in found:
            continue
        by_origin: dict[str, list[Row]] = defaultdict(list)
        for row in read_rows(at.procore, entry["project_id"], commitment_id, entry["currency"]):
            by_origin[row["origin_id"] or ""].append(row)
        found[commitment_id] = by_origin
    return found


def _seen(entry: Row, there: list[Row]) -> dict[str, Any]:
    if not there:
        return _row(entry, "red", "not in Procore's list")
    if len(there) > 1:
        return _row(entry, "red", "two rows bear this id")
    if changed := differences(entry, there[0]):
        return {**_row(entry, "red", changed), "invoice_number": there[0]["invoice_number"]}
    return _row(entry, *_colour(entry))


def _colour(entry: Row) -> tuple[str, str | None]:
    """Amber where the row stands as sent but an accountant should know something about it."""
    return ("amber", entry["amber"]) if entry["amber"] else ("green", None)


def _row(entry: Row, colour: str, remark: str | None) -> dict[str, Any]:
    return {
        **{
            name: entry[name]
            for name in (
                "origin_id", "allocation_id", "kind", "project_id", "commitment_id",
                "contract_payment_id", "invoice_number", "amount_minor", "currency", "date",
                "check_number",
            )
        },
        "bill_number": entry["invoice_number"],
        "colour": colour,
        "remark": remark,
    }  # fmt: skip
