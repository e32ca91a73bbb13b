"""What a run came to: counts and money that tie, and the run's state. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from paidsync.reasons import Disposition, Hold, RunStopped, Stop, TotalsDiffer
from tasks.strategies import Row

Money = dict[str, int]

# The closed list of state names (house plan 9), and Prefect's type of each.
STATES = {
    "Completed": "COMPLETED",
    "Held": "COMPLETED",
    "Partial": "COMPLETED",
    "AwaitingApproval": "COMPLETED",
    "Busy": "COMPLETED",
    "NothingToDo": "COMPLETED",
    "Failed": "FAILED",
    "Refused": "FAILED",
    "TotalsDiffer": "FAILED",
}


@dataclass(slots=True, kw_only=True)
class Summary:
    """One screen's worth; plain JSON. Money is in minor units by currency."""

    connection: str
    mode: str
    run_id: str
    state: str = "Completed"
    message: str = ""
    extracted: int = 0
    posted: int = 0  # payments
    reversed: int = 0
    planned: int = 0  # payments planned
    planned_reversals: int = 0
    already_right: int = 0
    left: int = 0  # waits for the next run
    not_asked: int = 0  # in projects that this run was not asked for
    verified: int = 0
    outside: dict[str, int] = field(default_factory=dict)
    pending: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    money: Money = field(default_factory=dict)  # posted, net of reversals
    planned_money: Money = field(default_factory=dict)
    held_money: Money = field(default_factory=dict)
    outside_money: Money = field(default_factory=dict)
    pending_money: Money = field(default_factory=dict)
    right_money: Money = field(default_factory=dict)
    totals_differ: list[str] = field(default_factory=list)
    control: dict[str, Any] = field(default_factory=dict)  # the ERP's own totals beside ours
    found: int = 0  # payments that no feed told of
    calls: dict[str, int] = field(default_factory=dict)
    plan: str | None = None  # hash of what was sent
    awaiting: str | None = None  # what a person is asked to approve
    awaiting_plan: str | None = None  # hash of what waits, or was rejected
    awaiting_money: Money = field(default_factory=dict)
    approved: str | None = None  # hash of the approved plan that was carried out
    decision: dict[str, Any] | None = None  # that this run took about a plan

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def final_dispositions(decided: Iterable[Row], entries: Mapping[str, list[Row]]) -> list[Row]:
    """The plan's dispositions after loading: refused entries are holds, unsent ones are left.

    ``entries`` are those of this plan as the ledger has them now, by allocation.
    """
    return [_after_loading(row, entries.get(row["allocation_id"], [])) for row in decided]


def _after_loading(row: Row, entries: list[Row]) -> Row:
    if row["outcome"] != "planned":
        return row
    for entry in entries:
        message = entry["message"] or ""
        if message.startswith(Hold.ORIGIN_ID_CONFLICT):
            return _held(row, Hold.ORIGIN_ID_CONFLICT, message)
        if entry["state"] == "refused":
            return _held(row, Hold.REFUSED_BY_PROCORE, message)
    if all(entry["state"] == "verified" for entry in entries):
        return row
    return {**row, "outcome": "left", "detail": "Waits for the next run."}


def _held(row: Row, reason: Hold, message: str) -> Row:
    return {
        **row,
        "disposition": Disposition.HELD.value,
        "reason": reason.value,
        "detail": message or reason.plain,
        "rule": "load",
        "outcome": None,
    }


def by_currency(rows: Iterable[Row], amount: str) -> Money:
    """Sums in minor units; a row without an amount or a currency counts as nothing."""
    sums: Money = defaultdict(int)
    for row in rows:
        if row["currency"] and row[amount] is not None:
            sums[row["currency"]] += row[amount]
    return dict(sorted(sums.items()))


def fill(summary: Summary, rows: Iterable[Row], entries: Iterable[Row]) -> None:
    """Count dispositions, and the entries of this run's plan (as the ledger has them)."""
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row["disposition"]].append(row)
        summary.extracted += 1
    summary.outside = _reasons(grouped["outside"])
    summary.pending = _reasons(grouped["pending"])
    summary.held = _reasons(grouped["held"])
    summary.outside_money = by_currency(grouped["outside"], "cash_minor")
    summary.pending_money = by_currency(grouped["pending"], "cash_minor")
    summary.held_money = by_currency(grouped["held"], "cash_minor")
    right = [row for row in grouped["matched"] if row["outcome"] == "right"]
    summary.already_right = len(right)
    summary.right_money = by_currency(right, "cash_minor")
    summary.left = sum(row["outcome"] == "left" for row in grouped["matched"])
    summary.not_asked = sum(row["outcome"] == "not_asked" for row in grouped["matched"])
    stand = [entry for entry in entries if entry["state"] in ("posted", "verified")]
    summary.posted = sum(entry["kind"] == "payment" for entry in stand)
    summary.reversed = sum(entry["kind"] == "reversal" for entry in stand)
    summary.verified = sum(entry["state"] == "verified" for entry in stand)
    summary.money = by_currency(stand, "amount_minor")


def _reasons(rows: Iterable[Row]) -> dict[str, int]:
    return dict(sorted(Counter(row["reason"] for row in rows).items()))


def untied(
    *,
    extracted: Mapping[str, Any],
    decided: Mapping[str, Any],
    rows: Iterable[Row],
    planned: Iterable[Row],
    entries: Iterable[Row],
    loaded: bool,
) -> list[str]:
    """Sentences for totals that do not tie from stage to stage (money-rules 2); none if all do.

    ``extracted`` and ``decided`` are file references; ``planned`` the plan's entries, ``entries``
    the same as the ledger has them; ``loaded`` whether they were sent.
    """
    faults = []
    if extracted["rows"] != decided["rows"] or extracted["totals"] != decided["totals"]:
        faults.append(
            f"Extracted {extracted['rows']} allocations {extracted['totals']}, judged "
            f"{decided['rows']} {decided['totals']}."
        )
    loose = [
        row
        for row in rows
        if row["disposition"] == Disposition.MATCHED
        and row["outcome"] not in ("right", "planned", "left", "not_asked")
    ]
    if loose:
        faults.append(f"{len(loose)} matched allocations are neither right nor planned nor left.")
    if not loaded:
        return faults
    plan = {entry["origin_id"]: entry["amount_minor"] for entry in planned}
    kept = {entry["origin_id"]: entry["amount_minor"] for entry in entries}
    if plan != kept:
        faults.append(f"Planned {len(plan)} entries, the ledger has {len(kept)} of them.")
    unread = [entry for entry in entries if entry["state"] == "posted"]
    faults += [
        f"Posted but not verified: {entry['origin_id']} ({entry['message'] or 'not read back'})."
        for entry in unread
    ]
    return faults


def state_of(summary: Summary, trouble: BaseException | None, *, limited: bool) -> tuple[str, str]:
    """The run's state name and its message: decided here and nowhere else.

    ``trouble`` is what ended the run early, ``limited`` whether a rate limit left work over.
    """
    if isinstance(trouble, RunStopped):
        return _stopped(trouble), f"{trouble.reason}: {trouble}"
    if trouble is not None:
        return "Failed", str(trouble)
    if summary.totals_differ:
        return "TotalsDiffer", " ".join(summary.totals_differ)
    if summary.mode == "decide":
        return "Completed", f"{_decided(summary)}Its payments stay held."
    counts = f"{_decided(summary)}{_found(summary)}{_counts(summary)}"
    if summary.awaiting:
        return "AwaitingApproval", f"{summary.awaiting} {counts}"
    if limited or summary.left:
        return "Partial", counts
    if summary.held:
        return "Held", counts
    done = summary.posted + summary.reversed + summary.planned + summary.planned_reversals
    return ("Completed" if done or summary.pending else "NothingToDo"), counts


def taken_over(summary: Summary) -> Summary:
    """What a run comes to that stood still until its lease ended and another took it."""
    stop = RunStopped(
        Stop.LEASE_HELD,
        "This run stood still until its lease ended and was taken over by another, which does what "
        "was left. Its run folder is sealed as it was then.",
    )
    summary.state, summary.message = state_of(summary, stop, limited=False)
    return summary


def _stopped(stop: RunStopped) -> str:
    if isinstance(stop, TotalsDiffer):
        return "TotalsDiffer"
    return "Busy" if stop.reason is Stop.LEASE_HELD else "Refused"


def _decided(summary: Summary) -> str:
    """What a person decided in this run, and whether it could be carried out."""
    kept = summary.decision
    if kept is None:
        return ""
    plan, by = kept["plan"], f"{kept['by']} ({kept['proof']})"
    if kept["decision"] == "reject":
        return f"Plan {plan[:12]} was rejected by {by}. "
    done = "" if summary.approved == plan else " It is no longer what is due, so nothing was sent."
    return f"Plan {plan[:12]} was approved by {by}.{done} "


def _found(summary: Summary) -> str:
    if not summary.found:
        return ""
    payments = "1 payment" if summary.found == 1 else f"{summary.found} payments"
    return f"Found {payments} that no feed had told of: "


def _counts(summary: Summary) -> str:
    if summary.mode == "preview":
        first = f"would post {summary.planned}, would reverse {summary.planned_reversals}"
    else:
        first = f"posted {summary.posted}, reversed {summary.reversed}"
    return (
        f"{first}, already right {summary.already_right}, held {sum(summary.held.values())}, "
        f"pending {sum(summary.pending.values())}, outside {sum(summary.outside.values())}, "
        f"left {summary.left}"
    )
