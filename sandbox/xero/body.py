"""Reads the bodies of writes: JSON or XML, one element or a list of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.etree import ElementTree as ET

from .faultbodies import validation

Element = dict[str, Any]
_LISTS = frozenset({"Payments", "BatchPayments"})
_MS_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/\Z")


def parse(raw: bytes, content_type: str, name: str) -> list[Element]:
    """Return the elements of a collection that a body holds."""
    kind = content_type.partition(";")[0].strip()
    try:
        if kind == "application/json":
            body = json.loads(raw, parse_float=Decimal, parse_int=Decimal)
        elif kind in ("application/xml", "text/xml"):
            root = ET.fromstring(raw)  # noqa: S314 - its own caller's, on the loopback
            body = {name: _value(root)} if root.tag == name else _value(root)
        else:
            raise validation("The Content-Type must be application/json or application/xml")
    except (ValueError, ET.ParseError):
        raise validation("The request body cannot be read") from None
    if isinstance(body, dict) and set(body) == {name}:
        body = body[name]
    found = body if isinstance(body, list) else [body]
    if not found or not all(isinstance(each, dict) for each in found):
        raise validation(f"The request body holds no {name}")
    return found


def _value(node: ET.Element) -> Any:
    if node.tag in _LISTS:
        return [_value(child) for child in node]
    return {child.tag: _value(child) for child in node} if len(node) else (node.text or "")


def part(element: Element, name: str) -> Element:
    """Return an object inside an element, empty if it is not there."""
    found = element.get(name)
    return found if isinstance(found, dict) else {}


def amount(element: Element, name: str) -> Decimal | None:
    """Return an optional amount; Xero takes numbers and texts."""
    found = element.get(name)
    if found is None:
        return None
    try:
        value = Decimal(str(found))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise validation(f"{name} is not a number")
    return value


def day(element: Element, name: str) -> date | None:
    """Return an optional date: an MS date, or a date with or without a time."""
    found = element.get(name)
    if found is None:
        return None
    match = _MS_DATE.match(str(found))
    try:
        if match:
            return datetime.fromtimestamp(int(match.group(1)) / 1000, UTC).date()
        return datetime.fromisoformat(str(found)).date()
    except (ValueError, OverflowError):
        raise validation(f"{name} is not a date") from None
