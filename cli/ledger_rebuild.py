"""``paidsync ledger rebuild``: a lost or outdated ledger, mended from Procore and the ERP."""

import getpass
from collections.abc import Iterator

from paidsync.ledger import Ledger
from paidsync.settings import settings
from tasks.pages import shown_money
from tasks.rebuild import Rebuilt, rebuild


def rebuild_ledger(name: str) -> int:
    """Mend a lost or outdated ledger from Procore and the ERP; nothing is written to either."""
    ledger = Ledger(settings().ledger_url).require_current()
    try:
        done = rebuild(settings(), ledger, name, requested_by=getpass.getuser())
    finally:
        ledger.close()
    for line in _came_to(done):
        print(line)
    return 0


def _came_to(done: Rebuilt) -> Iterator[str]:
    yield (
        f"Read {done.commitments} commitments. Rows of PaidSync's own: {done.payments} payments, "
        f"{done.reversals} reversals, {shown_money(done.money)} net."
    )
    if done.unanswered:
        yield f"Procore does not show the inactive projects {', '.join(done.unanswered)}."
    for origin_id, rows in done.duplicates.items():
        yield f"Rows {', '.join(rows)} bear the same id ({origin_id}); they count as one entry."
    if done.installation:
        yield (
            f"This ledger goes on as installation {done.installation}, which wrote these rows; "
            "no other PaidSync may write as that one any more."
        )
    if done.policy_versions:
        versions = ", ".join(str(version) for version in done.policy_versions)
        yield f"Policy {versions} was lost; what was posted under it is judged by the present one."
    yield f"Added {done.added} entries, corrected {done.corrected}."
    if done.differing or done.missing:
        yield (
            f"{done.differing} entries do not stand as they were sent and {done.missing} are gone "
            "from Procore; the next sync holds them."
        )
    yield f"Stored {done.allocations} allocations, {done.opening} of them from before the start."
    if done.not_shown:
        yield f"{done.not_shown} of them stand in Procore only; the next sync looks for them."
    yield f"Evidence: {done.folder}"
    yield f"Next: paidsync sync {done.connection} --preview"
