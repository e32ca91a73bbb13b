"""The control API's records that are served otherwise than they are."""

from __future__ import annotations

from typing import Any

from .asking import Asked, ControlError
from .company import World
from .faults import Faults
from .quickbooks_online.query import entity_name
from .quickbooks_online.shapes import shape
from .raw import Raw


def erp(world: World, faults: Faults, asked: Asked) -> dict[str, Any]:
    """Serve one record of the books with other fields, or twice; without either as it is again.

    The record counts as edited, whichever way.
    """
    kind = entity_name(str(asked.need("kind")))
    if kind is None:
        raise ControlError(f"There is no kind {asked.get('kind')!r}.")
    ident = str(asked.need("id"))
    table = world.erp.table(kind)
    row = table.rows.get(ident)
    if row is None:
        raise ControlError(f"There is no {kind} {ident}.")
    changes, twin = _fields(asked, "changes"), _fields(asked, "twin")
    beside = asked.text("beside")
    asked.done()
    _forget(faults, "quickbooks_online", ident, kind)
    world.erp.changing(row)
    table.touch(row, world.erp.now())
    if twin is not None:
        twin = {**shape(row, world.erp), **twin}
    if changes or twin:
        faults.raws.append(Raw("quickbooks_online", ident, kind, changes, twin, beside))
    return {"kind": kind, "id": ident, "raw": bool(changes or twin)}


def procore(world: World, faults: Faults, asked: Asked) -> dict[str, Any]:
    """Serve one record of Procore with other fields; without any as it is again."""
    ident = str(asked.number("id"))
    changes = _fields(asked, "changes")
    asked.done()
    _forget(faults, "procore", ident, None)
    if changes:
        faults.raws.append(Raw("procore", ident, None, changes))
    return {"id": ident, "raw": bool(changes)}


def _forget(faults: Faults, system: str, ident: str, kind: str | None) -> None:
    faults.raws[:] = [
        raw for raw in faults.raws if (raw.system, raw.id, raw.kind) != (system, ident, kind)
    ]


def _fields(asked: Asked, name: str) -> dict[str, Any] | None:
    found = asked.get(name)
    if found is not None and not isinstance(found, dict):
        raise ControlError(f"'{name}' must be an object.")
    return found
