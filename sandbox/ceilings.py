"""How much may stand on an application: money-rules 3.7 and 4.5.

Counted from what stood at the last change of the world. What lowers a sum counts first and is never
held; what raises one is taken by payment date and payment id, and held where it no longer fits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from .judge import Judge, Verdict
from .money import to_minor
from .rows import Place
from .shares import payment_order

Effect = dict[int, int]
"""Per application by how much its sum changes."""


class Ceilings:
    """Sums per application, with what is taken into account so far."""

    def __init__(self, judge: Judge, verdicts: list[Verdict]) -> None:
        self.judge = judge
        self.world = judge.world
        index = judge.view.index
        self._before = index.before
        self._ours: dict[int, int] = defaultdict(int, index.ours_on)
        self._all: dict[int, int] = defaultdict(int, index.all_on)
        self._verdicts = {verdict.prefix: verdict for verdict in verdicts}
        self._groups: dict[int, frozenset[int]] = {}
        self._paid: dict[int, int] = defaultdict(int)

    def refused(self, wanted: Mapping[str, tuple[Place, int]]) -> Iterator[Verdict]:
        """Take what is wanted per allocation, and give back each that is held instead."""
        raising = self._raising(wanted)
        if raising:
            self._know_bills()
        payments = self.world.erp.payments.rows
        raising.sort(key=lambda one: payment_order(payments[one[0].payment_id], one[0].bill_id))
        for verdict, effect in raising:
            if any(self._stopped(verdict, ident, more) for ident, more in effect.items()):
                yield verdict
            else:
                self._count(effect)

    def _raising(self, wanted: Mapping[str, tuple[Place, int]]) -> list[tuple[Verdict, Effect]]:
        """Return what raises the sum of an application; what only lowers sums is counted."""
        raising = []
        for prefix in {**dict.fromkeys(self._before), **dict.fromkeys(wanted)}:
            verdict = self._verdicts.get(prefix)
            if _stays(verdict):
                continue
            standing = self._effect(self._before.get(prefix, {}))
            matched = verdict is not None and verdict.disposition == "matched"
            if verdict is not None and matched and verdict.stood is None:
                self._count(standing, -1)  # what was not posted rightly does not stand already
                standing = {}
            effect = self._effect(dict([wanted[prefix]]) if prefix in wanted else {})
            for ident, amount in standing.items():
                effect[ident] -= amount
            if verdict is not None and matched and max(effect.values(), default=0) > 0:
                raising.append((verdict, effect))
            else:
                self._count(effect)
        return raising

    def _effect(self, places: Mapping[Place, int]) -> Effect:
        effect: Effect = defaultdict(int)
        for (_, ident), amount in places.items():
            if ident is not None:
                effect[ident] += amount
        return effect

    def _count(self, effect: Effect, sign: int = 1) -> None:
        for ident, change in effect.items():
            self._ours[ident] += sign * change
            self._all[ident] += sign * change

    def _stopped(self, verdict: Verdict, ident: int, more: int) -> bool:
        if more <= 0:
            return False
        if self._ours[ident] + more > self._ceiling(verdict, ident) and self.judge.held(
            verdict, "overpays_payment_application"
        ):
            return True
        group = self._groups.get(ident, frozenset({ident}))
        standing = sum(self._all[one] for one in group)
        paid = sum(self._paid[one] for one in group)
        return standing + more > paid and self.judge.held(verdict, "exceeds_erp_paid")

    def _ceiling(self, verdict: Verdict, ident: int) -> int:
        """Due, the retainage held on it (a release holds none) and, by policy, its tax."""
        application = self.world.procore.requisitions[ident]
        parts = [application.due, max(application.retainage, application.retainage * 0)]
        if verdict.policy.tax == "include":
            parts.append(application.tax)
        return sum(to_minor(part, verdict.currency) for part in parts)

    def _know_bills(self) -> None:
        """What the ERP says is paid on the bills of each application, split ones together."""
        applications: dict[str, set[int]] = defaultdict(set)
        for verdict in self._verdicts.values():
            if verdict.requisition_id is not None and (verdict.found or _let_through(verdict)):
                applications[verdict.bill_id].add(verdict.requisition_id)
        for bill_id, found in applications.items():
            bill = self.world.erp.bills.rows[bill_id]
            self._paid[min(found)] += to_minor(self.world.erp.paid_on(bill), bill.currency)
            if len(found) > 1:
                groups = (self._groups.get(one, frozenset({one})) for one in found)
                together = frozenset().union(*groups)
                self._groups.update(dict.fromkeys(together, together))


def _stays(verdict: Verdict | None) -> bool:
    """Say whether nothing is written for an allocation now, whatever stands."""
    if verdict is None or verdict.disposition == "matched":
        return verdict is not None and verdict.link is not None
    return verdict.reason not in ("credit_application", "voided_before_posting")


def _let_through(verdict: Verdict) -> bool:
    """Say whether a person waived what held the match."""
    return verdict.disposition == "matched"
