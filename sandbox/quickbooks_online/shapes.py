"""How records look in JSON (reference sections 4, 11 and 12).

Only attributes with values are sent; instants carry the US Pacific offset, in whole seconds;
amounts are JSON numbers. A number is printed as the shortest text that gives the same amount
back, which is exact for every amount of at most 15 digits; writes refuse longer ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sandbox.books.records import (
    Account,
    Bill,
    BillPayment,
    Entity,
    Record,
    Tombstone,
    Vendor,
    VendorCredit,
)

if TYPE_CHECKING:
    from .store import Company

PACIFIC = ZoneInfo("America/Los_Angeles")
CURRENCY_NAMES = {
    "USD": "United States Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "JPY": "Japanese Yen",
    "KWD": "Kuwaiti Dinar",
}


def pacific(epoch: int) -> str:
    """Return an instant of `MetaData`: whole seconds, Pacific offset."""
    return datetime.fromtimestamp(epoch, PACIFIC).isoformat(timespec="seconds")


def pacific_millis(instant: datetime) -> str:
    """Return the `time` of an envelope: milliseconds, Pacific offset."""
    return instant.astimezone(PACIFIC).isoformat(timespec="milliseconds")


def number(amount: Decimal) -> int | float:
    """Return an amount as the JSON number that QuickBooks Online prints: `0`, `666.0`, `56.5`."""
    return float(amount) if amount else 0


def _meta(record: Record) -> dict[str, str]:
    return {"CreateTime": pacific(record.created), "LastUpdatedTime": pacific(record.updated)}


def _head(record: Record) -> dict[str, Any]:
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": record.id,
        "SyncToken": str(record.sync_token),
        "MetaData": _meta(record),
    }


def _currency(code: str) -> dict[str, str]:
    return {"value": code, "name": CURRENCY_NAMES.get(code, code)}


def _account_ref(ident: str, company: Company) -> dict[str, str]:
    account = company.accounts.rows.get(ident)
    return {"value": ident, "name": account.name} if account else {"value": ident}


def _vendor_ref(ident: str, company: Company) -> dict[str, str]:
    vendor = company.vendors.rows.get(ident)
    return {"value": ident, "name": vendor.name} if vendor else {"value": ident}


def _account(row: Account, company: Company) -> dict[str, Any]:
    shape = {"Name": row.name, "FullyQualifiedName": row.name, "Active": row.active}
    shape |= {"AccountType": row.kind, "CurrencyRef": _currency(row.currency)}
    return shape | _head(row)


def _vendor(row: Vendor, company: Company) -> dict[str, Any]:
    shape: dict[str, Any] = {"DisplayName": row.name, "PrintOnCheckName": row.name}
    if row.company_name:
        shape["CompanyName"] = row.company_name
    shape |= {"Active": row.active, "Balance": number(company.owed_to(row.id))}
    shape["CurrencyRef"] = _currency(row.currency)
    return shape | _head(row)


def _expense_lines(row: Bill | VendorCredit, company: Company) -> list[dict[str, Any]]:
    lines = []
    for position, line in enumerate(row.lines, start=1):
        detail: dict[str, Any] = {"AccountRef": _account_ref(line.account_id, company)}
        detail["BillableStatus"] = "NotBillable"
        if line.customer_id:
            detail["CustomerRef"] = {"value": line.customer_id}
        lines.append(
            {
                "Id": str(position),
                "LineNum": position,
                "Description": line.description,
                "Amount": number(line.amount),
                "DetailType": "AccountBasedExpenseLineDetail",
                "AccountBasedExpenseLineDetail": detail,
            }
        )
    return lines


def _payable(row: Bill | VendorCredit, company: Company, link: str) -> dict[str, Any]:
    shape: dict[str, Any] = {"VendorRef": _vendor_ref(row.vendor_id, company)}
    shape["APAccountRef"] = _account_ref("33", company)
    if row.number is not None:
        shape["DocNumber"] = row.number
    shape |= {"TxnDate": row.txn_date.isoformat(), "TotalAmt": number(row.total)}
    shape |= {"Balance": number(row.balance), "CurrencyRef": _currency(row.currency)}
    if row.currency != company.home_currency:
        shape["ExchangeRate"] = number(row.rate)
    shape["HomeBalance"] = number((row.balance * row.rate).quantize(Decimal("0.01")))
    if row.note:
        shape["PrivateNote"] = row.note
    shape["LinkedTxn"] = [{"TxnId": ident, "TxnType": link} for ident in row.payments]
    shape["Line"] = _expense_lines(row, company)
    return shape | _head(row)


def _bill(row: Bill, company: Company) -> dict[str, Any]:
    shape = _payable(row, company, "BillPaymentCheck")
    if row.due_date:
        shape["DueDate"] = row.due_date.isoformat()
    if row.tax is not None:
        shape["TxnTaxDetail"] = {"TotalTax": number(row.tax)}
    return shape


def _vendor_credit(row: VendorCredit, company: Company) -> dict[str, Any]:
    return _payable(row, company, "BillPayment")


def _bill_payment(row: BillPayment, company: Company) -> dict[str, Any]:
    shape: dict[str, Any] = {"VendorRef": _vendor_ref(row.vendor_id, company)}
    shape["PayType"] = row.pay_type
    account = _account_ref(row.account_id, company)
    if row.pay_type == "Check":
        shape["CheckPayment"] = {"BankAccountRef": account, "PrintStatus": row.print_status}
    else:
        shape["CreditCardPayment"] = {"CCAccountRef": account}
    shape["TotalAmt"] = number(row.total)
    if row.number is not None:
        shape["DocNumber"] = row.number
    shape |= {"TxnDate": row.txn_date.isoformat(), "CurrencyRef": _currency(row.currency)}
    if row.currency != company.home_currency:
        shape["ExchangeRate"] = number(row.rate)
    if row.note:
        shape["PrivateNote"] = row.note
    if row.lines:
        shape["Line"] = [
            {
                "Amount": number(line.amount),
                "LinkedTxn": [{"TxnId": ident, "TxnType": kind} for kind, ident in line.linked],
            }
            for line in row.lines
        ]
    return shape | _head(row)


_SHAPES: dict[type, Callable[..., dict[str, Any]]] = {
    Account: _account,
    Vendor: _vendor,
    Bill: _bill,
    VendorCredit: _vendor_credit,
    BillPayment: _bill_payment,
}


def shape(record: Entity, company: Company) -> dict[str, Any]:
    """Return the JSON object of a record."""
    return _SHAPES[type(record)](record, company)


def tombstone_shape(tombstone: Tombstone) -> dict[str, Any]:
    """Return the JSON object of a deleted record, as change data capture shows it."""
    meta = {"LastUpdatedTime": pacific(tombstone.deleted)}
    return {"status": "Deleted", "domain": "QBO", "Id": tombstone.id, "MetaData": meta}


def company_info(company: Company) -> dict[str, Any]:
    """Return the `CompanyInfo` object; its `Id` is always 1, the realm is in the address."""
    address = {"Id": "1", "City": "Seattle", "CountrySubDivisionCode": "WA", "Country": "USA"}
    meta = {"CreateTime": pacific(company.founded), "LastUpdatedTime": pacific(company.founded)}
    return {
        "CompanyName": company.name,
        "LegalName": f"{company.name} LLC",
        "CompanyAddr": address,
        "CompanyStartDate": datetime.fromtimestamp(company.founded, UTC).date().isoformat(),
        "FiscalYearStartMonth": "January",
        "Country": "US",
        "DefaultTimeZone": str(company.zone),
        "SupportedLanguages": "en",
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": meta,
    }


def preferences(company: Company) -> dict[str, Any]:
    """Return the `Preferences` object: home currency and whether there are others."""
    currency = {
        "MultiCurrencyEnabled": company.multicurrency,
        "HomeCurrency": {"value": company.home_currency},
    }
    meta = {"CreateTime": pacific(company.founded), "LastUpdatedTime": pacific(company.founded)}
    return {
        "AccountingInfoPrefs": {"UseAccountNumbers": False, "BookCloseDate": "2000-12-31"},
        "VendorAndPurchasesPrefs": {"EnableBills": True, "TrackingByCustomer": True},
        "CurrencyPrefs": currency,
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "MetaData": meta,
    }
