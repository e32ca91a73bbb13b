"""A plan as a whole: the order of sending, its hash, and when it is too much. Pure."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any


def in_sending_order(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """6.1: commitment by commitment; in one, reversals go first, each after what of its own
    allocation comes before it, then the newest payments."""
    planned = list(entries)
    taken_back: dict[str, int] = {}
    for entry in planned:
        if entry["kind"] == "reversal":
            highest = taken_back.get(entry["allocation_id"], 0)
            taken_back[entry["allocation_id"]] = max(highest, entry["n"])
    place = {commitment: k for k, commitment in enumerate(_giving_first(planned))}
    newest_first = sorted(
        planned, key=lambda entry: (entry["date"] or "", entry["origin_id"]), reverse=True
    )
    return sorted(
        newest_first,
        key=lambda entry: (
            place[entry["commitment_id"]],
            (0, entry["n"]) if entry["n"] <= taken_back.get(entry["allocation_id"], 0) else (1, 0),
        ),
    )


def _giving_first(entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """Commitments by id, but those that give up a payment before the one that receives it, so that
    an allocation's entries stay in order of n. Where commitments give to each other in a circle,
    a payment comes too early, and loading leaves it for the next run."""
    planned = list(entries)
    sources: dict[str, set[str]] = defaultdict(set)
    for entry in planned:
        if entry["kind"] == "reversal":
            sources[entry["allocation_id"]].add(entry["commitment_id"])
    givers: dict[str, set[str]] = {entry["commitment_id"]: set() for entry in planned}
    for entry in planned:
        if entry["kind"] == "payment":
            givers[entry["commitment_id"]] |= sources[entry["allocation_id"]]
    order: list[str] = []
    begun: set[str] = set()
    for start in sorted(givers):
        path = [] if start in begun else [start]
        while path:
            here = path[-1]
            begun.add(here)
            before = min(givers[here] - begun, default=None)
            if before is not None:
                path.append(before)
            else:
                order.append(path.pop())
    return order


def plan_hash(entries: Iterable[Mapping[str, Any]], connection: str) -> str:
    """What a plan is known by: the same entries, whenever planned, have the same hash."""
    canonical = json.dumps(
        [connection, sorted((dict(entry) for entry in entries), key=lambda e: str(e["origin_id"]))],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def is_mass_change(reversals: int, standing: int) -> bool:
    """5.4: more than 20 and more than 2 %, or at least 3 and more than 25 %, of what is posted."""
    return (reversals > 20 and reversals * 50 > standing) or (
        reversals >= 3 and reversals * 4 > standing
    )
