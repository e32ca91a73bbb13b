"""What of a plan a second person has to approve before it is sent. Pure.

The unit is an allocation: a reversal and its replacement wait as one, in order of n (money-rules
6.1). What is sent on the strength of a reversal waits with that reversal: payments of the same
bill (5.3) or of the same payment application, so that no limit is passed because half of a plan
was sent.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from paidsync import money
from paidsync.policy import Over, Policy
from tasks.strategies import Row


@dataclass(frozen=True, slots=True)
class Parted:
    """A plan in two parts, each in the order of sending."""

    free: list[Row]
    waiting: list[Row]
    why: dict[str, str]  # each waiting allocation's reason, for a person


def part(entries: Iterable[Row], policy: Policy, *, whole: str | None = None) -> Parted:
    """What may be sent at once, and what waits; ``whole`` says why all of it does.

    An allocation of which everything was sent before, and is only looked for, waits for nobody.
    """
    planned = list(entries)
    by_allocation: dict[str, list[Row]] = defaultdict(list)
    for entry in planned:
        by_allocation[entry["allocation_id"]].append(entry)
    why: dict[str, str] = {}
    for allocation, group in by_allocation.items():
        reason = whole or _reason(group, policy)
        if reason is not None and (whole or not _was_sent(group)):
            why[allocation] = reason
    _join(by_allocation, why)
    waits = [entry["allocation_id"] in why for entry in planned]
    return Parted(
        [entry for entry, wait in zip(planned, waits, strict=True) if not wait],
        [entry for entry, wait in zip(planned, waits, strict=True) if wait],
        why,
    )


def _was_sent(group: Sequence[Row]) -> bool:
    return all(entry["resumes"] for entry in group)


def _reason(group: Sequence[Row], policy: Policy) -> str | None:
    """Why the policy asks for an approval of an allocation's entries."""
    rule = policy.approval
    if rule == "never":
        return None
    if rule == "always":
        return "the policy has every entry approved"
    for entry in group:
        if rule == "reversals" and entry["kind"] == "reversal":
            return "the policy has reversals approved"
        if isinstance(rule, Over) and is_over(entry["amount_minor"], entry["currency"], rule.over):
            amount = money.shown(abs(entry["amount_minor"]), entry["currency"])
            return f"the policy has what is over {rule.over:,f} approved, and this is {amount}"
    return None


def is_over(minor: int, currency: str, limit: Decimal) -> bool:
    """Whether an entry is larger than so many major units of its own currency, either way."""
    return abs(money.from_minor(minor, currency)) > limit


def _join(by_allocation: Mapping[str, Sequence[Row]], why: dict[str, str]) -> None:
    """Whatever shares a bill or an application with a waiting reversal waits with it."""
    new = list(why)
    taken: set[tuple[str, str]] = set()
    while new:
        for allocation in new:
            for entry in by_allocation[allocation]:
                if entry["kind"] == "reversal":
                    taken |= set(_places(entry))
        new = [
            allocation
            for allocation, group in by_allocation.items()
            if allocation not in why
            and not _was_sent(group)
            and any(place in taken for entry in group for place in _places(entry))
        ]
        why |= dict.fromkeys(new, "it belongs with a reversal that waits for approval")


def _places(entry: Row) -> list[tuple[str, str]]:
    application = entry["application_id"]
    bill = ("bill", entry["bill_id"])
    return [bill, ("application", application)] if application else [bill]


def fingerprints(entries: Iterable[Row]) -> dict[str, str]:
    """What exactly is approved: each entry by its id, with the SHA-256 of all that is sent."""
    return {
        entry["origin_id"]: hashlib.sha256(
            json.dumps(
                {name: value for name, value in entry.items() if name != "resumes"},
                sort_keys=True,
                separators=(",", ":"),
            ).encode()
        ).hexdigest()
        for entry in entries
    }


def is_what_was_approved(
    contents: Mapping[str, str], sent: Iterable[str], entries: Sequence[Row]
) -> bool:
    """Whether these entries are the approved plan's, or all that is left of it: those that were
    ``sent`` under the approval need no second one."""
    gone = set(sent)
    left = {key: value for key, value in contents.items() if key not in gone}
    return left == fingerprints(entry for entry in entries if not entry["resumes"])


def told(entries: Sequence[Row]) -> str:
    """Entries in a few words: ``reversal of 120.00 USD, payment of 100.00 USD``."""
    return ", ".join(
        f"{entry['kind']} of {money.shown(abs(entry['amount_minor']), entry['currency'])}"
        for entry in entries
    )


def evidence(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What the run folder keeps of a plan that waited (a row of the ledger's plans)."""
    names = (
        "plan_hash", "state", "why", "makers", "asked", "decided_by", "proof", "note",
        "decided_at", "decided_run", "expires_at", "entries", "reversals", "money", "contents",
    )  # fmt: skip
    return {name: plan[name] for name in names}
