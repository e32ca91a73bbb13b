"""Single records served otherwise than they are: fields that no books would hold, or not at all.

The record itself stays as it is, and with it what a query finds, counts and sorts; only the JSON
of an answer differs. The truth knows nothing of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .replies import Reply

LITERAL = "literal"


@dataclass(frozen=True)
class Raw:
    """How one record is served. `keys` are names under which an answer holds it, or a list of
    such; without any the answer itself is the record, or a list of them.

    In `changes` null removes a field, and `{"literal": "1e5"}` stands for JSON as it is written.
    A `twin` is a further version of the record, served behind the record with the id `beside`.
    One that is `hidden` is left out of every list, as a filter would do it, and still counted.
    """

    system: str
    id: str
    id_field: str = "id"
    keys: tuple[str, ...] = ()
    changes: dict[str, Any] | None = None
    twin: dict[str, Any] | None = None
    beside: str | None = None
    hidden: bool = False

    def touch(self, body: Any) -> bool:
        """Alter the answer's records in place; say whether there was anything to alter."""
        touched = False
        for rows in _record_lists(body, self.keys):
            touched |= self._touch(rows)
        return touched

    def _touch(self, rows: list[Any]) -> bool:
        touched = False
        for place, row in reversed(list(enumerate(rows))):
            ident = str(row.get(self.id_field)) if isinstance(row, dict) else None
            if ident == self.id and self.changes:
                _change(row, self.changes)
                touched = True
            if ident == (self.beside or self.id) and self.twin is not None:
                rows.insert(place + 1, json.loads(json.dumps(self.twin)))
                touched = True
            if ident == self.id and self.hidden:
                del rows[place]
                touched = True
        return touched


class Retouched:
    """Stands before one system's application and alters the records that are to be altered."""

    def __init__(self, app: ASGIApp, system: str, raws: list[Raw]) -> None:
        self.app = app
        self.system = system
        self.raws = raws

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        raws = [raw for raw in self.raws if raw.system == self.system]
        if scope["type"] != "http" or not raws:
            await self.app(scope, receive, send)
            return
        reply = Reply()
        await self.app(scope, receive, reply.keep)
        body = altered(bytes(reply.body), raws)
        if body is not None:
            reply.replace_body(body)
        await reply.send(send)


def altered(body: bytes, raws: list[Raw]) -> bytes | None:
    """Return a JSON body with the records altered, or nothing where none of them is in it."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    # A list, so that a single record can be altered like one of several.
    holder = {"answer": answer}
    touched = [raw.touch(holder) for raw in raws]
    if not any(touched):
        return None
    literals: list[str] = []
    text = json.dumps(_marked(answer, literals))
    for number, literal in enumerate(literals):
        text = text.replace(json.dumps(_mark(number)), literal)
    return text.encode()


def _record_lists(body: Any, keys: tuple[str, ...]) -> Iterator[list[Any]]:
    """Return the lists of records in an answer; a single record is a list of its own."""
    if not keys:
        found = body["answer"]
        yield found if isinstance(found, list) else [found]
        return
    stack = [body["answer"]]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            for held in [value[key] for key in keys if key in value]:
                if isinstance(held, list):
                    yield held
                elif isinstance(held, dict):
                    yield [held]
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _change(row: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if value is None:
            row.pop(name, None)
        else:
            row[name] = value


def _mark(number: int) -> str:
    return f"literal {number} of the sandbox"


def _marked(value: Any, literals: list[str]) -> Any:
    """Put a mark in the place of each literal, so that it can be written as it is."""
    if isinstance(value, dict):
        if set(value) == {LITERAL}:
            literals.append(str(value[LITERAL]))
            return _mark(len(literals) - 1)
        return {name: _marked(each, literals) for name, each in value.items()}
    if isinstance(value, list):
        return [_marked(each, literals) for each in value]
    return value
