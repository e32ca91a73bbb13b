"""``paidsync sync``: the flow, in this process."""

from datetime import date
from typing import Any, Literal

from prefect import tags
from pydantic import ValidationError

from cli.faults import WrongUse
from cli.prefect_server import register, require_server
from flows.sync_payments import SyncOptions, sync_payments
from flows.triggers import COMMAND_LINE, tag_of
from paidsync.evidence import FolderUnusable
from paidsync.ledger import Ledger, LedgerUnusable
from paidsync.settings import settings
from tasks.desk import stored_connection
from tasks.pages import shown_money

_EXIT = {"Completed": 0, "NothingToDo": 0, "Held": 3, "Partial": 3, "AwaitingApproval": 3}


def sync(
    name: str,
    *,
    mode: Literal["preview", "sync", "reconcile"],
    since: date | None,
    projects: list[str],
    restate: str | None,
    requested_by: str | None,
) -> int:
    """Run the flow and print what it came to."""
    ledger = Ledger(settings().ledger_url).require_current()
    connection = stored_connection(ledger, name)
    require_server()
    try:
        options = SyncOptions(
            mode=mode,
            since=since,
            projects=projects,
            restate=restate,
            requested_by=requested_by,
        )
    except ValidationError as error:
        faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        raise WrongUse(f"These options cannot be used: {faults}.") from None
    handle = register(connection)
    # "paidsync" as the deployments' runs have it: automations choose by it.
    with tags("paidsync", tag_of(COMMAND_LINE)):
        state = sync_payments(handle, options, return_state=True)
    run = ledger.runs.get(str(state.state_details.flow_run_id))
    ledger.close()
    if run is None or not run.summary:
        trouble = state.result(raise_on_failure=False)
        if isinstance(trouble, LedgerUnusable | FolderUnusable):
            raise trouble
        print(f"{state.name}: {state.message}")
        return 1
    _print(run.summary, run.folder)
    return _EXIT.get(run.summary["state"], 1)


def _print(summary: dict[str, Any], folder: str) -> None:
    preview = summary["mode"] == "preview"
    print()
    print(f"{summary['connection']} {summary['mode']}: {summary['state']}")
    lines = [
        (
            "would post" if preview else "posted",
            summary["planned" if preview else "posted"],
            summary["planned_money" if preview else "money"],
        ),
        (
            "would reverse" if preview else "reversed",
            summary["planned_reversals" if preview else "reversed"],
            None,
        ),
        ("already right", summary["already_right"], summary["right_money"]),
        ("held", sum(summary["held"].values()), summary["held_money"]),
        ("pending", sum(summary["pending"].values()), summary["pending_money"]),
        ("outside", sum(summary["outside"].values()), summary["outside_money"]),
        ("left", summary["left"], None),
        *([("awaiting", "", summary["awaiting_money"])] if summary["awaiting_plan"] else []),
    ]
    for label, count, sums in lines:
        print(f"  {label:<14} {count:>6}  {shown_money(sums) if sums else ''}".rstrip())
    for kind in ("held", "pending", "outside"):
        for reason, count in summary[kind].items():
            print(f"    {kind}: {reason} {count}")
    if summary["state"] not in _EXIT or summary["awaiting"]:
        print(f"  {summary['message']}")
    print(f"  evidence: {folder}")
