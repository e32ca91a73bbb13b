"""The generic bulk rule (reference 3.5): always 200, ``entities`` and ``errors``.

At most 1000 updates; an error item echoes its input plus ``errors: {field: [text]}``, and the
others stand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.procore.call import Call
from sandbox.procore.errors import ApiError, FieldErrors, bad_request
from sandbox.procore.shapes import Json

MOST = 1000


class Failed(ApiError):
    """One update that is refused; the rest of the call goes on."""

    def __init__(self, errors: FieldErrors) -> None:
        super().__init__(422, "The update is invalid", errors=errors)


def updates_of(body: Any) -> list[Any]:
    """The ``updates`` of a sync body."""
    updates = body.get("updates") if isinstance(body, dict) else None
    if not isinstance(updates, list):
        raise bad_request("updates is missing or is not a list", "updates")
    if len(updates) > MOST:
        raise bad_request(f"updates may hold at most {MOST} items", "updates")
    return updates


def sync_all(
    call: Call, one: Callable[[dict[str, Any]], Json], updates: list[Any] | None = None
) -> Json:
    """Apply ``one`` to each update and sort the outcomes."""
    entities: list[Json] = []
    errors: list[Json] = []
    for update in updates_of(call.body) if updates is None else updates:
        if not isinstance(update, dict):
            errors.append({"errors": {"base": ["is not an object"]}})
            continue
        try:
            entities.append(one(update))
        except ApiError as error:
            texts = error.errors or {error.fields or "base": [error.message]}
            errors.append(update | {"errors": {k: list(v) for k, v in texts.items()}})
    return {"entities": entities, "errors": errors}
