"""Single fields of a record, read so that what is not as documented is missing, not guessed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.quickbooks_online.query import Row, updated_at

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def required(row: Row, name: str) -> str:
    """A text, or a number as its digits. Raises ValueError where there is none."""
    found = text(row, name)
    if found is None:
        raise ValueError(f"it has no {name}")
    return found


def text(row: Row, name: str) -> str | None:
    """A text, or a number as its digits; None for what is neither."""
    value = row.get(name)
    if isinstance(value, str):
        return value or None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def decimal(value: Any) -> Decimal | None:
    """An amount of the JSON, or None; a truth value or a text is not an amount."""
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None


def day(value: Any) -> date | None:
    """A calendar day as the API writes it, or None; Python would read ``20260131.5`` as one."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def changed_at(row: Row) -> datetime | None:
    """When the record last changed, UTC, or None."""
    try:
        return updated_at(row)
    except ValueError:
        return None


def part(row: Row, name: str) -> Row:
    """An object within a record; empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def ref(row: Row, name: str) -> str | None:
    """The value of a reference; names change without a new version, so they are not compared.

    Raises AttributeError where it is no reference.
    """
    value = (row.get(name) or {}).get("value")
    return str(value) if value else None


def links(row: Row) -> Sequence[Row]:
    """The documents that a record or a line of it is linked to."""
    found: Sequence[Row] = row.get("LinkedTxn") or ()
    return found


def bills_named(value: Any) -> Iterator[str]:
    """Ids of the bills that a part of a payment links to, wherever they stand in it."""
    if isinstance(value, Mapping):
        found = text(value, "TxnId")
        if value.get("TxnType") == "Bill" and found:
            yield found
    if isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from bills_named(each)
