"""The batches in which a plan is sent, and the canary that goes ahead of them (money-rules 5.4).
Pure."""

from collections import defaultdict
from typing import Any

Entry = dict[str, Any]


def in_batches(
    entries: list[Entry], commitments: int, *, canary_of: int | None
) -> list[list[Entry]]:
    """Batches of whole commitments, in the plan's order; a canary under the policy version
    ``canary_of`` goes first (5.4)."""
    first = _canary(entries, canary_of) if len(entries) > 1 else []
    of: dict[str, int] = {}
    rest: dict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry not in first:
            place = of.setdefault(entry["commitment_id"], len(of))
            rest[place // commitments].append(entry)
    return [first, *rest.values()] if first else list(rest.values())


def _canary(entries: list[Entry], version: int | None) -> list[Entry]:
    """One entry under the policy version, the plainest: nothing to remark, and not a next try
    after something was refused; best one that was sent before, or one before which nothing of its
    commitment has to be taken back. Where every such entry replaces one of an older policy, what
    it replaces goes with it: it is never sent before that."""
    of_version = [entry for entry in entries if entry["policy_version"] == version]
    giving = {entry["commitment_id"] for entry in entries if entry["kind"] == "reversal"}
    by_allocation: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_allocation[entry["allocation_id"]].append(entry)

    def up_to(entry: Entry) -> list[Entry]:
        same = by_allocation[entry["allocation_id"]]
        return sorted((each for each in same if each["n"] <= entry["n"]), key=lambda e: int(e["n"]))

    def plainness(group: list[Entry]) -> tuple[Any, ...]:
        last = group[-1]
        gives = last["commitment_id"] in giving
        return len(group), not last["resumes"], bool(last["amber"]), gives, last["n"] > 1

    return min((up_to(entry) for entry in of_version), key=plainness, default=[])
