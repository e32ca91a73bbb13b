"""Reads the JSON bodies of writes as strictly as the documentation describes the objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.acts import MAX_AMOUNT
from sandbox.books.records import BillLine, PaymentLine

from .faultbodies import QboFault, business, missing, not_found, unsupported
from .store import Company

HEAD = frozenset({"Id", "SyncToken", "sparse", "domain", "MetaData", "status"})
LINK_TYPES = frozenset({"Bill", "VendorCredit", "JournalEntry", "Deposit"})


def parse_json(raw: bytes) -> dict[str, Any]:
    """Parse a body; amounts become decimals."""
    try:
        body = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        raise QboFault(
            "2010", "Request has invalid or unsupported property", "The request body is not JSON"
        ) from None
    if not isinstance(body, dict):
        raise QboFault(
            "2010",
            "Request has invalid or unsupported property",
            "The request body is not a JSON object",
        )
    return body


def check_names(body: dict[str, Any], allowed: Iterable[str]) -> None:
    """Refuse a property that the object does not have."""
    known = HEAD | set(allowed)
    for name in body:
        if name not in known:
            raise unsupported(name)


def ref(body: dict[str, Any], name: str) -> str | None:
    """Return the `value` of a reference, if the body has it."""
    found = body.get(name)
    if found is None:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("value"), str):
        raise unsupported(f"{name}.value")
    return str(found["value"])


def text(body: dict[str, Any], name: str, longest: int) -> str | None:
    """Return an optional text of limited length."""
    found = body.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise unsupported(name)
    if len(found) > longest:
        detail = f"{name} is longer than {longest} characters"
        raise QboFault("2050", "String length is too long", detail, element=name)
    return found


def day(body: dict[str, Any], name: str) -> date | None:
    """Return an optional date."""
    found = body.get(name)
    if found is None:
        return None
    try:
        return date.fromisoformat(found)
    except (TypeError, ValueError):
        raise QboFault("2030", "Invalid date", f"{name} is not a date: {found}") from None


def amount(body: dict[str, Any], name: str) -> Decimal:
    """Return a required amount: a JSON number from zero up."""
    found = body.get(name)
    if found is None:
        raise missing(name)
    if not isinstance(found, Decimal):
        raise QboFault("2040", "Invalid number", f"{name} is not a number: {found}", element=name)
    if not 0 <= found <= MAX_AMOUNT:
        raise business(f"{name} must lie between 0 and {MAX_AMOUNT}")
    return found


def payment_lines(body: dict[str, Any], company: Company, vendor_id: str) -> list[PaymentLine]:
    """Return the lines of a bill payment; every linked document must exist and be the vendor's."""
    lines = []
    for raw in body.get("Line", []):
        check_names(raw, {"Amount", "LinkedTxn", "LineNum", "Description"})
        linked = []
        for link in raw.get("LinkedTxn") or []:
            check_names(link, {"TxnId", "TxnType", "TxnLineId"})
            kind, ident = link.get("TxnType"), link.get("TxnId")
            if kind not in LINK_TYPES:
                raise unsupported("LinkedTxn.TxnType")
            if kind in ("Bill", "VendorCredit"):
                document = company.table(kind).rows.get(ident)
                if document is None:
                    raise not_found(kind, ident)
                if document.vendor_id != vendor_id:
                    raise business(f"{kind} {ident} belongs to another vendor")
            linked.append((kind, ident))
        if not linked:
            raise missing("Line.LinkedTxn")
        lines.append(PaymentLine(amount(raw, "Amount"), linked))
    return lines


def expense_lines(body: dict[str, Any]) -> list[BillLine]:
    """Return the expense lines of a bill or of a vendor credit; there must be at least one."""
    raw_lines = body.get("Line")
    if not raw_lines:
        raise missing("Line")
    lines = []
    for raw in raw_lines:
        detail_name = raw.get("DetailType")
        if detail_name not in ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"):
            raise missing("Line.DetailType")
        detail = raw.get(detail_name)
        if not isinstance(detail, dict):
            raise missing(f"Line.{detail_name}")
        account = ref(detail, "AccountRef") or "58"
        lines.append(
            BillLine(
                amount(raw, "Amount"),
                raw.get("Description") or "",
                account,
                ref(detail, "CustomerRef"),
            )
        )
    return lines
