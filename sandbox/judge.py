"""Judges every allocation by the money rules: outside, pending, held or matched.

Written from money-rules 1 to 4 alone, with the default policy: tax included, deletes held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .money import exponent, spread, to_minor
from .quickbooks_online.records import Bill, BillPayment
from .view import Match, View, normalised

ALIKE_DAYS = timedelta(days=7)
UNKNOWN_SPLIT = "cash_split_unknown"


@dataclass(slots=True)
class Verdict:
    """One allocation's disposition; `target` in minor units of the bill's currency."""

    payment_id: str
    bill_id: str
    prefix: str
    disposition: str
    reason: str | None
    settled: int
    target: int | None
    currency: str
    commitment_id: int | None = None
    requisition_id: int | None = None
    date: date | None = None
    check_number: str | None = None
    bill_number: str | None = None

    def put(self, disposition: str, reason: str | None) -> None:
        """Set the disposition."""
        self.disposition, self.reason = disposition, reason


class Judge:
    """Judges payments over one view of the world."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.world = view.world
        self._today = view.world.today
        self._cash: dict[str, dict[str, tuple[int, int | None]]] = {}
        self._matches: dict[str, Match] = {}

    def match(self, bill: Bill) -> Match:
        """Return the match of a bill, worked out once."""
        if bill.id not in self._matches:
            self._matches[bill.id] = self.view.match(bill)
        return self._matches[bill.id]

    def cash(self, payment: BillPayment) -> dict[str, tuple[int, int | None]]:
        """Return per bill what a payment settles and how much of it is cash; None if unknowable."""
        if payment.id not in self._cash:
            self._cash[payment.id] = self._split(payment)
        return self._cash[payment.id]

    def _split(self, payment: BillPayment) -> dict[str, tuple[int, int | None]]:
        """Money-rules 1.1 and 1.3."""
        currency = payment.currency
        applied = payment.applied_to("Bill")
        settled = {bill: to_minor(amount, currency) for bill, amount in applied.items()}
        if any(len(line.linked) > 1 for line in payment.lines):
            return {bill: (settled.get(bill, 0), None) for bill in payment.linked_ids("Bill")}
        used = to_minor(
            sum(
                (x.amount for x in payment.lines if x.linked[0][0] not in ("Bill", "JournalEntry")),
                Decimal(0),
            ),
            currency,
        )
        whole = sum(settled.values())
        if not used:
            return {bill: (amount, amount) for bill, amount in settled.items()}
        if used > whole:
            return {bill: (amount, None) for bill, amount in settled.items()}
        if len(settled) > 1 and used < whole and not self._one_commitment(settled):
            return {bill: (amount, None) for bill, amount in settled.items()}
        shares = spread(used, list(settled.values()))
        pairs = zip(settled.items(), shares, strict=True)
        return {bill: (amount, amount - share) for (bill, amount), share in pairs}

    def _one_commitment(self, bills: dict[str, int]) -> bool:
        commitments = set()
        for ident in bills:
            bill = self.world.erp.bills.rows.get(ident)
            application = self.match(bill).application if bill else None
            commitments.add(application.commitment_id if application else None)
        return len(commitments) == 1 and None not in commitments

    def allocations(self, payment: BillPayment) -> Iterator[Verdict]:
        """Judge every allocation of one live payment."""
        for bill_id, (settled, cash) in self.cash(payment).items():
            bill = self.world.erp.bills.rows.get(bill_id)
            if bill is not None:
                yield self._judge(payment, bill, settled, cash)

    def _judge(self, payment: BillPayment, bill: Bill, settled: int, cash: int | None) -> Verdict:
        match = self.match(bill)
        verdict = Verdict(
            payment.id, bill.id, self.world.prefix(payment.id, bill.id), "matched", None,
            settled, cash, bill.currency, date=payment.txn_date, check_number=payment.number,
            bill_number=bill.number,
        )  # fmt: skip
        application = match.application
        if application is not None:
            verdict.commitment_id = application.commitment_id
            verdict.requisition_id = application.id
        if match.disposition in ("outside", "pending"):
            verdict.put(match.disposition, match.reason)
        elif cash == 0:
            verdict.put("outside", "credit_application")
        elif payment.print_status == "NeedToPrint" and payment.pay_type == "Check":
            verdict.put("pending", "not_issued_yet")
        else:
            reason = (
                self._refused_data(payment, bill, settled)
                or match.reason
                or (UNKNOWN_SPLIT if cash is None else None)
                or self._refused_match(payment, bill, verdict)
                or self._refused_place(verdict)
            )
            if reason:
                verdict.put("held", reason)
            elif self.view.standing(verdict.prefix, self._place(verdict)) != cash:
                self._beside_others(payment, bill, verdict)
        return verdict

    @staticmethod
    def _place(verdict: Verdict) -> int:
        assert verdict.commitment_id is not None
        return verdict.commitment_id

    def _refused_data(self, payment: BillPayment, bill: Bill, settled: int) -> str | None:
        if not (bill.number or "").strip():
            return "missing_bill_number"
        amounts = payment.applied_to("Bill")
        if bill.id in amounts:
            amount = amounts[bill.id]
            if amount != round(amount, exponent(payment.currency)):
                return "amount_precision"
            if amount <= 0:
                return "amount_not_positive"
        if settled > to_minor(bill.total, bill.currency):
            return "amount_exceeds_bill"
        if bill.currency != payment.currency:
            return "currency_differs"
        return "date_in_future" if payment.txn_date > self._today else None

    def _refused_match(self, payment: BillPayment, bill: Bill, verdict: Verdict) -> str | None:
        """Money-rules 3.4 and 3.7, and the currency of the commitment."""
        commitment = self.view.commitment(self._place(verdict))
        if bill.currency != commitment.currency:
            return "currency_differs"
        assert verdict.requisition_id is not None
        application = self.world.procore.requisitions[verdict.requisition_id]
        money = bill.currency
        due, retainage, tax = (
            to_minor(value, money)
            for value in (application.due, application.retainage, application.tax)
        )
        total = to_minor(bill.total, money)
        sums = {due, due + retainage, due + tax, due - tax, due + retainage + tax}
        if not self._posted_before(bill, commitment.id) and all(abs(total - s) > 1 for s in sums):
            return "bill_total_differs"
        paid = 0
        for ident in sorted(bill.payments, key=self._payment_order):
            other = self.world.erp.payments.rows[ident]
            paid += self.cash(other).get(bill.id, (0, 0))[1] or 0
            if ident == payment.id and paid > due + retainage + tax:
                return "overpays_payment_application"
        return None

    def _payment_order(self, ident: str) -> tuple[date, int]:
        return self.world.erp.payments.rows[ident].txn_date, int(ident)

    def _posted_before(self, bill: Bill, commitment_id: int) -> bool:
        ours = self.view.rows(commitment_id).ours
        return any(self.world.prefix(ident, bill.id) in ours for ident in bill.payments)

    def _refused_place(self, verdict: Verdict) -> str | None:
        return refused_place(self.view, self._place(verdict))

    def _beside_others(self, payment: BillPayment, bill: Bill, verdict: Verdict) -> None:
        """Money-rules 4.3 and 4.5: rows that we do not own."""
        place = self._place(verdict)
        foreign = self.view.rows(place).foreign
        if not foreign:
            return
        on_commitment = self._on_commitment(payment, place)
        for row in foreign:
            amount = to_minor(row.amount, verdict.currency)
            number = normalised(payment.number)
            same_check = bool(number) and number == normalised(row.check_number)
            near = abs(row.date - payment.txn_date) <= ALIKE_DAYS
            if same_check or (near and amount in (verdict.target, on_commitment)):
                if row.external_payment_id:
                    verdict.put("outside", "paid_by_procore_pay")
                elif row.origin_id:
                    verdict.put("held", "other_integration_row")
                else:
                    verdict.put("held", "looks_like_manual_payment")
                return
        theirs = sum(
            to_minor(row.amount, verdict.currency)
            for row in foreign
            if row.requisition_id == verdict.requisition_id
        )
        cash = [self.cash(self.world.erp.payments.rows[i])[bill.id] for i in bill.payments]
        if theirs and theirs + sum(c or 0 for _, c in cash) > sum(s for s, _ in cash):
            verdict.put("held", "exceeds_erp_paid")

    def _on_commitment(self, payment: BillPayment, commitment_id: int) -> int:
        total = 0
        for bill_id, (_, cash) in self.cash(payment).items():
            bill = self.world.erp.bills.rows.get(bill_id)
            application = self.match(bill).application if bill else None
            if application is not None and application.commitment_id == commitment_id:
                total += cash or 0
        return total


def refused_place(view: View, commitment_id: int) -> str | None:
    """Say why nothing may be written to a commitment now."""
    commitment = view.commitment(commitment_id)
    if not view.world.procore.projects[commitment.project_id].active:
        return "project_not_active"
    if commitment.status == "Void":
        return "commitment_void"
    return None if commitment.allow_payments else "payments_tab_disabled"
