"""The few statements that both databases share."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import pandas as pd
from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import postgresql, sqlite

from paidsync.records import Schema, column

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


def frame_of(connection: Connection, query: Select[Any], schema: Schema) -> pd.DataFrame:
    """The result of a query whose columns carry the schema's names, as a frame of it."""
    result = connection.execute(query)
    names = list(result.keys())
    rows = result.all()
    columns = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    return pd.DataFrame(
        {name: column(list(columns.get(name, ())), dtype) for name, dtype in schema.columns.items()}
    )
