"""QuickBooks Online as the outside meets it: two servers, their limits, tokens and faults."""

from __future__ import annotations

import json
import random
from datetime import datetime
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp

from sandbox.asking import Asked
from sandbox.clock import Clock
from sandbox.erp_face import Face, Kind

from .app import create_app
from .faultbodies import refusal
from .oauth import TOKEN_PATH, Tokens, create_token_app
from .rates import RateLimits
from .shapes import pacific_millis, shape
from .store import Company

CLIENT = ("sandbox-quickbooks-client", "sandbox-client-secret-not-real")
_LIMITS = ("per_minute", "per_second", "batches_per_minute")


class QuickBooksOnline(Face):
    """One realm."""

    name = "quickbooks_online"
    title = "QuickBooks Online"
    kinds = MappingProxyType(
        {
            kind.lower(): Kind(kind, (kind,), "Id")
            for kind in ("Account", "Vendor", "Bill", "VendorCredit", "BillPayment")
        }
    )

    def __init__(self, *, name: str, clock: Clock, seed: int, founded: int) -> None:
        draw = random.Random(f"realm:{seed}")
        realm = "91303" + "".join(str(draw.randrange(10)) for _ in range(14))
        self.books: Company = Company(realm=realm, name=name, clock=clock, founded=founded)
        self.limits = RateLimits(clock)
        self.oauth = Tokens(clock, *CLIENT, seed=seed)

    def apps(self) -> list[ASGIApp]:
        """The Accounting API and the token server."""
        return [create_app(self.books, self.oauth, self.limits), create_token_app(self.oauth)]

    def ready(self, urls: list[str]) -> dict[str, Any]:
        """Addresses and credentials."""
        return {
            "api_url": urls[0],
            "token_url": urls[1] + TOKEN_PATH,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "refresh_token": self.oauth.refresh_token,
            "realm_id": self.books.realm,
        }

    def rates(self, asked: Asked) -> dict[str, Any]:
        """Requests a minute and a second, batches a minute."""
        for name in _LIMITS:
            if asked.has(name):
                setattr(self.limits, name, asked.number(name))
        asked.done()
        return {name: getattr(self.limits, name) for name in _LIMITS}

    def tokens(self, asked: Asked) -> dict[str, Any]:
        """Rotation of the refresh token, and the switch that revokes it."""
        tokens = self.oauth
        for name in ("rotate_seconds", "grace_seconds"):
            if asked.has(name):
                setattr(tokens, name, asked.number(name))
        if asked.has("revoked"):
            tokens.revoked = asked.get("revoked") is True
        expire = asked.get("expire_access", False)
        asked.done()
        if expire:
            tokens.expire_access()
        return {
            "rotate_seconds": tokens.rotate_seconds,
            "grace_seconds": tokens.grace_seconds,
            "revoked": tokens.revoked,
            "refresh_token": tokens.refresh_token,
        }

    def shape(self, row: Any) -> dict[str, Any]:
        """A record's JSON."""
        return shape(row, self.books)

    def error_body(self, status: int, now: datetime) -> tuple[str, bytes]:
        """The gateway's or the application's fault for a status."""
        return "application/json", json.dumps(refusal(status, now)).encode()

    def errors_in_200(self, now: datetime) -> dict[str, Any]:
        """A `Fault` with status 200."""
        error = {
            "Message": "An application error has occurred",
            "Detail": "System Failure Error",
            "code": "10000",
            "element": "",
        }
        fault = {"Error": [error], "type": "SystemFault"}
        return {"Fault": fault, "time": pacific_millis(now)}
