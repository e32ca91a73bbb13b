"""The app's access token by client credentials: kept in memory, asked for anew before it ends.

Client credentials rotate nothing, so there is nothing to keep between processes (Procore: OAuth).
"""

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from connectors.credentials import AccessToken
from connectors.errors import Garbled
from connectors.http import Http
from connectors.procore.judge import LOGIN, SYSTEM
from connectors.procore.settings import ProcoreSettings

# Procore: access tokens live 90 minutes.
_LIFETIME = timedelta(seconds=5400)
_LONGEST = 86_400  # seconds; a longer life is believed for a day
_ROUTE = "/oauth/token"


class ClientCredentials:
    """Gives a token that may be sent now."""

    def __init__(self, settings: ProcoreSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._token: AccessToken | None = None
        self._lock = threading.Lock()

    def ready(self) -> AccessToken:
        """Have a fresh token. Raises AccessRefused, WrongSettings, TryLater."""
        with self._lock:
            if self._token is None or not self._token.fresh:
                self._token = self._ask()
            return self._token

    def renew(self) -> None:
        """Have another token, because Procore refused this one before its time."""
        with self._lock:
            self._token = self._ask()

    def headers(self) -> Mapping[str, str]:
        """The authorization header. Whoever calls the API has called ``ready`` before."""
        token = self._token or self.ready()
        return {"authorization": f"Bearer {token.value}"}

    def _ask(self) -> AccessToken:
        asked_at = datetime.now(UTC)
        reply = self._http.read(
            _ROUTE,
            route=_ROUTE,
            method="POST",
            content=urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": self._settings.client_id,
                    "client_secret": self._settings.client_secret.value(SYSTEM),
                }
            ),
            content_type="application/x-www-form-urlencoded",
        )
        seconds = reply.body.get("expires_in")
        if seconds is None:
            return AccessToken(reply.body["access_token"], asked_at + _LIFETIME)
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise Garbled(
                "The login gives no whole number of seconds as the token's lifetime.",
                system=LOGIN,
                operation=reply.operation,
            )
        return AccessToken(
            reply.body["access_token"], asked_at + timedelta(seconds=min(seconds, _LONGEST))
        )
