"""Plan: reads Procore, then says which entries would make it agree with the ERP."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
from prefect import get_run_logger, task

from paidsync import origin
from paidsync.evidence.folder import read_frame, read_json, read_records
from paidsync.reasons import Disposition
from paidsync.records import (
    ALLOCATIONS,
    BILLS,
    COMMITMENTS,
    CONTRACT_PAYMENTS,
    DISPOSITIONS,
    ENTRIES,
    PAYMENT_APPLICATIONS,
    Standing,
    rows_of,
)
from tasks.alone import require_alone
from tasks.case import Case, Known, Outcome, case_of, differences
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Ref, Run, desk, may_try_again, same_extract
from tasks.limits import (
    join_open_deletions,
    keep_within_limits,
    link_typed_rows,
    paid_on,
    remark_beyond_paid,
    remember,
)
from tasks.order import in_sending_order
from tasks.ours import ours, require_known, require_own
from tasks.payments_issued import read_rows
from tasks.places import Closed, closed_for_good, elsewhere, without_tab
from tasks.planning import left_by_decision, plan_allocation
from tasks.strategies import Row
from tasks.targets import targets
from tasks.waiting import keep, write


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan: entries in the order in which they are sent, and what each allocation came to."""

    entries: pd.DataFrame  # records.ENTRIES
    dispositions: pd.DataFrame  # records.DISPOSITIONS, final
    superseded: list[str]  # entries that are never sent again, by origin_id
    missing: list[str]  # entries whose rows are gone from Procore


def plan(
    allocations: pd.DataFrame,
    dispositions: pd.DataFrame,
    known: Known,
    *,
    projects: Iterable[str] = (),
) -> Planned:
    """Plan every allocation of the frame. Pure.

    ``projects``, where given, are the only ones in which anything is planned (money-rules 7.2).
    """
    only = set(projects)
    judged = rows_of(dispositions)
    cases = _cases(rows_of(allocations), judged, known)
    outcomes = {
        allocation: plan_allocation(case) if _is_asked(case.judged, only) else Outcome(asked=False)
        for allocation, case in cases.items()
    }
    link_typed_rows(cases, outcomes)
    for allocation, outcome in outcomes.items():
        if only and any(entry["project_id"] not in only for entry in outcome.entries):
            outcomes[allocation] = Outcome(
                asked=False
            )  # what stands, or where it goes, is elsewhere
    join_open_deletions(cases, outcomes)
    keep_within_limits(cases, outcomes, known)
    remark_beyond_paid(cases, outcomes, known)
    outcomes = {key: left_by_decision(cases[key], outcome) for key, outcome in outcomes.items()}
    entries = in_sending_order(entry for each in outcomes.values() for entry in each.entries)
    superseded, missing = remember(outcomes.values())
    return Planned(
        ENTRIES.frame(entries),
        DISPOSITIONS.frame(
            _final(verdict, outcomes[verdict["allocation_id"]]) for verdict in judged
        ),
        superseded,
        missing,
    )


def _is_asked(verdict: Row, only: Collection[str]) -> bool:
    return not only or not verdict["project_id"] or verdict["project_id"] in only


def _cases(rows: Sequence[Row], judged: Sequence[Row], known: Known) -> dict[str, Case]:
    """What each allocation's plan is made from, its target included."""
    standing = ours((row for rows_ in known.rows.values() for row in rows_), known.prefix)
    checks = _check_totals(rows, judged)
    cases = {
        row["allocation_id"]: case_of(
            row,
            verdict,
            standing.get(row["allocation_id"], []),
            checks.get((row["payment_id"], verdict["commitment_id"]), row["cash_minor"] or 0),
            known,
        )
        for row, verdict in zip(rows, judged, strict=True)
    }
    found = targets(cases.values())
    return {key: replace(case, target=found.get(key)) for key, case in cases.items()}


def _check_totals(rows: Iterable[Row], judged: Iterable[Row]) -> dict[tuple[str, str], int]:
    """What each check pays on each commitment, in minor units."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row, verdict in zip(rows, judged, strict=True):
        if verdict["commitment_id"] and row["standing"] == Standing.LIVE:
            sums[row["payment_id"], verdict["commitment_id"]] += row["cash_minor"] or 0
    return sums


def _final(verdict: Row, outcome: Outcome) -> dict[str, Any]:
    amber = [remark for remark in (verdict["amber"], *outcome.notes) if remark]
    final = {**verdict, "amber": ",".join(amber) or None}
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
    if outcome.entries:
        return {**final, "outcome": "planned"}
    return {**final, "outcome": "right", "detail": outcome.detail or final["detail"]}


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
            row["commitment_id"]: row for row in read_records(extract["commitments"], COMMITMENTS)
        }
        applications = read_records(extract["applications"], PAYMENT_APPLICATIONS)
        ids = [str(each) for each in allocations["allocation_id"]]
        entries = at.ledger.entries.of_allocations(run.connection, ids)
        closed = closed_for_good(commitments.values())
        places = _places(at, dispositions, entries, closed)
        if run.sweeps:
            places |= elsewhere(context["listed"], commitments, places)
        seen, tabs = _read_procore(at, places, commitments, context["home_currency"])
        closed |= without_tab(tabs, {key: row["number"] for key, row in commitments.items()})
        rows = rows_of(seen)
        if run.posts:
            at.ledger.mirror.store_contract_payments(run.connection, list(places), rows, run.run_id)
        prefix = origin.company_prefix(at.connection.erp_name, at.connection.erp_company)
        require_known(rows, prefix, at.ledger.entries.known_ids(run.connection))
        require_own(rows, prefix, context["installation"])
        require_alone(at, rows, context["time_zone"])
        _verify_posted(at, entries, rows)
        by_commitment: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_commitment[row["commitment_id"]].append(row)
        bills = read_records(extract["bills"], BILLS)
        made = plan(
            allocations,
            dispositions,
            Known(
                rows=by_commitment,
                entries=entries,
                bill_entries=at.ledger.entries.of_bills(
                    run.connection, {str(each) for each in allocations["bill_id"]}
                ),
                applications={each["application_id"]: each for each in applications},
                paid={each["bill_id"]: paid_on(each) for each in bills},
                closed=closed,
                policies=at.policies,
                policy_version=run.policy_version,
                restate=run.restate is not None,
                decisions=at.decisions,
                prefix=prefix,
                erp_title=context["erp_title"],
                now=datetime.now(UTC),
                sending_grace=timedelta(seconds=at.sending_grace),
            ),
            projects=run.projects,
        )
        if run.posts:
            at.hold_lease()
        _mark(at, made)
        kept = keep(
            at,
            rows_of(made.entries),
            rows_of(made.dispositions),
            judged=ids,
            generation=context["generation"],
        )
        refs = write(at, kept, seen)
    payments = sum(entry["kind"] == "payment" for entry in kept.entries)
    get_run_logger().info(
        "Planned %s payments and %s reversals; %s entries wait for approval.",
        payments,
        len(kept.entries) - payments,
        len(kept.waiting),
    )
    return {**refs, **kept.for_the_flow, "generation": context["generation"]}


def _places(
    at: Desk,
    dispositions: pd.DataFrame,
    entries: Mapping[str, Sequence[Row]],
    closed: Mapping[str, Closed],
) -> dict[str, tuple[str, bool]]:
    """Commitments that the plan may touch, each one's project, and whether it may be written to:
    those of the match, and those where something was sent or seen to stand."""
    matched = {
        row["commitment_id"]: row["project_id"]
        for row in rows_of(dispositions)
        if row["disposition"] == Disposition.MATCHED and row["commitment_id"] not in closed
    }
    matched.pop(None, None)
    sent = [entry["origin_id"] for each in entries.values() for entry in each]
    standing = at.ledger.mirror.commitments_with(at.run.connection, sent)
    standing |= at.ledger.entries.commitments_of(at.run.connection, [*entries])
    return {
        commitment: (project, commitment not in closed)
        for commitment, project in sorted((matched | standing).items())
    }


def _read_procore(
    at: Desk,
    places: Mapping[str, tuple[str, bool]],
    commitments: Mapping[str, Row],
    home_currency: str,
) -> tuple[pd.DataFrame, dict[str, bool | None]]:
    """Every row of every such commitment, and whether its tab is on."""
    rows: list[dict[str, Any]] = []
    tabs: dict[str, bool | None] = {}
    for commitment_id, (project_id, is_open) in places.items():
        currency = commitments.get(commitment_id, {}).get("currency") or home_currency
        if is_open:
            state = at.procore.commitment_state(project_id, commitment_id)
            tabs[commitment_id] = state.allow_payments
        rows += read_rows(at.procore, project_id, commitment_id, currency)
    return CONTRACT_PAYMENTS.frame(rows), tabs


def _verify_posted(at: Desk, entries: Mapping[str, Sequence[Row]], rows: Sequence[Row]) -> None:
    """What an earlier run posted and could not read back is read back by this reading; so is what
    Procore refused and yet took."""
    if not at.run.posts:
        return
    there = {row["origin_id"]: row for row in rows}
    seen = [
        entry["origin_id"]
        for each in entries.values()
        for entry in each
        if entry["state"] in ("posted", "refused", "superseded", "missing_in_procore")
        and entry["origin_id"] in there
        and not differences(entry, there[entry["origin_id"]])
    ]
    at.ledger.entries.verified(at.run.connection, seen, at.run.run_id)


def _mark(at: Desk, made: Planned) -> None:
    """What this plan found out about entries of earlier runs."""
    if not at.run.posts:
        return
    for origin_id in made.superseded:
        at.ledger.entries.superseded(at.run.connection, origin_id)
    for origin_id in made.missing:
        at.ledger.entries.missing(at.run.connection, origin_id, "not in Procore's list")
