"""What people decided about holds; a decision counts for one state of its allocation (rule 2)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from paidsync.reasons import Decision, Hold


class Decided(NamedTuple):
    """A person's decision about a hold."""

    reason: Hold
    state: str  # fingerprint of the allocation as it was then
    decision: Decision
    application_id: str | None = None  # of a link


Decisions = Mapping[str, Sequence[Decided]]  # by allocation, the newest last


def decision_about(
    decisions: Decisions, allocation_id: str, state: str, reason: Hold
) -> Decision | None:
    """The newest decision about this hold of the allocation as it is now; None if there is none."""
    for each in reversed(decisions.get(allocation_id, ())):
        if each.state == state and each.reason == reason:
            return each.decision
    return None


def linked_application(decisions: Decisions, allocation_id: str, state: str) -> str | None:
    """The application that a person linked the allocation to, as it is now."""
    for each in reversed(decisions.get(allocation_id, ())):
        if each.state == state:
            return each.application_id if each.decision is Decision.LINK else None
    return None
