"""Rows of ours that somebody changed or removed in Procore, and that a person accepted so."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, select
from sqlalchemy import Connection as Db
from sqlmodel import Field, SQLModel

# What a person sees of a row, and what a decision is bound to beside the allocation's state.
FACTS = (
    "commitment_id", "application_id", "amount_minor", "date", "invoice_number", "check_number",
)  # fmt: skip


class AcceptedRow(SQLModel, table=True):
    """An entry's row as it stood when a person accepted it; ``removed`` where it stood no more."""

    __tablename__ = "accepted_row"

    decision_id: int = Field(primary_key=True)
    connection: str = Field(primary_key=True)
    origin_id: str = Field(primary_key=True)
    removed: bool
    commitment_id: str | None = None
    application_id: str | None = None
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    date: str | None = None
    invoice_number: str | None = None
    check_number: str | None = None


_accepted = AcceptedRow.__table__  # type: ignore[attr-defined]


def keep(
    db: Db, connection: str, decision_id: int, accepted: Mapping[str, Mapping[str, Any] | None]
) -> list[dict[str, Any]]:
    """Keep the rows that a decision accepts, by origin_id; None is a row that is gone. Answers
    them as they were kept, for the audit trail."""
    rows = [
        {
            "origin_id": origin_id,
            "removed": row is None,
            **{name: (row or {}).get(name) for name in FACTS},
        }
        for origin_id, row in sorted(accepted.items())
    ]
    if rows:
        where = {"connection": connection, "decision_id": decision_id}
        db.execute(_accepted.insert(), [{**where, **row} for row in rows])
    return rows


def of_connection(db: Db, connection: str) -> dict[int, Sequence[dict[str, Any]]]:
    """What was ever accepted, by decision."""
    found: dict[int, list[dict[str, Any]]] = {}
    query = (
        select(_accepted)
        .where(_accepted.c.connection == connection)
        .order_by(_accepted.c.decision_id, _accepted.c.origin_id)
    )
    for row in db.execute(query).mappings():
        found.setdefault(row["decision_id"], []).append(dict(row))
    return dict(found)
