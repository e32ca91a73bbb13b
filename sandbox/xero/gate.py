"""Who may come in: a token that lives, a tenant that is connected, a scope that suffices."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request

from .connections import Connections
from .faultbodies import problem, token_expired
from .tokens import Access, Tokens, guid

_BROAD = {"payments": "transactions", "invoices": "transactions"}
_REFUSED = "AuthenticationUnsuccessful"


def sufficient(area: str, *, writing: bool) -> set[str]:
    """Return the scopes of which one is needed: the granular ones and the old broad ones."""
    names = {f"accounting.{each}" for each in (area, _BROAD.get(area, area))}
    return names if writing else names | {f"{name}.read" for name in names}


class Gate:
    """Lets requests in, or refuses them as Xero's gateway does."""

    def __init__(self, tokens: Tokens, connections: Connections) -> None:
        self.tokens = tokens
        self.connections = connections
        self._refusals = 0

    def _instance(self) -> str:
        self._refusals += 1
        return guid(self.tokens.seed, "refusal", self._refusals)

    def caller(self, request: Request) -> Access:
        """Return what the bearer token stands for, or refuse it with 401."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        found = self.tokens.find(token) if scheme.lower() == "bearer" else None
        if found is None:
            raise problem(401, _REFUSED, self._instance())
        if not self.tokens.accepts(token):
            ended = min(found.expires, self.tokens.clock.epoch())
            raise token_expired(datetime.fromtimestamp(ended, UTC), self._instance())
        return found

    def check(self, request: Request, area: str, *, writing: bool) -> None:
        """Refuse a caller with the wrong token, tenant or scope.

        The tenant of a custom connection is known and need not be said.
        """
        access = self.caller(request)
        custom = access.client_id == self.tokens.custom_id
        tenant = request.headers.get("xero-tenant-id")
        known = tenant == self.connections.tenant_id or (tenant is None and custom)
        if not known or not self.connections.holds(access.client_id):
            raise problem(403, _REFUSED, self._instance())
        if not access.scopes & sufficient(area, writing=writing):
            raise problem(403, _REFUSED, self._instance())
