"""What every ERP of the sandbox is: its books, its servers, and its own words for trouble."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from starlette.types import ASGIApp

from .asking import Asked
from .books.store import Books
from .clock import Clock


class Kind(NamedTuple):
    """A kind of record as the API serves it: its table, where answers hold it, and its id."""

    table: str
    keys: tuple[str, ...]  # names under which an answer has the record, or a list of them
    id_field: str


class Face(ABC):
    """One company in one ERP, as the outside meets it."""

    name: ClassVar[str]
    """As in origin ids, the ready file, faults and counted calls."""
    title: ClassVar[str]
    """As people write it."""
    kinds: ClassVar[Mapping[str, Kind]]
    """By the API's names in small letters; what `POST /erp/raw` may change."""
    books: Books

    @abstractmethod
    def __init__(self, *, name: str, clock: Clock, seed: int, founded: int) -> None:
        """Open an empty company; `founded` in Unix seconds."""

    @abstractmethod
    def apps(self) -> list[ASGIApp]:
        """Return the ERP's servers; each gets a port of its own."""

    @abstractmethod
    def ready(self, urls: list[str]) -> dict[str, Any]:
        """Return the ERP's part of the ready file; `urls` are its servers', in the same order."""

    @abstractmethod
    def rates(self, asked: Asked) -> dict[str, Any]:
        """Change the request limits, 0 switching one off, and return them."""

    @abstractmethod
    def tokens(self, asked: Asked) -> dict[str, Any]:
        """Change how tokens live, and return that."""

    @abstractmethod
    def shape(self, row: Any) -> dict[str, Any]:
        """Return a record's JSON as the API serves it on its own."""

    @abstractmethod
    def error_body(self, status: int, now: datetime) -> tuple[str, bytes]:
        """Return content type and body of an error answer with this status."""

    @abstractmethod
    def errors_in_200(self, now: datetime) -> dict[str, Any]:
        """Return an answer that says 200 and means an error, as far as the ERP has such."""

    def refusal(self, status: int, now: datetime) -> tuple[bytes, bytes]:
        """What the doorway answers for a fault with this status."""
        kind, body = self.error_body(status, now)
        return kind.encode(), body

    def errors(self, path: str, body: bytes, now: datetime) -> bytes:
        """What the doorway answers for a 200 that is none."""
        return json.dumps(self.errors_in_200(now)).encode()
