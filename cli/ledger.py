"""``paidsync ledger`` and ``paidsync approve``."""

from cli.faults import WrongUse
from paidsync.ledger import Ledger, schema
from paidsync.settings import settings
from tasks.desk import stored_connection


def upgrade() -> int:
    """Create the ledger, or migrate it to this version."""
    ledger = Ledger(settings().ledger_url)
    ledger.upgrade()
    print(f"The ledger {ledger.shown_url} is at revision {schema.newest()}.")
    ledger.close()
    return 0


def status() -> int:
    """Where the ledger is, whether its audit trail is whole, and each connection's last run."""
    ledger = Ledger(settings().ledger_url).require_current()
    print(f"ledger        {ledger.shown_url}")
    print(f"revision      {schema.newest()}")
    print(f"installation  {ledger.connections.installation_id()}")
    broken = ledger.audit.broken_at()
    print(f"audit trail   {'whole' if broken is None else f'broken at event {broken}'}")
    for connection in ledger.connections.all():
        last = ledger.runs.last(connection.name)
        held = len(ledger.holds.open(connection.name))
        print(
            f"connection    {connection.name}: {connection.erp} {connection.erp_company} with "
            f"Procore {connection.procore_company}, policy {connection.policy_version}; "
            f"{_last_run(last)}; {held} held"
        )
    ledger.close()
    return 0 if broken is None else 1


def approve(name: str, plan: str, *, by_whom: str, note: str | None) -> int:
    """Approve a refused plan; the next run carries it out if it is still the same."""
    ledger = Ledger(settings().ledger_url).require_current()
    stored_connection(ledger, name)
    refused = ledger.runs.refused_plans(name)
    found = [each for each in refused if each.startswith(plan)]
    if len(found) != 1:
        known = ", ".join(each[:12] for each in refused) or "none"
        raise WrongUse(f"{plan!r} names no single refused plan of {name} (refused: {known}).")
    ledger.holds.decide(
        name, subject="plan", subject_id=found[0], decision="approve", by_whom=by_whom, note=note
    )
    print(f"Plan {found[0][:12]} is approved by {by_whom} (claimed). Run `paidsync sync {name}`.")
    ledger.close()
    return 0


def _last_run(last: object) -> str:
    if last is None:
        return "never run"
    return f"last run {last.state} at {str(last.ended_at)[:19]} UTC"  # type: ignore[attr-defined]
