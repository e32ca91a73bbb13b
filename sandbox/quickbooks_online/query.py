"""Answers statements over the company's books (reference sections 5.2 and 5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.books.records import Entity

from .faultbodies import invalid_query, unsupported_operation
from .shapes import PACIFIC, company_info, number, preferences, shape
from .statement import Condition, Statement, parse
from .store import Company

Value = str | int | Decimal | bool
ID_SORTABLE = False
"""Intuit announced that `Id` stops being sortable; the sandbox already refuses it."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property that may be filtered and, mostly, sorted; `kind` decides how literals are read."""

    kind: str
    read: Callable[[Any], Value | None]
    sortable: bool = True


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


_COMMON = {
    "Id": Property("id", lambda r: r.id, sortable=ID_SORTABLE),
    "MetaData.CreateTime": Property("instant", lambda r: r.created),
    "MetaData.LastUpdatedTime": Property("instant", lambda r: r.updated),
}
_PAYABLE = _COMMON | {
    "VendorRef": Property("text", lambda r: r.vendor_id),
    "DocNumber": Property("text", lambda r: r.number),
    "TxnDate": Property("date", lambda r: _iso(r.txn_date)),
    "TotalAmt": Property("amount", lambda r: r.total),
    "APAccountRef": Property("text", lambda r: "33"),
    "Balance": Property("amount", lambda r: r.balance),
}
_NAMED = _COMMON | {"Active": Property("boolean", lambda r: r.active)}
PROPERTIES: dict[str, dict[str, Property]] = {
    "BillPayment": {
        **{k: v for k, v in _PAYABLE.items() if k != "Balance"},
        "CheckPayment": Property("text", lambda r: r.account_id if r.pay_type == "Check" else None),
        "CreditCardPayment": Property(
            "text", lambda r: r.account_id if r.pay_type == "CreditCard" else None
        ),
    },
    "Bill": _PAYABLE | {"DueDate": Property("date", lambda r: _iso(r.due_date))},
    "VendorCredit": _PAYABLE,
    "Vendor": _NAMED
    | {
        "DisplayName": Property("text", lambda r: r.name),
        "PrintOnCheckName": Property("text", lambda r: r.name),
        "CompanyName": Property("text", lambda r: r.company_name),
    },
    "Account": _NAMED
    | {
        "Name": Property("text", lambda r: r.name),
        "AccountType": Property("text", lambda r: r.kind),
    },
}
NOT_FILTERABLE = {
    "BillPayment": {"Line", "LinkedTxn", "PrivateNote", "PayType", "CurrencyRef", "ExchangeRate"},
    "Bill": {"Line", "LinkedTxn", "PrivateNote", "CurrencyRef", "ExchangeRate", "HomeBalance"},
    "VendorCredit": {"Line", "LinkedTxn", "PrivateNote", "CurrencyRef", "ExchangeRate"},
    "Vendor": {"CurrencyRef", "Balance", "PrimaryPhone", "PrimaryEmailAddr"},
    "Account": {"CurrencyRef", "CurrentBalance"},
}
SINGLETONS = {
    "companyinfo": ("CompanyInfo", company_info),
    "preferences": ("Preferences", preferences),
}
_ENTITIES = {name.lower(): name for name in PROPERTIES}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


def entity_name(name: str) -> str | None:
    """Return the API's spelling of an entity, whatever the caller's."""
    return _ENTITIES.get(name.lower())


def _property(kind: str, name: str) -> tuple[str, Property]:
    for spelled, found in PROPERTIES[kind].items():
        if spelled.lower() == name.lower():
            return spelled, found
    if any(name.lower() == other.lower() for other in NOT_FILTERABLE[kind]):
        raise invalid_query(f"Property {name} is not queryable for Entity {kind}")
    raise invalid_query(f"Property {name} not found for Entity {kind}")


def parse_instant(text: str) -> datetime:
    """Read a date or a date-time; without an offset it is taken as Pacific (not documented)."""
    instant = datetime.fromisoformat(text)
    return (instant.replace(tzinfo=PACIFIC) if instant.tzinfo is None else instant).astimezone(UTC)


def _literal(prop: Property, name: str, raw: str | bool) -> Value:
    if isinstance(raw, bool) or prop.kind == "boolean":
        if isinstance(raw, bool) and prop.kind == "boolean":
            return raw
        raise invalid_query(f"Property {name} does not take the value {raw}")
    try:
        if prop.kind == "instant":
            return Decimal(str(parse_instant(raw).timestamp()))
        if prop.kind == "date":
            return date.fromisoformat(raw[:10]).isoformat()
        if prop.kind == "amount":
            return Decimal(raw)
        if prop.kind == "id" and not raw.isdigit():
            raise ValueError(raw)
    except (ValueError, InvalidOperation):
        raise invalid_query(f"Property {name} does not take the value {raw}") from None
    return raw


def _like(pattern: str) -> Callable[[Value | None], bool]:
    expression = re.compile(
        "".join(".*" if char == "%" else re.escape(char) for char in pattern),
        re.IGNORECASE | re.DOTALL,
    )
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _test(kind: str, condition: Condition) -> Callable[[Any], bool]:
    name, prop = _property(kind, condition.name)
    read, operator = prop.read, condition.operator
    if prop.kind == "id" and operator not in ("=", "IN"):
        raise invalid_query(f"Operator {operator} is not supported for property {name}")
    if operator == "LIKE":
        pattern = condition.values[0]
        if prop.kind != "text" or not isinstance(pattern, str):
            raise invalid_query(f"Operator LIKE is not supported for property {name}")
        matches = _like(pattern)
        return lambda row: matches(read(row))
    values = {_literal(prop, name, raw) for raw in condition.values}
    if operator == "IN":
        return lambda row: read(row) in values
    compare, wanted = _COMPARE[operator], next(iter(values))

    def test(row: Any) -> bool:
        value = read(row)
        return value is not None and compare(value, wanted)

    return test


def _candidates(kind: str, statement: Statement, company: Company) -> Iterable[Entity]:
    """Narrow the rows by id or by LastUpdatedTime, so that large companies answer fast."""
    table = company.table(kind)
    first, end = 0, None
    for condition in statement.conditions:
        name, prop = _property(kind, condition.name)
        if name == "Id" and condition.operator in ("=", "IN"):
            idents = dict.fromkeys(str(value) for value in condition.values)
            return [table.rows[ident] for ident in idents if ident in table.rows]
        if name == "MetaData.LastUpdatedTime" and condition.operator in _COMPARE:
            wanted = _literal(prop, name, condition.values[0])
            whole = int(wanted)
            if condition.operator in (">", ">=", "="):
                first = max(first, whole)
            if condition.operator in ("<", "<=", "="):
                end = whole + 1 if end is None else min(end, whole + 1)
    if first or end is not None:
        return list(table.updated_between(first, end))
    return table.rows.values()


def select(statement: Statement, company: Company) -> dict[str, Any]:
    """Return the `QueryResponse` of a parsed statement."""
    single = SINGLETONS.get(statement.entity.lower())
    if single is not None:
        name, build = single
        return {name: [build(company)], "startPosition": 1, "maxResults": 1, "totalCount": 1}
    kind = entity_name(statement.entity)
    if kind is None:
        raise invalid_query(f"Entity {statement.entity} not found")
    tests = [_test(kind, condition) for condition in statement.conditions]
    if kind in ("Vendor", "Account") and not any(
        condition.name.lower() == "active" for condition in statement.conditions
    ):
        tests.append(lambda row: row.active)
    keys = []
    for name, descending in statement.order:
        spelled, prop = _property(kind, name)
        if not prop.sortable:
            raise invalid_query(f"Property {spelled} is not sortable for Entity {kind}")
        keys.append((prop.read, descending))
    rows = [row for row in _candidates(kind, statement, company) if all(t(row) for t in tests)]
    if statement.count:
        return {"totalCount": len(rows)}
    rows.sort(key=lambda row: int(row.id), reverse=not keys)
    for read, descending in reversed(keys):
        rows.sort(key=_sort_key(read), reverse=descending)
    page = rows[statement.start - 1 : statement.start - 1 + statement.limit]
    if not page:
        return {}
    shapes = [shape(row, company) for row in page]
    return {kind: shapes, "startPosition": statement.start, "maxResults": len(page)}


def _sort_key(read: Callable[[Any], Value | None]) -> Callable[[Any], tuple[bool, Any]]:
    def key(row: Any) -> tuple[bool, Any]:
        value = read(row)
        return value is not None, value if value is not None else 0

    return key


def answer(text: str, company: Company) -> dict[str, Any]:
    """Parse and answer a statement."""
    return select(parse(text), company)


def read_one(kind: str, ident: str, company: Company) -> Entity | None:
    """Return one record by its id, or nothing."""
    if kind not in PROPERTIES:
        raise unsupported_operation(kind)
    return company.table(kind).rows.get(ident)


__all__ = ["answer", "entity_name", "number", "parse_instant", "read_one", "select"]
