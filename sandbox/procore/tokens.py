"""Tokens and codes of the authorisation server, by the store's clock (reference 2.1)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import RLock

ACCESS_SECONDS = 5400
CODE_SECONDS = 600


class BadGrant(ValueError):
    """An OAuth refusal: ``args`` are the RFC 6749 error code and its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(slots=True)
class Token:
    """An access token and, unless it came from client credentials, its refresh token."""

    access: str
    client_id: str
    user_id: int
    service_account: bool
    created_at: datetime
    refresh: str | None = None
    revoked: bool = False

    def seconds_left(self, now: datetime) -> int:
        """Seconds until expiry, never negative."""
        age = (now - self.created_at).total_seconds()
        return max(0, ACCESS_SECONDS - int(age))


@dataclass(slots=True)
class _Code:
    client_id: str
    user_id: int
    redirect_uri: str
    created_at: datetime


class TokenRegistry:
    """Issues, rotates, checks and revokes; shared by the API and the authorisation server."""

    def __init__(self, clock: Callable[[], datetime], lock: RLock) -> None:
        self._clock = clock
        self._lock = lock
        self._clients: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}
        self._codes: dict[str, _Code] = {}

    def register(self, client_id: str, client_secret: str) -> None:
        """Make an app's credentials known."""
        self._clients[client_id] = client_secret

    def knows(self, client_id: str) -> bool:
        """Whether an app with this id exists."""
        return client_id in self._clients

    def check_client(self, client_id: str, client_secret: str) -> None:
        """Refuse unknown or wrong credentials."""
        expected = self._clients.get(client_id)
        if expected is None or not secrets.compare_digest(
            expected.encode(), client_secret.encode()
        ):
            raise BadGrant("invalid_client", "Client authentication failed.")

    def issue(self, client_id: str, user_id: int, *, service_account: bool) -> Token:
        """A new token; service accounts get no refresh token and simply ask again."""
        with self._lock:
            now = self._clock()
            self._forget_stale(now)
            token = Token(_jwt_like(now), client_id, user_id, service_account, now)
            if not service_account:
                token.refresh = secrets.token_urlsafe(32)
                self._refresh[token.refresh] = token
            self._tokens[token.access] = token
            return token

    def issue_code(self, client_id: str, user_id: int, redirect_uri: str) -> str:
        """An authorisation code, good once and for ten minutes."""
        with self._lock:
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(client_id, user_id, redirect_uri, self._clock())
            return code

    def redeem_code(self, client_id: str, code: str, redirect_uri: str) -> Token:
        """Exchange a code for tokens; a used, old or foreign code is refused."""
        with self._lock:
            held = self._codes.pop(code, None)
            fresh = held is not None and self._clock() - held.created_at <= timedelta(
                seconds=CODE_SECONDS
            )
            if (
                held is None
                or not fresh
                or (held.client_id, held.redirect_uri) != (client_id, redirect_uri)
            ):
                raise BadGrant("invalid_grant", "The authorization code is invalid")
            return self.issue(client_id, held.user_id, service_account=False)

    def rotate(self, client_id: str, refresh: str) -> Token:
        """Exchange a refresh token for a new pair; the old one is spent for good."""
        with self._lock:
            old = self._refresh.get(refresh)
            if old is None or old.revoked or old.client_id != client_id:
                raise BadGrant("invalid_grant", "The refresh token is invalid")
            del self._refresh[refresh]
            return self.issue(client_id, old.user_id, service_account=False)

    def revoke(self, value: str) -> None:
        """Kill an access token and its refresh token, whichever was given; unknown is fine."""
        with self._lock:
            token = self._tokens.get(value) or self._refresh.get(value)
            if token is not None:
                token.revoked = True
                if token.refresh is not None:
                    self._refresh.pop(token.refresh, None)

    def revoke_all(self) -> None:
        """Kill every token, as disconnecting the app from the company does."""
        with self._lock:
            for token in self._tokens.values():
                token.revoked = True
            self._refresh.clear()

    def check(self, access: str) -> Token:
        """The live token behind a bearer value, or the reason why there is none."""
        token = self._tokens.get(access)
        if token is None or token.revoked:
            raise BadGrant("invalid_token", "The access token is invalid")
        if token.seconds_left(self._clock()) == 0:
            raise BadGrant("invalid_token", "The access token expired")
        return token

    def _forget_stale(self, now: datetime) -> None:
        """Drop tokens a day past expiry, so that a long-lived sandbox does not grow."""
        oldest = now - timedelta(seconds=ACCESS_SECONDS + 86400)
        for access in [a for a, t in self._tokens.items() if t.created_at < oldest]:
            del self._tokens[access]


def _jwt_like(now: datetime) -> str:
    """Three dotted parts, as real access tokens look; the content means nothing."""
    parts = [{"typ": "JWT", "alg": "none"}, {"iat": int(now.timestamp())}]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts]
    return ".".join([*encoded, secrets.token_urlsafe(32)])
