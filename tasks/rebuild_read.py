"""What a rebuild reads in Procore: every row of every commitment that the account sees."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from connectors.errors import AccessRefused, NotThere, OutsideError, is_transient
from connectors.procore.records import Project
from tasks.desk import Desk
from tasks.ours import our_id
from tasks.payments_issued import read_rows
from tasks.rows import application_row, commitment_row
from tasks.strategies import Row

T = TypeVar("T")

# Procore's answers about an inactive project that it does not show (Procore: projects).
_NOT_SHOWN = (403, 404)


@dataclass(slots=True)
class PaymentsIssued:
    """Everything that stands in Procore, anyone's."""

    rows: list[Row] = field(default_factory=list)  # records.CONTRACT_PAYMENTS
    commitments: dict[str, dict[str, Any]] = field(default_factory=dict)
    applications: dict[str, dict[str, Any]] = field(default_factory=dict)  # of inactive projects
    unanswered: list[str] = field(default_factory=list)  # inactive projects, by name

    def add(self, other: "PaymentsIssued") -> None:
        """One more project, read whole."""
        self.rows += other.rows
        self.commitments |= other.commitments
        self.applications |= other.applications


def read_payments_issued(at: Desk, *, home_currency: str, prefix: str) -> PaymentsIssued:
    """Every row of every commitment, inactive projects included where Procore answers for them.

    Raises an OutsideError where anything else cannot be read whole: half a list proves nothing;
    RunStopped(lease_held) where another run took over meanwhile.
    """
    found = PaymentsIssued()
    for project in at.procore.projects():
        at.hold_lease()
        try:
            found.add(_of_project(at, project, home_currency, prefix))
        except (AccessRefused, NotThere) as refused:
            if project.active or refused.status not in _NOT_SHOWN:
                raise
            found.unanswered.append(project.name or project.project_id)
    return found


def _of_project(at: Desk, project: Project, home_currency: str, prefix: str) -> PaymentsIssued:
    found = PaymentsIssued()
    for commitment in at.procore.commitments(project.project_id):
        found.commitments[commitment.commitment_id] = commitment_row(commitment, project)
        place = project.project_id, commitment.commitment_id
        read = partial(read_rows, at.procore, *place, commitment.currency or home_currency)
        found.rows += tried_again(at, read)
    if not project.active and any(our_id(row, prefix) for row in found.rows):
        found.applications = _applications(at, project, found.commitments, home_currency)
    return found


def _applications(
    at: Desk, project: Project, commitments: dict[str, dict[str, Any]], home_currency: str
) -> dict[str, dict[str, Any]]:
    """Those of an inactive project, which an extract leaves out: what was posted to them while it
    was active may still have to be taken back."""
    rows = {}
    for application in at.procore.applications(project.project_id):
        on = commitments.get(application.commitment_id or "", {})
        row = application_row(
            application, application.currency or on.get("currency") or home_currency
        )
        row["vendor_id"] = row["vendor_id"] or on.get("vendor_id")
        rows[application.application_id] = row
    return rows


def tried_again(at: Desk, read: Callable[[], T]) -> T:
    """What a stage of a run does as a whole: a reading that failed for a passing reason is tried
    again. A rebuild would have to begin anew."""
    for wait in at.settings.retry_seconds:
        try:
            return read()
        except OutsideError as error:
            if not is_transient(error):
                raise
        time.sleep(wait)
    return read()
