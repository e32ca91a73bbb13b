"""Bills that several payment applications share, in fixed parts (money-rules 3.2)."""

from collections.abc import Mapping
from typing import Any

from paidsync import money, origin
from paidsync.policy import Policy, SplitBill

_AMOUNTS = ("settled_minor", "cash_minor", "discount_minor", "credit_minor", "withheld_minor")


def part_of(minor: int, split: SplitBill, application_id: str) -> int:
    """One application's part of an amount in minor units; the last part takes the rest."""
    *others, last = split.parts
    parts = {each.application: money.proportion(minor, each.percent, 100) for each in others}
    parts[last.application] = minor - sum(parts.values())
    return parts[application_id]


class Splits:
    """Splits allocations as the policy says that they were, or would be, posted under."""

    def __init__(
        self, policies: Mapping[int, Policy], version: int, sent_under: Mapping[str, int]
    ) -> None:
        """``version`` is the present policy's; ``sent_under`` tells, of each allocation for which
        anything was sent, the version of that time (money-rules 5.5)."""
        self._policies = policies
        self._version = version
        self._sent_under = sent_under

    def of(self, row: dict[str, Any], erp: str, erp_company: str) -> list[dict[str, Any]]:
        """The allocation itself, or its parts."""
        if row["allocation_id"] in self._sent_under:
            return [row]  # it was posted whole

        def id_of(application: str) -> str:
            return origin.allocation_id(
                erp, erp_company, row["payment_id"], row["bill_id"], application_id=application
            )

        for version, policy in sorted(self._policies.items(), reverse=True):
            split = policy.split_of(row["bill_id"])
            if split is None:
                continue
            ids = [id_of(part.application) for part in split.parts]
            if version == self._version or any(
                self._sent_under.get(each) == version for each in ids
            ):
                break
        else:
            return [row]
        return [
            {
                **row,
                **_amounts(row, split, part.application),
                "allocation_id": id_of(part.application),
                "split_application": part.application,
            }
            for part in split.parts
        ]


def _amounts(row: Mapping[str, Any], split: SplitBill, application: str) -> dict[str, int | None]:
    return {
        name: part_of(row[name], split, application) if row[name] is not None else None
        for name in _AMOUNTS
    }
