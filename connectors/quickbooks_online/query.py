"""Statements, and the walk over everything that changed (QuickBooks Online: data queries).

Offset paging over a changing set loses rows, so the walk cuts time into windows that one answer can
hold: an answer with fewer than 1000 rows is whole. What is whole never rests on the order of rows,
only how many calls it takes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from connectors.errors import Garbled
from connectors.quickbooks_online.settings import SYSTEM

ROWS = 1000  # the most that one answer holds
AIM = 700  # rows that a window is sized for, so that it seldom overflows
GROWTH = 4  # a window is at most this many times as long as the one before
OVERLAP = 100  # rows read twice where pages cannot be avoided
_TRIES = 5

Row = Mapping[str, Any]


class Answer(NamedTuple):
    """Rows of one query, or a count, and the server's clock."""

    rows: list[Row]
    total: int | None
    time: datetime  # UTC


Ask = Callable[[str], Answer]


class Chunk(NamedTuple):
    """A whole window's rows; ``began`` is the server's clock at the walk's first answer, UTC."""

    rows: list[Row]
    began: datetime
    last: bool


def literal(value: str) -> str:
    """A quoted literal: backslash escapes, a doubled quote would not parse."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def instant(moment: datetime) -> str:
    """An instant as both queries and CDC take it; whole seconds, as the metadata has them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def by_ids(entity: str, ids: list[str]) -> str:
    """Rows by their ids; at most 1000 ids, so the answer is whole."""
    listed = ",".join(literal(one) for one in ids)
    return f"SELECT * FROM {entity} WHERE Id IN ({listed}) MAXRESULTS {ROWS}"  # noqa: S608


def updated_at(row: Row) -> datetime:
    """When a row last changed, UTC. Raises ValueError where it does not say."""
    try:
        moment = datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"])
    except (KeyError, TypeError) as error:
        raise ValueError("no LastUpdatedTime") from error
    if moment.tzinfo is None:
        raise ValueError("LastUpdatedTime has no offset")
    return moment.astimezone(UTC)


def count_dated(entity: str, first: date, last: date, *, before: datetime) -> str:
    """How many are dated first..last, both included, and last changed before an instant."""
    limits = (
        f"TxnDate >= {literal(first.isoformat())}",
        f"TxnDate <= {literal(last.isoformat())}",
        f"MetaData.LastUpdatedTime < {literal(instant(before))}",
    )
    return f"SELECT COUNT(*) FROM {entity} WHERE {' AND '.join(limits)}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Window:
    """Rows last changed from ``start`` up to, not including, ``end``; Unix seconds, None: open."""

    entity: str
    start: int | None
    end: int | None

    def _where(self) -> str:
        limits = []
        if self.start is not None:
            limits.append(f"MetaData.LastUpdatedTime >= {_quoted(self.start)}")
        if self.end is not None:
            limits.append(f"MetaData.LastUpdatedTime < {_quoted(self.end)}")
        return f" WHERE {' AND '.join(limits)}" if limits else ""

    def select(self) -> str:
        return (
            f"SELECT * FROM {self.entity}{self._where()} "  # noqa: S608
            f"ORDERBY MetaData.LastUpdatedTime ASC MAXRESULTS {ROWS}"
        )

    def page(self, position: int) -> str:
        # CreateTime never changes, so that an edit between two pages shifts nothing.
        return (
            f"SELECT * FROM {self.entity}{self._where()} ORDERBY MetaData.CreateTime ASC "  # noqa: S608
            f"STARTPOSITION {position} MAXRESULTS {ROWS}"
        )

    def holds(self, rows: list[Row]) -> bool:
        """Whether rows are of this window at all. A single one may have changed since it was
        found; where none is, the answer is another question's."""
        seconds = list(_seconds(rows))
        return not seconds or any(
            (self.start is None or self.start <= second) and (self.end is None or second < self.end)
            for second in seconds
        )

    def count(self) -> str:
        return f"SELECT COUNT(*) FROM {self.entity}{self._where()}"  # noqa: S608


def _quoted(second: int) -> str:
    return literal(instant(datetime.fromtimestamp(second, UTC)))


def walk(ask: Ask, entity: str, since: datetime | None) -> Iterator[Chunk]:
    """Everything of an entity that last changed at or after ``since``, oldest windows first.

    The last window has no end, so what changed a moment ago is there too. A row edited meanwhile
    leaves its window for a later one, which is read afterwards. Deleted rows cannot be seen.
    """
    start = None if since is None else int(since.timestamp())
    low, end = start, None
    began: datetime | None = None
    cut = False
    while True:
        window = _Window(entity, start, end)
        answer = ask(window.select())
        began = began or answer.time
        rows = answer.rows
        if not window.holds(rows):
            raise Garbled("An answer holds records that were not asked for.", system=SYSTEM)
        if len(rows) >= ROWS:
            oldest, newest = _ends(rows)
            low = oldest if low is None else low
            if end is None or end - low > 1:
                # Oldest first, so all before the newest of them are fewer than 1000: one cut is
                # enough. Where the order is not kept after all, halves are.
                end = low + (max(1, newest - low) if end is None or not cut else (end - low) // 2)
                cut = True
                continue
            rows = _paged(ask, window)
        yield Chunk(rows, began, last=end is None)
        if end is None:
            return
        assert low is not None  # noqa: S101 - set when the end was
        width = max(1, (end - low) * AIM // max(len(rows), AIM // GROWTH))
        start = low = end
        end = low + width if low + width <= began.timestamp() else None
        cut = False


def _seconds(rows: list[Row]) -> Iterator[int]:
    """When rows last changed; one that does not say is left to whoever reads it."""
    for row in rows:
        try:
            yield int(updated_at(row).timestamp())
        except (AttributeError, ValueError):
            continue


def _ends(rows: list[Row]) -> tuple[int, int]:
    """The seconds of the oldest and the newest of some rows."""
    try:
        seconds = [int(updated_at(row).timestamp()) for row in rows]
    except ValueError as error:
        raise Garbled(f"A record is not as documented ({error}).", system=SYSTEM) from error
    return min(seconds), max(seconds)


def _paged(ask: Ask, window: _Window) -> list[Row]:
    """A single second with 1000 rows or more (a bulk import): pages that overlap, and a count
    before and after that has to agree with the distinct ids."""
    for _ in range(_TRIES):
        before = ask(window.count()).total
        found: dict[str, Row] = {}
        position = 1
        while before is not None and position <= before + ROWS:
            rows = ask(window.page(position)).rows
            found.update((str(row["Id"]), row) for row in rows)
            if len(rows) < ROWS:
                break
            position += ROWS - OVERLAP
        if before == len(found) == ask(window.count()).total:
            return list(found.values())
    raise Garbled(
        f"The {window.entity} rows of one second before {_quoted(window.end or 0)} keep changing "
        "while they are paged.",
        system=SYSTEM,
        action="Run again when the import into QuickBooks Online has ended.",
    )
