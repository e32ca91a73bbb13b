"""Which app is connected to the organisation (reference section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.clock import Clock

from .tokens import guid


def _stamp(instant: datetime) -> str:
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "0"


@dataclass
class Connections:
    """The connections of the organisation's apps; each app has at most one."""

    clock: Clock
    tenant_id: str
    tenant_name: str
    authorisation: str
    _made: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _count: int = 0

    def connect(self, client_id: str) -> None:
        """Connect an app; one that is connected keeps its connection."""
        if client_id not in self._made:
            self._count += 1
            ident = guid(self.tenant_id, "connection", self._count)
            self._made[client_id] = (ident, self.clock.now())

    def disconnect(self, client_id: str) -> None:
        """Take an app's connection away."""
        self._made.pop(client_id, None)

    def holds(self, client_id: str) -> bool:
        """Say whether an app is connected."""
        return client_id in self._made

    def remove(self, client_id: str, ident: str) -> bool:
        """Take one connection away by its id, and say whether there was one."""
        found = self._made.get(client_id)
        if found is None or found[0] != ident.lower():
            return False
        self.disconnect(client_id)
        return True

    def shown(self, client_id: str) -> list[dict[str, Any]]:
        """Return an app's connections as `GET /connections` shows them."""
        if client_id not in self._made:
            return []
        ident, since = self._made[client_id]
        return [
            {
                "id": ident,
                "authEventId": self.authorisation,
                "tenantId": self.tenant_id,
                "tenantType": "ORGANISATION",
                "tenantName": self.tenant_name,
                "createdDateUtc": _stamp(since),
                "updatedDateUtc": _stamp(since),
            }
        ]
