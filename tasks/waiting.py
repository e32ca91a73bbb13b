"""Parts a plan into what this run sends and what waits for a second person, and stores both."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from paidsync.ledger.entries import SEEN
from paidsync.reasons import Disposition, Hold, RunStopped, Stop
from paidsync.records import CONTRACT_PAYMENTS, DISPOSITIONS, ENTRIES, totals
from tasks.approval import Parted, evidence, fingerprints, is_what_was_approved, part, told
from tasks.desk import Desk, Ref, Run
from tasks.order import is_mass_change, plan_hash
from tasks.strategies import Row

# A plan that a preview saw and nobody knows of yet.
_UNDECIDED: dict[str, Any] = {
    "state": "open", "makers": [], "decided_by": None, "proof": None, "note": None,
    "decided_at": None, "decided_run": None, "expires_at": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan as this run may carry it out."""

    entries: list[Row]  # that are sent
    dispositions: list[Row]
    waiting: list[Row]  # entries that wait for a person
    digest: str  # of what is sent
    plan: dict[str, Any] | None  # that waits, or whose approval this run acts on
    stopped: str | None  # why nothing may be written at all (5.4)
    awaiting: str | None  # what a person is asked now

    @property
    def for_the_flow(self) -> dict[str, Any]:
        """What later stages need to know, as plain JSON."""
        mine = None if self.plan is None else str(self.plan["plan_hash"])
        return {
            "hash": self.digest,
            "stopped": self.stopped,
            "awaiting": self.awaiting,
            "awaiting_plan": mine if self.waiting else None,
            "approved": None if self.waiting else mine,
        }


def keep(
    at: Desk,
    entries: Sequence[Row],
    dispositions: Sequence[Row],
    *,
    judged: Collection[str],
    generation: int | None,
) -> Kept:
    """Part the plan; a sync stores it. ``judged`` are the allocations of this run.

    What waits is held ``awaiting_approval``. What a person has approved is sent, as long as it is
    exactly what waited then.
    """
    now = datetime.now(UTC)
    if generation is not None:
        at.ledger.plans.expire(at.run.connection, now)
    whole, stopped = _whole(at, entries)
    parted = part(entries, at.policy, whole=whole)
    approved = _approved(at, parted.waiting, now) if parted.waiting else None
    if approved is not None:
        kept = Kept([*entries], [*dispositions], [], _hash(at, entries), approved, None, None)
    elif parted.waiting:
        kept = _asked(at, parted, dispositions, whole, stopped, generation)
    else:
        kept = Kept([*entries], [*dispositions], [], _hash(at, entries), None, None, None)
    if generation is not None:
        _store(at, kept, judged, generation)
    return kept


def write(at: Desk, kept: Kept, seen: pd.DataFrame) -> dict[str, Ref]:
    """The plan, into the run folder."""
    frames = {
        "entries": ("planned", ENTRIES.frame(kept.entries), ENTRIES, "amount_minor"),
        "waiting": ("awaiting", ENTRIES.frame(kept.waiting), ENTRIES, "amount_minor"),
        "dispositions": (
            "decided",
            DISPOSITIONS.frame(kept.dispositions),
            DISPOSITIONS,
            "cash_minor",
        ),
        "contract_payments": ("procore_before", seen, CONTRACT_PAYMENTS, "amount_minor"),
    }
    refs = {
        key: at.folder.put_frame(name, frame, schema, amount=amount).as_dict()
        for key, (name, frame, schema, amount) in frames.items()
        if key != "waiting" or kept.waiting
    }
    if kept.plan is not None:
        refs["approval"] = at.folder.put_json("approval", evidence(kept.plan)).as_dict()
    return refs


def _whole(at: Desk, entries: Sequence[Row]) -> tuple[str | None, str | None]:
    """Why all of a plan waits, and whether that stops the run: it restates old entries (5.5), or
    the circuit breaker caught it (5.4)."""
    if at.run.restate is not None:
        return f"the restatement {at.run.restate!r} needs approval", None
    reversals = _reversals(entries)
    standing = at.ledger.entries.standing_payments(at.run.connection)
    if not is_mass_change(reversals, standing):
        return None, None
    said = (
        f"The plan would take back {reversals} of {standing} posted payments; nothing was written. "
        f"Plan {_hash(at, entries)[:12]}."
    )
    return "the plan takes back far more than a normal day does", said


def _approved(at: Desk, waiting: Sequence[Row], now: datetime) -> dict[str, Any] | None:
    """The approved plan of which this is all, or all that is left."""
    for plan in at.ledger.plans.approved(at.run.connection, now):
        contents: dict[str, str] = plan["contents"]
        if is_what_was_approved(contents, _sent(at, contents), waiting):
            return plan
    return None


def _sent(at: Desk, origin_ids: Collection[str]) -> list[str]:
    found = at.ledger.entries.get(at.run.connection, origin_ids)
    return [key for key, entry in found.items() if entry["state"] in SEEN]


def _asked(
    at: Desk,
    parted: Parted,
    dispositions: Sequence[Row],
    whole: str | None,
    stopped: str | None,
    generation: int | None,
) -> Kept:
    """What waits is stored as a plan and held; what a person said about it is heeded."""
    run, waiting = at.run, parted.waiting
    row = {
        **_counted(at, waiting),
        "generation": generation or 0,
        "why": whole or "; ".join(sorted(set(parted.why.values()))),
        "contents": fingerprints(waiting),
        "asked": asked_for(run),
    }
    if generation is None:
        plan = at.ledger.plans.get(run.connection, row["plan_hash"]) or {**_UNDECIDED, **row}
    else:
        plan = at.ledger.plans.ask(row, _makers(at))
    rejected = plan["state"] == "rejected"
    awaiting = None
    if not rejected:
        named = f"{run.restate}: " if run.restate is not None else ""
        awaiting = (
            f"{named}{len(waiting)} entries, {_reversals(waiting)} of them reversals, wait for "
            f"approval. Plan {plan['plan_hash'][:12]}."
        )
    said = _said(plan) if rejected else f"Plan {plan['plan_hash'][:12]} waits for approval"
    return Kept(
        parted.free,
        _held(dispositions, parted, said),
        waiting,
        _hash(at, parted.free),
        plan,
        stopped,
        awaiting,
    )


def asked_for(run: Run) -> dict[str, Any]:
    """What makes another run plan the same."""
    return {"restate": run.restate, "projects": sorted(run.projects)}


def _makers(at: Desk) -> list[str]:
    """Who asked for this run. One that only carries out an approval goes on for those who asked
    for the plan, not for who approved it."""
    run = at.run
    if run.carries is not None:
        before = at.ledger.plans.get(run.connection, run.carries)
        return list(before["makers"]) if before else []
    return [run.requested_by] if run.requested_by else []


def _said(plan: Row) -> str:
    note = f": {plan['note']}" if plan["note"] else ""
    return f"Plan {plan['plan_hash'][:12]} was rejected by {plan['decided_by']}{note}"


def _held(dispositions: Sequence[Row], parted: Parted, said: str) -> list[Row]:
    entries: dict[str, list[Row]] = defaultdict(list)
    for entry in parted.waiting:
        entries[entry["allocation_id"]].append(entry)
    return [
        {
            **row,
            "disposition": Disposition.HELD.value,
            "reason": Hold.AWAITING_APPROVAL.value,
            "detail": f"A {told(mine)}: {parted.why[row['allocation_id']]}. {said}.",
            "rule": "plan",
            "outcome": None,
        }
        if (mine := entries.get(row["allocation_id"]))
        else row
        for row in dispositions
    ]


def _store(at: Desk, kept: Kept, judged: Collection[str], generation: int) -> None:
    run, ledger = at.run, at.ledger
    if not kept.waiting and kept.plan is None:
        ledger.plans.replace(run.connection, run.run_id, asked=asked_for(run))
    if kept.stopped is not None:
        return
    ledger.plans.keep_free({**_counted(at, kept.entries), "generation": generation})
    fresh = [
        {name: value for name, value in entry.items() if name != "resumes"}
        for entry in kept.entries
        if not entry["resumes"]
    ]
    ledger.entries.plan(run.connection, judged, fresh, plan_hash=kept.digest, run_id=run.run_id)


def _counted(at: Desk, entries: Sequence[Row]) -> dict[str, Any]:
    return {
        "connection": at.run.connection,
        "plan_hash": _hash(at, entries),
        "run_id": at.run.run_id,
        "entries": len(entries),
        "reversals": _reversals(entries),
        "money": totals(ENTRIES.frame(entries), "amount_minor"),
    }


def _hash(at: Desk, entries: Sequence[Row]) -> str:
    return plan_hash(entries, at.run.connection)


def _reversals(entries: Sequence[Row]) -> int:
    return sum(entry["kind"] == "reversal" for entry in entries)


def close_carried_out(at: Desk, plan_hash: str | None) -> None:
    """An approved plan of which nothing is left to send is history."""
    plan = at.ledger.plans.get(at.run.connection, plan_hash) if plan_hash else None
    if plan is not None and set(_sent(at, plan["contents"])) == set(plan["contents"]):
        at.ledger.plans.carried_out(at.run.connection, plan["plan_hash"], at.run.run_id)


def require_loadable(plan: Row) -> None:
    """Stop a run whose plan the circuit breaker caught."""
    if plan["stopped"]:
        raise RunStopped(Stop.MASS_CHANGE, plan["stopped"])
