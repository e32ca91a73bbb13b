"""Rows that we do not own and that look like one of our payments: money-rules 4.3."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from .judge import Judge, Verdict
from .matching import normalised
from .money import to_minor
from .procore.model import ContractPayment

ALIKE_DAYS = timedelta(days=7)
_TYPED = "looks_like_manual_payment"


class Neighbours:
    """Looks for such rows beside what is to be posted."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.view = judge.view
        self.world = judge.world

    def look(self, verdicts: Iterable[Verdict]) -> None:
        """Hold what has a row that looks alike, put it outside, or name the row to be linked."""
        alike = [(verdict, self._alike(verdict)) for verdict in verdicts if self._wanting(verdict)]
        claims = Counter(row.id for _, rows in alike for row in rows)
        for verdict, rows in alike:
            if not rows:
                continue
            if self._linkable(verdict, rows) and claims[rows[0].id] == 1:
                verdict.link = rows[0].id
            else:
                self._stop(verdict, rows)

    def _stop(self, verdict: Verdict, rows: Iterable[ContractPayment]) -> None:
        """Let the first row stop it whose reason nobody has decided on: each is decided by
        itself."""
        for row in rows:
            if row.external_payment_id:
                verdict.put("outside", "paid_by_procore_pay")
                return
            typed = self._origin(row) is None
            if self.judge.held(verdict, _TYPED if typed else "other_integration_row"):
                return

    def _wanting(self, verdict: Verdict) -> bool:
        """Say whether something can be posted for an allocation, or was since."""
        due = verdict.disposition == "matched" and not verdict.rightly_posted
        return due and self.judge.stuck(verdict) is None

    def _linkable(self, verdict: Verdict, rows: list[ContractPayment]) -> bool:
        row = rows[0]
        return (
            len(rows) == 1
            and verdict.policy.typed_rows == "link"
            and verdict.stood is None
            and not row.external_payment_id
            and self._origin(row) is None
            and to_minor(row.amount, verdict.currency) == verdict.target
            and row.requisition_id in (None, verdict.requisition_id)
        )

    def _origin(self, row: ContractPayment) -> str | None:
        """Whose row it was before anybody could have put our id on it."""
        known = self.world.memory.foreign.get(row.id)
        return (known.origin_id if known else row.origin_id) or None

    def _alike(self, verdict: Verdict) -> list[ContractPayment]:
        foreign = self.view.rows(verdict.place).foreign
        if not foreign:
            return []
        amounts = {verdict.target, verdict.cash} | self._on_commitment(verdict)
        number = normalised(verdict.check_number)
        assert verdict.date is not None
        found = []
        for row in foreign:
            same_check = bool(number) and number == normalised(row.check_number)
            near = abs(row.date - verdict.date) <= ALIKE_DAYS
            if same_check or (near and to_minor(row.amount, verdict.currency) in amounts):
                found.append(row)
        return found

    def _on_commitment(self, verdict: Verdict) -> set[int | None]:
        """The check's total on the commitment, in cash and as it is to be posted."""
        shares, payment = self.judge.shares, self.world.erp.payments.rows[verdict.payment_id]
        cash = target = 0
        for bill_id in shares.cash(payment):
            bill = self.world.erp.bills.rows.get(bill_id)
            for share in shares.of(payment, bill) if bill else []:
                assert bill is not None
                application = shares.match(bill, share).application
                if application is not None and application.commitment_id == verdict.commitment_id:
                    cash += share.cash or 0
                    target += share.target or 0
        return {cash, target}
