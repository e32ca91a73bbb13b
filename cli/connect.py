"""``paidsync connect`` and ``paidsync check``: what both systems say, before anything is stored."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cli.button import check_button, connect_button
from connectors.connection import ConnectionFile, read
from connectors.erp import Cursor, Erp
from connectors.errors import OutsideError
from connectors.http import Call
from connectors.procore.client import Procore
from connectors.registry import open_erp
from paidsync.ledger import Ledger
from paidsync.settings import settings
from tasks.desk import stored_connection
from tasks.preflight import look


@dataclass(frozen=True, slots=True)
class Systems:
    """Both systems of a connection, open."""

    erp: Erp
    procore: Procore


def connect(file: Path, *, by_whom: str | None = None) -> int:
    """Check both systems, then store the connection and its policy."""
    ledger = Ledger(settings().ledger_url).require_current()
    connection = read(file)
    with _open(ledger, connection, anew=True) as systems:
        _show(connection, systems)
        version = ledger.connections.save(
            name=connection.name,
            erp=connection.erp_name,
            erp_company=connection.erp_company,
            procore_company=str(connection.procore.company_id),
            config=connection.without_policy(),
            policy=connection.policy.model_dump(mode="json"),
            by_whom=by_whom or getpass.getuser(),
        )
        connect_button(connection, systems.procore)
    ledger.close()
    print(f"Connected {connection.name}, policy version {version}.")
    _register(connection)
    print(f"Next: paidsync sync {connection.name} --preview")
    return 0


def check(name: str) -> int:
    """Check both systems of a stored connection."""
    ledger = Ledger(settings().ledger_url).require_current()
    connection = stored_connection(ledger, name)
    with _open(ledger, connection) as systems:
        _show(connection, systems)
        check_button(connection, systems.procore)
    ledger.close()
    print(f"{name} may run.")
    return 0


@contextmanager
def _open(ledger: Ledger, connection: ConnectionFile, *, anew: bool = False) -> Iterator[Systems]:
    own = settings()

    def not_logged(_call: Call) -> None:
        """No run, no run folder, no call log."""

    key = own.secret_key.get_secret_value() if own.secret_key else None
    erp = open_erp(
        connection.erp,
        tokens=ledger.tokens.keeper(connection.name, key, anew=anew),
        on_call=not_logged,
        longest_wait=own.longest_wait_seconds,
    )
    procore = Procore(connection.procore, on_call=not_logged, longest_wait=own.longest_wait_seconds)
    try:
        yield Systems(erp, procore)
    except OutsideError as error:
        error.connection = connection.name
        raise
    finally:
        erp.close()
        procore.close()


def _show(connection: ConnectionFile, systems: Systems) -> None:
    """What was found, what the connection may do, and what is missing."""
    found = look(systems.erp, systems.procore, connection.erp_company)
    _try_reading(systems.erp)
    print(f"{found['erp']:<20} {found['erp_company_name']} ({found['erp_company']})")
    print(f"{'':<20} home currency {found['home_currency']}, days in {found['time_zone']}")
    print(f"{'Procore':<20} {found['procore_company_name']} ({connection.procore.company_id})")
    print(f"{'':<20} as {found['procore_caller']}, ERP Integrations: {found['erp_tool_level']}")
    projects = systems.procore.projects()
    active = [project for project in projects if project.active]
    print(f"{'':<20} {len(active)} active projects of {len(projects)} visible")
    for line in _missing(found, active):
        print(f"{'missing':<20} {line}")
    for line in _cannot(systems.erp):
        print(f"{'good to know':<20} {line}")


def _try_reading(erp: Erp) -> None:
    """Read a little of what every run reads, so that a permission that is missing shows now."""
    company = erp.company()
    today = company.now.astimezone(ZoneInfo(company.time_zone)).date()
    erp.control_total(today, today, until=company.now)
    erp.changed_bills(Cursor(company.now))


def _missing(found: dict[str, Any], active: list[Any]) -> list[str]:
    lines = []
    if not active:
        lines.append("No active project is visible: permit projects for the service account.")
    if found["erp_tool_level"] == "unknown":
        lines.append("Procore names a level on ERP Integrations that PaidSync does not know.")
    return lines


def _cannot(erp: Erp) -> list[str]:
    can = erp.capabilities
    lines = []
    if not can.sees_deletes:
        lines.append(f"{erp.title} does not tell of deletions; a sweep finds them.")
    if can.look_back_days is not None:
        lines.append(
            f"{erp.title} remembers changes for {can.look_back_days} days; after a longer pause "
            "everything is read again."
        )
    if not can.gives_payment_method:
        lines.append(f"{erp.title} does not say how a payment was made, or not always.")
    return lines


def _register(connection: ConnectionFile) -> None:
    """Put the connection's handle into Prefect, for the run form's drop-down."""
    from cli.prefect_server import is_named, register, require_server

    if not is_named():
        print("No PREFECT_API_URL is set: the run form will not list this connection yet.")
        return
    require_server()
    register(connection)
