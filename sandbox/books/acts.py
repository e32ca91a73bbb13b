"""What an accountant can do in any ERP's books; its own API and the control API end here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from .records import (
    Bill,
    BillLine,
    BillPayment,
    CreditUse,
    PaymentKind,
    PaymentLine,
    Vendor,
    VendorCredit,
)
from .store import Books

ACCOUNTS = {"Check": "35", "CreditCard": "41"}
MAX_AMOUNT = Decimal("9999999999999.99")


def line(amount: Decimal, kind: str, ident: str) -> PaymentLine:
    """Return a payment line with one link."""
    return PaymentLine(amount, [(kind, ident)])


def expected_total(lines: Sequence[PaymentLine]) -> Decimal:
    """Return bills less credits: what the lines of a payment move in cash (section 11.2)."""
    total = Decimal(0)
    for item in lines:
        debit = any(kind in ("Bill", "JournalEntry") for kind, _ in item.linked)
        total += item.amount if debit else -item.amount
    return total


def add_vendor(
    books: Books, name: str, *, currency: str = "USD", when: int | None = None
) -> Vendor:
    """Add a vendor."""
    now = books.now() if when is None else when
    vendor = Vendor(books.name_id(), 0, now, now, name=name, company_name=name, currency=currency)
    return books.vendors.load(vendor)


def add_bill(
    books: Books,
    *,
    vendor_id: str,
    lines: list[BillLine],
    txn_date: date,
    number: str | None = None,
    due_date: date | None = None,
    currency: str = "USD",
    rate: Decimal = Decimal(1),
    tax: Decimal | None = None,
    when: int | None = None,
) -> Bill:
    """Enter a bill; its total is the sum of its lines and the tax on them."""
    now = books.now() if when is None else when
    total = sum((item.amount for item in lines), tax or Decimal(0))
    bill = Bill(
        books.transaction_id(),
        0,
        now,
        now,
        vendor_id,
        number,
        txn_date,
        due_date,
        total,
        total,
        currency,
        rate,
        None,
        lines,
        tax=tax,
    )
    books.changing(bill)
    return books.bills.load(bill)


def add_credit(
    books: Books,
    *,
    vendor_id: str,
    lines: list[BillLine],
    txn_date: date,
    number: str | None = None,
    currency: str = "USD",
    rate: Decimal = Decimal(1),
    when: int | None = None,
) -> VendorCredit:
    """Enter a vendor credit."""
    now = books.now() if when is None else when
    total = sum((item.amount for item in lines), Decimal(0))
    credit = VendorCredit(
        books.transaction_id(),
        0,
        now,
        now,
        vendor_id,
        number,
        txn_date,
        total,
        total,
        currency,
        rate,
        None,
        lines,
    )
    return books.credits.load(credit)


def add_payment(
    books: Books,
    *,
    vendor_id: str,
    lines: list[PaymentLine],
    txn_date: date,
    number: str | None = None,
    pay_type: str = "Check",
    account_id: str | None = None,
    print_status: str = "NotSet",
    total: Decimal | None = None,
    currency: str = "USD",
    rate: Decimal = Decimal(1),
    note: str | None = None,
    when: int | None = None,
) -> BillPayment:
    """Pay: the bills' balances fall and their versions move in the payment's own second."""
    now = books.now() if when is None else when
    for item in lines:
        for kind, ident in item.linked:
            if kind == "Bill" and ident in books.bills.rows:
                books.changing(books.bills.rows[ident])
    payment = BillPayment(
        books.transaction_id(),
        0,
        now,
        now,
        vendor_id,
        txn_date,
        number,
        pay_type,
        account_id or ACCOUNTS[pay_type],
        print_status,
        expected_total(lines) if total is None else total,
        currency,
        rate,
        note,
        lines,
    )
    books.payments.load(payment)
    books.apply(payment, now)
    return payment


def edit_payment(books: Books, payment: BillPayment, **changes: Any) -> None:
    """Change a payment in place; new lines move the balances of the old and the new bills."""
    books.changing(payment)
    now = books.now()
    lines = changes.pop("lines", None)
    if lines is not None:
        books.unapply(payment, now)
        payment.lines = lines
        payment.total = expected_total(lines)
    for name, value in changes.items():
        setattr(payment, name, value)
    if lines is not None:
        books.apply(payment, now)
    books.payments.touch(payment, now)


def edit_payable(books: Books, row: Bill | VendorCredit, **changes: Any) -> None:
    """Change a bill or a vendor credit; lines and tax change its total and its balance alike."""
    books.changing(row)
    for name, value in changes.items():
        setattr(row, name, value)
    tax = row.tax if isinstance(row, Bill) else None
    total = sum((item.amount for item in row.lines), tax or Decimal(0))
    row.balance = max(Decimal(0), row.balance + total - row.total)
    row.total = total
    books.table(type(row).__name__).touch(row, books.now())


def pay_ahead(
    books: Books,
    kind: PaymentKind,
    *,
    vendor_id: str,
    amount: Decimal,
    txn_date: date,
    number: str | None = None,
    pay_type: str = "Check",
    currency: str = "USD",
    rate: Decimal = Decimal(1),
    when: int | None = None,
) -> BillPayment:
    """Pay what no bill asks for yet: a prepayment, or what was paid too much."""
    now = books.now() if when is None else when
    payment = BillPayment(
        books.transaction_id(kind), 0, now, now, vendor_id, txn_date, number, pay_type,
        ACCOUNTS[pay_type], total=amount, currency=currency, rate=rate, kind=kind,
    )  # fmt: skip
    return books.payments.load(payment)


def apply_rest(
    books: Books,
    payment: BillPayment,
    bill: Bill,
    amount: Decimal,
    day: date,
    *,
    when: int | None = None,
) -> None:
    """Apply some of a prepayment's or an overpayment's rest to a bill."""
    books.changing(payment)
    books.changing(bill)
    now = books.now() if when is None else when
    line = PaymentLine(amount, [("Bill", bill.id)], books.transaction_id(), day)
    payment.lines.append(line)
    bill.balance -= amount
    if payment.id not in bill.payments:
        bill.payments.append(payment.id)
    books.bills.touch(bill, now)
    books.payments.touch(payment, now)


def take_back_rest(books: Books, payment: BillPayment, bill: Bill) -> None:
    """Take back what of a prepayment or an overpayment was applied to a bill."""
    books.changing(payment)
    now = books.now()
    taken = [line for line in payment.lines if line.linked == [("Bill", bill.id)]]
    payment.lines = [line for line in payment.lines if line not in taken]
    bill.balance += sum((line.amount for line in taken), Decimal(0))
    bill.payments.remove(payment.id)
    books.bills.touch(bill, now)
    books.payments.touch(payment, now)


def use_credit(
    books: Books,
    credit: VendorCredit,
    bill: Bill,
    amount: Decimal,
    day: date,
    *,
    when: int | None = None,
) -> None:
    """Apply some of a credit to a bill, without any payment."""
    books.changing(bill)
    now = books.now() if when is None else when
    credit.uses.append(CreditUse(books.transaction_id(), bill.id, amount, day))
    credit.balance -= amount
    bill.balance -= amount
    books.bills.touch(bill, now)
    books.credits.touch(credit, now)


def take_back_credit(books: Books, credit: VendorCredit, bill: Bill) -> None:
    """Take back what of a credit was applied to a bill."""
    books.changing(bill)
    now = books.now()
    taken = [use for use in credit.uses if use.bill_id == bill.id]
    credit.uses = [use for use in credit.uses if use not in taken]
    amount = sum((use.amount for use in taken), Decimal(0))
    credit.balance += amount
    bill.balance += amount
    books.bills.touch(bill, now)
    books.credits.touch(credit, now)
