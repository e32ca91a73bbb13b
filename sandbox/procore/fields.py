"""Values of a write, checked field by field; failures collect as ``{field: [text]}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.procore.errors import ApiError

# Money is a JSON string in plain dot notation; published samples have up to four decimals.
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
ORIGIN_LENGTH = 255

Check = Callable[[Any], Any]


class Invalid(ValueError):
    """A value that does not fit; the text is what the caller reads."""


def text(value: Any) -> str | None:
    """A string or null."""
    if value is not None and not isinstance(value, str):
        raise Invalid("is not a string")
    return value


def origin(value: Any) -> str | None:
    """An origin id: null, or 1 to 255 characters (the length limit is not published)."""
    checked = text(value)
    if checked == "":
        raise Invalid("can't be blank")
    if checked is not None and len(checked) > ORIGIN_LENGTH:
        raise Invalid(f"is too long (maximum is {ORIGIN_LENGTH} characters)")
    return checked


def amount(value: Any) -> Decimal:
    """A decimal string; negative ones are legal, numbers and other notations are not."""
    if value is None or value == "":
        raise Invalid("can't be blank")
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise Invalid("is not a number in plain decimal notation")
    return Decimal(value)


def percent(value: Any) -> Decimal:
    """A decimal string between 0 and 100."""
    checked = amount(value)
    if not 0 <= checked <= 100:
        raise Invalid("must be between 0 and 100")
    return checked


def day(value: Any) -> date | None:
    """``YYYY-MM-DD`` or null."""
    if value is None:
        return None
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Invalid("is not a date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Invalid("is not a date") from None


def required_day(value: Any) -> date:
    """``YYYY-MM-DD``."""
    checked = day(value)
    if checked is None:
        raise Invalid("can't be blank")
    return checked


def integer(value: Any) -> int | None:
    """An integer or null."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Invalid("is not an integer")
    return value


def flag(value: Any) -> bool:
    """A boolean."""
    if not isinstance(value, bool):
        raise Invalid("is not a boolean")
    return value


def integers(value: Any) -> tuple[int, ...]:
    """A list of integers."""
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise Invalid("is not a list of integers")
    return tuple(value)


def words(value: Any) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Invalid("is not a list of strings")
    return tuple(value)


def choice(*allowed: str, null: bool = True) -> Check:
    """One of the published words."""

    def check(value: Any) -> str | None:
        if value is None and null:
            return None
        if value not in allowed:
            raise Invalid("is not included in the list")
        return str(value)

    return check


def checked(values: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    """All values converted, or one 422 that names every bad field."""
    result: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            result[name] = checks[name](value)
        except Invalid as invalid:
            errors[name] = [str(invalid)]
    if errors:
        raise ApiError(422, "The record is invalid", errors=errors)
    return result
