"""What the JSON of Xero's bills (invoices of the type ACCPAY) means; pure functions.

A bill says what paid it and what was credited to it, so what is cash can be told apart (Xero:
invoices).
"""

from decimal import Decimal

from connectors.erp import Bill
from connectors.xero import fields
from connectors.xero.advances import total
from connectors.xero.fields import Row
from connectors.xero.mapping import contact
from connectors.xero.query import ADVANCES, BILLS, PAYMENTS, Kind

_CREDIT_NOTES = Kind("CreditNotes", "CreditNoteID", "", "")


def is_bill(row: Row) -> bool:
    """Whether an invoice is one that the organisation has to pay."""
    return fields.text(row, "Type") == "ACCPAY"


def bill(row: Row) -> Bill:
    """A bill, deleted and voided ones too; what is not as documented is missing. Raises ValueError
    where it has no id."""
    paid, credited = fields.amount(row, "AmountPaid"), fields.amount(row, "AmountCredited")
    # UK: tax withheld from subcontractors lowers what is due without a payment.
    withheld = fields.amount(row, "CISDeduction") if row.get("CISDeduction") else Decimal(0)
    explained = _credits_are_explained(row, credited)
    advances = [_used(row, kind) for kind in ADVANCES] if explained else [None]
    return Bill(
        bill_id=fields.required(row, BILLS.key),
        number=fields.text(row, "InvoiceNumber"),
        vendor_id=contact(row),
        vendor_name=fields.text(fields.part(row, "Contact"), "Name"),
        date=fields.day(row, "Date"),
        currency=fields.text(row, "CurrencyCode"),
        total=fields.amount(row, "Total"),
        net=fields.amount(row, "SubTotal"),
        tax=fields.amount(row, "TotalTax"),
        settled=total([paid, credited, withheld]),
        paid_cash=total([paid, *advances]),
        payment_ids=_payment_ids(row, paid) if explained else None,
        modified_at=fields.moment(row, "UpdatedDateUTC"),
        version=fields.text(row, "UpdatedDateUTC") or "",
    )


def _credits_are_explained(row: Row, credited: Decimal | None) -> bool:
    """Whether the credits under the bill are all that was credited: an empty list proves nothing
    on its own (Xero: payments)."""
    used = total([_used(row, kind) for kind in (_CREDIT_NOTES, *ADVANCES)])
    return credited is not None and used == credited


def _used(row: Row, kind: Kind) -> Decimal | None:
    try:
        found = fields.parts(row, kind.resource)
    except ValueError:
        return None
    return total([fields.amount(each, "AppliedAmount") for each in found])


def _payment_ids(row: Row, paid: Decimal | None) -> frozenset[str] | None:
    """The payments that the bill names; None where they are not all that was paid."""
    try:
        payments = [
            each
            for each in fields.parts(row, PAYMENTS.resource)
            if fields.text(each, "Status") != "DELETED"
        ]
        named = {fields.required(each, PAYMENTS.key) for each in payments}
        for kind in ADVANCES:
            for each in fields.parts(row, kind.resource):
                named.add(kind.prefix + fields.required(each, kind.key))
    except ValueError:
        return None
    sums = total([fields.amount(each, "Amount") for each in payments])
    return frozenset(named) if paid is not None and sums == paid else None
