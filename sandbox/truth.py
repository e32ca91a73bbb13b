"""What must stand in Procore, worked out from both systems' stores by the money rules alone.

Per allocation: its target if it is matched; nothing if the payment was voided, edited away or
never postable; what rightly stood before, if the allocation is held since (a hold never moves
money). A payment deleted in the ERP after it was posted stays until a person decides.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

from .ceilings import Ceilings
from .company import World
from .decisions import DRIFT, accepts
from .gone import Gone
from .judge import Judge, Verdict
from .memory import Stood
from .neighbours import Neighbours
from .rows import Place
from .view import View

_LOST = ("no_application", "application_not_synced", "ambiguous_match")


@dataclass(slots=True)
class Expected:
    """One allocation's net on one commitment, in minor units."""

    prefix: str
    commitment_id: int
    requisition_id: int | None
    amount: int
    verdict: Verdict


@dataclass
class Truth:
    """Every allocation judged, and what should stand."""

    view: View
    verdicts: list[Verdict] = field(default_factory=list)
    expected: dict[str, Expected] = field(default_factory=dict)

    @property
    def links(self) -> dict[int, Verdict]:
        """Typed rows that must carry our id, by their row ids (money-rules 4.3)."""
        return {one.link: one for one in self.verdicts if one.link is not None}


def tell(world: World) -> Truth:
    """Judge the whole world."""
    collecting = gc.isenabled()
    gc.disable()  # nothing here is garbage yet, and looking for some is a third of the time
    try:
        return _Teller(world).tell()
    finally:
        if collecting:
            gc.enable()


class _Teller:
    def __init__(self, world: World) -> None:
        self.world = world
        self.memory = world.memory
        self.view = View(world)
        self.judge = Judge(self.view)
        self.truth = Truth(self.view)
        self.blocked: set[str] = set()

    def tell(self) -> Truth:
        payments = self.world.erp.payments.rows.values()
        verdicts = [v for payment in payments for v in self.judge.allocations(payment)]
        Neighbours(self.judge).look(verdicts)
        gone = Gone(self.judge, {verdict.prefix for verdict in verdicts}).judge()
        self.blocked = {v.bill_id for v in gone if v.reason == "deleted_in_erp"}
        for verdict in verdicts:
            self._settle(verdict)
        for verdict in gone:
            if verdict.target and verdict.commitment_id:
                self._expect(verdict, verdict.place, verdict.requisition_id, verdict.target)
        shown = [v for v in gone if v.target or v.reason != "voided_before_posting"]
        self.truth.verdicts = [*verdicts, *shown]
        self._mind_ceilings([*verdicts, *gone])
        return self.truth

    def _expect(
        self, verdict: Verdict, commitment_id: int, requisition_id: int | None, amount: int
    ) -> None:
        if amount:
            self.truth.expected[verdict.prefix] = Expected(
                verdict.prefix, commitment_id, requisition_id, amount, verdict
            )

    def _keep(self, verdict: Verdict, stood: Stood | None) -> None:
        self.truth.expected.pop(verdict.prefix, None)
        if stood is not None:
            self._expect(verdict, stood.commitment_id, stood.requisition_id, stood.amount)

    def _settle(self, verdict: Verdict) -> None:
        """Decide what stands for one live allocation, ceilings apart."""
        if self._drifted(verdict) or self._twice(verdict) or self._accepted(verdict):
            return
        if verdict.disposition == "matched":
            self._post(verdict)
        elif verdict.reason == "credit_application":
            self._take_back(verdict)
        else:
            self._stay(verdict)

    def _take_back(self, verdict: Verdict) -> None:
        """A credit pays it now, and nothing stands: unless its place refuses the reversal."""
        stood = verdict.stood
        reason = self.view.refused_place(stood.commitment_id) if stood and stood.amount else None
        if reason and self.judge.held(verdict, reason):
            self._keep(verdict, stood)

    def _post(self, verdict: Verdict) -> None:
        assert verdict.target is not None
        waiting = verdict.bill_id in self.blocked and not verdict.rightly_posted
        if waiting and self.judge.held(verdict, "deleted_in_erp"):
            self._stay(verdict)
            return
        stuck = self.judge.stuck(verdict)
        if stuck and self.judge.held(verdict, stuck):
            self._keep(verdict, verdict.stood)
            return
        self._expect(verdict, verdict.place, self._application(verdict), verdict.target)

    def _application(self, verdict: Verdict) -> int | None:
        """The application of its row: of a typed row that was linked, the row's own or none."""
        if verdict.link is not None:
            return self.world.procore.payment_rows.by_id[verdict.link].requisition_id
        stood = verdict.stood
        as_linked = (
            stood is not None
            and stood.linked
            and (stood.commitment_id, stood.amount) == (verdict.commitment_id, verdict.target)
        )
        return stood.requisition_id if stood and as_linked else verdict.requisition_id

    def _stay(self, verdict: Verdict) -> None:
        """Nothing moves: what rightly stood before stands."""
        kept = verdict.stood
        due = self.memory.due.get(verdict.prefix)
        lost = verdict.reason in _LOST
        if kept is None and lost and due:
            standing = self.view.now(verdict.prefix, due.commitment_id)
            kept = due if standing == due.amount else None
        if kept is None or not kept.amount:
            return
        self._keep(verdict, kept)
        if lost:
            self.judge.held(verdict, "application_unlinked")

    def _drifted(self, verdict: Verdict) -> bool:
        """Our row was changed or removed by somebody else: held, and it stays as it is."""
        drifted = self.view.drifted(verdict.prefix)
        if drifted is None or not self.judge.held(verdict, "drift_in_procore"):
            return False
        row = drifted.row
        standing = self.view.before(verdict.prefix, row.commitment_id)
        self._expect(verdict, row.commitment_id, row.requisition_id, standing)
        return True

    def _accepted(self, verdict: Verdict) -> bool:
        """A person accepted what stands: it stays as long as the allocation is what it was then.

        Afterwards it counts as what was posted; in the place of a row that is gone nothing is
        posted without a person.
        """
        accepted = self.view.accepted(verdict.prefix)
        if not accepted or verdict.disposition != "matched":
            return False
        row = accepted[0].row
        standing = self.view.before(verdict.prefix, row.commitment_id)
        if accepts(self.world, verdict.prefix, verdict.state):
            verdict.put("outside", "drift_accepted")
        elif not self.view.is_gone(accepted) or verdict.target == standing:
            if verdict.stood is not None and verdict.stood.cash == verdict.cash:
                verdict.target = standing
            return False
        elif not self.judge.held(verdict, DRIFT):
            return False
        self._expect(verdict, row.commitment_id, row.requisition_id, standing)
        return True

    def _twice(self, verdict: Verdict) -> bool:
        """Two rows carry one of the allocation's ids (money-rules 4.6)."""
        if verdict.commitment_id is None:
            return False
        rows = self.view.rows(verdict.commitment_id).ours.get(verdict.prefix, [])
        once = len({row.origin_id for row in rows}) == len(rows)
        if once or not self.judge.held(verdict, "duplicate_in_procore"):
            return False
        amount = verdict.stood.amount if verdict.stood else verdict.target or 0
        self._expect(verdict, verdict.place, verdict.requisition_id, amount)
        return True

    def _mind_ceilings(self, verdicts: list[Verdict]) -> None:
        wanted: dict[str, tuple[Place, int]] = {
            prefix: ((one.commitment_id, one.requisition_id), one.amount)
            for prefix, one in self.truth.expected.items()
        }
        for verdict in Ceilings(self.judge, verdicts).refused(wanted):
            self._keep(verdict, verdict.stood)
