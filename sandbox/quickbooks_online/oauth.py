"""OAuth 2.0 of Intuit (reference section 3): Basic auth, one-hour access, rotating refresh."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.clock import Clock

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 8_640_000
TOKEN_PATH = "/oauth2/v1/tokens/bearer"


@dataclass
class Tokens:
    """The tokens of one connected company.

    `rotate_seconds` 0 changes the refresh token at every refresh, 86400 about every 24 hours; the
    previous one stays good for `grace_seconds` (not documented; none by default).
    """

    clock: Clock
    client_id: str
    client_secret: str
    seed: int = 7
    rotate_seconds: float = 0
    grace_seconds: float = 0
    revoked: bool = False
    refresh_token: str = ""
    _issued: int = 0
    _refreshed: float = 0
    _access: dict[str, float] = field(default_factory=dict)
    _previous: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.refresh_token = self._new("AB1-sandbox-refresh")
        self._refreshed = self.clock.epoch()

    def _new(self, prefix: str) -> str:
        self._issued += 1
        digest = hashlib.sha256(f"{self.seed}:{self._issued}".encode()).hexdigest()[:24]
        return f"{prefix}-{self._issued:04d}-{digest}"

    def refresh(self, token: str) -> dict[str, object] | None:
        """Trade a refresh token for new tokens, or nothing if it is not good (any more)."""
        now = self.clock.epoch()
        if self.revoked:
            return None
        if token != self.refresh_token:
            if self._previous.get(token, -1.0) < now:
                return None
        elif now - self._refreshed > REFRESH_SECONDS:
            return None
        elif now - self._refreshed >= self.rotate_seconds:
            self._previous[token] = now + self.grace_seconds if self.grace_seconds else -1.0
            self.refresh_token = self._new("AB1-sandbox-refresh")
            self._refreshed = now
        access = self._new("eyJ-sandbox-access")
        self._access[access] = now + ACCESS_SECONDS
        return {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": self.refresh_token,
            "x_refresh_token_expires_in": REFRESH_SECONDS,
        }

    def accepts(self, access: str) -> bool:
        """Say whether an access token is good now."""
        return not self.revoked and self._access.get(access, 0) > self.clock.epoch()

    def expire_access(self) -> None:
        """Make every access token issued so far worthless."""
        self._access.clear()


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, secret


def create_token_app(tokens: Tokens) -> Starlette:
    """Build the token server: refresh only; a connected company starts with a refresh token."""

    async def token(request: Request) -> JSONResponse:
        if _basic(request.headers.get("authorization", "")) != (
            tokens.client_id,
            tokens.client_secret,
        ):
            return JSONResponse({"error": "invalid_client"}, 401)
        kind = request.headers.get("content-type", "").partition(";")[0]
        if kind != "application/x-www-form-urlencoded":
            text = "the body must be a form"
            return JSONResponse({"error": "invalid_request", "error_description": text}, 400)
        form = dict(_pairs((await request.body()).decode()))
        if form.get("grant_type") != "refresh_token":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        issued = tokens.refresh(form.get("refresh_token", ""))
        if issued is None:
            text = "Incorrect or invalid refresh token"
            return JSONResponse({"error": "invalid_grant", "error_description": text}, 400)
        return JSONResponse(issued)

    return Starlette(routes=[Route(TOKEN_PATH, token, methods=["POST"])])


def _pairs(body: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(body, keep_blank_values=True)
