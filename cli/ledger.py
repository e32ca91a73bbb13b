"""``paidsync ledger``."""

from paidsync.ledger import Ledger, schema
from paidsync.settings import settings


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


def _last_run(last: object) -> str:
    if last is None:
        return "never run"
    return f"last run {last.state} at {str(last.ended_at)[:19]} UTC"  # type: ignore[attr-defined]
