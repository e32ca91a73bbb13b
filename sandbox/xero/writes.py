"""Creating and deleting payments and batches (reference sections 8, 9 and 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books import acts
from sandbox.books.records import Account, Batch, Bill, BillPayment

from .body import Element, amount, day, part
from .faultbodies import XeroFault, refused_elements, validation
from .refunds import Refund
from .shapes_bills import bill_status
from .shapes_payments import PaymentRow, batch_payment, payment
from .store import Organisation

_PAY_TYPES = {"Bank": "Check", "Credit Card": "CreditCard"}
ONLY_STATUS = "Only Status accepted for updates."
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"


@dataclass(frozen=True, slots=True)
class Draft:
    """A payment that is in order and may be made."""

    bill: Bill
    account: Account
    amount: Decimal
    day: date
    reference: str | None
    rate: Decimal

    def make(self, org: Organisation) -> BillPayment:
        """Pay."""
        return acts.add_payment(
            org,
            vendor_id=self.bill.vendor_id,
            lines=[acts.line(self.amount, "Bill", self.bill.id)],
            txn_date=self.day,
            number=self.reference,
            pay_type=_PAY_TYPES[self.account.kind],
            account_id=self.account.id,
            currency=self.bill.currency,
            rate=self.rate,
        )


def _bill(element: Element, org: Organisation) -> Bill:
    asked = part(element, "Invoice")
    ident, number = asked.get("InvoiceID"), asked.get("InvoiceNumber")
    if ident is not None:
        found = org.bills.rows.get(str(ident).lower())
    else:
        named = [row for row in org.bills.rows.values() if number and row.number == number]
        found = named[0] if len(named) == 1 else None
    if found is None:
        raise validation("Invoice could not be found")
    if bill_status(found, org) != "AUTHORISED":
        raise validation("Payments can only be made against Authorised documents")
    return found


def _account(element: Element, org: Organisation) -> Account:
    asked = part(element, "Account")
    ident, code = asked.get("AccountID"), asked.get("Code")
    for row in org.accounts.rows.values():
        if ident is not None:
            fits = org.account_guid(row.id) == str(ident).lower()
        else:
            fits = code is not None and org.account_code(row.id) == str(code)
        if fits and row.kind in _PAY_TYPES:
            return row
    raise validation("Account could not be found, or no payments can be made from it")


def _draft(element: Element, head: Element, org: Organisation, taken: dict[str, Decimal]) -> Draft:
    """Check one payment; `head` holds account and date, `taken` what others take of each bill."""
    bill, account = _bill(element, org), _account(head, org)
    paid = amount(element, "Amount")
    if paid is None or paid <= 0:
        raise validation("Payment amount must be greater than zero")
    if paid != paid.quantize(Decimal("0.01")):
        raise validation("Payment amount has more than two decimals")
    if paid > bill.balance - taken.get(bill.id, Decimal(0)):
        raise validation(TOO_MUCH)
    rate = amount(element, "CurrencyRate")
    if rate is not None and rate <= 0:
        raise validation("CurrencyRate must be greater than zero")
    taken[bill.id] = taken.get(bill.id, Decimal(0)) + paid
    reference = element.get("Reference")
    return Draft(
        bill,
        account,
        paid,
        day(head, "Date") or org.clock.today(org.zone),
        str(reference) if reference else None,
        bill.rate if rate is None or bill.currency == org.home_currency else 1 / rate,
    )


def _messages(fault: XeroFault | None) -> list[dict[str, str]]:
    if fault is None or isinstance(fault.body, str):
        return []
    found: list[dict[str, str]] = fault.body["Elements"][0]["ValidationErrors"]
    return found


def create_payments(
    elements: Sequence[Element], org: Organisation, *, summarize: bool
) -> list[dict[str, Any]]:
    """Pay bills; not summarised, what is in order is paid and the rest answered beside it."""
    taken: dict[str, Decimal] = {}
    drafts: list[Draft | None] = []
    faults: list[XeroFault | None] = []
    for element in elements:
        try:
            drafts.append(_draft(element, element, org, taken))
            faults.append(None)
        except XeroFault as fault:
            drafts.append(None)
            faults.append(fault)
    if summarize and any(faults):
        raise refused_elements([{"ValidationErrors": _messages(fault)} for fault in faults])
    rows = []
    for draft, wrong in zip(drafts, faults, strict=True):
        if draft is not None:
            done = payment(draft.make(org), org, full=True)
            rows.append(done | ({} if summarize else {"StatusAttributeString": "OK"}))
        else:
            told = {"StatusAttributeString": "ERROR", "HasValidationErrors": True}
            rows.append(told | {"ValidationErrors": _messages(wrong)})
    return rows


def _deleting(element: Element, id_name: str) -> None:
    if set(element) - {"Status", id_name}:
        raise validation(ONLY_STATUS)
    if element.get("Status") != "DELETED":
        raise validation("Status can only be changed to DELETED")


def delete_payment(row: PaymentRow, element: Element, org: Organisation) -> dict[str, Any]:
    """Delete one payment; the record stays, with its amounts."""
    _deleting(element, "PaymentID")
    if isinstance(row, Refund):
        raise validation("The sandbox does not delete refunds")
    if row.voided:
        raise validation("This payment has already been deleted")
    if row.batch is not None:
        raise validation("This payment is part of a batch payment and cannot be deleted on its own")
    org.void(row)
    return payment(row, org, full=True)


def create_batch(element: Element, org: Organisation) -> dict[str, Any]:
    """Pay several bills in one go; only in the base currency."""
    rows = element.get("Payments")
    if not isinstance(rows, list) or not rows:
        raise validation("A batch payment needs Payments")
    taken: dict[str, Decimal] = {}
    drafts = [_draft(row, element, org, taken) for row in rows]
    if any(draft.bill.currency != org.home_currency for draft in drafts):
        raise validation("Batch payments can only be made in the base currency")
    number = element.get("Details") or element.get("Reference")
    made = [draft.make(org) for draft in drafts]
    for one in made:
        one.number = str(number) if number else None
    return batch_payment(org.batch(made, number_only_here=True), org)


def delete_batch(row: Batch, element: Element, org: Organisation) -> dict[str, Any]:
    """Delete a batch with all of its payments."""
    _deleting(element, "BatchPaymentID")
    if row.deleted:
        raise validation("This batch payment has already been deleted")
    org.void(org.payments.rows[row.payments[0]])
    return batch_payment(row, org)
