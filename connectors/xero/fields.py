"""Single fields of a record, read so that what is not as documented is missing, not guessed.

Numbers and truth values may be written as texts (Xero: payments, invoices); dates are milliseconds
since 1970, before it negative, and calendar days are midnight in UTC (Xero: requests and
responses).
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,10})?")


def required(row: Row, name: str) -> str:
    """A text. Raises ValueError where there is none."""
    found = text(row, name)
    if found is None:
        raise ValueError(f"it has no {name}")
    return found


def text(row: Row, name: str) -> str | None:
    """A text, or a number as its digits; None for an empty one and for what is neither."""
    value = row.get(name)
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def amount(row: Row, name: str) -> Decimal | None:
    """An amount, as a number or as a text of digits, or None."""
    value = row.get(name)
    if isinstance(value, str):
        return Decimal(value) if _NUMBER.fullmatch(value) else None
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return None


def flag(row: Row, name: str) -> bool:
    """A truth value, or its name; whatever else is there is no yes."""
    value = row.get(name)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def moment(row: Row, name: str) -> datetime | None:
    """An instant, UTC. The offset behind the milliseconds says where it was written, not when."""
    value = row.get(name)
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def day(row: Row, name: str) -> date | None:
    """A calendar day, read in UTC: in any other zone it could be the one before or after."""
    found = moment(row, name)
    return found.date() if found else None


def part(row: Row, name: str) -> Row:
    """An object within a record; empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def parts(row: Row, name: str) -> list[Row]:
    """The objects of a list within a record; none where it is missing or null. Raises ValueError
    where it is anything else."""
    value = row.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError(f"its {name} is no list of objects")
    return value
