"""Change data capture (reference section 6): 30 days, 1000 objects, tombstones last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .faultbodies import QboFault, invalid_query, missing, unsupported_operation
from .query import entity_name, parse_instant
from .shapes import pacific_millis, shape, tombstone_shape
from .store import Company

MAX_OBJECTS = 1000
LOOK_BACK = timedelta(days=30)
_UNSUPPORTED = frozenset({"journalcode", "taxagency", "timeactivity", "taxcode", "taxrate"})


def changes(entities: str, changed_since: str, company: Company) -> dict[str, Any]:
    """Return what changed at or after an instant, one group per entity, cut at 1000 without a word.

    A deleted object is a bare tombstone behind the live rows of its group.
    """
    if not entities:
        raise missing("entities")
    if not changed_since:
        raise missing("changedSince")
    try:
        since = parse_instant(changed_since)
    except ValueError:
        raise invalid_query(f"changedSince does not take the value {changed_since}") from None
    if company.clock.now() - since > LOOK_BACK:
        detail = (
            f"Operation cdc with changedSince date {changed_since} "
            f"older than fixed days {LOOK_BACK.days} is not supported"
        )
        raise QboFault("4001", "Invalid query", detail)
    kinds = [_kind(name.strip()) for name in entities.split(",")]
    room = MAX_OBJECTS
    groups: list[dict[str, Any]] = []
    for kind in kinds:
        objects = _group(kind, int(since.timestamp()), company)
        shown = objects[:room]
        room -= len(shown)
        group: dict[str, Any] = {}
        if shown:
            group = {kind: shown, "startPosition": 1, "maxResults": len(shown)}
            group["totalCount"] = len(objects)
        groups.append(group)
    if not any(groups):
        groups = [{}]
    envelope = {"CDCResponse": [{"QueryResponse": groups}]}
    return envelope | {"time": pacific_millis(company.clock.now())}


def _kind(name: str) -> str:
    if name.lower() in _UNSUPPORTED:
        raise unsupported_operation(f"cdc for {name}")
    kind = entity_name(name)
    if kind is None:
        raise invalid_query(f"Entity {name} not found")
    return kind


def _group(kind: str, since: int, company: Company) -> list[dict[str, Any]]:
    objects = []
    for row in company.table(kind).updated_between(since):
        objects.append(shape(row, company))
        if len(objects) > MAX_OBJECTS:
            break
    dead = [t for t in company.tombstones if t.kind == kind and t.deleted >= since]
    return objects + [tombstone_shape(t) for t in sorted(dead, key=lambda t: t.deleted)]
