"""Counts what reaches each system, per method and route template."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_ID = re.compile(r"(?<=/)(?:\d+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?=/|$)")
_REALM = re.compile(r"(?<=/v3/company/)\{id\}")


def template(path: str) -> str:
    """Return a path with its ids taken out: `/v3/company/{realm}/billpayment/{id}`."""
    return _REALM.sub("{realm}", _ID.sub("{id}", path))


@dataclass
class Calls:
    """The counts of one sandbox since it started or since the last reset."""

    routes: dict[str, Counter[str]] = field(default_factory=dict)
    statuses: dict[str, Counter[str]] = field(default_factory=dict)

    def came(self, system: str, method: str, path: str) -> None:
        """Count a request."""
        self.routes.setdefault(system, Counter())[f"{method} {template(path)}"] += 1

    def went(self, system: str, status: int | None) -> None:
        """Count a reply; one that never went out counts as `none`."""
        self.statuses.setdefault(system, Counter())[str(status) if status else "none"] += 1

    def reset(self) -> None:
        """Start again from zero."""
        self.routes.clear()
        self.statuses.clear()

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `GET /calls`."""
        return {
            "systems": {system: dict(found) for system, found in self.routes.items()},
            "statuses": {system: dict(found) for system, found in self.statuses.items()},
            "total": sum(found.total() for found in self.routes.values()),
        }
