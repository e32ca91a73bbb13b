"""A client for the tests: Xero's two servers, and the control API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from sandbox.server import RunningSandbox, start

WRITING = (
    "offline_access accounting.payments accounting.invoices accounting.contacts accounting.settings"
)


class Player:
    """Plays the outside world against one running sandbox with Xero."""

    def __init__(self, running: RunningSandbox) -> None:
        self.world = running.world
        self.control = running.ready["control"]
        self.xero = running.ready["xero"]
        self.http = httpx.Client(timeout=10)
        self.refresh_token = self.xero["refresh_token"]
        self.access = ""

    def __enter__(self) -> Self:
        self.do("/erp/rates", per_minute=0, per_day=0)
        self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # Identity ----------------------------------------------------------------------------------

    def token(self, *, custom: bool = False, **form: str) -> httpx.Response:
        prefix = "" if custom else "app_"
        auth = (self.xero[f"{prefix}client_id"], self.xero[f"{prefix}client_secret"])
        return self.http.post(self.xero["token_url"], data=form, auth=auth)

    def refreshed(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def refresh(self) -> None:
        self.take(self.refreshed(self.refresh_token))

    def take(self, reply: httpx.Response) -> None:
        """Use the tokens of an answer from now on."""
        assert reply.status_code == 200, reply.text
        body = reply.json()
        self.access = body["access_token"]
        self.refresh_token = body.get("refresh_token", self.refresh_token)

    def consent(self, **query: str) -> dict[str, str]:
        """Authorise in the browser; return what the browser brings back."""
        asked = {
            "response_type": "code",
            "client_id": self.xero["app_client_id"],
            "redirect_uri": self.xero["redirect_uri"],
            "scope": WRITING,
            "state": "s1",
        }
        reply = self.http.get(self.xero["authorize_url"], params=asked | query)
        assert reply.status_code == 302, reply.text
        back = urlsplit(reply.headers["location"])
        assert reply.headers["location"].startswith(self.xero["redirect_uri"])
        return {name: values[0] for name, values in parse_qs(back.query).items()}

    def exchange(self, code: str, **form: str) -> httpx.Response:
        form = {"redirect_uri": self.xero["redirect_uri"]} | form
        return self.token(grant_type="authorization_code", code=code, **form)

    def may(self, scopes: str) -> None:
        """Consent to other scopes, and use the tokens."""
        self.take(self.exchange(self.consent(scope=scopes)["code"]))

    # The Accounting API ------------------------------------------------------------------------

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.access}",
            "Accept": "application/json",
            "xero-tenant-id": self.xero["tenant_id"],
        }
        headers |= kwargs.pop("headers", {})
        headers = {name: value for name, value in headers.items() if value is not None}
        url = f"{self.xero['api_url']}/api.xro/2.0/{path}"
        return self.http.request(method, url, headers=headers, **kwargs)

    def read(self, path: str, *, since: str | None = None, **params: Any) -> dict[str, Any]:
        headers = {} if since is None else {"If-Modified-Since": since}
        reply = self.call("GET", path, params=params, headers=headers)
        assert reply.status_code == 200, reply.text
        return json.loads(reply.text, parse_float=Decimal)

    def rows(self, name: str, *, since: str | None = None, **params: Any) -> list[dict[str, Any]]:
        return self.read(name, since=since, **params)[name]

    def one(self, name: str, ident: str) -> dict[str, Any]:
        (row,) = self.read(f"{name}/{ident}")[name]
        return row

    def refused(self, path: str, **params: Any) -> str:
        """The type of a 400."""
        reply = self.call("GET", path, params=params)
        assert reply.status_code == 400, reply.text
        return reply.json()["Type"]

    def connections(self) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.access}"}
        reply = self.http.get(self.xero["connections_url"], headers=headers)
        assert reply.status_code == 200, reply.text
        return reply.json()

    # The control API ---------------------------------------------------------------------------

    def do(self, path: str, **body: Any) -> dict[str, Any]:
        reply = self.http.post(self.control + path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def cannot(self, path: str, **body: Any) -> str:
        reply = self.http.post(self.control + path, json=body)
        assert reply.status_code == 400, reply.text
        return reply.json()["error"]

    def billed(self, amount: str, commitment: int = 0, **more: Any) -> str:
        """Enter a bill; return its id."""
        place = list(self.world.procore.commitments)[commitment]
        made = self.do("/erp/bill", commitment_id=place, amount=amount, **more)
        return made["bill_id"]

    def paid(self, *bills: str, **more: Any) -> list[str]:
        """Pay bills in full; return the ids of all documents that Xero makes of it."""
        asked = [{"bill_id": bill} for bill in bills]
        return [one["payment_id"] for one in self.do("/erp/pay", bills=asked, **more)["payments"]]


@contextmanager
def playing(size: str = "empty") -> Iterator[Player]:
    """Serve a world whose ERP is Xero."""
    with start(size, 7, erp="xero") as running, Player(running) as player:
        yield player


def messages(reply: httpx.Response) -> list[str]:
    """What a 400 says is wrong."""
    assert reply.status_code == 400, reply.text
    body = reply.json()
    assert (body["ErrorNumber"], body["Type"]) == (10, "ValidationException")
    return [one["Message"] for row in body["Elements"] for one in row["ValidationErrors"]]


def amounts(player: Player, bill: str) -> list[Any]:
    """A bill's status, and what of it is due, paid and credited."""
    row = player.one("Invoices", bill)
    return [row["Status"], *(row[f"Amount{name}"] for name in ("Due", "Paid", "Credited"))]


def vendor_of(player: Player, bill: str) -> str:
    """The contact of a bill."""
    return player.one("Invoices", bill)["Contact"]["ContactID"]
