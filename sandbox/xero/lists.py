"""Lists: what changed since, filtered, in order, paged (reference sections 5.1 to 5.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from uuid import UUID

from .conditions import Properties, compile_order, compile_where
from .faultbodies import validation
from .shapes import updated_millis
from .store import Organisation

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000
MOST_ROWS = 100_000
_KEPT = 8
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?\Z")

Query = Mapping[str, str]
_Rows = Callable[[Organisation, int], Iterable[Any]]


class View(NamedTuple):
    """How much of a row is shown: all it has, or even what only a row read on its own has."""

    query: Query
    full: bool = True
    alone: bool = False


@dataclass(frozen=True)
class Collection:
    """One list of the API, and the scope that it needs.

    `rows` gives what changed at or after a second, 0 being everything; `find` gives one row by the
    GUID that `ident` gives of it and that `id_name` holds. With a parameter of `full_by` rows show
    all they have, as with a page. `narrow` is a test by parameters of its own, or None where the
    query has none of them.
    """

    name: str
    id_name: str
    area: str
    rows: _Rows
    find: Callable[[Organisation, str], Any]
    properties: Properties
    shape: Callable[[Any, Organisation, View], dict[str, Any]]
    ident: Callable[[Any, Organisation], str] = lambda row, org: row.id
    paged: bool = True
    params: frozenset[str] = frozenset()
    full_by: frozenset[str] = frozenset()
    narrow: Callable[[Query, Organisation], Callable[[Any], bool] | None] = lambda query, org: None

    def known(self) -> frozenset[str]:
        """Return the parameters that the list has."""
        pages = {"page", "pageSize"} if self.paged else set()
        return self.params | pages | {"where", "order"}


def modified_since(header: str | None) -> int:
    """Read If-Modified-Since, to the second; what cannot be read counts as not sent."""
    text = (header or "").strip()
    try:
        if _ISO.match(text):
            instant = datetime.fromisoformat(text)
        else:
            instant = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return int((instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant).timestamp())


def guids(text: str, name: str) -> set[str]:
    """Read a comma list of GUIDs, with dashes or without."""
    try:
        return {str(UUID(part.strip())) for part in text.split(",")}
    except ValueError:
        raise validation(f"{name} has a value that is not a GUID") from None


def _whole(query: Query, name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise validation(f"{name} is not a whole number: {text}")
    return int(text)


class Lists:
    """Answers the lists of one organisation.

    The rows of the last few queries are kept until the books change: a reader asks for many pages.
    """

    def __init__(self, org: Organisation) -> None:
        self.org = org
        self._kept: dict[tuple[Any, ...], tuple[int, list[Any]]] = {}

    def answer(self, collection: Collection, query: Query, since: int) -> dict[str, Any]:
        """Return the collection, and `pagination` where a page is asked for."""
        rows = self._matching(collection, query, since)
        paged = "page" in query and collection.paged
        if not paged:
            if len(rows) > MOST_ROWS:
                raise _too_many()
            return {collection.name: self._shapes(collection, query, rows, paged=False)}
        size = min(LARGEST_PAGE, max(1, _whole(query, "pageSize", DEFAULT_PAGE)))
        page = max(1, _whole(query, "page", 1))
        pagination = {
            "page": page,
            "pageSize": size,
            "pageCount": -(-len(rows) // size),
            "itemCount": len(rows),
        }
        shown = rows[(page - 1) * size : page * size]
        shapes = self._shapes(collection, query, shown, paged=True)
        return {"pagination": pagination, collection.name: shapes}

    def _shapes(
        self, collection: Collection, query: Query, rows: list[Any], *, paged: bool
    ) -> list[dict[str, Any]]:
        view = View(query, full=paged or any(name in query for name in collection.full_by))
        return [collection.shape(row, self.org, view) for row in rows]

    def _matching(self, collection: Collection, query: Query, since: int) -> list[Any]:
        asked = sorted((k, v) for k, v in query.items() if k not in ("page", "pageSize"))
        key = (collection.name, since, tuple(asked))
        version, rows = self._kept.get(key, (-1, []))
        if version != self.org.version:
            rows, whole = self._search(collection, query, since)
            if whole:
                self._kept.pop(key, None)
                self._kept[key] = (self.org.version, rows)
                while len(self._kept) > _KEPT:
                    del self._kept[next(iter(self._kept))]
        return rows

    def _search(self, collection: Collection, query: Query, since: int) -> tuple[list[Any], bool]:
        """Return the rows in order, and whether the whole list was searched for them."""
        org, fast, tests = self.org, True, []
        idents = guids(query["IDs"], "IDs") if "IDs" in collection.params & set(query) else None
        narrow = collection.narrow(query, org)
        if narrow is not None:
            tests.append(narrow)
        if query.get("where"):
            found = compile_where(query["where"], collection.properties, org, collection.id_name)
            tests.append(found.test)
            fast = found.fast
            idents = found.idents if idents is None else idents
        keys, quick = compile_order(query.get("order", ""), collection.properties, org)
        rows = self._candidates(collection, idents, since)
        if len(rows) > MOST_ROWS and not (fast and quick):
            raise _too_many()
        rows = [row for row in rows if all(test(row) for test in tests)]
        rows.sort(key=lambda row: collection.ident(row, org))
        if not keys:
            rows.sort(key=lambda row: updated_millis(row, org))
        for read, descending in reversed(keys):
            rows.sort(key=read, reverse=descending)
        return rows, idents is None

    def _candidates(self, collection: Collection, idents: set[str] | None, since: int) -> list[Any]:
        if idents is None:
            return list(collection.rows(self.org, since))
        found = (collection.find(self.org, ident) for ident in idents)
        return [row for row in found if row is not None and row.updated >= since]


def _too_many() -> Exception:
    return validation(
        "The request would return, or search in vain through, more than 100,000 records. "
        "Page it, and filter and order by optimised fields only"
    )
