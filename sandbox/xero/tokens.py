"""The tokens of Xero's identity service (reference section 3), in sandbox time."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from uuid import UUID

from sandbox.clock import Clock

ACCESS_SECONDS = 1800
UNUSED_SECONDS = 60 * 86400
GRACE_SECONDS = 1800
CODE_SECONDS = 300
OFFLINE = "offline_access"
READING = frozenset(
    f"accounting.{area}.read" for area in ("payments", "invoices", "contacts", "settings")
)
SCOPES = (
    READING
    | {scope.removesuffix(".read") for scope in READING}
    | {"accounting.transactions", "accounting.transactions.read", OFFLINE}
    | {"accounting.banktransactions", "accounting.banktransactions.read"}
    | {"openid", "profile", "email"}
)


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token stands for."""

    client_id: str
    scopes: frozenset[str]
    expires: float


@dataclass(frozen=True, slots=True)
class Code:
    """An authorisation that waits to be exchanged."""

    redirect_uri: str
    scopes: frozenset[str]
    challenge: str | None
    expires: float


def guid(*parts: object) -> str:
    """Return the GUID that these parts always give."""
    digest = hashlib.sha256(":".join(map(str, parts)).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


@dataclass
class Tokens:
    """The tokens of a web app, which refreshes, and of a custom connection, which does not.

    `rotate_seconds` 0 changes the refresh token at every refresh, as Xero does; the one before it
    stays good for `grace_seconds`. `custom_scopes` are those of the custom connection's portal.
    """

    clock: Clock
    client_id: str
    client_secret: str
    custom_id: str
    custom_secret: str
    seed: int = 7
    rotate_seconds: float = 0
    grace_seconds: float = GRACE_SECONDS
    revoked: bool = False
    refresh_token: str = ""
    redirect_uris: tuple[str, ...] = ("http://localhost:8765/callback",)
    custom_scopes: frozenset[str] = READING
    _granted: frozenset[str] = READING | {OFFLINE}
    _issued: int = 0
    _refreshed: float = 0
    _access: dict[str, Access] = field(default_factory=dict)
    _codes: dict[str, Code] = field(default_factory=dict)
    _previous: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        self._rotate()

    def _new(self, kind: str) -> str:
        self._issued += 1
        digest = hashlib.sha256(f"{self.seed}:{kind}:{self._issued}".encode()).hexdigest()[:24]
        return f"sandbox-{kind}-{self._issued:04d}-{digest}"

    def _rotate(self) -> None:
        now = self.clock.epoch()
        self._previous = (self.refresh_token, now + self.grace_seconds)
        self.refresh_token = self._new("refresh")
        self._refreshed = now

    @property
    def authorisation(self) -> str:
        """The id of the consent, as it is in tokens and in `/connections`."""
        return guid(self.seed, "authorisation")

    def _grant(self, client_id: str, scopes: frozenset[str]) -> dict[str, object]:
        now = self.clock.epoch()
        claims = {
            "exp": int(now) + ACCESS_SECONDS,
            "client_id": client_id,
            "jti": self._new("access"),
            "authentication_event_id": self.authorisation,
            "scope": sorted(scopes),
        }
        access = _jwt(claims)
        self._access[access] = Access(client_id, scopes, now + ACCESS_SECONDS)
        return {
            "access_token": access,
            "expires_in": ACCESS_SECONDS,
            "token_type": "Bearer",
            "scope": " ".join(sorted(scopes)),
        }

    def _grant_web(self) -> dict[str, object]:
        answer = self._grant(self.client_id, self._granted)
        return answer | {"refresh_token": self.refresh_token}

    def refresh(self, token: str) -> dict[str, object] | None:
        """Trade a refresh token for new tokens, or nothing if it is not good (any more)."""
        now = self.clock.epoch()
        if self.revoked or not token:
            return None
        if token != self.refresh_token:
            before, until = self._previous or ("", 0)
            return self._grant_web() if token == before and now <= until else None
        if now - self._refreshed > UNUSED_SECONDS:
            return None
        if now - self._refreshed >= self.rotate_seconds:
            self._rotate()
        return self._grant_web()

    def grant_custom(self, scopes: frozenset[str]) -> dict[str, object] | None:
        """Give the custom connection a token; there is nothing to refresh."""
        wanted = scopes or self.custom_scopes
        if self.revoked or not wanted <= self.custom_scopes:
            return None
        return self._grant(self.custom_id, wanted)

    def authorise(self, redirect_uri: str, scopes: frozenset[str], challenge: str | None) -> str:
        """Consent at once, and return the code."""
        code = self._new("code")
        expires = self.clock.epoch() + CODE_SECONDS
        self._codes[code] = Code(redirect_uri, scopes, challenge, expires)
        return code

    def exchange(
        self, code: str, redirect_uri: str, verifier: str | None
    ) -> dict[str, object] | None:
        """Trade a code, once, for tokens; the tokens of an earlier consent end."""
        found = self._codes.pop(code, None)
        if found is None or found.expires < self.clock.epoch():
            return None
        if found.redirect_uri != redirect_uri or not _verified(found.challenge, verifier):
            return None
        self.revoked = False
        self._granted = found.scopes
        self._rotate()
        self._previous = None
        if OFFLINE not in found.scopes:
            return self._grant(self.client_id, found.scopes)
        return self._grant_web()

    def revoke(self, token: str) -> bool:
        """End the consent that a refresh token belongs to; an unknown token changes nothing."""
        known = token == self.refresh_token
        self.revoked = self.revoked or known
        return known

    def find(self, access: str) -> Access | None:
        """Return what an access token stands for, be it expired."""
        return self._access.get(access)

    def accepts(self, access: str) -> bool:
        """Say whether an access token is good now."""
        found = self.find(access)
        return not self.revoked and found is not None and found.expires > self.clock.epoch()

    def expire_access(self) -> None:
        """Make every access token issued so far worthless."""
        now = self.clock.epoch()
        self._access = {
            token: Access(one.client_id, one.scopes, min(now, one.expires))
            for token, one in self._access.items()
        }


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _jwt(claims: dict[str, object]) -> str:
    """Return a token in the form of a JWT; what stands for its signature proves nothing."""
    head = _part(b'{"alg":"RS256","kid":"SANDBOX","typ":"JWT"}')
    content = f"{head}.{_part(json.dumps(claims).encode())}"
    return f"{content}.{_part(hashlib.sha256(content.encode()).digest())}"


def _verified(challenge: str | None, verifier: str | None) -> bool:
    """Say whether a verifier is the one of an S256 challenge."""
    if challenge is None:
        return verifier is None
    return _part(hashlib.sha256((verifier or "").encode()).digest()) == challenge
