"""What people decided on holds; a decision counts only in the state that it was made in."""

from __future__ import annotations

from .books.records import Bill
from .company import World
from .matching import Match
from .memory import Decision, State

SEEN = frozenset(
    (
        "missing_bill_number",
        "missing_amount",
        "amount_not_positive",
        "amount_exceeds_bill",
        "amount_precision",
        "currency_differs",
        "date_in_future",
        "ambiguous_match",
        "vendor_differs",
        "bill_total_differs",
        "cash_split_unknown",
        "overpays_payment_application",
        "exceeds_erp_paid",
        "looks_like_manual_payment",
        "other_integration_row",
        "payments_tab_disabled",
        "project_not_active",
        "commitment_void",
        "application_unlinked",
        "deleted_in_erp",
        "changed_before_start",
        "drift_in_procore",
        "duplicate_in_procore",
    )
)
"""Hold reasons of money-rules 8 that the truth finds itself."""

UNSEEN = frozenset(
    (
        "bad_bill_number",
        "bad_currency",
        "duplicate_allocation",
        "unknown_erp_status",
        "unknown_payment_method",
        "bill_spans_commitments",
        "retainage_without_application",
        "prepayment_date_unknown",
        "disappeared_from_erp",
        "origin_id_conflict",
        "refused_by_procore",
        "awaiting_approval",
    )
)
"""Those that only the program can find, so that the truth takes the person's word for them."""

HOLDS = SEEN | UNSEEN

KINDS = ("leave", "post", "link", "reverse", "post_without_application", "accept", "retry")

DRIFT = "drift_in_procore"


def live_state(bill: Bill, match: Match, settled: int, cash: int | None) -> State:
    """Return the state of an allocation that the ERP has: amounts, bill, application found."""
    found = match.application.id if match.application else None
    return ("live", settled, cash, bill.id, bill.vendor_id, bill.number, found)


def gone_state(bill_id: str, bill: Bill | None, match: Match | None, how: str) -> State:
    """Return the state of an allocation that the ERP no longer has; `how` it went."""
    found = match.application.id if match and match.application else None
    vendor, number = (bill.vendor_id, bill.number) if bill else (None, None)
    return (how, 0, 0, bill_id, vendor, number, found)


def decided(world: World, prefix: str, reason: str, state: State) -> Decision | None:
    """Return the decision on a hold that is in force."""
    found = world.memory.decisions.get((prefix, reason))
    return found if found is not None and found.state == state else None


def accepts(world: World, prefix: str, state: State) -> bool:
    """Say whether a person accepted what stands, as long as the allocation is what it is now."""
    found = decided(world, prefix, DRIFT, state)
    return found is not None and found.decision == "accept"


def linked_application(world: World, prefix: str, state: State) -> int | None:
    """Return the application that a person linked an allocation to."""
    if not world.memory.decisions:
        return None
    for reason in sorted(HOLDS):
        found = decided(world, prefix, reason, state)
        if found is not None and found.decision == "link":
            return found.to_application
    return None


def left_unseen(world: World, prefix: str, state: State) -> bool:
    """Say whether a person left an allocation that is held for a reason unknown here."""
    if not world.memory.decisions:
        return False
    found = [decided(world, prefix, reason, state) for reason in UNSEEN]
    return any(one is not None and one.decision == "leave" for one in found)
