"""What one extract read of both systems."""

from dataclasses import dataclass, field
from typing import Any

Rows = dict[str, dict[str, Any]]

# Streams that have a cursor, as the ledger names them.
PAYMENTS, BILLS, PROCORE = "bill_payments", "bills", "procore"


@dataclass(slots=True)
class Read:
    """Everything one extract read. Keys of the row dicts are the records' own ids."""

    company: Any = None
    allocations: Rows = field(default_factory=dict)  # delivered in this run, bill columns missing
    looked_at: Rows = field(default_factory=dict)  # stored rows that this run judges besides
    bills: Rows = field(default_factory=dict)
    vendors: Rows = field(default_factory=dict)
    commitments: Rows = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)  # commitments that Procore showed in this run
    applications: Rows = field(default_factory=dict)
    changed_applications: set[str] = field(default_factory=set)
    cursors: dict[str, tuple[tuple[str, str] | None, str, str]] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)  # gone payments -> why
    control: dict[str, Any] | None = None  # the ERP's count beside ours
    bills_compared: dict[str, Any] | None = None  # what the ERP says is paid on them beside ours
    found: list[str] = field(default_factory=list)  # payments that changed and no feed told of
