"""What each step must come to, worked out from the sandbox's truth. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

# Money that is applied to no bill, and payments voided before anybody looked: the product counts
# them as outside, the truth has no allocation for them.
NO_ALLOCATION = ("unapplied", "voided_before_posting")


def rows_by_prefix(truth: Mapping[str, Any]) -> dict[str, tuple[int, str]]:
    """What must stand per allocation: minor units and currency."""
    return {
        row["origin_prefix"]: (row["amount_minor"], commitment["currency"])
        for commitment in truth["commitments"]
        for row in commitment["rows"]
    }


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> Json:
    """What a sync has to post and to reverse between two truths, and what that comes to."""
    old, new = rows_by_prefix(before), rows_by_prefix(after)
    changed = [prefix for prefix in {**old, **new} if old.get(prefix) != new.get(prefix)]
    money: Counter[str] = Counter()
    for prefix in changed:
        if prefix in old:
            money[old[prefix][1]] -= old[prefix][0]
        if prefix in new:
            money[new[prefix][1]] += new[prefix][0]
    return {
        "posted": sum(prefix in new for prefix in changed),
        "reversed": sum(prefix in old for prefix in changed),
        "money": dict(sorted(money.items())),
    }


def run_of(manifest: Mapping[str, Any], seconds: float) -> Json:
    """One run for the demonstration's summary, from the manifest of its run folder."""
    summary = manifest["summary"]
    return {
        "mode": summary["mode"],
        "state": summary["state"],
        "planned": summary["planned"],
        "posted": summary["posted"],
        "reversed": summary["reversed"],
        "already_right": summary["already_right"],
        "outside": sum(summary["outside"].values()),
        "pending": sum(summary["pending"].values()),
        "held": summary["held"],
        "verified": summary["verified"],
        "money": summary["money"],
        "calls": summary["calls"],
        "seconds": round(seconds, 1),
    }


def outside_allocations(summary: Mapping[str, Any]) -> int:
    """The outside allocations that the truth knows too."""
    counts: Mapping[str, int] = summary["outside"]
    return sum(count for reason, count in counts.items() if reason not in NO_ALLOCATION)


def unlike(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """A sentence for each figure that is not as expected."""
    return [
        f"{name} is {found.get(name)}, expected {value}"
        for name, value in expected.items()
        if found.get(name) != value
    ]
