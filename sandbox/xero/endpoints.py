"""The lists that the emulator has: their rows, scopes, parameters and shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from sandbox.books.records import Account, Bill, BillPayment, Vendor

from . import properties
from .faultbodies import validation
from .lists import Collection, Query, View, guids
from .shapes import account, contact
from .shapes_bills import bill_status, credit_note, invoice
from .shapes_payments import batch_payment, paid_ahead, payment
from .store import Organisation, bare

_STATUSES = frozenset({"DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"})
_BY_VALUE = frozenset({"IDs", "InvoiceNumbers", "Statuses"})


def _payments(org: Organisation, since: int) -> Iterator[Any]:
    plain = (row for row in org.payments.updated_between(since) if row.kind == "payment")
    return chain(plain, (row for row in org.refunds if row.updated >= since))


def _bills(org: Organisation, since: int) -> Iterator[Any]:
    void = (row for row in org.void_bills.values() if row.updated >= since)
    return chain(org.bills.updated_between(since), void)


def _credits(org: Organisation, since: int) -> Iterator[Any]:
    void = (row for row in org.void_credits.values() if row.updated >= since)
    return chain(org.credits.updated_between(since), void)


def _ahead(kind: str) -> Callable[[Organisation, int], Iterator[BillPayment]]:
    def rows(org: Organisation, since: int) -> Iterator[BillPayment]:
        return (row for row in org.payments.updated_between(since) if row.kind == kind)

    return rows


def _yes(query: Query, name: str) -> bool:
    """Read a switch of a query."""
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise validation(f"{name} is true or false")
    return text == "true"


def _narrow_bills(query: Query, org: Organisation) -> Callable[[Any], bool] | None:
    """Test by the comma lists of a query; all that are given must hold."""
    tests: list[Callable[[Bill], bool]] = []
    if "ContactIDs" in query:
        contacts = guids(query["ContactIDs"], "ContactIDs")
        tests.append(lambda row: row.vendor_id in contacts)
    if "InvoiceNumbers" in query:
        numbers = set(query["InvoiceNumbers"].split(","))
        tests.append(lambda row: row.number in numbers)
    if "Statuses" in query:
        statuses = set(query["Statuses"].split(","))
        if not statuses <= _STATUSES:
            raise validation("Statuses has a value that is no status of an invoice")
        tests.append(lambda row: bill_status(row, org) in statuses)
    return (lambda row: all(test(row) for test in tests)) if tests else None


def _narrow_contacts(query: Query, org: Organisation) -> Callable[[Any], bool] | None:
    tests: list[Callable[[Vendor], bool]] = []
    if not _yes(query, "includeArchived"):
        tests.append(lambda row: row.active)
    return lambda row: all(test(row) for test in tests)


def _payment(org: Organisation, ident: str) -> Any:
    found = org.payments.rows.get(ident)
    return found or next((row for row in org.refunds if row.id == ident), None)


def _account(org: Organisation, ident: str) -> Account | None:
    rows = org.accounts.rows.values()
    return next((row for row in rows if org.account_guid(row.id) == ident), None)


def _invoice(row: Any, org: Organisation, view: View) -> dict[str, Any]:
    return invoice(row, org, full=view.full, summary=_yes(view.query, "summaryOnly"))


PAYMENTS = Collection(
    "Payments",
    "PaymentID",
    "payments",
    _payments,
    _payment,
    properties.PAYMENTS,
    lambda row, org, view: payment(row, org, full=view.alone),
)
BATCH_PAYMENTS = Collection(
    "BatchPayments",
    "BatchPaymentID",
    "payments",
    lambda org, since: org.batches.updated_between(since),
    lambda org, ident: org.batches.rows.get(ident),
    properties.BATCH_PAYMENTS,
    lambda row, org, view: batch_payment(row, org),
    paged=False,
)
INVOICES = Collection(
    "Invoices",
    "InvoiceID",
    "invoices",
    _bills,
    lambda org, ident: org.bills.rows.get(ident) or org.void_bills.get(ident),
    properties.INVOICES,
    _invoice,
    params=_BY_VALUE | {"ContactIDs", "summaryOnly", "includeArchived", "unitdp"},
    full_by=_BY_VALUE,
    narrow=_narrow_bills,
)
CREDIT_NOTES = Collection(
    "CreditNotes",
    "CreditNoteID",
    "invoices",
    _credits,
    lambda org, ident: org.credits.rows.get(ident) or org.void_credits.get(ident),
    properties.CREDIT_NOTES,
    lambda row, org, view: credit_note(row, org, full=view.full),
    params=frozenset({"unitdp"}),
)
PREPAYMENTS = Collection(
    "Prepayments",
    "PrepaymentID",
    "payments",
    _ahead("prepayment"),
    lambda org, ident: org.payments.rows.get(f"prepayment-{ident}"),
    properties.PREPAYMENTS,
    lambda row, org, view: paid_ahead(row, org),
    ident=lambda row, org: bare(row.id),
    params=frozenset({"unitdp"}),
)
OVERPAYMENTS = Collection(
    "Overpayments",
    "OverpaymentID",
    "payments",
    _ahead("overpayment"),
    lambda org, ident: org.payments.rows.get(f"overpayment-{ident}"),
    properties.OVERPAYMENTS,
    lambda row, org, view: paid_ahead(row, org),
    ident=lambda row, org: bare(row.id),
    params=frozenset({"unitdp"}),
)
CONTACTS = Collection(
    "Contacts",
    "ContactID",
    "contacts",
    lambda org, since: org.vendors.updated_between(since),
    lambda org, ident: org.vendors.rows.get(ident),
    properties.CONTACTS,
    lambda row, org, view: contact(row, org, full=view.full),
    params=frozenset({"IDs", "includeArchived", "summaryOnly"}),
    narrow=_narrow_contacts,
)
ACCOUNTS = Collection(
    "Accounts",
    "AccountID",
    "settings",
    lambda org, since: org.accounts.updated_between(since),
    _account,
    properties.ACCOUNTS,
    lambda row, org, view: account(row, org),
    ident=lambda row, org: org.account_guid(row.id),
    paged=False,
)
COLLECTIONS = (
    PAYMENTS,
    BATCH_PAYMENTS,
    INVOICES,
    CREDIT_NOTES,
    PREPAYMENTS,
    OVERPAYMENTS,
    CONTACTS,
    ACCOUNTS,
)
