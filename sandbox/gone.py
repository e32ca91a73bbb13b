"""Allocations that the ERP no longer has: money-rules 5 and 5.3, and opening history (7.1)."""

from __future__ import annotations

from urllib.parse import unquote

from .books.records import Bill
from .decisions import accepts, decided, gone_state
from .judge import HISTORY, Judge, Verdict
from .memory import Opening, Stood
from .shares import whole_prefix


class Gone:
    """Judges what stands in Procore, or was opening history, and is in no live payment."""

    def __init__(self, judge: Judge, live: set[str]) -> None:
        self._judge = judge
        self.view = judge.view
        self.world = judge.world
        self.memory = judge.world.memory
        self._live = live
        stones = judge.world.erp.tombstones
        self._deleted = {stone.id for stone in stones if stone.kind == "BillPayment"}

    def judge(self) -> list[Verdict]:
        """Return a verdict each; a `target` is what stays."""
        prefixes = dict.fromkeys([*self.view.index.now, *self.memory.stood])
        found = [self._posted(prefix) for prefix in prefixes if prefix not in self._live]
        wholes = {whole_prefix(prefix) for prefix in self._live}
        for prefix, opening in (self.memory.opening or {}).items():
            if prefix not in wholes and prefix not in prefixes:
                found.append(self._history(prefix, opening))
        return found

    def _verdict(self, prefix: str, currency: str) -> Verdict:
        payment_id, last = (unquote(part) for part in prefix.split(":")[2:4])
        raw_bill, _, part = prefix.split(":")[3].partition("@")
        bill_id = unquote(raw_bill) if part else last
        bill = self.world.erp.bills.rows.get(bill_id)
        match = self.view.matcher.whole(bill) if bill else None
        how = "deleted" if payment_id in self._deleted else "voided"
        stood = self.memory.stood.get(prefix)
        policies = self.world.policies
        return Verdict(
            payment_id, bill_id, prefix, "outside", "voided_before_posting", 0, 0, currency,
            policies.version(stood.version) if stood else policies.current,
            gone_state(bill_id, bill, match, how),
            application=int(part) if part else None, cash=0, stood=stood,
        )  # fmt: skip

    def _posted(self, prefix: str) -> Verdict:
        """One that stands in Procore, or did."""
        places = self.view.index.now.get(prefix, {})
        stood = self.memory.stood.get(prefix)
        standing = {place: amount for place, amount in places.items() if amount}
        if standing or stood is None:
            commitment_id, requisition_id = next(iter(standing or places))
        else:
            commitment_id, requisition_id = stood.commitment_id, stood.requisition_id
        verdict = self._verdict(prefix, self.view.commitment(commitment_id).currency)
        verdict.commitment_id, verdict.requisition_id = commitment_id, requisition_id
        if not self._drifted(verdict) and not self._accepted(verdict):
            self._stays(verdict, stood, self.view.now(prefix, commitment_id))
        return verdict

    def _drifted(self, verdict: Verdict) -> bool:
        drifted = self.view.drifted(verdict.prefix)
        if drifted is None or not self._judge.held(verdict, "drift_in_procore"):
            return False
        verdict.commitment_id = drifted.row.commitment_id
        verdict.requisition_id = drifted.row.requisition_id
        verdict.target = self.view.before(verdict.prefix, verdict.place)
        return True

    def _accepted(self, verdict: Verdict) -> bool:
        """What a person accepted since it is gone from the ERP stays."""
        accepted = self.view.accepted(verdict.prefix)
        if not accepted or not accepts(self.world, verdict.prefix, verdict.state):
            return False
        verdict.put("outside", "drift_accepted")
        verdict.commitment_id = accepted[0].row.commitment_id
        verdict.requisition_id = accepted[0].row.requisition_id
        verdict.target = self.view.before(verdict.prefix, verdict.place)
        return True

    def _stays(self, verdict: Verdict, stood: Stood | None, standing: int) -> None:
        """Deleted on proof stays until a person decides; else only a closed place keeps it."""
        held = self._judge.held
        if self._waits(verdict):
            due = self.memory.due.get(verdict.prefix)
            right = {one.amount for one in (stood, due) if one is not None}
            target = standing if standing in right else (stood.amount if stood else 0)
            if target and held(verdict, "deleted_in_erp"):
                verdict.target = target
                return
        reason = self.view.refused_place(verdict.place) if standing else None
        if reason and stood is not None and held(verdict, reason):
            verdict.target = stood.amount

    def _waits(self, verdict: Verdict) -> bool:
        """Say whether a deletion is for a person to decide, who has not yet said to reverse it."""
        if verdict.payment_id not in self._deleted or verdict.policy.deleted_in_erp == "reverse":
            return False
        found = decided(self.world, verdict.prefix, "deleted_in_erp", verdict.state)
        return found is None or found.decision != "reverse"

    def _history(self, prefix: str, opening: Opening) -> Verdict:
        """One of the opening scan that was voided, deleted or moved since (7.1)."""
        verdict = self._verdict(prefix, opening.currency)
        verdict.date, verdict.check_number = opening.date, opening.number
        verdict.put("outside", HISTORY)
        bill: Bill | None = self.world.erp.bills.rows.get(verdict.bill_id)
        match = self.view.matcher.whole(bill) if bill else None
        if match and match.application is not None and match.disposition != "pending":
            verdict.commitment_id = match.application.commitment_id
            verdict.requisition_id = match.application.id
            self._judge.held(verdict, "changed_before_start")
        return verdict
