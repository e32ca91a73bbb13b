"""Judges every allocation by the money rules: outside, pending, held or matched.

Written from money-rules 1 to 5 and 7 alone. What needs a look at several allocations at once, rows
of others and ceilings, is in `neighbours` and `ceilings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from .books.records import Bill, BillPayment
from .decisions import decided, left_unseen, linked_application, live_state
from .matching import Match
from .memory import Opening, State, Stood
from .money import exponent, to_minor
from .policy import Policy
from .shares import Share, Shares, whole_prefix
from .view import View

UNKNOWN_SPLIT = "cash_split_unknown"
LEFT = "left_by_decision"
HISTORY = "opening_history"


@dataclass(slots=True)
class Verdict:
    """One allocation's disposition; amounts in minor units of the bill's currency.

    `application` names the part of a split bill. `found` says that its bill has an application for
    sure. `link` is the typed row that must carry our id, instead of a new one.
    """

    payment_id: str
    bill_id: str
    prefix: str
    disposition: str
    reason: str | None
    settled: int
    target: int | None
    currency: str
    policy: Policy
    state: State
    application: int | None = None
    cash: int | None = None
    stood: Stood | None = None
    commitment_id: int | None = None
    requisition_id: int | None = None
    date: date | None = None
    check_number: str | None = None
    bill_number: str | None = None
    found: bool = False
    link: int | None = None

    def put(self, disposition: str, reason: str | None) -> None:
        """Set the disposition."""
        self.disposition, self.reason = disposition, reason

    @property
    def rightly_posted(self) -> bool:
        """Say whether its target stood on its commitment when the world last changed; and with its
        date and number, where the policy posts changes of these anew."""
        stood, due = self.stood, (self.commitment_id, self.target)
        if stood is None or (stood.commitment_id, stood.amount) != due:
            return False
        if stood.linked or self.policy.details_changed != "repost":
            return True
        return (stood.date, stood.number or None) == (self.date, self.check_number or None)

    @property
    def place(self) -> int:
        """The commitment of an allocation that has one."""
        assert self.commitment_id is not None
        return self.commitment_id


class Judge:
    """Judges payments over one view of the world."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.world = view.world
        self.shares = Shares(view)
        self._today = view.world.today

    def allocations(self, payment: BillPayment) -> Iterator[Verdict]:
        """Judge every allocation of one live payment."""
        for bill_id in self.shares.cash(payment):
            bill = self.world.erp.bills.rows.get(bill_id)
            if bill is not None:
                for share in self.shares.of(payment, bill):
                    yield self._judge(payment, bill, share)

    def held(self, verdict: Verdict, reason: str) -> bool:
        """Hold an allocation for a reason, unless a person decided on it; say whether it stops.

        A person's `leave` puts it outside; a `post` waives the reason, if there is then anything
        that could be posted.
        """
        found = decided(self.world, verdict.prefix, reason, verdict.state)
        if found is not None and found.decision == "leave":
            verdict.put("outside", LEFT)
            return True
        possible = verdict.target is not None and verdict.commitment_id is not None
        if found is not None and found.decision == "post" and possible:
            return False
        verdict.put("held", reason)
        return True

    def stuck(self, verdict: Verdict) -> str | None:
        """Say why what stands on another commitment cannot be taken back there now."""
        stood = verdict.stood
        if stood is None or stood.commitment_id == verdict.commitment_id:
            return None
        return self.view.refused_place(stood.commitment_id)

    def _judge(self, payment: BillPayment, bill: Bill, share: Share) -> Verdict:
        raw = self.shares.match(bill, share)
        state = live_state(bill, raw, share.settled, share.cash)
        match = self._chosen(share, raw, state)
        verdict = Verdict(
            payment.id, bill.id, share.prefix, "matched", None, share.settled, share.target,
            bill.currency, share.policy, state, share.application, share.cash, share.stood,
            date=payment.dated(bill.id), check_number=payment.number, bill_number=bill.number,
            found=match.disposition == "matched",
        )  # fmt: skip
        if match.application is not None:
            verdict.commitment_id = match.application.commitment_id
            verdict.requisition_id = match.application.id
        if not self._stays_history(payment, bill, match, verdict):
            self._dispose(payment, bill, share, match, verdict)
        return verdict

    def _chosen(self, share: Share, match: Match, state: State) -> Match:
        """The application that a person linked the allocation to, or else the one found."""
        ident = linked_application(self.world, share.prefix, state)
        application = None if ident is None else self.view.matcher.application(ident)
        return match if application is None else Match(application)

    def _stays_history(
        self, payment: BillPayment, bill: Bill, match: Match, verdict: Verdict
    ) -> bool:
        """Money-rules 7.1: opening history, or held if it changed and has an application."""
        scan = self.world.memory.opening
        opening = scan.get(whole_prefix(verdict.prefix)) if scan else None
        if opening is None:
            return False
        changed = opening != seen_now(self.shares, payment, bill)
        if changed and match.application is not None and match.disposition != "pending":
            return self.held(verdict, "changed_before_start")
        verdict.put("outside", HISTORY)
        return True

    def _dispose(
        self, payment: BillPayment, bill: Bill, share: Share, match: Match, verdict: Verdict
    ) -> None:
        if match.disposition in ("outside", "pending"):
            verdict.put(match.disposition, match.reason)
        elif share.cash == 0:
            verdict.put("outside", "credit_application")
        elif payment.print_status == "NeedToPrint" and payment.pay_type == "Check":
            verdict.put("pending", "not_issued_yet")
        elif left_unseen(self.world, verdict.prefix, verdict.state):
            verdict.put("outside", LEFT)
        else:
            self._hold_first(verdict, self._reasons(payment, bill, share, match, verdict))

    def _hold_first(self, verdict: Verdict, reasons: Iterable[str | None]) -> None:
        for reason in reasons:
            if reason is not None and self.held(verdict, reason):
                return

    def _reasons(
        self, payment: BillPayment, bill: Bill, share: Share, match: Match, verdict: Verdict
    ) -> Iterator[str | None]:
        """Every reason for a hold, in their order; the first that nobody waived counts."""
        yield from self._data(payment, bill, share)
        yield match.reason
        if share.cash is None:
            yield UNKNOWN_SPLIT
        if verdict.commitment_id is None:
            return
        if bill.currency != self.view.commitment(verdict.commitment_id).currency:
            yield "currency_differs"
        if bill.id not in self.world.memory.sent_bills and not self._total_agrees(
            bill, share, verdict
        ):
            yield "bill_total_differs"
        yield self.view.refused_place(verdict.commitment_id)

    def _data(self, payment: BillPayment, bill: Bill, share: Share) -> Iterator[str]:
        if not (bill.number or "").strip():
            yield "missing_bill_number"
        amounts = payment.applied_to("Bill")
        if bill.id in amounts:
            amount = amounts[bill.id]
            if amount != round(amount, exponent(payment.currency)):
                yield "amount_precision"
            if amount <= 0:
                yield "amount_not_positive"
        if share.cash is not None and share.target is None:
            yield "missing_amount"
        if share.target is not None and share.target < 0:
            yield "amount_not_positive"
        settled, _ = self.shares.cash(payment)[bill.id]
        if settled > to_minor(bill.total, bill.currency):
            yield "amount_exceeds_bill"
        if bill.currency != payment.currency:
            yield "currency_differs"
        if payment.dated(bill.id) > self._today:
            yield "date_in_future"

    def _total_agrees(self, bill: Bill, share: Share, verdict: Verdict) -> bool:
        """Money-rules 3.4, at first match: bill total against the application's due."""
        assert verdict.requisition_id is not None
        application = self.world.procore.requisitions[verdict.requisition_id]
        money = bill.currency
        due = to_minor(application.due, money)
        retainage = max(0, to_minor(application.retainage, money))
        tax = to_minor(application.tax, money)
        policy = self.world.policies.current
        both = due + retainage
        bases = {"either": (due, both), "included": (both,), "left_out": (due,)}
        taxes = {"either": (0, tax, -tax), "included": (0, tax), "left_out": (0, -tax)}
        total = self._compared_total(bill, share, verdict.requisition_id)
        return total is None or any(
            abs(total - base - more) <= 1
            for base in bases[policy.bill_retainage]
            for more in taxes[policy.bill_tax]
        )

    def _compared_total(self, bill: Bill, share: Share, application: int) -> int | None:
        """The bill's total or its part; of mapped bills the sum, None if one is unknown."""
        policy = self.world.policies.current
        if share.application is not None or policy.mapped.get(bill.id) != application:
            return share.bill_total
        bills = [self.world.erp.bills.rows.get(ident) for ident in policy.bills_of(application)]
        if any(one is None for one in bills):
            return None
        return sum(to_minor(one.total, one.currency) for one in bills if one is not None)


def seen_now(shares: Shares, payment: BillPayment, bill: Bill) -> Opening:
    """Return what the opening scan notes of an allocation (money-rules 7.1)."""
    settled, cash = shares.cash(payment)[bill.id]
    return Opening(settled, cash, bill.currency, payment.dated(bill.id), payment.number)
