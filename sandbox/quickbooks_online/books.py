"""What an accountant can do in the books; both the Accounting API and the control API end here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from .records import Bill, BillLine, BillPayment, PaymentLine, Vendor, VendorCredit
from .store import Company

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
    company: Company, name: str, *, currency: str = "USD", when: int | None = None
) -> Vendor:
    """Add a vendor."""
    now = company.now() if when is None else when
    vendor = Vendor(company.name_id(), 0, now, now, name=name, company_name=name, currency=currency)
    return company.vendors.load(vendor)


def add_bill(
    company: Company,
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
    now = company.now() if when is None else when
    total = sum((item.amount for item in lines), tax or Decimal(0))
    bill = Bill(
        company.transaction_id(),
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
    company.changing(bill)
    return company.bills.load(bill)


def add_credit(
    company: Company,
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
    now = company.now() if when is None else when
    total = sum((item.amount for item in lines), Decimal(0))
    credit = VendorCredit(
        company.transaction_id(),
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
    return company.credits.load(credit)


def add_payment(
    company: Company,
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
    now = company.now() if when is None else when
    for item in lines:
        for kind, ident in item.linked:
            if kind == "Bill" and ident in company.bills.rows:
                company.changing(company.bills.rows[ident])
    payment = BillPayment(
        company.transaction_id(),
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
    company.payments.load(payment)
    company.apply(payment, now)
    return payment


def edit_payment(company: Company, payment: BillPayment, **changes: Any) -> None:
    """Change a payment in place; new lines move the balances of the old and the new bills."""
    company.changing(payment)
    now = company.now()
    lines = changes.pop("lines", None)
    if lines is not None:
        company.unapply(payment, now)
        payment.lines = lines
        payment.total = expected_total(lines)
    for name, value in changes.items():
        setattr(payment, name, value)
    if lines is not None:
        company.apply(payment, now)
    company.payments.touch(payment, now)


def edit_payable(company: Company, row: Bill | VendorCredit, **changes: Any) -> None:
    """Change a bill or a vendor credit; lines and tax change its total and its balance alike."""
    company.changing(row)
    for name, value in changes.items():
        setattr(row, name, value)
    tax = row.tax if isinstance(row, Bill) else None
    total = sum((item.amount for item in row.lines), tax or Decimal(0))
    row.balance = max(Decimal(0), row.balance + total - row.total)
    row.total = total
    company.table(type(row).__name__).touch(row, company.now())


def edit_vendor(company: Company, vendor: Vendor, **changes: Any) -> None:
    """Change a vendor; one made inactive gains a marker behind its name (section 12)."""
    company.changing(vendor)
    for name, value in changes.items():
        setattr(vendor, name, value)
    marker = " (deleted)"
    if not vendor.active and not vendor.name.endswith(marker):
        vendor.name += marker
    company.vendors.touch(vendor, company.now())
