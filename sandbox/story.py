"""The special cases of the world: each a small, named story on a commitment.

Every function leaves one payment whose disposition `docs/sandbox.md` lists.
"""

from __future__ import annotations

from decimal import Decimal

from .books import acts
from .books.records import PaymentLine
from .builder import Builder, Contract, Trade

CENT = Decimal("0.01")


def part(amount: Decimal, percent: int) -> Decimal:
    """Return a share of an amount, to the cent."""
    return (amount * percent / 100).quantize(CENT)


def paid_in_parts(b: Builder, c: Contract, ago: int) -> None:
    """One bill, two checks."""
    bill = b.billed(c, ago + 30)
    first = part(bill.total, 40)
    b.pay(c.trade, [(bill, first)], ago + 14)
    b.pay(c.trade, [(bill, bill.total - first)], ago)


def three_on_one_check(b: Builder, contracts: list[Contract], ago: int) -> None:
    """One check over three bills, on one or several commitments of one vendor."""
    bills = [b.billed(contracts[i % len(contracts)], ago + 35 - i) for i in range(3)]
    b.pay(contracts[0].trade, [(bill, bill.total) for bill in bills], ago)


def same_bill_twice(b: Builder, c: Contract, ago: int) -> None:
    """Two lines of one payment on the same bill: one allocation."""
    if not b.can("lines"):
        return
    bill = b.billed(c, ago + 28)
    half = part(bill.total, 50)
    b.pay(c.trade, [(bill, half), (bill, bill.total - half)], ago)


def credit_inside(b: Builder, c: Contract, ago: int) -> None:
    """A vendor credit reduces the check of one bill: cash = bill less credit."""
    bill = b.billed(c, ago + 28)
    credit = b.credit(c.trade, part(bill.total, 10), ago + 9)
    b.pay(c.trade, [(bill, bill.total)], ago, used=[(credit, credit.total)])


def credit_over_two(b: Builder, c: Contract, ago: int) -> None:
    """A vendor credit over two bills of one commitment, spread in exact proportion (10 %)."""
    first = b.billed(c, ago + 31, amount=_round_amount(b, c))
    second = b.billed(c, ago + 30, amount=_round_amount(b, c))
    credit = b.credit(c.trade, (first.total + second.total) / 10, ago + 8)
    parts = [(first, first.total), (second, second.total)]
    b.pay(c.trade, parts, ago, used=[(credit, credit.total)])


def _round_amount(b: Builder, c: Contract) -> Decimal:
    while True:
        drawn = Decimal(b.random.randrange(300, 4000) * 10).quantize(CENT)
        if drawn not in c.used:
            c.used.add(drawn)
            return drawn


def by_card(b: Builder, c: Contract, ago: int) -> None:
    """A card charge."""
    bill = b.billed(c, ago + 20)
    b.pay(c.trade, [(bill, bill.total)], ago, method="CreditCard")


def number_differs(b: Builder, c: Contract, ago: int) -> None:
    """The application's number is not the bill's: matched by id, amber."""
    bill = b.bill(c.trade, b.amount(c), ago + 28, currency=c.currency)
    b.application(c, bill, invoice_number=f"APP {bill.id}")
    b.pay(c.trade, [(bill, bill.total)], ago)


def credit_application(b: Builder, c: Contract, ago: int) -> None:
    """A bill settled by a credit alone: total 0 with lines, outside."""
    bill = b.billed(c, ago + 28)
    credit = b.credit(c.trade, bill.total, ago + 7)
    b.pay(c.trade, [(bill, bill.total)], ago, used=[(credit, credit.total)], number=None)


def queued_to_print(b: Builder, c: Contract, ago: int) -> None:
    """A check that waits for printing, without a number: pending."""
    if not b.can("print_queue"):
        return
    bill = b.billed(c, ago + 28)
    b.pay(c.trade, [(bill, bill.total)], ago, number=None, print_status="NeedToPrint")


def not_synced(b: Builder, c: Contract, ago: int) -> None:
    """The application exists but carries no origin id yet: pending."""
    bill = b.bill(c.trade, b.amount(c), ago + 28, currency=c.currency)
    b.application(c, bill, synced=False)
    b.pay(c.trade, [(bill, bill.total)], ago)


def no_number(b: Builder, c: Contract, ago: int) -> None:
    """A bill without DocNumber: held, missing_bill_number."""
    bill = b.bill(c.trade, b.amount(c), ago + 28, number=None, currency=c.currency)
    b.application(c, bill, invoice_number=f"{c.trade.code}-{1000 + c.trade.bills}")
    b.pay(c.trade, [(bill, bill.total)], ago)


def in_the_future(b: Builder, c: Contract, ago: int) -> None:
    """A payment dated ten days ahead: held, date_in_future."""
    bill = b.billed(c, 25)
    b.pay(c.trade, [(bill, bill.total)], -10, entered=max(ago, 1))


def typed_by_hand(b: Builder, c: Contract, ago: int) -> None:
    """A person typed this payment into Procore already: held, looks_like_manual_payment."""
    bill = b.billed(c, ago + 28)
    [payment] = b.pay(c.trade, [(bill, bill.total)], ago)
    b.world.procore.type_payment(
        commitment_id=c.id,
        amount=bill.total,
        date=b.day(ago - 1),
        check_number=payment.number,
        invoice_number=bill.number,
        notes="Typed from the check stub",
    )


def two_links_on_a_line(b: Builder, c: Contract, ago: int) -> None:
    """One line that names two bills: the split is unknowable, held cash_split_unknown."""
    if not b.can("lines"):
        return
    first, second = b.billed(c, ago + 28), b.billed(c, ago + 27)
    both = PaymentLine(first.total + second.total, [("Bill", first.id), ("Bill", second.id)])
    b.pay(c.trade, [(first, first.total)], ago, lines=[both])


def another_vendor(b: Builder, c: Contract, other: Trade, ago: int) -> None:
    """The linked bill has another vendor and another number: held, vendor_differs."""
    bill = b.bill(other, b.amount(c), ago + 28)
    b.application(c, bill, invoice_number=f"{c.trade.code}-X{bill.id}")
    b.pay(other, [(bill, bill.total)], ago)


def another_currency(b: Builder, c: Contract, foreign: Trade, ago: int) -> None:
    """A CAD bill linked to an application of a USD commitment: held, currency_differs."""
    bill = b.bill(foreign, b.amount(c), ago + 28, currency="CAD", rate=Decimal("0.73"))
    b.application(c, bill)
    b.pay(foreign, [(bill, bill.total)], ago)


def more_than_the_bill(b: Builder, c: Contract, ago: int) -> None:
    """More applied than the bill's total: held, amount_exceeds_bill."""
    bill = b.billed(c, ago + 28)
    b.pay(c.trade, [(bill, bill.total + Decimal("250.00"))], ago)


def payments_tab_off(b: Builder, c: Contract, ago: int) -> None:
    """A bill on a commitment whose Payments tab is off: held, payments_tab_disabled."""
    bill = b.billed(c, ago + 28)
    b.pay(c.trade, [(bill, bill.total)], ago)


def overhead(b: Builder, trade: Trade, ago: int, *, numbered: bool = True) -> None:
    """Rent, insurance, payroll services: no application, outside."""
    number = "" if numbered else None
    bill = b.bill(trade, b.amount(None, 900, 12_000), ago + 15, number=number)
    b.pay(trade, [(bill, bill.total)], ago)


def already_void(b: Builder, c: Contract, ago: int) -> None:
    """A check voided before anybody looked: its bill is open again."""
    bill = b.billed(c, ago + 28)
    [payment] = b.pay(c.trade, [(bill, bill.total)], ago)
    b.world.erp.void(payment, b.instant(ago - 1))


def prepaid(b: Builder, c: Contract, ago: int) -> None:
    """A check larger than its bill: the rest stays on account and is nobody's allocation."""
    bill = b.billed(c, ago + 28)
    b.pay(c.trade, [(bill, bill.total)], ago, total=bill.total + Decimal("500.00"))


def paid_ahead(b: Builder, c: Contract, ago: int) -> None:
    """A prepayment, part of which was applied to a bill later: cash, dated by its application."""
    if not b.can("prepay"):
        return
    bill = b.billed(c, ago + 12)
    ahead = acts.pay_ahead(
        b.world.erp,
        "prepayment",
        vendor_id=c.trade.vendor.id,
        amount=bill.total + Decimal("250.00"),
        txn_date=b.day(ago + 20),
        number=b.world.check_number(),
        currency=bill.currency,
        rate=bill.rate,
        when=b.instant(ago + 20),
    )
    acts.apply_rest(b.world.erp, ahead, bill, bill.total, b.day(ago), when=b.instant(ago))
