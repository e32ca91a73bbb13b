"""The control API's records that are served otherwise than they are."""

from __future__ import annotations

from typing import Any

from .asking import Asked, ControlError
from .company import World
from .faults import Faults
from .raw import Raw


def erp(world: World, faults: Faults, asked: Asked) -> dict[str, Any]:
    """Serve one record of the books with other fields, or twice, or not at all; without any of this
    as it is again.

    The record counts as edited, whichever way.
    """
    face = world.face
    name = str(asked.need("kind"))
    kind = face.kinds.get(name.lower())
    if kind is None:
        raise ControlError(f"There is no kind {name!r}.")
    ident = str(asked.need("id"))
    table = world.erp.table(kind.table)
    row = table.rows.get(ident)
    if row is None:
        raise ControlError(f"There is no {kind.table} {ident}.")
    changes, twin = _fields(asked, "changes"), _fields(asked, "twin")
    beside, hidden = asked.text("beside"), bool(asked.get("hidden"))
    asked.done()
    served = str(face.shape(row)[kind.id_field])
    _forget(faults, face.name, served, kind.keys)
    world.erp.changing(row)
    table.touch(row, world.erp.now())
    if twin is not None:
        twin = {**face.shape(row), **twin}
    altered = bool(changes or twin or hidden)
    if altered:
        raw = Raw(face.name, served, kind.id_field, kind.keys, changes, twin, beside, hidden)
        faults.raws.append(raw)
    return {"kind": kind.table, "id": ident, "raw": altered}


def procore(world: World, faults: Faults, asked: Asked) -> dict[str, Any]:
    """Serve one record of Procore with other fields; without any as it is again."""
    ident = str(asked.number("id"))
    changes = _fields(asked, "changes")
    asked.done()
    _forget(faults, "procore", ident, ())
    if changes:
        faults.raws.append(Raw("procore", ident, changes=changes))
    return {"id": ident, "raw": bool(changes)}


def _forget(faults: Faults, system: str, ident: str, keys: tuple[str, ...]) -> None:
    faults.raws[:] = [
        raw for raw in faults.raws if (raw.system, raw.id, raw.keys) != (system, ident, keys)
    ]


def _fields(asked: Asked, name: str) -> dict[str, Any] | None:
    found = asked.get(name)
    if found is not None and not isinstance(found, dict):
        raise ControlError(f"'{name}' must be an object.")
    return found
