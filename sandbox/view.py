"""What the judge looks at: both systems' records, indexed for one judgement."""

from __future__ import annotations

from .company import World
from .matching import Matcher
from .memory import Drifted
from .procore.model import Commitment
from .rows import Place, Rows, foreign_row, row_index


class View:
    """Indexes over the world as it is now; throw it away after a change."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.index = row_index(world)
        self.matcher = Matcher(world)
        self._drifted: dict[str, Drifted] | None = None
        self._accepted: dict[str, list[Drifted]] = {}

    def rows(self, commitment_id: int) -> Rows:
        """Return the rows of one commitment."""
        return self.index.rows.get(commitment_id) or Rows()

    def commitment(self, ident: int) -> Commitment:
        """Return a commitment."""
        return self.world.procore.commitments[ident]

    def before(self, prefix: str, commitment_id: int) -> int:
        """Return what stood for an allocation on one commitment before, in minor units."""
        return _on(self.index.before.get(prefix, {}), commitment_id)

    def now(self, prefix: str, commitment_id: int) -> int:
        """Return what stands for an allocation on one commitment now, in minor units."""
        return _on(self.index.now.get(prefix, {}), commitment_id)

    def drifted(self, prefix: str) -> Drifted | None:
        """Return the row of an allocation that somebody else changed and did not change back."""
        if self._drifted is None:
            self._drifted = {}
            rows = self.world.procore.payment_rows.by_id
            for ident, drifted in self.world.memory.drifted.items():
                row = rows.get(ident)
                if self._is_accepted(ident):
                    self._accepted.setdefault(drifted.prefix, []).append(drifted)
                elif row is None or foreign_row(row) != drifted.row:
                    self._drifted.setdefault(drifted.prefix, drifted)
        return self._drifted.get(prefix)

    def accepted(self, prefix: str) -> list[Drifted]:
        """Return the rows of an allocation that a person accepted as they are now, or as gone."""
        self.drifted(prefix)
        return self._accepted.get(prefix, [])

    def is_gone(self, accepted: list[Drifted]) -> bool:
        """Say whether a payment is among them that is gone."""
        memory = self.world.memory
        return any(
            row is None
            and memory.drifted[ident] in accepted
            and memory.drifted[ident].row.amount > 0
            for ident, row in memory.accepted.items()
        )

    def _is_accepted(self, ident: int) -> bool:
        memory = self.world.memory
        if ident not in memory.accepted:
            return False
        row = self.world.procore.payment_rows.by_id.get(ident)
        now = foreign_row(row) if row else None
        return now == memory.accepted[ident] and now != memory.drifted[ident].row

    def refused_place(self, commitment_id: int) -> str | None:
        """Say why nothing may be written to a commitment now."""
        commitment = self.commitment(commitment_id)
        if not self.world.procore.projects[commitment.project_id].active:
            return "project_not_active"
        if commitment.status in ("Void", "Terminated"):
            return "commitment_void"
        return None if commitment.allow_payments else "payments_tab_disabled"


def _on(places: dict[Place, int], commitment_id: int) -> int:
    return sum(amount for (ident, _), amount in places.items() if ident == commitment_id)
