"""The few statements that both databases share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

# SQLite takes at most 32,766 bound values in a statement, PostgreSQL 65,535.
IN_CHUNK = 5_000


def utc_now() -> str:
    """This instant, as the ledger writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def chunks(items: Iterable[T], size: int = IN_CHUNK) -> Iterator[list[T]]:
    """Lists of at most ``size`` items."""
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    keep: Iterable[str] = (),
) -> None:
    """Insert rows, or update those whose key is there; columns in ``keep`` stay as they were.
    Of rows with the same key the last one counts."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    kept = set(keep) | set(keys)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table)
    changes = {name: statement.excluded[name] for name in rows[0] if name not in kept}
    if changes:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    for chunk in chunks(rows):
        connection.execute(statement, [dict(row) for row in chunk])


def insert_missing(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row unless its key is there."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(table).values(dict(row)).on_conflict_do_nothing())


def rows_in(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    """The rows of a query as plain values; None where a cell is missing or an empty text."""
    result = connection.execute(query)
    names = list(result.keys())
    return [
        {name: None if cell == "" else cell for name, cell in zip(names, row, strict=True)}
        for row in result
    ]
