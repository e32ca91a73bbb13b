"""OAuth 2.0 of an ERP: a short access token in memory, a rotating refresh token in the keeper.

A rotated refresh token is saved before the access token that came with it is used: losing it would
end the connection. Where an answer of the token endpoint is lost, the same token is tried again,
which endpoints that rotate allow for a while. Apps without a refresh token ask with their own
credentials; then nothing is kept.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.credentials import AccessToken, SecretRef, TokenKeeper
from connectors.errors import AccessRefused, Garbled, OutsideError, WrongSettings
from connectors.http import Call, Http, Judge, Reply, by_status

_LONGEST = 86_400  # seconds; a longer life is believed for a day


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as the token endpoint knows it, and how its answers are judged."""

    system: str
    token_url: str
    client_id: str
    client_secret: SecretRef
    refresh_token: SecretRef | None  # the first one; None: the app's own credentials are enough
    judge: Judge
    lifetime: int  # seconds that an access token lives where the answer does not say
    request_id_header: str
    scopes: tuple[str, ...] = ()  # asked for with the app's own credentials


class Access:
    """Gives each request its authorization."""

    def __init__(
        self,
        app: App,
        *,
        tokens: TokenKeeper,
        on_call: Callable[[Call], None],
        longest_wait: float,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._access: AccessToken | None = None
        self._lock = threading.Lock()
        address = urlsplit(app.token_url)
        self._path = address.path
        self._http = Http(
            system=app.system,
            base_url=f"{address.scheme}://{address.netloc}",
            judge=app.judge,
            on_call=on_call,
            headers=self._basic,
            request_id_header=app.request_id_header,
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
        with self._alone():
            current = self._access
            if current is not None and current is not instead_of and current.fresh:
                return current  # another thread was quicker
            answer = self._trade() if self._app.refresh_token else self._ask(self._own_grant())
            life = answer.get("expires_in")
            seconds = int(life) if isinstance(life, int) and life > 0 else self._app.lifetime
            self._access = AccessToken(
                answer["access_token"],
                datetime.now(UTC) + timedelta(seconds=min(seconds, _LONGEST)),
            )
            return self._access

    def _alone(self) -> AbstractContextManager[Any]:
        """Of all processes where a token rotates, else of the threads of this one."""
        return self._tokens.locked() if self._app.refresh_token else self._lock

    def _own_grant(self) -> dict[str, str]:
        return {"grant_type": "client_credentials", "scope": " ".join(self._app.scopes)}

    def _trade(self) -> dict[str, Any]:
        """Trade a refresh token, the newest one known first, and keep the one that comes back.

        A refused one is not the end: another process may have rotated it meanwhile, or a person
        connected the company again, which leaves the kept one stale and the first one new.
        """
        refused: AccessRefused | None = None
        for token, kept in self._candidates():
            try:
                answer = self._ask({"grant_type": "refresh_token", "refresh_token": token})
            except AccessRefused as error:
                if error.code != "invalid_grant":
                    raise
                refused = error
                continue
            rotated = answer.get("refresh_token")
            if isinstance(rotated, str) and rotated and rotated != kept:
                self._tokens.save(rotated)
            return answer
        assert refused is not None  # noqa: S101 - _first raises where there is no token at all
        raise refused

    def _candidates(self) -> Iterator[tuple[str, str | None]]:
        """Tokens to be tried, each with the one that was kept when it was chosen."""
        seen: set[str] = set()
        kept: str | None = None
        for of_file in (False, False, True, False):
            if of_file:
                token = self._first()
            else:
                token = kept = self._tokens.load()
            if token and token not in seen:
                seen.add(token)
                yield token, kept

    def _first(self) -> str | None:
        """The token of the connection file; it may be gone once a rotated one is kept."""
        named = self._app.refresh_token
        try:
            return named.value(self._app.system) if named else None
        except WrongSettings:
            if self._tokens.load() is None:
                raise
            return None

    def _ask(self, form: Mapping[str, str]) -> dict[str, Any]:
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
        secret = self._app.client_secret.value(self._app.system)
        pair = f"{self._app.client_id}:{secret}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a token endpoint's error code means, and what a person can do about it."""

    message: str
    action: str


def token_judge(system: str, refusals: Mapping[str, Refusal]) -> Judge:
    """Judges a token endpoint's answers by their error code (OAuth 2.0, RFC 6749, 5.2); its bodies
    hold secrets and are never quoted."""

    def judge(reply: Reply) -> OutsideError | None:
        body = reply.body if isinstance(reply.body, dict) else {}
        refusal = refusals.get(str(body.get("error")))
        if refusal is not None:
            return AccessRefused(
                refusal.message,
                system=system,
                operation=reply.operation,
                code=str(body["error"]),
                request_id=reply.request_id,
                action=refusal.action,
            )
        if not 200 <= reply.status < 300:
            return by_status(system, reply, f"The token endpoint answered {reply.status}.")
        if not isinstance(body.get("access_token"), str) or not body["access_token"]:
            return Garbled(
                "The token endpoint's answer holds no access token.",
                system=system,
                operation=reply.operation,
                status=reply.status,
                request_id=reply.request_id,
            )
        return None

    return judge
