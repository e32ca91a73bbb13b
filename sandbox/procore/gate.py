"""What every call under ``/rest`` passes first: request id, token, rate windows.

Every reply carries ``x-request-id`` and the three rate headers, also the refusals made here
and the 404 of an unknown path (reference 3.6, 3.7).
"""

from __future__ import annotations

from uuid import uuid4

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.procore.errors import ApiError
from sandbox.procore.operation import NOT_CONNECTED
from sandbox.procore.rates import REFUSAL, RateLimits
from sandbox.procore.store import ProcoreStore
from sandbox.procore.tokens import BadGrant, Token

# Calls without a live token are counted together; Procore publishes nothing about them.
ANONYMOUS = ""


class Gate:
    """ASGI middleware around the API's router."""

    def __init__(
        self, app: ASGIApp, *, store: ProcoreStore, client_id: str, rates: RateLimits
    ) -> None:
        self._app = app
        self._store = store
        self._client_id = client_id
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let through with the token in the scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        v2 = scope["path"].startswith("/rest/v2")
        token, refusal = self._token(Headers(scope=scope), v2=v2)
        key = token.access if token else ANONYMOUS
        verdict = self._rates.hit(key, self._store.clock())
        extra = [(b"x-request-id", str(uuid4()).encode()), *verdict.headers()]

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *extra]
            await send(message)

        if refusal is None and not verdict.allowed:
            refusal = PlainTextResponse(REFUSAL, status_code=429)
        if refusal is not None:
            await refusal(scope, receive, stamped)
            return
        scope["procore.token"] = token
        await self._app(scope, receive, stamped)

    def _token(self, headers: Headers, *, v2: bool) -> tuple[Token | None, Response | None]:
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not value:
            return None, _unauthorized("The access token is missing", v2=v2)
        try:
            token = self._store.tokens.check(value.strip())
        except BadGrant as bad:
            return None, _unauthorized(bad.description, v2=v2)
        if token.client_id != self._client_id:
            return token, ApiError(403, NOT_CONNECTED).response(v2=v2)
        return token, None


def _unauthorized(message: str, *, v2: bool) -> Response:
    response = ApiError(401, message).response(v2=v2)
    response.headers["WWW-Authenticate"] = f'Bearer error="invalid_token", realm="{message}"'
    return response
