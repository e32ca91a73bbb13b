"""What one payment application holds back, out of totals that run over the whole commitment.

A requisition's summary states ``total_retainage`` to date (it is an AIA G702), so that its own
part is the difference to the requisition before it, which it names.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from connectors.procore.mapping import Json, application_total_retainage, reference, row_id

_WHAT = "payment application"


def missing_predecessors(rows: Iterable[Json]) -> list[str]:
    """Ids of requisitions that the rows name as the one before, and that are not among them."""
    by_id = {row_id(row, _WHAT): row for row in rows}
    named = {reference(row, "previous_requisition_id", _WHAT) for row in by_id.values()}
    return sorted(found for found in named if found is not None and found not in by_id)


def held(row: Json, by_id: Mapping[str, Json]) -> Decimal | None:
    """Retainage of this application alone, negative where it releases; None where Procore does
    not say, or the one before cannot be seen."""
    total = application_total_retainage(row)
    if total is None:
        return None
    previous = reference(row, "previous_requisition_id", _WHAT)
    if previous is None:
        return total if str(row.get("number") or "1") == "1" else None
    earlier = by_id.get(previous)
    before = None if earlier is None else application_total_retainage(earlier)
    return None if before is None else total - before
