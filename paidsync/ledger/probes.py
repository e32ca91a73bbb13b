"""What `paidsync probe` wrote into Procore, and what it learned there."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlmodel import Field, SQLModel

from paidsync.ledger.audit import Audit
from paidsync.ledger.entries import SEEN
from paidsync.ledger.sql import upsert, utc_now
from paidsync.ledger.tables import Entry


class ProbeRow(SQLModel, table=True):
    """A row of a cent that a probe made, or may have made; its id is never used again."""

    __tablename__ = "probe_row"

    origin_id: str = Field(primary_key=True)
    n: int
    connection: str
    project_id: str
    commitment_id: str
    state: str  # sending, standing, refused, taken_back or left
    message: str | None = None
    at: str


class ProbeAnswer(SQLModel, table=True):
    """The newest answer to a question, for a person to read."""

    __tablename__ = "probe_answer"

    connection: str = Field(primary_key=True)
    question: str = Field(primary_key=True)
    answer: str
    seen: str
    commitment_id: str
    asked_by: str
    at: str


_row = ProbeRow.__table__  # type: ignore[attr-defined]
_answer = ProbeAnswer.__table__  # type: ignore[attr-defined]
_entry = Entry.__table__  # type: ignore[attr-defined]


class Probes:
    """The witness of probes; like entries, a row is noted before it is sent."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def next_n(self) -> int:
        """One more than the highest number that any probe of this installation used."""
        with self._engine.begin() as db:
            highest = db.execute(select(func.max(_row.c.n))).scalar_one()
            return 1 + int(highest or 0)

    def takes_payments(self, commitment_id: str) -> bool:
        """Whether anything was, or may have been, posted to a commitment by this installation."""
        with self._engine.begin() as db:
            query = select(_entry.c.origin_id).where(
                _entry.c.commitment_id == commitment_id, _entry.c.state.in_(SEEN)
            )
            return db.execute(query.limit(1)).first() is not None

    def sending(self, row: Mapping[str, Any]) -> None:
        """Durably, before the request leaves: this row may from now on stand in Procore."""
        with self._engine.begin() as db:
            upsert(db, _row, [{**row, "state": "sending", "message": None, "at": utc_now()}])
            self._audit.append(db, "probe_write", dict(row), of=row["connection"])

    def became(self, origin_id: str, state: str, message: str | None = None) -> None:
        """What became of a row; one that this ledger never sent is no business of it."""
        with self._engine.begin() as db:
            db.execute(
                update(_row)
                .where(_row.c.origin_id == origin_id)
                .values(state=state, message=message, at=utc_now())
            )

    def left(self, connection: str) -> list[dict[str, Any]]:
        """Rows that stand in Procore still, or may, as far as this ledger knows."""
        with self._engine.begin() as db:
            query = (
                select(_row)
                .where(
                    _row.c.connection == connection,
                    _row.c.state.in_(("sending", "standing", "left")),
                )
                .order_by(_row.c.n)
            )
            return [dict(row) for row in db.execute(query).mappings()]

    def standing_on(self, commitment_ids: Collection[str]) -> list[str]:
        """Ids of rows that stood on these commitments, as far as this ledger knows."""
        with self._engine.begin() as db:
            query = select(_row.c.origin_id).where(
                _row.c.commitment_id.in_(commitment_ids), _row.c.state.in_(("standing", "left"))
            )
            return list(db.execute(query).scalars())

    def learned(self, connection: str, answers: list[Mapping[str, Any]]) -> None:
        """Keep the newest answers; what was not asked this time stays as it was."""
        told = {"connection": connection, "at": utc_now()}
        rows = [{**told, **answer} for answer in answers]
        with self._engine.begin() as db:
            upsert(db, _answer, rows)
            for row in rows:
                self._audit.append(db, "probe_answer", row, of=connection)

    def answers(self, connection: str) -> dict[str, dict[str, Any]]:
        """What is known, by question."""
        with self._engine.begin() as db:
            query = select(_answer).where(_answer.c.connection == connection)
            return {row["question"]: dict(row) for row in db.execute(query).mappings()}
