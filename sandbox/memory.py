"""What the sandbox must remember to tell the truth after the world has moved on.

A hold never moves money, so what should stand for a held allocation depends on what stood rightly
before its cause appeared. The memory is taken just before each change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

State = tuple[str | int | None, ...]
"""What a decision is bound to (money-rules 2); another state reopens the hold."""


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
    payment_method: str | None
    payment_number: int | None
    notes: str | None
    external_payment_id: str | None


@dataclass(slots=True)
class Stood:
    """Where and how much rightly stood for an allocation, in minor units.

    `cash`, `number` and `date` are the allocation's when that was last seen to be right; `version`
    is the policy's that it was first posted under. `frozen` is lost only by a restatement.
    """

    commitment_id: int
    requisition_id: int | None
    amount: int
    cash: int | None = None
    version: int = 0
    number: str | None = None
    date: date | None = None
    linked: bool = False
    frozen: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """An allocation of the opening scan as it was then (money-rules 7.1), in minor units."""

    settled: int
    cash: int | None
    currency: str
    date: date
    number: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided on a hold, and the state in which."""

    decision: str
    state: State
    to_application: int | None = None


@dataclass(frozen=True, slots=True)
class Drifted:
    """One of our rows before somebody else changed or removed it."""

    prefix: str
    row: ForeignRow


@dataclass
class Memory:
    """Per allocation prefix what stood and what was last due; and everybody else's rows.

    Of our rows, those up to `seen_row` were there at the last change of the world; `linked` are
    rows that a person typed and that carry our id since (money-rules 4.3). `accepted` are drifted
    rows as a person accepted them; None is one that is gone.
    """

    stood: dict[str, Stood] = field(default_factory=dict)
    due: dict[str, Stood] = field(default_factory=dict)
    sent_bills: set[str] = field(default_factory=set)
    seen_row: int = 0
    linked: set[int] = field(default_factory=set)
    drifted: dict[int, Drifted] = field(default_factory=dict)
    accepted: dict[int, ForeignRow | None] = field(default_factory=dict)
    foreign: dict[int, ForeignRow] = field(default_factory=dict)
    numbers: dict[str, set[str | None]] = field(default_factory=dict)
    dates: dict[str, set[date]] = field(default_factory=dict)
    opening: dict[str, Opening] | None = None
    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
