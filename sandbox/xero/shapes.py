"""How contacts, accounts and the organisation look (reference sections 4 and 10)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.books.records import Account, BillLine, Record, Vendor

from .render import instant_string, money, ms_instant
from .store import TIME_ZONE, Organisation, bare
from .tokens import guid

_NOTHING = money(Decimal(0))
_TYPES = {
    "Bank": ("BANK", "BANK", "ASSET"),
    "Credit Card": ("BANK", "CREDITCARD", "LIABILITY"),
    "Accounts Payable": ("CURRLIAB", "", "LIABILITY"),
    "Expense": ("DIRECTCOSTS", "", "EXPENSE"),
}


def updated_millis(row: Record, org: Organisation) -> int:
    """Return `UpdatedDateUTC` in milliseconds.

    The books keep seconds. What is older than the sandbox gets milliseconds of its own; what
    changes later gets none, so that nothing ever claims to have changed in the future.
    """
    if row.updated >= org.opened:
        return row.updated * 1000
    return row.updated * 1000 + int(bare(row.id)[:3], 16) % 1000


def stamps(row: Record, org: Organisation) -> dict[str, str]:
    """Return `UpdatedDateUTC` and the text beside it."""
    millis = updated_millis(row, org)
    return {"UpdatedDateUTC": ms_instant(millis), "UpdatedDateUTCString": instant_string(millis)}


def contact_summary(vendor_id: str, org: Organisation) -> dict[str, Any]:
    """Return the contact inside another document."""
    vendor = org.vendors.rows.get(vendor_id)
    return {
        "ContactID": vendor_id,
        "Name": vendor.name if vendor else "",
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def contact(row: Vendor, org: Organisation, *, full: bool) -> dict[str, Any]:
    """Return a contact; with its balances when paged or read on its own."""
    shape = contact_summary(row.id, org) | {
        "ContactStatus": "ACTIVE" if row.active else "ARCHIVED",
        "IsSupplier": True,
        "IsCustomer": False,
        "DefaultCurrency": row.currency,
        "HasAttachments": False,
        "UpdatedDateUTC": ms_instant(updated_millis(row, org)),
    }
    if full:
        payable = {"Outstanding": money(org.owed_to(row.id)), "Overdue": _NOTHING}
        receivable = {"Outstanding": _NOTHING, "Overdue": _NOTHING}
        shape["Balances"] = {"AccountsReceivable": receivable, "AccountsPayable": payable}
    return shape


def account(row: Account, org: Organisation) -> dict[str, Any]:
    """Return an account; only bank accounts have a currency, and not every one has a code."""
    kind, bank, category = _TYPES[row.kind]
    shape: dict[str, Any] = {"AccountID": org.account_guid(row.id)}
    code = org.account_code(row.id)
    if code is not None:
        shape["Code"] = code
    shape |= {
        "Name": row.name,
        "Status": "ACTIVE" if row.active else "ARCHIVED",
        "Type": kind,
        "TaxType": "NONE",
        "Class": category,
        "EnablePaymentsToAccount": False,
        "ShowInExpenseClaims": False,
        "BankAccountType": bank,
        "HasAttachments": False,
        "UpdatedDateUTC": ms_instant(updated_millis(row, org)),
    }
    if bank:
        shape["CurrencyCode"] = row.currency
    if row.kind == "Accounts Payable":
        shape["SystemAccount"] = "CREDITORS"
    return shape


def account_ref(ident: str, org: Organisation, *, named: bool = False) -> dict[str, Any]:
    """Return the account inside a payment."""
    shape: dict[str, Any] = {"AccountID": org.account_guid(ident)}
    code = org.account_code(ident)
    if code is not None:
        shape["Code"] = code
    found = org.accounts.rows.get(ident)
    if named and found:
        shape["Name"] = found.name
    return shape


def line_items(owner: str, lines: list[BillLine], org: Organisation) -> list[dict[str, Any]]:
    """Return the lines of a bill or of a credit note."""
    return [
        {
            "LineItemID": guid(owner, "line", position),
            "Description": line.description,
            "Quantity": Decimal("1.0000"),
            "UnitAmount": money(line.amount),
            "LineAmount": money(line.amount),
            "TaxType": "NONE",
            "TaxAmount": _NOTHING,
            "AccountCode": org.account_code(line.account_id),
            "AccountID": org.account_guid(line.account_id),
            "Tracking": [],
        }
        for position, line in enumerate(lines, start=1)
    ]


def organisation(org: Organisation) -> dict[str, Any]:
    """Return the organisation: a company in the United States, several currencies on."""
    founded = datetime.fromtimestamp(org.founded, UTC)
    return {
        "OrganisationID": org.tenant_id,
        "Name": org.name,
        "LegalName": f"{org.name} LLC",
        "PaysTax": True,
        "Version": "US",
        "OrganisationType": "COMPANY",
        "OrganisationEntityType": "COMPANY",
        "BaseCurrency": org.home_currency,
        "CountryCode": "US",
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "MONTHLY",
        "CreatedDateUTC": ms_instant(int(founded.timestamp()) * 1000),
        "Timezone": TIME_ZONE,
        "ShortCode": "!" + org.tenant_id[:5].upper(),
        "Class": "PREMIUM",
        "Edition": "BUSINESS",
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }
