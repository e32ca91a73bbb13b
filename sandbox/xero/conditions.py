"""From the tree of a `where` to a test of rows, with the types that Xero insists on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from .faultbodies import XeroFault, query_parse
from .properties import ANY_OF, EQUAL, ORDER, RANGE, Property, Value
from .store import Organisation
from .where import Both, Comparison, Either, Literal, Node, parse_order, parse_where

Test = Callable[[Any], bool]
Properties = Mapping[str, Property]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "Contains": lambda text, part: part in text,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
_LITERALS: dict[str, type] = {
    "text": str,
    "guid": UUID,
    "instant": datetime,
    "amount": Decimal,
    "truth": bool,
}
_RANGES = ("instant", "amount")


def find(properties: Properties, name: str) -> Property:
    """Return a field, spelled exactly as in answers."""
    found = properties.get(name)
    if found is None:
        raise query_parse(f"No property or field '{name}' exists in the current type")
    return found


def _wrong_types(comparison: Comparison, prop: Property) -> XeroFault:
    given = type(comparison.value).__name__
    return query_parse(
        f"Operator '{comparison.operator}' incompatible with operand types "
        f"'{prop.kind}' and '{given}' ({comparison.name})"
    )


def _comparable(value: Literal) -> Value:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return int(value.replace(tzinfo=UTC).timestamp())
    return value


def _method(comparison: Comparison, prop: Property, org: Organisation) -> Test:
    """A method on a text that is null fails the whole request: guard it with `!= null`."""
    if prop.kind != "text":
        raise query_parse(f"No applicable method '{comparison.operator}' for '{comparison.name}'")
    matches, part, read = _METHODS[comparison.operator], str(comparison.value), prop.read

    def test(row: Any) -> bool:
        text = read(row, org)
        if text is None:
            raise query_parse(f"Object reference not set: '{comparison.name}' is null")
        return matches(str(text), part)

    return test


def _comparison(comparison: Comparison, properties: Properties, org: Organisation) -> Test:
    prop = find(properties, comparison.name)
    if comparison.operator in _METHODS:
        return _method(comparison, prop, org)
    compare, read, value = _COMPARE[comparison.operator], prop.read, comparison.value
    equality = comparison.operator in ("==", "!=")
    if value is None:
        if not equality or prop.kind in ("amount", "truth"):
            raise _wrong_types(comparison, prop)
    elif not isinstance(value, _LITERALS[prop.kind]) or not (equality or prop.kind in _RANGES):
        raise _wrong_types(comparison, prop)
    wanted = _comparable(value)

    def test(row: Any) -> bool:
        held = read(row, org)
        return compare(held, wanted) if equality or held is not None else False

    return test


def _test(node: Node, properties: Properties, org: Organisation) -> Test:
    if isinstance(node, Comparison):
        return _comparison(node, properties, org)
    parts = [_test(part, properties, org) for part in node.parts]
    if isinstance(node, Both):
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _fast(node: Node, properties: Properties) -> bool:
    """Say whether every field is one that Xero has an index for, used in the way it is for."""
    if isinstance(node, Both):
        return all(_fast(part, properties) for part in node.parts)
    if isinstance(node, Either):
        return all(
            isinstance(part, Comparison)
            and part.operator == "=="
            and ANY_OF in find(properties, part.name).fast
            for part in node.parts
        )
    use = EQUAL if node.operator == "==" else RANGE
    return node.operator in _COMPARE and use in find(properties, node.name).fast


def _pinned(node: Node, name: str) -> set[str] | None:
    """Return the only ids that a filter can find, or None where it may find any."""
    if isinstance(node, Comparison):
        found = node.name == name and node.operator == "==" and isinstance(node.value, UUID)
        return {str(node.value)} if found else None
    parts = [_pinned(part, name) for part in node.parts]
    known = [part for part in parts if part is not None]
    if isinstance(node, Both):
        return set.intersection(*known) if known else None
    return set.union(*known) if len(known) == len(parts) else None


class Filter(NamedTuple):
    """A `where` in working order: its test, whether it is fast, and the ids it is bound to."""

    test: Test
    fast: bool
    idents: set[str] | None


def compile_where(text: str, properties: Properties, org: Organisation, id_name: str) -> Filter:
    """Make a filter of a `where`; `id_name` is the field with the rows' own id."""
    node = parse_where(text)
    test = _test(node, properties, org)
    return Filter(test, _fast(node, properties), _pinned(node, id_name))


def compile_order(
    text: str, properties: Properties, org: Organisation
) -> tuple[list[tuple[Callable[[Any], Any], bool]], bool]:
    """Return the keys of an order, each with whether it descends, and whether it is fast."""
    keys, fast = [], True
    for name, descending in parse_order(text) if text else []:
        prop = find(properties, name)
        fast = fast and ORDER in prop.fast
        keys.append((_key(prop, org), descending))
    return keys, fast


def _key(prop: Property, org: Organisation) -> Callable[[Any], Any]:
    read = prop.read

    def key(row: Any) -> tuple[bool, Any]:
        value = read(row, org)
        return value is not None, 0 if value is None else value

    return key
