"""What the sandbox must remember to tell the truth after the world has moved on.

A hold never moves money, so what should stand for a held allocation depends on what stood rightly
before its cause appeared. The memory is taken just before each change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """A contract payment that is not ours, as typed; only the control may change it."""

    commitment_id: int
    amount: Decimal
    date: date
    check_number: str | None
    invoice_number: str | None
    requisition_id: int | None
    origin_id: str | None


@dataclass(slots=True)
class Stood:
    """Where and how much rightly stood for an allocation, in minor units."""

    commitment_id: int
    requisition_id: int | None
    amount: int


@dataclass
class Memory:
    """Per allocation prefix: what stood, and what was last due; and everybody else's rows."""

    stood: dict[str, Stood] = field(default_factory=dict)
    due: dict[str, Stood] = field(default_factory=dict)
    drifted: dict[str, Stood] = field(default_factory=dict)
    foreign: dict[int, ForeignRow] = field(default_factory=dict)
    numbers: dict[str, set[str | None]] = field(default_factory=dict)
    dates: dict[str, set[date]] = field(default_factory=dict)
