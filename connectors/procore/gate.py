"""Every call to Procore's API: company header, token, paging; one gate per Procore company."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.errors import AccessRefused, Garbled
from connectors.http import Call, Http, Params, Reply
from connectors.procore.auth import ClientCredentials
from connectors.procore.judge import LOGIN, SYSTEM, judge, judge_login
from connectors.procore.paging import Json, Pages, read_pages
from connectors.procore.settings import ProcoreSettings


class Gate:
    """The API host and the login host of one company, with what the last answers told."""

    def __init__(
        self,
        settings: ProcoreSettings,
        *,
        on_call: Callable[[Call], None],
        longest_wait: float,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.company_id = str(settings.company_id)
        self.server_time: datetime | None = None
        # Two hosts, so two clients: the token goes to the API alone, the secret to the login.
        self._login = Http(
            system=LOGIN,
            base_url=settings.auth,
            judge=judge_login,
            on_call=on_call,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )
        self._tokens = ClientCredentials(settings, self._login)
        self._http = Http(
            system=SYSTEM,
            base_url=settings.api,
            judge=judge,
            on_call=on_call,
            headers=self._headers,
            renew=self._tokens.renew,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )

    @property
    def calls_left(self) -> int | None:
        """The fewest calls left in either rate window; None before the first answer."""
        return self._http.pace.calls_left

    @property
    def windows(self) -> list[tuple[int, int, float]]:
        """The rate windows as last described: limit, calls left, seconds left."""
        return self._http.pace.windows

    def ready(self) -> None:
        """Wait until a call may go out. Raises RateLimited where that would be too long."""
        self._tokens.ready()
        self._http.ready()

    def read(self, path: str, *, route: str, params: Params | None = None) -> Reply:
        """Ask the API. Raises an OutsideError."""
        self._tokens.ready()
        return self._noted(self._http.read(path, route=route, params=params))

    def read_object(self, path: str, *, route: str, params: Params | None = None) -> Json:
        """Ask for one record. Raises Garbled where the answer is none."""
        reply = self.read(path, route=route, params=params)
        if not isinstance(reply.body, Mapping):
            raise Garbled(
                "The answer is not a JSON object.",
                system=SYSTEM,
                operation=reply.operation,
                status=reply.status,
                request_id=reply.request_id,
            )
        return reply.body

    def read_list(self, path: str, *, params: Params, what: str, route: str | None = None) -> Pages:
        """Ask for all pages of a list."""
        return read_pages(
            lambda target, asked: self.read(target, route=route or path, params=asked),
            path,
            params,
            what,
        )

    def write(self, method: str, path: str, *, route: str, body: Mapping[str, Any]) -> Reply:
        """Send a write once. A 401 means that Procore did not look at it, so it goes out again
        under a new token, once. Raises UnknownOutcome where it may have happened."""
        self._tokens.ready()
        try:
            return self._noted(self._http.write(method, path, route=route, body=body))
        except AccessRefused as error:
            if error.status != 401:
                raise
        self._tokens.renew()
        return self._noted(self._http.write(method, path, route=route, body=body))

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
        self._login.close()

    def _headers(self) -> Mapping[str, str]:
        # Required on every call, and on /me and /companies too for a service account
        # (Procore: OAuth with client credentials).
        return {"procore-company-id": self.company_id, **self._tokens.headers()}

    def _noted(self, reply: Reply) -> Reply:
        self.server_time = reply.server_time or self.server_time
        return reply
