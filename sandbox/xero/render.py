"""How answers are written: JSON with two decimals, MS dates, and XML for who did not ask for JSON.

An amount is a Decimal in a shape and is printed with the digits that it has; an MS date is text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

CENT = Decimal("0.01")
_RATE = Decimal("0.000001")
_MARK = "\x01"
_MARKED = re.compile(r'"\\u0001(-?\d+(?:\.\d+)?)"')
_MS_DATE = re.compile(r"/Date\((-?\d+)(?:\+0000)?\)/\Z")
_ITEM_NAMES = {"Addresses": "Address", "Tracking": "TrackingCategory"}


def ms_day(day: date) -> str:
    """Return a calendar date: midnight UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return f"/Date({int(midnight.timestamp()) * 1000}+0000)/"


def ms_instant(millis: int) -> str:
    """Return an instant, given in milliseconds since the epoch."""
    return f"/Date({millis}+0000)/"


def day_string(day: date) -> str:
    """Return the helper text beside a calendar date."""
    return f"{day.isoformat()}T00:00:00"


def instant_string(millis: int) -> str:
    """Return the helper text beside `UpdatedDateUTC`."""
    return datetime.fromtimestamp(millis // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")


def money(amount: Decimal) -> Decimal:
    """Return an amount with two decimals."""
    return amount.quantize(CENT)


def foreign_per_base(rate: Decimal) -> Decimal:
    """Return a CurrencyRate: foreign units per unit of the base currency, six decimals."""
    return (1 / rate).quantize(_RATE)


def to_json(body: Any) -> str:
    """Write JSON; decimals keep their digits."""

    def mark(value: Any) -> str:
        if isinstance(value, Decimal):
            return f"{_MARK}{value}"
        raise TypeError(f"{value!r} has no place in an answer.")

    return _MARKED.sub(r"\1", json.dumps(body, default=mark))


def to_xml(body: dict[str, Any], root: str = "Response") -> str:
    """Write the same answer as XML: MS dates become ISO dates, lists hold singular elements."""
    return f'<?xml version="1.0" encoding="utf-8"?>{_element(root, body)}'


def _element(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        inner = "".join(_element(key, each) for key, each in value.items())
    elif isinstance(value, list):
        single = _ITEM_NAMES.get(name, name.removesuffix("s"))
        inner = "".join(_element(single, each) for each in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_iso(str(value)))
    return f"<{name}>{inner}</{name}>"


def _iso(text: str) -> str:
    found = _MS_DATE.match(text)
    if found is None:
        return text
    instant = datetime.fromtimestamp(int(found.group(1)) / 1000, UTC)
    return instant.replace(tzinfo=None).isoformat()
