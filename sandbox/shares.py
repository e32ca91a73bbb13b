"""What of a payment each allocation is, and its target: money-rules 1.1, 1.3, 1.4 and 3.2.

An allocation is one payment x bill, or one part of it where the policy splits the bill over several
applications. All amounts are minor units of the bill's currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .books.records import Bill, BillPayment
from .matching import Match
from .memory import Stood
from .money import in_percent, in_ratio, spread, to_minor
from .policy import Part, Policy
from .view import View

Amounts = tuple[int, int | None]
"""What is settled and how much of it is cash; None if that is unknowable."""


@dataclass(slots=True)
class Share:
    """One allocation; `application` names the part of a split bill, `parts` all its applications.

    `policy` is the version that governs it: the one under which its standing entry was first
    posted, or else the current one (money-rules 5.5).
    """

    prefix: str
    application: int | None
    parts: frozenset[int]
    settled: int
    cash: int | None
    bill_total: int
    policy: Policy
    stood: Stood | None
    target: int | None = None

    @property
    def frozen(self) -> bool:
        """Say whether its target stays what was posted: its cash is still the same (1.4)."""
        stood = self.stood
        return stood is not None and stood.frozen and stood.cash == self.cash


class Shares:
    """Splits payments into allocations, each once, over one view of the world."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.world = view.world
        self._cash: dict[str, dict[str, Amounts]] = {}
        self._of_bill: dict[str, dict[str, list[Share]]] = {}

    def of(self, payment: BillPayment, bill: Bill) -> list[Share]:
        """Return the allocations of one payment on one bill."""
        if bill.id not in self._of_bill:
            self._of_bill[bill.id] = self._shares(bill)
        return self._of_bill[bill.id].get(payment.id, [])

    def match(self, bill: Bill, share: Share) -> Match:
        """Return the match of an allocation by money-rules 3.1 to 3.3."""
        matcher = self.view.matcher
        if share.application is None:
            return matcher.whole(bill)
        return matcher.part(bill, share.application, share.parts)

    # Money-rules 1.1 and 1.3: what is settled, and in cash

    def cash(self, payment: BillPayment) -> dict[str, Amounts]:
        """Return per bill what a payment settles and how much of it is cash."""
        if payment.id not in self._cash:
            self._cash[payment.id] = self._split_cash(payment)
        return self._cash[payment.id]

    def _split_cash(self, payment: BillPayment) -> dict[str, Amounts]:
        currency = payment.currency
        applied = payment.applied_to("Bill")
        settled = {bill: to_minor(amount, currency) for bill, amount in applied.items()}
        if any(len(line.linked) > 1 for line in payment.lines):
            return {bill: (settled.get(bill, 0), None) for bill in payment.linked_ids("Bill")}
        debits = ("Bill", "JournalEntry")
        off = [line.amount for line in payment.lines if line.linked[0][0] not in debits]
        used = to_minor(sum(off, Decimal(0)), currency)
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
        commitments: set[int | None] = set()
        for ident in bills:
            bill = self.world.erp.bills.rows.get(ident)
            matches = self._matches_of(bill) if bill else [Match(None)]
            for match in matches:
                commitments.add(match.application.commitment_id if match.application else None)
        return len(commitments) == 1 and None not in commitments

    def _matches_of(self, bill: Bill) -> list[Match]:
        parts = self.world.policies.current.split.get(bill.id)
        matcher = self.view.matcher
        if parts is None:
            return [matcher.whole(bill)]
        allowed = frozenset(part.application for part in parts)
        return [matcher.part(bill, part.application, allowed) for part in parts]

    # Money-rules 3.2 and 1.4: parts and targets

    def _shares(self, bill: Bill) -> dict[str, list[Share]]:
        payments = self.world.erp.payments.rows
        live = [payments[i] for i in bill.payments if i in payments]
        found: dict[str, list[Share]] = {}
        for payment in sorted(live, key=lambda each: payment_order(each, bill.id)):
            amounts = self.cash(payment).get(bill.id)
            if amounts is not None:
                found[payment.id] = list(self._parts(payment, bill, *amounts))
        shares = [share for each in found.values() for share in each]
        for share in shares:
            share.target = _target(share, bill)
        if any(share.policy.tax == "exclude" for share in shares):
            self._settle(shares, bill)
        return found

    def _parts(
        self, payment: BillPayment, bill: Bill, settled: int, cash: int | None
    ) -> Iterator[Share]:
        whole = self.world.prefix(payment.id, bill.id)
        total = to_minor(bill.total, bill.currency)
        split = self._split(payment.id, bill.id, whole)
        if split is None:
            yield self._share(whole, None, frozenset(), (settled, cash, total))
            return
        percents = [part.percent for part in split]
        cashes: list[int | None] = [None] * len(split)
        if cash is not None:
            cashes = [*in_percent(cash, percents)]
        amounts = zip(
            in_percent(settled, percents), cashes, in_percent(total, percents), strict=True
        )
        allowed = frozenset(part.application for part in split)
        for part, each in zip(split, amounts, strict=True):
            prefix = self.world.prefix(payment.id, bill.id, part.application)
            yield self._share(prefix, part.application, allowed, each)

    def _share(
        self,
        prefix: str,
        application: int | None,
        parts: frozenset[int],
        amounts: tuple[int, int | None, int],
    ) -> Share:
        policies, stood = self.world.policies, self.world.memory.stood.get(prefix)
        policy = policies.version(stood.version) if stood else policies.current
        return Share(prefix, application, parts, *amounts, policy, stood)

    def _split(self, payment_id: str, bill_id: str, whole: str) -> tuple[Part, ...] | None:
        """How an allocation is split: as what stands of it, or else by the current policy."""
        policies, memory = self.world.policies, self.world.memory
        known = policies.splits_of(bill_id)
        if not known or whole in self.view.index.before or whole in memory.stood:
            return None
        for split in known:
            for part in split:
                stood = memory.stood.get(self.world.prefix(payment_id, bill_id, part.application))
                first = policies.version(stood.version).split.get(bill_id) if stood else None
                if first is not None:
                    return first
        return policies.current.split.get(bill_id)

    def _settle(self, shares: list[Share], bill: Bill) -> None:
        """The allocation that settles the bill takes what the other targets leave of the net."""
        cash = [share.cash for share in shares if share.cash is not None]
        opening = self.world.memory.opening or {}
        total = to_minor(bill.total, bill.currency)
        open_ones = [
            share
            for share in shares
            if share.cash and not share.frozen and whole_prefix(share.prefix) not in opening
        ]
        paid = not bill.balance and total and len(cash) == len(shares)
        if not paid or not open_ones or open_ones[-1].policy.tax != "exclude":
            return
        last = open_ones[-1]
        others = sum(share.target or 0 for share in shares if share is not last)
        last.target = in_ratio(sum(cash), _net(bill), total) - others


def _target(share: Share, bill: Bill) -> int | None:
    """Money-rules 1.4, apart from what settles the bill."""
    if share.stood is not None and share.frozen:
        return share.stood.amount
    if share.cash is None or share.policy.tax == "include":
        return share.cash
    total = to_minor(bill.total, bill.currency)
    return in_ratio(share.cash, _net(bill), total) if total else None


def _net(bill: Bill) -> int:
    return to_minor(bill.total - (bill.tax or Decimal(0)), bill.currency)


def payment_order(payment: BillPayment, bill_id: str) -> tuple[date, int, str]:
    """Return what payments of a bill are taken in the order of (money-rules 3.7): date, then id,
    ids of digits as numbers."""
    return payment.dated(bill_id), len(payment.id), payment.id


def whole_prefix(prefix: str) -> str:
    """Return the prefix of the whole allocation that a part belongs to."""
    return prefix.partition("@")[0]
