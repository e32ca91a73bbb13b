"""Report: ties the totals, names the state, leaves the evidence, seals the run folder."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from connectors.connection import ConnectionFile
from connectors.errors import RateLimited
from connectors.procore.links import commitment_link
from paidsync.evidence import FileRef
from paidsync.evidence.folder import read_json, read_records
from paidsync.records import (
    ALLOCATIONS,
    COMMITMENTS,
    DISPOSITIONS,
    ENTRIES,
    PAYMENT_APPLICATIONS,
    VERIFIED,
    Standing,
)
from tasks import events, findings, pages
from tasks.desk import Desk, Ref, Run, desk
from tasks.strategies import Row
from tasks.summary import (
    Summary,
    by_currency,
    fill,
    final_dispositions,
    state_of,
    taken_over,
    untied,
)
from tasks.waiting import close_carried_out

_ENDED = (Standing.VOIDED, Standing.REAPPLIED, Standing.DELETED)


@dataclass(slots=True, kw_only=True)
class Came:
    """What a run's stages left behind, as far as it came; None where a stage was not reached."""

    extract: dict[str, Ref] | None = None
    validate: dict[str, Ref] | None = None
    match: dict[str, Ref] | None = None
    plan: dict[str, Any] | None = None
    verified: list[Ref] = field(default_factory=list)
    trouble: BaseException | None = None
    loaded: bool = False
    decision: dict[str, Any] | None = None  # that a person took about a plan


@task(
    name="report",
    task_run_name="report and seal the evidence",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def report(run: Run, came: Came) -> dict[str, Any]:
    """Write the summary, the artifacts and the manifest; answers the summary as plain JSON."""
    with desk(run) as at:
        summary = Summary(connection=run.connection, mode=run.mode, run_id=run.run_id)
        summary.decision = came.decision
        if at.folder.sealed:  # by a run that took over; nothing is added to sealed evidence
            return taken_over(summary).as_dict()
        rows: list[Row] = []
        entries: list[Row] = []
        context = read_json(came.extract["context"]) if came.extract else None
        if came.plan and came.extract:
            rows, entries = _result(at, came.extract, came.plan, summary, loaded=came.loaded)
        if context is not None:
            summary.found, summary.control = len(context["found"]), findings.control_totals(context)
            summary.totals_differ += findings.unexplained_bills(context)
        limited = isinstance(came.trouble, RateLimited)
        summary.calls = _calls(at.folder.calls_by_system())
        summary.state, summary.message = state_of(
            summary, None if limited else came.trouble, limited=limited
        )
        if limited:
            summary.message += f" {came.trouble}"
        allocations = _allocations(came.extract)
        if run.posts and rows:
            _remember(at, allocations, rows, loaded=came.loaded)
            close_carried_out(at, summary.approved)
        held = [row for row in rows if row["disposition"] == "held"]
        seen = _seen(allocations, rows, context)
        keep = summary.state != "NothingToDo" or any(seen.values())
        if context is not None:
            seen["Control totals"] = findings.control_lines(summary.control, context["erp_title"])
        page = pages.summary_page(summary, held, run.folder, seen=seen)
        views = _views(at, summary, page, came, entries, held, allocations)
        if keep:
            at.folder.put_json("summary", summary.as_dict())
            at.folder.put_text("summary.md", page)
        manifest = _seal(at, summary, came, keep_files=keep)
        at.ledger.runs.close(
            run.run_id,
            state=summary.state,
            message=summary.message,
            manifest=manifest,
            summary=summary.as_dict(),
        )
        # Last, because it is only a view: the evidence stands even where Prefect is gone.
        events.tell(at, summary, entries, held)
        for view in views:
            view.show()
    get_run_logger().info("%s: %s", summary.state, summary.message)
    return summary.as_dict()


def _result(
    at: Desk, extract: dict[str, Ref], plan: dict[str, Any], summary: Summary, *, loaded: bool
) -> tuple[list[Row], list[Row]]:
    """Fill the summary; answers the final dispositions and the plan's entries as they are now."""
    planned: list[Row] = [*read_records(plan["entries"], ENTRIES)]
    decided: list[Row] = [*read_records(plan["dispositions"], DISPOSITIONS)]
    summary.plan, summary.approved = plan["hash"], plan["approved"]
    summary.awaiting, summary.awaiting_plan = plan["awaiting"], plan["awaiting_plan"]
    summary.awaiting_money = by_currency(_waiting(plan), "amount_minor")
    summary.planned = sum(entry["kind"] == "payment" for entry in planned)
    summary.planned_reversals = len(planned) - summary.planned
    summary.planned_money = by_currency(planned, "amount_minor")
    entries: list[Row] = []
    if at.run.posts:
        ids = [entry["origin_id"] for entry in planned]
        kept = at.ledger.entries.get(at.run.connection, ids)
        entries = [kept[origin_id] for origin_id in ids if origin_id in kept]
        grouped: dict[str, list[Row]] = defaultdict(list)
        for entry in entries:
            grouped[entry["allocation_id"]].append(entry)
        decided = final_dispositions(decided, grouped)
    fill(summary, decided, entries)
    summary.totals_differ = untied(
        extracted=extract["allocations"],
        decided=plan["dispositions"],
        rows=decided,
        planned=planned,
        entries=entries,
        loaded=loaded,
    )
    return decided, entries if at.run.posts else planned


def _waiting(plan: Mapping[str, Any]) -> list[Row]:
    """Entries that wait for a second person."""
    return [*read_records(plan["waiting"], ENTRIES)] if "waiting" in plan else []


def _calls(by_system: Mapping[str, int]) -> dict[str, int]:
    """Calls by system, named as elsewhere in the project; a login counts for its system."""
    calls: dict[str, int] = defaultdict(int)
    for title, count in by_system.items():
        calls[title.removesuffix(" login").lower().replace(" ", "_")] += count
    return dict(calls)


def _remember(at: Desk, allocations: Mapping[str, Row], rows: list[Row], *, loaded: bool) -> None:
    """What was judged, and the holds, into the ledger."""
    run = at.run
    at.ledger.allocations.judged(
        run.connection,
        (
            {
                **row,
                "settled": _is_settled(row, allocations[row["allocation_id"]], loaded=loaded),
            }
            for row in rows
        ),
        run.run_id,
    )
    held = [row for row in rows if row["disposition"] == "held"]
    opened, closed = at.ledger.holds.reconcile(
        run.connection, [row["allocation_id"] for row in rows], held, run.run_id
    )
    get_run_logger().info("Holds: %s new, %s closed, %s open.", opened, closed, len(held))


def _is_settled(row: Row, allocation: Row, *, loaded: bool) -> bool:
    """Nothing more to look at until something changes."""
    if row["disposition"] == "matched":
        return row["outcome"] == "right" or (row["outcome"] == "planned" and loaded)
    return row["disposition"] == "outside" and allocation["standing"] in _ENDED


def _seal(at: Desk, summary: Summary, came: Came, *, keep_files: bool) -> str:
    run = at.run
    here = Path(run.folder)
    refs = [
        FileRef(**ref)
        for stage in (came.extract, came.validate, came.match, came.plan)
        for ref in (stage or {}).values()
        if isinstance(ref, dict) and "sha256" in ref
    ]
    return at.folder.seal(
        {
            "run": run.as_dict(),
            "state": summary.state,
            "message": summary.message,
            "summary": summary.as_dict(),
            "previous_manifest": at.ledger.runs.last_manifest(run.connection),
        },
        reused=[ref for ref in refs if Path(ref.path).parent != here],
        keep_files=keep_files,
    )


@dataclass(frozen=True, slots=True)
class _View:
    """An artifact, ready to be shown: Markdown, or the rows of a table."""

    key: str
    content: str | list[dict[str, str]]
    description: str

    def show(self) -> None:
        """Put it into Prefect."""
        if isinstance(self.content, str):
            create_markdown_artifact(self.content, key=self.key, description=self.description)
        else:
            create_table_artifact(self.content, key=self.key, description=self.description)


def _views(
    at: Desk,
    summary: Summary,
    page: str,
    came: Came,
    entries: list[Row],
    held: list[Row],
    allocations: Mapping[str, Row],
) -> list[_View]:
    """Artifacts: a view of the evidence, at most 1,000 rows each. Nothing is shown yet."""
    name = at.run.connection
    said = f"{summary.state}: {summary.message}"[:200]
    views = [_View(f"summary-{name}", page, said)]
    if came.plan is None or came.extract is None:
        return views
    commitments = {
        row["commitment_id"]: row for row in read_records(came.extract["commitments"], COMMITMENTS)
    }
    numbers = {key: row["number"] for key, row in commitments.items()}
    invoices = {
        row["application_id"]: row["invoice_number"]
        for row in read_records(came.extract["applications"], PAYMENT_APPLICATIONS)
    }
    link = _linker(at.connection, commitments)
    planned = read_records(came.plan["entries"], ENTRIES)
    table = pages.entry_table(planned, link, numbers, invoices)
    views.append(_table(at, "planned", table, len(planned)))
    if waiting := _waiting(came.plan):
        asked = pages.entry_table(waiting, link, numbers, invoices)
        views.append(_table(at, "awaiting", asked, len(waiting)))
    if at.run.posts:
        posted = pages.entry_table(entries, link, numbers, invoices)
        views.append(_table(at, "posted", posted, len(entries)))
        seen = [row for ref in came.verified for row in read_records(ref, VERIFIED)]
        views.append(_table(at, "verified", pages.verified_table(seen, link, numbers), len(seen)))
    holds = {row["allocation_id"]: row["hold_id"] for row in at.ledger.holds.open(name)}
    table = pages.held_table(held, allocations, link, numbers, holds)
    return [*views, _table(at, "held", table, len(held))]


def _seen(
    allocations: Mapping[str, Row], rows: list[Row], context: Mapping[str, Any] | None
) -> dict[str, list[str]]:
    """What the run saw besides what it did, by heading."""
    if context is None:
        return {}
    return {
        "Changed in the ERP since it was posted": findings.changed_since_posted(rows, allocations),
        "More in Procore than the ERP says is paid": findings.beyond_paid(rows),
        "Found by reading everything anew": findings.told_by_no_feed(
            context["found"], allocations.values()
        ),
    }


def _allocations(extract: dict[str, Ref] | None) -> dict[str, Row]:
    rows = read_records(extract["allocations"], ALLOCATIONS) if extract else []
    return {row["allocation_id"]: row for row in rows}


def _table(at: Desk, what: str, rows: list[dict[str, str]], of: int) -> _View:
    more = f" The first {len(rows)} of {of}; all are in {at.run.folder}." if of > len(rows) else ""
    return _View(f"{what}-{at.run.connection}", rows, f"{of} {what} in run {at.run.run_id}.{more}")


def _linker(
    connection: ConnectionFile, commitments: Mapping[str, Row]
) -> Callable[[str, str], str]:
    def link(project_id: str, commitment_id: str) -> str:
        kind = commitments.get(commitment_id, {}).get("kind") or "work_order"
        return commitment_link(connection.procore, project_id, commitment_id, kind)

    return link
