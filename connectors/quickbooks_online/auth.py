"""OAuth 2.0 of Intuit: a short access token in memory, a rotating refresh token in the keeper.

A rotated refresh token is saved before the access token that came with it is used: losing it would
end the connection (QuickBooks Online: OAuth 2.0).
"""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.credentials import AccessToken, TokenKeeper
from connectors.errors import AccessRefused, WrongSettings
from connectors.http import Call, Http
from connectors.quickbooks_online.judge import judge_token
from connectors.quickbooks_online.settings import SYSTEM, QuickBooksOnlineSettings

_DEFAULT_LIFE = 3600


class Access:
    """Gives each request its authorization."""

    def __init__(
        self,
        settings: QuickBooksOnlineSettings,
        *,
        tokens: TokenKeeper,
        on_call: Callable[[Call], None],
        longest_wait: float,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._access: AccessToken | None = None
        address = urlsplit(settings.token_url)
        self._path = address.path
        self._http = Http(
            system=SYSTEM,
            base_url=f"{address.scheme}://{address.netloc}",
            judge=judge_token,
            on_call=on_call,
            headers=self._basic,
            request_id_header="intuit_tid",
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def headers(self) -> Mapping[str, str]:
        """The authorization of one request, refreshed where need be.

        Raises AccessRefused where a person has to connect the company again, TryLater where the
        token endpoint does not answer.
        """
        token = self._access
        if token is None or not token.fresh:
            token = self._refreshed(instead_of=token)
        return {"authorization": f"Bearer {token.value}"}

    def renew(self) -> None:
        """A request was refused with 401: get another access token."""
        self._refreshed(instead_of=self._access)

    def _refreshed(self, *, instead_of: AccessToken | None) -> AccessToken:
        with self._tokens.locked():
            current = self._access
            if current is not None and current is not instead_of and current.fresh:
                return current  # another thread was quicker
            answer = self._trade()
            rotated = answer.get("refresh_token")
            if isinstance(rotated, str) and rotated and rotated != self._tokens.load():
                self._tokens.save(rotated)
            life = answer.get("expires_in")
            seconds = int(life) if isinstance(life, int) and life > 0 else _DEFAULT_LIFE
            self._access = AccessToken(
                answer["access_token"], datetime.now(UTC) + timedelta(seconds=seconds)
            )
            return self._access

    def _trade(self) -> dict[str, Any]:
        """Trade a refresh token, the newest one known first.

        A refused one is not the end: another process may have rotated it meanwhile, or a person
        connected the company again, which leaves the kept one stale and the first one new.
        """
        refused: AccessRefused | None = None
        for token in self._candidates():
            try:
                return self._ask(token)
            except AccessRefused as error:
                if error.code != "invalid_grant":
                    raise
                refused = error
        assert refused is not None  # noqa: S101 - _first raises where there is no token at all
        raise refused

    def _candidates(self) -> Iterator[str]:
        seen: set[str] = set()
        for look in (self._tokens.load, self._tokens.load, self._first, self._tokens.load):
            token = look()
            if token and token not in seen:
                seen.add(token)
                yield token

    def _first(self) -> str | None:
        """The token of the connection file; it may be gone once a rotated one is kept."""
        try:
            return self._settings.refresh_token.value(SYSTEM)
        except WrongSettings:
            if self._tokens.load() is None:
                raise
            return None

    def _ask(self, token: str) -> dict[str, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        reply = self._http.read(
            self._path,
            route=self._path,
            method="POST",
            content=urlencode(form),
            content_type="application/x-www-form-urlencoded",
        )
        answer: dict[str, Any] = reply.body
        return answer

    def _basic(self) -> Mapping[str, str]:
        secret = self._settings.client_secret.value(SYSTEM)
        pair = f"{self._settings.client_id}:{secret}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
