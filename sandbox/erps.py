"""The ERPs that the sandbox has; a new one adds its line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .clock import Clock
from .erp_face import Face

# By name as in origin ids: the package's face, in the order in which they are served.
_FACES = {"quickbooks_online": "QuickBooksOnline", "xero": "Xero"}

ERPS = tuple(_FACES)
FIRST = ERPS[0]


def title_of(erp: str) -> str:
    """Return an ERP's name as people write it."""
    return _face(erp).title


def open_face(erp: str, *, name: str, clock: Clock, seed: int, founded: int) -> Face:
    """Open an empty company in one ERP."""
    return _face(erp)(name=name, clock=clock, seed=seed, founded=founded)


def _face(erp: str) -> type[Face]:
    if erp not in _FACES:
        raise ValueError(f"There is no ERP {erp!r}; the ERPs are {', '.join(ERPS)}.")
    found: type[Face] = getattr(import_module(f"{__package__}.{erp}.face"), _FACES[erp])
    return found


def connection_section(erp: str, ready: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the `[erp]` part of a connection file, and the secrets that it names.

    `ready` is the ERP's part of the ready file.
    """
    made: tuple[str, dict[str, str]] = import_module(f"{__package__}.{erp}.connection").section(
        ready
    )
    return made
