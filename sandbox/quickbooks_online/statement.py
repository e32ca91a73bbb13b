"""The query language of the Accounting API (reference section 5.1): text to `Statement`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .faultbodies import QboFault, invalid_query, parser_error

MAX_RESULTS = 1000
DEFAULT_RESULTS = 100

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:\\.|[^'\\])*')
    | (?P<op><=|>=|!=|=|<|>)
    | (?P<punct>[(),*])
    | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<word>[A-Za-z_][\w.]*)
    )""",
    re.VERBOSE,
)
_OPERATORS = frozenset({"=", "<", ">", "<=", ">="})
_STOP_WORDS = frozenset({"ORDERBY", "ORDER", "STARTPOSITION", "MAXRESULTS", "AND", "WHERE"})


@dataclass(frozen=True, slots=True)
class Condition:
    """`Property Op Value`; an `IN` has several values. Booleans are bool, all else is text."""

    name: str
    operator: str
    values: tuple[str | bool, ...]


@dataclass(slots=True)
class Statement:
    """A parsed statement; names keep the spelling of the caller."""

    entity: str
    count: bool = False
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    limit: int = DEFAULT_RESULTS


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            rest = text[position:].lstrip()
            at = len(text) - len(rest) + 1
            raise parser_error(f'Encountered "{rest[:12]}" at line 1, column {at}.')
        kind = match.lastgroup
        found.append(_Token(kind, match.group(kind), match.start(kind)))
        position = match.end()
    return found


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _unexpected(self, wanted: str) -> QboFault:
        token = self._peek()
        if token is None:
            return parser_error(f"Encountered <EOF>. Was expecting: {wanted}")
        where = f"at line 1, column {token.at + 1}"
        return parser_error(f'Encountered "{token.text}" {where}. Was expecting: {wanted}')

    def _is_word(self, *words: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "word" and token.text.upper() in words

    def _word(self, *words: str) -> bool:
        if self._is_word(*words):
            self._at += 1
            return True
        return False

    def _text(self, text: str) -> bool:
        token = self._peek()
        if token is not None and token.kind in ("punct", "op") and token.text == text:
            self._at += 1
            return True
        return False

    def _expect_text(self, text: str) -> None:
        if not self._text(text):
            raise self._unexpected(f'"{text}"')

    def _name(self, wanted: str) -> str:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.upper() in _STOP_WORDS:
            raise self._unexpected(wanted)
        self._at += 1
        return token.text

    def _integer(self, wanted: str) -> int:
        token = self._peek()
        if token is None or token.kind != "number" or not token.text.isdigit():
            raise self._unexpected(wanted)
        self._at += 1
        return int(token.text)

    def parse(self) -> Statement:
        if not self._word("SELECT"):
            raise self._unexpected('"select"')
        count = False
        if self._word("COUNT"):
            self._expect_text("(")
            self._expect_text("*")
            self._expect_text(")")
            count = True
        elif not self._text("*"):
            raise self._unexpected('"*" or "count"')
        if not self._word("FROM"):
            raise self._unexpected('"from"')
        statement = Statement(self._name("an entity"), count)
        if self._word("WHERE"):
            statement.conditions.append(self._condition())
            while self._word("AND"):
                statement.conditions.append(self._condition())
        if self._word("ORDERBY"):
            self._order(statement)
        elif self._word("ORDER"):
            if not self._word("BY"):
                raise self._unexpected('"by"')
            self._order(statement)
        if self._word("STARTPOSITION"):
            statement.start = max(1, self._integer("a position"))
        if self._word("MAXRESULTS"):
            statement.limit = self._integer("a number of results")
            if statement.limit > MAX_RESULTS:
                raise invalid_query(f"value {statement.limit} is too large. Maximum is 1000.")
            if statement.limit < 1:
                raise invalid_query("value 0 is too small. Min allowed value is 1.")
        if self._peek() is not None:
            raise self._unexpected("<EOF>")
        return statement

    def _order(self, statement: Statement) -> None:
        while True:
            name = self._name("a property")
            descending = self._word("DESC")
            if not descending:
                self._word("ASC")
            statement.order.append((name, descending))
            if not self._text(","):
                return

    def _condition(self) -> Condition:
        name = self._name("a property")
        if self._word("IN"):
            self._expect_text("(")
            values = [self._value()]
            while self._text(","):
                values.append(self._value())
            self._expect_text(")")
            return Condition(name, "IN", tuple(values))
        if self._word("LIKE"):
            return Condition(name, "LIKE", (self._value(),))
        token = self._peek()
        if token is None or token.kind != "op" or token.text not in _OPERATORS:
            raise self._unexpected('"=" "<" ">" "<=" ">=" "in" "like"')
        self._at += 1
        return Condition(name, token.text, (self._value(),))

    def _value(self) -> str | bool:
        token = self._peek()
        if token is None:
            raise self._unexpected("a quoted value")
        if token.kind == "string":
            self._at += 1
            return _unquote(token.text)
        if self._is_word("TRUE", "FALSE"):
            self._at += 1
            return token.text.upper() == "TRUE"
        raise self._unexpected("a quoted value")


def parse(text: str) -> Statement:
    """Parse a statement; faults 4000 and 4001 say what is wrong."""
    return _Parser(text).parse()
