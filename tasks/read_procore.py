"""Procore's part of the extract: vendors, commitments and payment applications."""

from datetime import datetime, timedelta

from connectors.procore.records import Project
from tasks.desk import Desk
from tasks.read import PROCORE, Read, Rows
from tasks.rows import application_row, commitment_row

# Procore's lists are asked again for what changed this long before the last reading, because a
# row may become visible after its own time stamp.
_OVERLAP = timedelta(minutes=5)
_APPLICATION_FACTS = (
    "origin_id", "commitment_id", "invoice_number", "vendor_id", "currency", "due_minor",
    "retainage_minor", "tax_minor", "invoice_type",
)  # fmt: skip


def read_procore(at: Desk, read: Read) -> Rows:
    """Read what changed, in a reconcile everything; answers the applications as they were kept
    until now."""
    name = at.run.connection
    mark = at.ledger.runs.cursor(name, PROCORE)
    since = None
    if mark and not at.run.sweeps:
        since = datetime.fromisoformat(mark[0]) - _OVERLAP
    projects = at.procore.projects()
    begun = at.procore.server_time()
    for vendor in at.procore.vendors(updated_since=since):
        read.vendors[vendor.vendor_id] = {
            "vendor_id": vendor.vendor_id,
            "name": vendor.name,
            "origin_id": vendor.origin_id,
        }
    for row in at.ledger.mirror.commitments(name):
        read.commitments[row["commitment_id"]] = row
    visible = {project.project_id: project for project in projects}
    for row in read.commitments.values():
        project = visible.get(row["project_id"])
        row["project_active"] = bool(project and project.active)
    before = {row["application_id"]: row for row in at.ledger.mirror.applications(name)}
    read.applications = {
        key: {name: value for name, value in row.items() if name != "vendor_origin_id"}
        for key, row in before.items()
    }
    for project in projects:
        if project.active:
            _read_project(at, read, project, since)
    for key, row in read.applications.items():
        old = before.get(key)
        if old is None or any(old[name] != row[name] for name in _APPLICATION_FACTS):
            read.changed_applications.add(key)
    if begun is not None:
        until = max(begun.isoformat(), mark[0] if mark else "")
        read.cursors[PROCORE] = (mark, until, "")
    return before


def _read_project(at: Desk, read: Read, project: Project, since: datetime | None) -> None:
    for commitment in at.procore.commitments(project.project_id, updated_since=since):
        read.listed.append(commitment.commitment_id)
        read.commitments[commitment.commitment_id] = commitment_row(commitment, project)
    for application in at.procore.applications(project.project_id, updated_since=since):
        on = read.commitments.get(application.commitment_id or "", {})
        currency = application.currency or on.get("currency") or read.company.home_currency
        row = application_row(application, currency)
        row["vendor_id"] = row["vendor_id"] or on.get("vendor_id")
        read.applications[application.application_id] = row
