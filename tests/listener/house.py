"""A listener over real HTTP with a ledger of its own, and those who knock at it."""

import base64
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from connectors.connection import checked
from listener.app import Listener, create_app
from listener.doors import Doors
from listener.limits import Limits
from listener.serve import bound, server_of
from paidsync.ledger import Ledger
from paidsync.ledger.tables import InboundEvent

SECRET = "a-secret-that-only-procore-knows"
VERIFIER = "an-intuit-verifier-token"
COMPANY, REALM = 4711, "9130350000000000001"
PROCORE, INTUIT = "/procore/acme-us", "/quickbooks-online/acme-us"


def connection(name: str, *, realm: str = REALM, **listener: Any) -> dict[str, Any]:
    """A connection file's content."""
    return {
        "name": name,
        "procore": {
            "company_id": COMPANY,
            "api_url": "http://127.0.0.1:9",
            "auth_url": "http://127.0.0.1:9",
            "client_id": "client",
            "client_secret": {"env": "HOUSE_PROCORE_CLIENT"},
        },
        "erp": {
            "type": "quickbooks_online",
            "realm_id": realm,
            "time_zone": "America/Chicago",
            "client_id": "client",
            "client_secret": {"env": "HOUSE_QBO_CLIENT"},
            "refresh_token": {"env": "HOUSE_QBO_TOKEN"},
        },
        "listener": listener or None,
        "policy": {"start_date": "2026-01-01"},
    }


BOTH = {"procore_secret": {"env": "HOUSE_WEBHOOK"}, "erp_secret": {"env": "HOUSE_VERIFIER"}}


def store(ledger: Ledger, document: dict[str, Any]) -> None:
    """What ``paidsync connect`` stores."""
    file = checked(document, "the test's file")
    ledger.connections.save(
        name=file.name,
        erp=file.erp_name,
        erp_company=file.erp_company,
        procore_company=str(file.procore.company_id),
        config=file.without_policy(),
        policy=file.policy.model_dump(mode="json"),
        by_whom="test",
    )


class House:
    """The listener, served."""

    def __init__(self, ledger: Ledger, url: str, woken: list[int]) -> None:
        self.ledger = ledger
        self.url = url
        self.woken = woken
        self.port = int(url.rsplit(":", 1)[1])
        self._http = httpx.Client(base_url=url, timeout=10, trust_env=False)

    def close(self) -> None:
        """Nobody knocks any more."""
        self._http.close()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request."""
        return self._http.request(method, path, **more)

    def knock(
        self, path: str, body: bytes, *, media: str = "application/json", **headers: str
    ) -> int:
        """A POST; its status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": media, **named}
        return self.ask("POST", path, content=body, headers=sent).status_code

    def procore(self, path: str = PROCORE, *, secret: str = SECRET, **changed: Any) -> int:
        """Procore delivers a webhook."""
        body = json.dumps(pressed(**changed)).encode()
        return self.knock(path, body, authorization=f"Bearer {secret}")

    def intuit(
        self, events: Any, path: str = INTUIT, *, token: str = VERIFIER, media: str | None = None
    ) -> int:
        """Intuit delivers a webhook."""
        body = json.dumps(events).encode()
        signature = signed(body, token)
        return self.knock(path, body, media=media or "application/json", intuit_signature=signature)

    @property
    def heard(self) -> list[dict[str, Any]]:
        """What the ledger has, oldest first."""
        table = InboundEvent.__table__  # type: ignore[attr-defined]
        with self.ledger.engine.begin() as db:
            rows = db.execute(select(table).order_by(table.c.received_at)).mappings()
            return [dict(row) for row in rows]

    @property
    def records(self) -> list[tuple[str, str, str]]:
        """Source, connection and record of each row."""
        return [(r["source"], r["connection"], r["body"]["record_id"]) for r in self.heard]

    def line(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


def pressed(**changed: Any) -> dict[str, Any]:
    """The webhook of a press, payload version 2.0."""
    return {
        "id": 7_000_000_001,
        "ulid": "01JDQ2V5T8ZK9M3X4N6P7R8S9T",
        "timestamp": "2026-11-26T10:00:00Z",
        "user_id": 12,
        "company_id": COMPANY,
        "project_id": None,
        "api_version": "v2.0",
        "event_type": "create",
        "resource_name": "ERP Requests",
        "resource_id": 562_950_000_001,
        "metadata": {"source_user_id": 12},
        **changed,
    }


def paid(number: int = 1, **changed: Any) -> dict[str, Any]:
    """One event of Intuit's."""
    return {
        "specversion": "1.0",
        "id": f"4f0c1b1e-0000-4000-8000-{number:012}",
        "source": "intuit.demo=",
        "type": "qbo.billpayment.created.v1",
        "time": "2026-11-20T20:01:02.123456789Z",
        "intuitentityid": str(800 + number),
        "intuitaccountid": REALM,
        "data": {},
        **changed,
    }


def signed(body: bytes, token: str = VERIFIER) -> str:
    """Intuit's signature."""
    return base64.b64encode(hmac.new(token.encode(), body, sha256).digest()).decode()


@contextmanager
def served(
    folder: Path, *, limits: Limits | None = None, proxy: str | None = None
) -> Iterator[House]:
    """A house with one connection that listens to both systems, and one that listens to none."""
    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}")
    ledger.upgrade()
    store(ledger, connection("acme-us", **BOTH))
    store(ledger, connection("deaf", realm="9130350000000000002"))
    limits = limits or Limits(burst=100_000)
    woken: list[int] = []
    doors = Doors()
    doors.refresh(ledger)
    app = create_app(Listener(doors, ledger.inbound, lambda: woken.append(1), limits))
    line = bound("127.0.0.1", 0)
    server = server_of(app, limits, proxy=proxy)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
    thread.start()
    house = House(ledger, f"http://127.0.0.1:{line.getsockname()[1]}", woken)
    try:
        yield house
    finally:
        house.close()
        server.should_exit = True
        thread.join(timeout=10)
        line.close()
        ledger.close()
