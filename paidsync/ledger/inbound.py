"""What came in: webhooks as they were heard, and presses of Procore's button with their answers.

Both are rows of ``inbound_event``, known by source and id, so that what comes twice is one row. A
webhook's row is ``handled`` once somebody acted on it; a press's row once its answer is in Procore.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Engine, delete, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import insert_missing, utc_now
from paidsync.ledger.tables import InboundEvent

_event = InboundEvent.__table__  # type: ignore[attr-defined]
_PRESS = "button"
# Webhooks that were acted on are kept for so long; presses and their answers for good.
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event of a webhook, not acted on yet."""

    source: str
    event_id: str
    connection: str
    record_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One request of Procore's button: who answers it, and the answer once there is one."""

    connection: str
    request_id: str
    detail_id: str
    claims: tuple[str, ...]  # runs that took it up, oldest first
    claimed_at: datetime
    status: str | None  # success or failed
    messages: tuple[str, ...]
    closed: bool  # whether Procore has the answer


class Inbound:
    """Records and settles what came in."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        self._engine = engine
        self._audit = audit

    def record(
        self, source: str, event_id: str, *, connection: str, body: Mapping[str, Any]
    ) -> None:
        """Keep an event; one that is there already stays as it is."""
        row = {
            "source": source,
            "event_id": event_id,
            "connection": connection,
            "body": dict(body),
            "received_at": utc_now(),
        }
        with self._engine.begin() as db:
            insert_missing(db, _event, row)

    def waiting(self, limit: int = 500) -> list[Heard]:
        """Events that nobody acted on yet, oldest first."""
        query = (
            select(_event)
            .where(_event.c.handled_at.is_(None), _event.c.source != _PRESS)
            .order_by(_event.c.received_at)
            .limit(limit)
        )
        with self._engine.begin() as db:
            return [
                Heard(
                    source=row["source"],
                    event_id=row["event_id"],
                    connection=str(row["connection"]),
                    record_id=str(row["body"].get("record_id", "")),
                    received_at=datetime.fromisoformat(row["received_at"]),
                )
                for row in db.execute(query).mappings()
            ]

    def handled(self, events: Iterable[Heard]) -> None:
        """Somebody acted on these, or there is nothing to do about them."""
        with self._engine.begin() as db:
            for each in events:
                db.execute(
                    update(_event)
                    .where(_event.c.source == each.source, _event.c.event_id == each.event_id)
                    .values(handled_at=utc_now())
                )

    def forget(self) -> None:
        """Drop webhooks that were acted on long ago."""
        before = (datetime.now(UTC) - _KEPT).isoformat(timespec="microseconds")
        with self._engine.begin() as db:
            db.execute(
                delete(_event).where(_event.c.source != _PRESS, _event.c.handled_at < before)
            )

    def press(self, connection: str, request_id: str) -> Press | None:
        """What is known of a press; None where no run took it up."""
        with self._engine.begin() as db:
            row = self._row(db, connection, request_id)
        return None if row is None else _press(connection, row)

    def unclosed(self, connection: str) -> list[Press]:
        """Presses with an answer that Procore does not have yet."""
        query = select(_event).where(
            _event.c.source == _PRESS,
            _event.c.connection == connection,
            _event.c.handled_at.is_(None),
        )
        with self._engine.begin() as db:
            rows = [dict(row) for row in db.execute(query).mappings()]
        presses = [_press(connection, row) for row in rows]
        return [each for each in presses if each.status is not None]

    def claim(
        self,
        connection: str,
        request_id: str,
        *,
        detail_id: str,
        run_id: str,
        seen: Press | None,
        asked_by: str | None,
    ) -> bool:
        """A run takes a press up, if it still is as that run has ``seen`` it."""
        with self._engine.begin() as db:
            key = _key(connection, request_id)
            first = {
                "source": _PRESS,
                "event_id": key,
                "connection": connection,
                "body": {"request_id": request_id, "claims": []},
                "received_at": utc_now(),
            }
            insert_missing(db, _event, first)
            row = self._row(db, connection, request_id)
            body = dict(row["body"]) if row else {}
            claims = list(body["claims"])
            if claims != list(seen.claims if seen else ()) or body.get("status") is not None:
                return False
            body |= {
                "detail_id": detail_id,
                "asked_by": asked_by,
                "claims": [*claims, run_id],
                "claimed_at": utc_now(),
            }
            self._write(db, key, body=body)
            self._audit.append(
                db,
                "button_pressed",
                {"request": request_id, "by": asked_by},
                of=connection,
                run_id=run_id,
            )
        return True

    def answer(
        self,
        connection: str,
        request_id: str,
        *,
        run_id: str,
        status: str,
        messages: Iterable[str],
    ) -> None:
        """Keep the answer to a press, before Procore is told."""
        with self._engine.begin() as db:
            row = self._row(db, connection, request_id)
            if row is None:
                raise LookupError(f"nobody took request {request_id} up")
            body = {**row["body"], "status": status, "messages": list(messages)}
            self._write(db, _key(connection, request_id), body=body)
            self._audit.append(
                db,
                "button_answered",
                {"request": request_id, "status": status, "messages": body["messages"]},
                of=connection,
                run_id=run_id,
            )

    def closed(self, connection: str, request_id: str) -> None:
        """Procore has the answer to a press."""
        with self._engine.begin() as db:
            self._write(db, _key(connection, request_id), handled_at=utc_now())

    @staticmethod
    def _row(db: Db, connection: str, request_id: str) -> dict[str, Any] | None:
        query = select(_event).where(
            _event.c.source == _PRESS, _event.c.event_id == _key(connection, request_id)
        )
        found = db.execute(query.with_for_update()).mappings().first()
        return None if found is None else dict(found)

    @staticmethod
    def _write(db: Db, key: str, **values: Any) -> None:
        db.execute(
            update(_event)
            .where(_event.c.source == _PRESS, _event.c.event_id == key)
            .values(**values)
        )


def _key(connection: str, request_id: str) -> str:
    return f"{connection}:{request_id}"


def _press(connection: str, row: Mapping[str, Any]) -> Press:
    body = row["body"]
    return Press(
        connection=connection,
        request_id=body["request_id"],
        detail_id=str(body.get("detail_id", "")),
        claims=tuple(body["claims"]),
        claimed_at=datetime.fromisoformat(body.get("claimed_at") or row["received_at"]),
        status=body.get("status"),
        messages=tuple(body.get("messages", ())),
        closed=row["handled_at"] is not None,
    )
