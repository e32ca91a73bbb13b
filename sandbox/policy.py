"""The connection's policy as the truth knows it: numbered versions of a company's own choices."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

CARRIES = ("either", "included", "left_out")
CHOICES: dict[str, tuple[str, ...]] = {
    "tax": ("include", "exclude"),
    "bill_retainage": CARRIES,
    "bill_tax": CARRIES,
    "typed_rows": ("hold", "link"),
    "deleted_in_erp": ("hold", "reverse"),
    "details_changed": ("note", "repost"),
}
"""The choices that are one of a few words; the first word is the default."""


@dataclass(frozen=True, slots=True)
class Part:
    """One application's share of a bill, in percent (money-rules 3.2)."""

    application: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """One version; `mapped` and `split` are keyed by the ERP's bill id."""

    version: int = 0
    start_date: date | None = None
    cut_over: date | None = None
    tax: str = "include"
    bill_retainage: str = "either"
    bill_tax: str = "either"
    typed_rows: str = "hold"
    deleted_in_erp: str = "hold"
    details_changed: str = "note"
    mapped: dict[str, int] = field(default_factory=dict)
    split: dict[str, tuple[Part, ...]] = field(default_factory=dict)

    @property
    def given(self) -> frozenset[int]:
        """Applications that the policy gives to some bill, alone or in part."""
        parts = {part.application for each in self.split.values() for part in each}
        return frozenset(parts | set(self.mapped.values()))

    def bills_of(self, application: int) -> list[str]:
        """Return the bills that the map gives to an application."""
        return [bill for bill, found in self.mapped.items() if found == application]

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `POST /policy`."""
        shown: dict[str, Any] = {"version": self.version}
        for name in ("start_date", "cut_over"):
            day: date | None = getattr(self, name)
            shown[name] = day.isoformat() if day else None
        shown |= {name: getattr(self, name) for name in CHOICES}
        shown["map"] = [
            {"application": application, "bills": self.bills_of(application)}
            for application in dict.fromkeys(self.mapped.values())
        ]
        shown["split"] = [
            {
                "bill": bill,
                "parts": [{"application": p.application, "percent": str(p.percent)} for p in parts],
            }
            for bill, parts in self.split.items()
        ]
        return shown


class Policies:
    """Every version that the connection has had; version 0 holds before anybody chose."""

    def __init__(self) -> None:
        self._versions = [Policy()]

    @property
    def current(self) -> Policy:
        """The version that governs new allocations."""
        return self._versions[-1]

    def add(self, policy: Policy) -> None:
        """Make a policy the current version."""
        self._versions.append(policy)

    def version(self, number: int) -> Policy:
        """Return one version."""
        return self._versions[number]

    def splits_of(self, bill_id: str) -> list[tuple[Part, ...]]:
        """Return every way in which a bill was ever split, the newest first."""
        found = [each.split[bill_id] for each in self._versions if bill_id in each.split]
        return found[::-1]
