"""Create, update, void and delete (reference sections 2, 4 and 13), with their checks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sandbox.books import acts
from sandbox.books.records import Bill, BillPayment, Entity, PaymentLine, Vendor, VendorCredit

from .body import amount, check_names, day, expense_lines, payment_lines, ref, text
from .faultbodies import QboFault, business, missing, not_found, stale, unsupported_operation
from .shapes import shape
from .store import Company

_PAYMENT = {
    "VendorRef", "TxnDate", "DocNumber", "PayType", "CheckPayment", "CreditCardPayment", "TotalAmt",
    "CurrencyRef", "ExchangeRate", "APAccountRef", "DepartmentRef", "PrivateNote",
    "ProcessBillPayment", "Line", "VendorAddr",
}  # fmt: skip
_PAYABLE = {
    "VendorRef", "APAccountRef", "TxnDate", "DueDate", "DocNumber", "TotalAmt", "Balance",
    "HomeBalance", "CurrencyRef", "ExchangeRate", "PrivateNote", "Line", "LinkedTxn",
    "SalesTermRef", "DepartmentRef", "GlobalTaxCalculation", "TxnTaxDetail",
}  # fmt: skip
_VENDOR = {
    "DisplayName", "CompanyName", "PrintOnCheckName", "Active", "CurrencyRef", "GivenName",
    "FamilyName", "PrimaryPhone", "PrimaryEmailAddr", "BillAddr", "Balance",
}  # fmt: skip
_PRINT = frozenset({"NotSet", "NeedToPrint", "PrintComplete"})


def write(
    kind: str, body: dict[str, Any], operation: str | None, include: str | None, company: Company
) -> dict[str, Any]:
    """Carry out one write and return the payload key with the object."""
    if operation == "delete":
        return _delete(kind, body, company)
    if operation == "update" and include == "void":
        return _void(kind, body, company)
    if operation not in (None, "update") or include is not None:
        raise unsupported_operation(f"{operation or include}")
    if kind not in _WRITERS:
        raise unsupported_operation(f"create or update of {kind}")
    row = _current(kind, body, company) if "Id" in body else None
    if operation == "update" and row is None:
        raise missing("Id")
    return {kind: shape(_WRITERS[kind](body, row, company), company)}


def _current(kind: str, body: dict[str, Any], company: Company) -> Any:
    ident = body.get("Id")
    if not isinstance(ident, str):
        raise missing("Id")
    row = company.table(kind).rows.get(ident)
    if row is None:
        raise not_found(kind, ident)
    token = body.get("SyncToken")
    if token is None:
        raise missing("SyncToken")
    if token != str(row.sync_token):
        raise stale(kind, ident)
    return row


def _void(kind: str, body: dict[str, Any], company: Company) -> dict[str, Any]:
    if kind != "BillPayment":
        raise unsupported_operation(f"void of {kind}")
    payment = _current(kind, body, company)
    if payment.voided:
        raise business("the transaction is void already")
    company.void(payment)
    return {kind: shape(payment, company)}


def _delete(kind: str, body: dict[str, Any], company: Company) -> dict[str, Any]:
    if kind not in ("BillPayment", "Bill", "VendorCredit"):
        raise unsupported_operation(f"delete of {kind}")
    row = _current(kind, body, company)
    if not isinstance(row, BillPayment) and row.payments:
        raise business("a linked transaction must be unlinked before this one is deleted")
    company.delete(row)
    return {kind: {"status": "Deleted", "domain": "QBO", "Id": row.id}}


def _currency(body: dict[str, Any], company: Company, vendor_id: str) -> tuple[str, Decimal]:
    vendor = company.vendors.rows[vendor_id]
    code = ref(body, "CurrencyRef") or vendor.currency
    if code != vendor.currency:
        raise business("the currency of a transaction must be the currency of its vendor")
    rate = body.get("ExchangeRate", Decimal(1))
    return code, rate if isinstance(rate, Decimal) else Decimal(1)


def _vendor_id(body: dict[str, Any], company: Company) -> str:
    ident = ref(body, "VendorRef")
    if ident is None:
        raise missing("VendorRef")
    vendor = company.vendors.rows.get(ident)
    if vendor is None or not vendor.active:
        raise not_found("Vendor", ident)
    return ident


def _account(body: dict[str, Any], pay_type: str) -> tuple[str, str]:
    name, key = (
        ("CheckPayment", "BankAccountRef")
        if pay_type == "Check"
        else ("CreditCardPayment", "CCAccountRef")
    )
    detail = body.get(name)
    if not isinstance(detail, dict):
        raise missing(name)
    account = ref(detail, key)
    if account is None:
        raise missing(f"{name}.{key}")
    status = detail.get("PrintStatus", "NotSet")
    if status not in _PRINT:
        raise QboFault("2010", "Request has invalid or unsupported property", "PrintStatus")
    return account, status


def _checked_lines(
    lines: list[PaymentLine], company: Company, before: BillPayment | None
) -> list[PaymentLine]:
    """Refuse more than the balance; drop lines of bills that are paid already (section 11.2)."""
    kept = []
    used: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        if len(line.linked) == 1 and line.linked[0][0] in ("Bill", "VendorCredit"):
            kind, ident = line.linked[0]
            balance = company.table(kind).rows[ident].balance
            if before is not None:
                balance += before.applied_to(kind).get(ident, Decimal(0))
            rest = balance - used.get((kind, ident), Decimal(0))
            if rest <= 0:
                continue
            if line.amount > rest:
                raise business(f"the amount applied to {kind} {ident} is more than its balance")
            used[kind, ident] = used.get((kind, ident), Decimal(0)) + line.amount
        kept.append(line)
    return kept


def _payment(body: dict[str, Any], row: BillPayment | None, company: Company) -> Entity:
    check_names(body, _PAYMENT)
    sparse = row is not None and body.get("sparse") is True
    vendor_id = row.vendor_id if row and sparse else _vendor_id(body, company)
    if row is not None and vendor_id != row.vendor_id:
        raise business("the vendor of a bill payment cannot be changed")
    changes: dict[str, Any] = {}
    if not sparse or "PayType" in body:
        pay_type = body.get("PayType")
        if pay_type not in acts.ACCOUNTS:
            raise missing("PayType")
        changes["pay_type"] = pay_type
        changes["account_id"], changes["print_status"] = _account(body, pay_type)
    elif row is not None and ("CheckPayment" in body or "CreditCardPayment" in body):
        changes["account_id"], changes["print_status"] = _account(body, row.pay_type)
    if not sparse or "DocNumber" in body:
        changes["number"] = text(body, "DocNumber", 21)
    if not sparse or "PrivateNote" in body:
        changes["note"] = text(body, "PrivateNote", 4000)
    if not sparse or "TxnDate" in body:
        changes["txn_date"] = day(body, "TxnDate") or company.clock.today(company.zone)
    if not sparse or "Line" in body:
        asked = payment_lines(body, company, vendor_id)
        total = amount(body, "TotalAmt")
        applied = acts.expected_total(asked)
        if total < applied:
            raise business("the total is less than what the lines apply")
        lines = _checked_lines(asked, company, row)
        rest = acts.expected_total(lines)
        changes["lines"], changes["total"] = lines, total - (applied - rest)
    if row is not None:
        acts.edit_payment(company, row, **changes)
        return row
    code, rate = _currency(body, company, vendor_id)
    return acts.add_payment(company, vendor_id=vendor_id, currency=code, rate=rate, **changes)


def _payable(
    body: dict[str, Any], row: Bill | VendorCredit | None, company: Company, *, bill: bool
) -> Entity:
    check_names(body, _PAYABLE)
    sparse = row is not None and body.get("sparse") is True
    vendor_id = row.vendor_id if row and sparse else _vendor_id(body, company)
    changes: dict[str, Any] = {}
    if not sparse or "DocNumber" in body:
        changes["number"] = text(body, "DocNumber", 21)
    if not sparse or "TxnDate" in body:
        changes["txn_date"] = day(body, "TxnDate") or company.clock.today(company.zone)
    if bill and (not sparse or "DueDate" in body):
        changes["due_date"] = day(body, "DueDate")
    if not sparse or "Line" in body:
        changes["lines"] = expense_lines(body)
    if bill and (not sparse or "TxnTaxDetail" in body):
        changes["tax"] = _tax(body)
    if isinstance(row, Bill | VendorCredit):
        _check_total(row, changes)
    if row is not None:
        if row.payments and vendor_id != row.vendor_id:
            raise business("the vendor of a paid transaction cannot be changed")
        changes["vendor_id"] = vendor_id
        if not sparse or "PrivateNote" in body:
            changes["note"] = text(body, "PrivateNote", 4000)
        acts.edit_payable(company, row, **changes)
        return row
    code, rate = _currency(body, company, vendor_id)
    add = acts.add_bill if bill else acts.add_credit
    return add(company, vendor_id=vendor_id, currency=code, rate=rate, **changes)


def _tax(body: dict[str, Any]) -> Decimal | None:
    """Return the tax of a bill, part of its total; only the sum, as nobody here asks for rates."""
    detail = body.get("TxnTaxDetail")
    if detail is None:
        return None
    if not isinstance(detail, dict):
        raise missing("TxnTaxDetail.TotalTax")
    check_names(detail, {"TotalTax"})
    return amount(detail, "TotalTax")


def _check_total(row: Bill | VendorCredit, changes: dict[str, Any]) -> None:
    before = row.tax if isinstance(row, Bill) else None
    tax = changes.get("tax", before) or Decimal(0)
    total = sum((item.amount for item in changes.get("lines", row.lines)), tax)
    if total < row.total - row.balance:
        raise business("the total is less than what is paid already")


def _vendor(body: dict[str, Any], row: Vendor | None, company: Company) -> Entity:
    check_names(body, _VENDOR)
    name = text(body, "DisplayName", 500)
    if name is None and row is None:
        raise missing("DisplayName")
    if name is not None:
        for other in company.vendors.rows.values():
            if other.name.lower() == name.lower() and other is not row:
                detail = f"The name supplied already exists. : Id={other.id}"
                raise QboFault("6240", "Duplicate Name Exists Error", detail)
    if row is None:
        return acts.add_vendor(company, name or "", currency=ref(body, "CurrencyRef") or "USD")
    changes: dict[str, Any] = {"name": name} if name is not None else {}
    if "Active" in body:
        changes["active"] = body["Active"] is True
    if "CompanyName" in body:
        changes["company_name"] = text(body, "CompanyName", 100)
    _edit_vendor(company, row, changes)
    return row


def _edit_vendor(company: Company, vendor: Vendor, changes: dict[str, Any]) -> None:
    """Change a vendor; one made inactive gains a marker behind its name (section 12)."""
    company.changing(vendor)
    for name, value in changes.items():
        setattr(vendor, name, value)
    marker = " (deleted)"
    if not vendor.active and not vendor.name.endswith(marker):
        vendor.name += marker
    company.vendors.touch(vendor, company.now())


_WRITERS: dict[str, Callable[[dict[str, Any], Any, Company], Entity]] = {
    "BillPayment": _payment,
    "Bill": lambda body, row, company: _payable(body, row, company, bill=True),
    "VendorCredit": lambda body, row, company: _payable(body, row, company, bill=False),
    "Vendor": _vendor,
}
