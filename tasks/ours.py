"""Which rows of Payments Issued are ours, and when they stop a run (money-rules 4). Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from paidsync import origin
from paidsync.reasons import RunStopped, Stop
from tasks.strategies import Row


def ours(rows: Iterable[Row], prefix: str) -> dict[str, list[Row]]:
    """Rows under our ERP company's prefix, by allocation, in order of n (rule 4.1)."""
    found: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for row in rows:
        if parsed := our_id(row, prefix):
            found[parsed.allocation_id].append((parsed.n, row))
    return {
        allocation: [row for _, row in sorted(standing, key=lambda each: each[0])]
        for allocation, standing in found.items()
    }


def our_id(row: Row, prefix: str) -> origin.OriginId | None:
    """Whose entry a row is; None where it is none of ours, whatever its id looks like."""
    parsed = origin.parse(row["origin_id"] or "")
    return parsed if parsed and parsed.allocation_id.startswith(prefix) else None


def is_others(row: Row, prefix: str) -> bool:
    """Whether a row may be somebody else's payment: none of our entries, and no probe's cent."""
    return our_id(row, prefix) is None and not origin.is_probe(row["origin_id"])


def require_known(rows: Iterable[Row], prefix: str, known_ids: set[str]) -> None:
    """Stop where Procore has an id of ours that the ledger does not know (rule 4.2)."""
    for row in rows:
        if our_id(row, prefix) and row["origin_id"] not in known_ids:
            raise RunStopped(
                Stop.LEDGER_BEHIND,
                f"Row {row['contract_payment_id']} on commitment {row['commitment_id']} is ours "
                f"({row['origin_id']}), but the ledger has never sent it.",
            )


def require_own(rows: Iterable[Row], prefix: str, installation: str) -> None:
    """Stop where a row under our ids was written by another installation (rule 4.2)."""
    for row in rows:
        writer = _installation_of(row) if our_id(row, prefix) else None
        if writer is not None and writer != installation:
            raise RunStopped(
                Stop.LEDGER_BEHIND,
                f"Row {row['contract_payment_id']} on commitment {row['commitment_id']} was "
                f"written by another installation of PaidSync ({writer}, not {installation}).",
            )


def written(row: Row) -> dict[str, Any]:
    """What PaidSync wrote beside the row's id when it sent it; empty where it cannot be read."""
    try:
        data = json.loads(row["origin_data"] or "")
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _installation_of(row: Row) -> str | None:
    data = written(row)
    return str(data["installation"]) if "installation" in data else None
