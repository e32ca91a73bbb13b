"""The language of `where` and `order` (reference section 5.2): text to a tree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from .faultbodies import XeroFault, query_parse

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:\\.|[^"\\])*")
    | (?P<op>==|!=|<=|>=|&&|\|\||=|<|>)
    | (?P<punct>[(),])
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    )""",
    re.VERBOSE,
)
_METHODS = ("Contains", "StartsWith", "EndsWith")
_AND, _OR = frozenset({"&&", "AND"}), frozenset({"||", "OR"})
_OPERATORS = frozenset({"==", "=", "!=", "<", ">", "<=", ">="})
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

Literal = str | Decimal | datetime | UUID | bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`Name operator literal`; of a method the operator is its name and the literal a text."""

    name: str
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Both:
    """Several conditions that must all hold; those behind a false one are not looked at."""

    parts: Sequence[Node]


@dataclass(frozen=True, slots=True)
class Either:
    """Several conditions of which one must hold."""

    parts: Sequence[Node]


Node = Comparison | Both | Either


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise query_parse(f"Syntax error (at index {position})")
        found.append(_Token(match.lastgroup, match.group(match.lastgroup), match.start()))
        position = match.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _wrong(self, wanted: str) -> XeroFault:
        token = self._peek()
        where = f"'{token.text}' (at index {token.at})" if token else "the end"
        return query_parse(f"{wanted} expected before {where}")

    def _take(self, kind: str, wanted: str) -> str:
        token = self._peek()
        if token is None or token.kind != kind:
            raise self._wrong(wanted)
        self._at += 1
        return token.text

    def _is(self, texts: frozenset[str]) -> bool:
        token = self._peek()
        if token is None or token.kind not in ("op", "word") or token.text.upper() not in texts:
            return False
        self._at += 1
        return True

    def _mark(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "punct" or token.text != text:
            return False
        self._at += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._mark(text):
            raise self._wrong(f"'{text}'")

    def parse(self) -> Node:
        found = self._either()
        if self._peek() is not None:
            raise self._wrong("An operator")
        return found

    def _either(self) -> Node:
        parts = [self._both()]
        while self._is(_OR):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(parts)

    def _both(self) -> Node:
        parts = [self._one()]
        while self._is(_AND):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(parts)

    def _one(self) -> Node:
        if self._mark("("):
            found = self._either()
            self._expect(")")
            return found
        name = self._take("word", "A field")
        head, _, last = name.rpartition(".")
        if last in _METHODS and self._mark("("):
            value = _unquoted(self._take("text", "A text"))
            self._expect(")")
            return Comparison(head, last, value)
        operator = self._take("op", "An operator")
        if operator not in _OPERATORS:
            self._at -= 1
            raise self._wrong("A comparison")
        return Comparison(name, "==" if operator == "=" else operator, self._literal())

    def _literal(self) -> Literal:
        token = self._peek()
        if token is None:
            raise self._wrong("A value")
        self._at += 1
        if token.kind == "text":
            return _unquoted(token.text)
        if token.kind == "number":
            return Decimal(token.text)
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            return _CONSTANTS[token.text.lower()]
        if token.kind == "word" and self._mark("("):
            return self._call(token)
        self._at -= 1
        raise self._wrong("A value")

    def _call(self, token: _Token) -> Literal:
        values: list[Any] = []
        while not self._mark(")"):
            if values:
                self._expect(",")
            values.append(self._literal())
        try:
            if token.text in ("guid", "Guid"):
                (text,) = values
                return UUID(text)
            if token.text == "DateTime":
                return datetime(*_whole(values))  # noqa: DTZ001 - Xero's are all UTC
        except (TypeError, ValueError, AttributeError):
            raise query_parse(f"No applicable {token.text} (at index {token.at})") from None
        raise query_parse(f"No function '{token.text}' (at index {token.at})")


def _whole(values: list[Any]) -> tuple[int, int, int, *tuple[int, ...]]:
    year, month, day, *rest = (int(value) for value in values)
    if [year, month, day, *rest] != values:
        raise ValueError(values)
    return year, month, day, *rest


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def parse_where(text: str) -> Node:
    """Parse a filter."""
    return _Parser(text).parse()


def parse_order(text: str) -> list[tuple[str, bool]]:
    """Parse an order: names, each with whether it descends."""
    keys = []
    for part in text.split(","):
        name, *more = part.split()[:3] or [""]
        direction = more[0].upper() if more else "ASC"
        if not re.fullmatch(r"\w+(?:\.\w+)*", name) or direction not in ("ASC", "DESC") or more[1:]:
            raise query_parse(f"The order '{part.strip()}' cannot be understood")
        keys.append((name, direction == "DESC"))
    return keys
