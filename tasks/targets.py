"""What should stand for an allocation: its cash, tax by policy (money-rules 1.4). Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from paidsync import money, origin
from paidsync.reasons import Disposition
from paidsync.records import Standing
from tasks.case import Case

_Group = tuple[str, str | None]  # bill, and of a split one the application


def targets(cases: Iterable[Case]) -> dict[str, int | None]:
    """Targets of the live allocations, in minor units, by allocation; None where the policy leaves
    the tax out and the ERP does not say the bill's net.

    Frozen when first posted: a target stays what was posted as long as the cash does.
    """
    found: dict[str, int | None] = {}
    sharing: dict[_Group, list[Case]] = defaultdict(list)
    for case in cases:
        row = case.row
        if row["standing"] != Standing.LIVE or not row["cash_minor"]:
            continue
        sharing[row["bill_id"], row["split_application"]].append(case)
    for group in sharing.values():
        found |= _of_bill(sorted(group, key=lambda case: case.place_in_order))
    return found


def _of_bill(group: Sequence[Case]) -> dict[str, int | None]:
    """Targets of all live allocations of one bill, in the order in which they are posted."""
    found: dict[str, int | None] = {}
    as_sent: dict[str, int | None] = {}
    without_tax = []
    for case in group:
        row = case.row
        if _is_frozen(case):
            found[row["allocation_id"]] = case.standing_at
            # What somebody changed in Procore is not made up for by the bill's other payments.
            as_sent[row["allocation_id"]] = sum(each["amount_minor"] for each in case.live_entries)
        elif case.policy.tax == "include":
            found[row["allocation_id"]] = row["cash_minor"]
        else:
            without_tax.append(case)
    last = next((each for each in reversed(without_tax) if _may_settle(each)), None)
    for case in sorted(without_tax, key=lambda each: each is last):
        row = case.row
        settles = case is last and row["bill_settled_minor"] == row["bill_total_minor"]
        found[row["allocation_id"]] = (
            _rest(row, group, found | as_sent) if settles else _net_of(row["cash_minor"], row)
        )
    return found


def _may_settle(case: Case) -> bool:
    """History, and what a person left as it is, has its share of the bill but is never posted."""
    return bool(case.judged["disposition"] != Disposition.OUTSIDE)


def _is_frozen(case: Case) -> bool:
    """Something stands for it, and the cash is what it was when that was posted."""
    gross = [entry["gross_minor"] for entry in case.live_entries]
    if not gross or case.known.restate or None in gross:
        return False
    return bool(sum(gross) == case.row["cash_minor"])


def _net_of(minor: int, row: Mapping[str, Any]) -> int | None:
    net, total = row["bill_net_minor"], row["bill_total_minor"]
    return money.proportion(minor, net, total) if net is not None and total else None


def _rest(
    row: Mapping[str, Any], group: Sequence[Case], found: Mapping[str, int | None]
) -> int | None:
    """What the allocation that settles the bill takes: the net of all cash, less the other live
    targets, so that the parts always add up."""
    here = {case.row["allocation_id"] for case in group}
    settled_before = [
        entry
        for entry in group[0].known.bill_entries
        if entry["bill_id"] == row["bill_id"]
        and entry["allocation_id"] not in here
        and origin.part(entry["allocation_id"]) == origin.part(row["allocation_id"])
    ]
    cash = sum(case.row["cash_minor"] for case in group)
    cash += sum(entry["gross_minor"] or 0 for entry in settled_before)
    whole = _net_of(cash, row)
    others = [target for key, target in found.items() if key != row["allocation_id"]]
    if whole is None or None in others:
        return None
    taken: int = sum(target for target in others if target is not None)
    taken += sum(entry["amount_minor"] for entry in settled_before)
    return whole - taken
