"""What people decided about holds; a decision counts for one state of its allocation (rule 2)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from paidsync.reasons import Decision, Hold

Row = Mapping[str, Any]


class Decided(NamedTuple):
    """A person's decision about a hold."""

    reason: Hold
    state: str  # fingerprint of the allocation as it was then
    decision: Decision
    application_id: str | None = None  # of a link
    accepted: tuple[Row, ...] = ()  # rows of ours as they stood when a person accepted them


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


def accepted_rows(decisions: Decisions, allocation_id: str) -> dict[str, Row]:
    """What a person accepted of the allocation's rows, by origin_id. It outlasts the state that it
    was decided in; another decision about such a hold takes it back."""
    found: dict[str, Row] = {}
    for each in decisions.get(allocation_id, ()):
        if each.reason is not Hold.DRIFT_IN_PROCORE:
            continue
        if each.decision is Decision.ACCEPT:
            found |= {row["origin_id"]: row for row in each.accepted}
        else:
            found.clear()
    return found
