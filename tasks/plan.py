"""Plan: reads Procore, then says which entries would make it agree with the ERP."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

from connectors.errors import Garbled
from paidsync import origin
from paidsync.evidence.folder import read_frame, read_json
from paidsync.reasons import Disposition, Hold, RunStopped, Stop
from paidsync.records import (
    ALLOCATIONS,
    COMMITMENTS,
    CONTRACT_PAYMENTS,
    DISPOSITIONS,
    ENTRIES,
    PAYMENT_APPLICATIONS,
    Standing,
    rows_of,
    totals,
)
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Ref, Run, desk, may_try_again, same_extract
from tasks.order import in_sending_order, is_mass_change, plan_hash
from tasks.ours import ours, require_known, require_own
from tasks.planning import Known, Outcome, differences, plan_allocation
from tasks.rows import contract_payment_row
from tasks.strategies import Row


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan: entries in the order in which they are sent, and what each allocation came to."""

    entries: pd.DataFrame  # records.ENTRIES
    dispositions: pd.DataFrame  # records.DISPOSITIONS, final


def plan(
    allocations: pd.DataFrame,
    dispositions: pd.DataFrame,
    known: Known,
    *,
    prefix: str,
    projects: Iterable[str] = (),
) -> Planned:
    """Plan every allocation of the frame. Pure.

    ``prefix`` is that of the ERP company's ids; ``projects``, where given, are the only ones in
    which anything is planned (money-rules 7.2).
    """
    only = set(projects)
    judged = rows_of(dispositions)
    rows = rows_of(allocations)
    standing = ours((row for rows_ in known.rows.values() for row in rows_), prefix)
    checks = _check_totals(rows, judged)
    outcomes: dict[str, Outcome] = {}
    for row, verdict in zip(rows, judged, strict=True):
        allocation = row["allocation_id"]
        if only and verdict["project_id"] and verdict["project_id"] not in only:
            outcomes[allocation] = Outcome(asked=False)
            continue
        outcome = plan_allocation(
            row,
            verdict,
            standing.get(allocation, []),
            checks.get((row["payment_id"], verdict["commitment_id"]), row["cash_minor"] or 0),
            known,
        )
        if only and any(entry["project_id"] not in only for entry in outcome.entries):
            outcome = Outcome(asked=False)  # what stands, or where it goes, is elsewhere
        outcomes[allocation] = outcome
    _join_open_deletions(rows, judged, outcomes)
    entries = in_sending_order(entry for each in outcomes.values() for entry in each.entries)
    return Planned(
        ENTRIES.frame(entries),
        DISPOSITIONS.frame(
            _final(verdict, outcomes[verdict["allocation_id"]]) for verdict in judged
        ),
    )


def _check_totals(rows: Iterable[Row], judged: Iterable[Row]) -> dict[tuple[str, str], int]:
    """What each check pays on each commitment, in minor units."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row, verdict in zip(rows, judged, strict=True):
        if verdict["commitment_id"] and row["standing"] == Standing.LIVE:
            sums[row["payment_id"], verdict["commitment_id"]] += row["cash_minor"] or 0
    return sums


def _join_open_deletions(
    rows: Sequence[Row], judged: Iterable[Row], outcomes: dict[str, Outcome]
) -> None:
    """5.3: while a deletion on a bill waits for a person, its new payments wait with it."""
    waiting: dict[str, Hold] = {}
    for row, verdict in zip(rows, judged, strict=True):
        if outcomes[row["allocation_id"]].reason == Hold.DELETED_IN_ERP:
            waiting[row["bill_id"]] = Hold.DELETED_IN_ERP
        elif verdict["reason"] == Hold.DISAPPEARED_FROM_ERP:
            waiting.setdefault(row["bill_id"], Hold.DISAPPEARED_FROM_ERP)
    for row in rows:
        hold = waiting.get(row["bill_id"])
        entries = outcomes[row["allocation_id"]].entries
        if hold is not None and any(entry["kind"] == "payment" for entry in entries):
            outcomes[row["allocation_id"]] = Outcome.held(
                hold,
                f"Another payment of bill {row['bill_number']} is no longer in the ERP and waits "
                "for a decision; this one waits with it.",
            )


def _final(verdict: Row, outcome: Outcome) -> dict[str, Any]:
    amber = [remark for remark in (verdict["amber"] or "").split(",") if remark]
    final = {**verdict, "amber": ",".join([*amber, *outcome.notes]) or None}
    if outcome.disposition is not None:
        return {
            **final,
            "disposition": outcome.disposition.value,
            "reason": outcome.reason,
            "detail": outcome.detail,
            "rule": "plan",
        }
    if verdict["disposition"] != Disposition.MATCHED:
        return final
    if not outcome.asked:
        return {**final, "outcome": "not_asked"}
    if outcome.left is not None:
        return {**final, "outcome": "left", "detail": f"Waits for the next run: {outcome.left}."}
    return {**final, "outcome": "planned" if outcome.entries else "right"}


@task(
    name="plan",
    task_run_name="plan what Procore lacks",
    persist_result=True,
    result_serializer="json",
    cache_key_fn=same_extract("plan"),
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def plan_entries(run: Run, extract: dict[str, Ref], match: dict[str, Ref]) -> dict[str, Any]:
    """Plan; answers the references of the entries, the final dispositions and Procore's rows."""
    with desk(run) as at:
        context = read_json(extract["context"])
        allocations = read_frame(extract["allocations"], ALLOCATIONS)
        dispositions = read_frame(match["dispositions"], DISPOSITIONS)
        commitments = {
            row["commitment_id"]: row
            for row in rows_of(read_frame(extract["commitments"], COMMITMENTS))
        }
        applications = rows_of(read_frame(extract["applications"], PAYMENT_APPLICATIONS))
        ids = [str(each) for each in allocations["allocation_id"]]
        entries = at.ledger.entries.of_allocations(run.connection, ids)
        seen, tabs = _read_procore(at, dispositions, ids, commitments, context["home_currency"])
        rows = rows_of(seen)
        prefix = origin.company_prefix(at.connection.erp_name, at.connection.erp_company)
        require_known(rows, prefix, at.ledger.entries.known_ids(run.connection))
        require_own(rows, prefix, context["installation"])
        _verify_posted(at, entries, rows)
        by_commitment: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_commitment[row["commitment_id"]].append(row)
        made = plan(
            allocations,
            dispositions,
            Known(
                rows=by_commitment,
                entries=entries,
                applications={each["application_id"]: each for each in applications},
                tabs=tabs,
                numbers={key: row["number"] for key, row in commitments.items()},
                policy=at.policy,
                policy_version=run.policy_version,
                erp_title=context["erp_title"],
                now=datetime.now(UTC),
                sending_grace=timedelta(seconds=at.sending_grace),
            ),
            prefix=prefix,
            projects=run.projects,
        )
        new = rows_of(made.entries)
        digest = plan_hash(new, run.connection)
        refs = {
            "entries": at.folder.put_frame(
                "planned", made.entries, ENTRIES, amount="amount_minor"
            ).as_dict(),
            "dispositions": at.folder.put_frame(
                "decided", made.dispositions, DISPOSITIONS, amount="cash_minor"
            ).as_dict(),
            "contract_payments": at.folder.put_frame(
                "procore_before", seen, CONTRACT_PAYMENTS, amount="amount_minor"
            ).as_dict(),
        }
        stopped = _keep(at, run, new, ids, digest, context["generation"])
    payments = sum(entry["kind"] == "payment" for entry in new)
    get_run_logger().info("Planned %s payments and %s reversals.", payments, len(new) - payments)
    return {**refs, "hash": digest, "generation": context["generation"], "stopped": stopped}


def _read_procore(
    at: Desk,
    dispositions: pd.DataFrame,
    allocation_ids: list[str],
    commitments: Mapping[str, Row],
    home_currency: str,
) -> tuple[pd.DataFrame, dict[str, bool | None]]:
    """Every row of every commitment that the plan may touch, and whether its tab is on."""
    concerned = {
        row["commitment_id"]: row["project_id"]
        for row in rows_of(dispositions)
        if row["commitment_id"] and row["disposition"] == Disposition.MATCHED
    }
    wanted = concerned | at.ledger.entries.commitments_of(at.run.connection, allocation_ids)
    rows: list[dict[str, Any]] = []
    tabs: dict[str, bool | None] = {}
    for commitment_id, project_id in sorted(wanted.items()):
        known = commitments.get(commitment_id, {})
        currency = known.get("currency") or home_currency
        if commitment_id in concerned:
            state = at.procore.commitment_state(project_id, commitment_id)
            tabs[commitment_id] = state.allow_payments
        rows += read_rows(at, project_id, commitment_id, currency)
    frame = CONTRACT_PAYMENTS.frame(rows)
    if at.run.mode == "sync":
        at.ledger.mirror.store_contract_payments(
            at.run.connection, list(wanted), frame, at.run.run_id
        )
    return frame, tabs


def _verify_posted(at: Desk, entries: Mapping[str, Sequence[Row]], rows: Sequence[Row]) -> None:
    """What an earlier run posted and could not read back is read back by this reading; so is what
    Procore refused and yet took."""
    if at.run.mode != "sync":
        return
    there = {row["origin_id"]: row for row in rows}
    seen = [
        entry["origin_id"]
        for each in entries.values()
        for entry in each
        if entry["state"] in ("posted", "refused")
        and entry["origin_id"] in there
        and not differences(entry, there[entry["origin_id"]])
    ]
    at.ledger.entries.verified(at.run.connection, seen, at.run.run_id)


def read_rows(at: Desk, project_id: str, commitment_id: str, currency: str) -> list[dict[str, Any]]:
    """All rows of a commitment; a listing that is not complete proves nothing and is not used."""
    listing = at.procore.contract_payments(project_id, commitment_id)
    if not listing.complete:
        raise Garbled(
            f"The list of payments of commitment {commitment_id} is not complete.",
            system="Procore",
            operation="list contract payments",
        )
    return [contract_payment_row(payment, currency) for payment in listing.rows]


def _keep(
    at: Desk, run: Run, new: Sequence[Row], judged: list[str], digest: str, generation: int | None
) -> str | None:
    """Store the plan (a sync only); why it must not be loaded, if so (rule 5.4)."""
    reversals = sum(entry["kind"] == "reversal" for entry in new)
    standing = at.ledger.entries.standing_payments(run.connection)
    stopped = None
    if is_mass_change(reversals, standing) and not at.ledger.holds.plan_is_approved(
        run.connection, digest
    ):
        stopped = (
            f"The plan would take back {reversals} of {standing} posted payments; nothing was "
            f"written. Plan {digest[:12]}."
        )
    if run.mode == "preview" or generation is None:
        return stopped
    at.ledger.runs.save_plan(
        {
            "connection": run.connection,
            "plan_hash": digest,
            "run_id": run.run_id,
            "generation": generation,
            "entries": len(new),
            "reversals": reversals,
            "money": totals(ENTRIES.frame(new), "amount_minor"),
            "stopped": stopped,
        }
    )
    if stopped is None:
        fresh = [
            {name: value for name, value in entry.items() if name != "resumes"}
            for entry in new
            if not entry["resumes"]
        ]
        at.ledger.entries.plan(run.connection, judged, fresh, plan_hash=digest, run_id=run.run_id)
    return stopped


def require_loadable(plan_: Mapping[str, Any]) -> None:
    """Stop a run whose plan the circuit breaker caught."""
    if plan_["stopped"]:
        raise RunStopped(Stop.MASS_CHANGE, plan_["stopped"])
