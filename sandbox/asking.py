"""Reads the requests of the control API; what is wrong is said in a plain sentence."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any


class ControlError(Exception):
    """A request that the control API cannot carry out; answered with 400 and this sentence."""


class Asked:
    """The JSON object of one request; every name that is not asked for is refused."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body
        self._known: set[str] = set()

    def has(self, name: str) -> bool:
        """Say whether the request names something, be it null."""
        self._known.add(name)
        return name in self._body

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value as it came."""
        self._known.add(name)
        return self._body.get(name, default)

    def need(self, name: str) -> Any:
        """Return a value that must be there."""
        found = self.get(name)
        if found is None:
            raise ControlError(f"The request needs '{name}'.")
        return found

    def text(self, name: str) -> str | None:
        """Return an optional text; a number is taken as its digits."""
        found = self.get(name)
        return None if found is None else str(found)

    def number(self, name: str) -> int:
        """Return a required whole number."""
        found = self.need(name)
        try:
            return int(found)
        except (TypeError, ValueError):
            raise ControlError(f"'{name}' must be a whole number, not {found!r}.") from None

    def amount(self, name: str) -> Decimal | None:
        """Return an optional amount, given as a number or, better, as text."""
        found = self.get(name)
        return None if found is None else to_amount(found, name)

    def day(self, name: str) -> date | None:
        """Return an optional date."""
        found = self.get(name)
        if found is None:
            return None
        try:
            return date.fromisoformat(found)
        except (TypeError, ValueError):
            raise ControlError(f"'{name}' must be a date like 2026-11-20, not {found!r}.") from None

    def instant(self, name: str) -> datetime | None:
        """Return an optional instant with its offset."""
        found = self.get(name)
        if found is None:
            return None
        try:
            instant = datetime.fromisoformat(found)
        except (TypeError, ValueError):
            instant = None
        if instant is None or instant.tzinfo is None:
            raise ControlError(f"'{name}' must be an instant like 2026-11-20T09:00:00Z.")
        return instant

    def items(self, name: str) -> list[Asked]:
        """Return a list of objects, empty if it is not there."""
        found = self.get(name) or []
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise ControlError(f"'{name}' must be a list of objects.")
        return [Asked(item) for item in found]

    def done(self) -> None:
        """Refuse whatever was not asked for."""
        unknown = sorted(set(self._body) - self._known)
        if unknown:
            raise ControlError(f"The request has {unknown[0]!r}, which means nothing here.")


def to_amount(value: Any, name: str) -> Decimal:
    """Return a value as an amount."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ControlError(f"'{name}' must be an amount like 1250.50, not {value!r}.")
    return amount
