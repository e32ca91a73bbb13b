"""Who may knock: for each connection the systems that it listens to, and the secret of each.

Doors are read from the ledger beforehand, so that a stranger's knock asks nothing of it.
"""

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.connection import ConnectionFile
from connectors.errors import WrongSettings
from connectors.procore import webhooks as procore_webhooks
from connectors.procore.judge import SYSTEM as PROCORE_TITLE
from connectors.registry import WEBHOOKS
from connectors.webhooks import Check, Event, Forged, chosen
from paidsync.ledger import Ledger
from tasks.desk import stored_connection

PROCORE = "procore"
_log = logging.getLogger("paidsync.listener")


@dataclass(frozen=True, slots=True)
class Door:
    """One system's way in to one connection."""

    source: str
    connection: str
    company: str
    check: Check
    secret: str

    def __repr__(self) -> str:
        return f"Door({self.path})"

    @property
    def path(self) -> str:
        """Where the system knocks."""
        return f"/{self.source.replace('_', '-')}/{self.connection}"


class Doors:
    """Every door, by its path. Replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._doors: Mapping[str, Door] = {}
        self._faults: Mapping[str, str] = {}
        self._nowhere = secrets.token_hex(32)  # what a knock at no door is compared with

    @property
    def paths(self) -> list[str]:
        """Where a system may knock."""
        return sorted(self._doors)

    def refresh(self, ledger: Ledger) -> None:
        """Read the stored connections. One whose secret is missing stays shut, and the log says
        why, once."""
        doors: list[Door] = []
        faults: dict[str, str] = {}
        for row in ledger.connections.all():
            try:
                doors += _doors(stored_connection(ledger, row.name))
            except WrongSettings as fault:
                faults[row.name] = str(fault)
        for name, said in faults.items():
            if self._faults.get(name) != said:
                _log.warning("%s is not listened to. %s", name, said)
        self._doors = {door.path: door for door in doors}
        self._faults = faults

    def hear(self, path: str, body: bytes, headers: Mapping[str, str]) -> list[tuple[Door, Event]]:
        """What a knock tells, and at whose door. Raises Forged and Unreadable.

        A path without a door takes as long as a wrong secret, and is answered the same. One sender
        may tell of several companies at one door: each event goes to the doors of its company that
        share the secret.
        """
        door = self._doors.get(path)
        if door is None:
            procore_webhooks.check(body, headers, self._nowhere)
            raise Forged
        events = door.check(body, headers, door.secret)
        known = [
            each
            for each in self._doors.values()
            if each.source == door.source and each.secret == door.secret
        ]
        return [
            (each, event) for event in events for each in known if each.company == event.company
        ]


def _doors(connection: ConnectionFile) -> Iterable[Door]:
    wanted = connection.listener
    if wanted is None:
        return
    if wanted.procore_secret is not None:
        yield Door(
            PROCORE,
            connection.name,
            str(connection.procore.company_id),
            procore_webhooks.check,
            chosen(wanted.procore_secret, PROCORE_TITLE),
        )
    check = WEBHOOKS.get(connection.erp_name)
    if wanted.erp_secret is not None and check is not None:
        secret = wanted.erp_secret.value(connection.erp_name)
        yield Door(connection.erp_name, connection.name, connection.erp_company, check, secret)
