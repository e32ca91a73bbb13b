"""Validate: the data's rules, before anything is matched (house plan 4)."""

from datetime import date

import pandas as pd
from prefect import get_run_logger, task

from paidsync.evidence.folder import read_frame, read_json
from paidsync.records import ALLOCATIONS, FAULTS, PAYMENT_APPLICATIONS
from tasks.desk import RETRIES, RETRY_SECONDS, Ref, Run, desk, may_try_again, same_extract
from tasks.rows import NO_BILL


@task(
    name="validate",
    task_run_name="check amounts and bill numbers",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=same_extract("validate"),
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def validate(run: Run, extract: dict[str, Ref]) -> dict[str, Ref]:
    """Check the extract; answers the references of the faults found and of the rules applied.

    Raises RunStopped where a rule of severity *stop* fails, or a check could not run.
    """
    from expectations import bill_payments, payment_applications  # costs seconds to import

    with desk(run) as at:
        today = date.fromisoformat(read_json(extract["context"])["today"])
        allocations = read_frame(extract["allocations"], ALLOCATIONS)
        of_bills = allocations[allocations["bill_id"] != NO_BILL].reset_index(drop=True)
        payments = bill_payments.validate(of_bills, today=today)
        applications = payment_applications.validate(
            read_frame(extract["applications"], PAYMENT_APPLICATIONS)
        )
        faults = pd.concat([payments.faults, applications.faults], ignore_index=True)
        refs = {
            "faults": at.folder.put_frame("faults", faults.astype(dict(FAULTS.columns)), FAULTS),
            "rules": at.folder.put_json("rules", [*payments.checked, *applications.checked]),
        }
        for verdict in (payments, applications):
            verdict.raise_stops()
    broken = sorted(set(faults["rule"]))
    get_run_logger().info(
        "Checked %s rules; %s rows break %s.",
        len(payments.checked) + len(applications.checked),
        faults["row_id"].nunique(),
        ", ".join(broken) or "none",
    )
    return {name: ref.as_dict() for name, ref in refs.items()}
