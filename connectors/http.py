"""The one way out: every request of PaidSync to an outside system goes through here.

Timeouts on everything; retries on reads only; hosts pinned; TLS verified; each call counted and
logged without secrets or bodies (house plan 8).
"""

import email.utils
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

import httpx
import tenacity

from connectors.errors import (
    AccessRefused,
    Conflict,
    Garbled,
    NotThere,
    OutsideError,
    RateLimited,
    Rejected,
    TryLater,
    UnknownOutcome,
    WrongSettings,
    is_transient,
)
from connectors.json_text import parsed
from connectors.pace import Pace

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_TRIES = 5
_LONGEST_BACKOFF = 30.0
# Before these, nothing of the request can have reached the other side.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One line of a run's call log."""

    at: str
    system: str
    method: str
    route: str
    status: int | None
    request_id: str | None
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: numbers in ``body`` are int or Decimal, never float."""

    operation: str
    status: int
    headers: Mapping[str, str]
    body: Any  # parsed JSON; None where there is none or it does not parse
    text: str
    request_id: str | None

    @property
    def server_time(self) -> datetime | None:
        """The Date header, UTC."""
        value = self.headers.get("date")
        if not value:
            return None
        try:
            return email.utils.parsedate_to_datetime(value).astimezone(UTC)
        except ValueError:
            return None


# Judges an answer: None if it is good, else the error to raise. Called for every status,
# because some systems answer 200 with a fault inside.
Judge = Callable[[Reply], OutsideError | None]

_BY_STATUS: Mapping[int, type[OutsideError]] = {
    400: Rejected,
    401: AccessRefused,
    403: AccessRefused,
    404: NotThere,
    406: Rejected,
    408: TryLater,
    409: Conflict,
    422: Rejected,
    429: TryLater,
}


def by_status(system: str, reply: Reply, message: str, code: str | None = None) -> OutsideError:
    """The error class that a status alone means: the table that every system begins from."""
    if reply.status >= 500:
        kind: type[OutsideError] = TryLater
    elif 300 <= reply.status < 400:
        kind = Garbled
    else:
        kind = _BY_STATUS.get(reply.status, Rejected)
    return kind(
        message,
        system=system,
        operation=reply.operation,
        status=reply.status,
        code=code,
        request_id=reply.request_id,
    )


def address(url: str) -> str:
    """The URL itself, if it may be talked to: https, or http to this machine. Raises ValueError."""
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not an address ({error})") from None
    if parts.userinfo:
        raise ValueError("an address names no user or password")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(url))
    if not (secure and parts.host):
        raise ValueError(f"{url!r} is not an https address")
    return url


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine itself."""
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Http:
    """A client for one system at one address."""

    def __init__(
        self,
        *,
        system: str,
        base_url: str,
        judge: Judge,
        on_call: Callable[[Call], None],
        headers: Callable[[], Mapping[str, str]] = dict,
        renew: Callable[[], None] | None = None,
        request_id_header: str = "x-request-id",
        longest_wait: float = 120.0,
        pace: Pace | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``headers`` gives the headers of each request, authorization included; ``renew`` gets a
        new token after a 401. ``transport`` and ``sleep`` are for in-process tests."""
        try:
            base = httpx.URL(address(base_url))
        except ValueError as error:
            raise WrongSettings(
                f"{error}.",
                system=system,
                action="Write the address with https:// in the connection file.",
            ) from error
        self.system = system
        self.pace = pace or Pace(sleep=sleep)
        self._base = base
        self._judge = judge
        self._on_call = on_call
        self._headers = headers
        self._renew = renew
        self._request_id_header = request_id_header
        self._longest_wait = longest_wait
        self._sleep = sleep
        self._client = httpx.Client(
            timeout=_TIMEOUT, follow_redirects=False, transport=transport, trust_env=False
        )

    def ready(self, operation: str = "") -> None:
        """Wait until the rate windows allow a call; RateLimited where that would be too long."""
        free_at = self.pace.wait(self._longest_wait)
        if free_at is not None:
            raise RateLimited(
                f"The rate limit is used up until {free_at:%H:%M:%S} UTC.",
                system=self.system,
                operation=operation,
                until=free_at,
            )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def read(
        self,
        path: str,
        *,
        route: str,
        params: Params | None = None,
        method: str = "GET",
        content: str | None = None,
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask; safe to repeat, and repeated while that can help.

        ``path`` may be a whole URL (a ``next`` link) of this very host. ``route`` is the path's
        template, for the call log; ``headers`` are this request's own. Raises an OutsideError.
        """

        url = self._pinned(path)

        def ask() -> Reply:
            extra = {**(headers or {}), **({"content-type": content_type} if content_type else {})}
            try:
                reply = self._send(method, url, route, params=params, content=content, extra=extra)
            except httpx.HTTPError as error:
                raise TryLater(
                    f"No answer ({type(error).__name__}).",
                    system=self.system,
                    operation=f"{method} {route}",
                ) from error
            return self._good(reply)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=self._backoff,
            retry=tenacity.retry_if_exception(is_transient),
            sleep=self._sleep,
            reraise=True,
        )
        renewed = False
        while True:
            try:
                return retrying(ask)
            except AccessRefused as error:
                if error.status != 401 or self._renew is None or renewed:
                    raise
                renewed = True
                self._renew()

    def write(self, method: str, path: str, *, route: str, body: Mapping[str, Any]) -> Reply:
        """Send once. Raises UnknownOutcome where it may have happened although no good answer came;
        every other error means that the system did not take it."""
        operation = f"{method} {route}"
        url = self._pinned(path)
        try:
            reply = self._send(
                method,
                url,
                route,
                content=json.dumps(body),
                extra={"content-type": "application/json"},
            )
        except _NOT_SENT as error:
            raise TryLater(
                f"Not reached ({type(error).__name__}).", system=self.system, operation=operation
            ) from error
        except httpx.HTTPError as error:
            raise self._unknown(operation, f"No answer ({type(error).__name__}).") from error
        # A redirect may follow on a write that was carried out (303), and is not followed.
        if reply.status >= 500 or reply.status == 408 or _redirects(reply):
            self._obey(reply)
            raise self._unknown(operation, f"Answered {reply.status}.", reply)
        if reply.status < 300 and reply.body is None:
            raise self._unknown(operation, "The answer cannot be read.", reply)
        return self._good(reply)

    def _unknown(self, operation: str, message: str, reply: Reply | None = None) -> UnknownOutcome:
        return UnknownOutcome(
            message,
            system=self.system,
            operation=operation,
            status=reply.status if reply else None,
            request_id=reply.request_id if reply else None,
        )

    def _good(self, reply: Reply) -> Reply:
        if _redirects(reply):
            raise self._redirected(reply)
        error = self._judge(reply)
        if error is None and 200 <= reply.status < 300:
            return reply
        self._obey(reply)
        raise error or by_status(self.system, reply, f"Answered {reply.status}.")

    def _redirected(self, reply: Reply) -> Garbled:
        try:
            host = httpx.URL(reply.headers.get("location", "")).host
        except httpx.InvalidURL:
            host = ""
        return Garbled(
            f"The answer is a redirect to {host or 'another address'} ({reply.status}); it is not "
            "followed.",
            system=self.system,
            operation=reply.operation,
            status=reply.status,
            request_id=reply.request_id,
            action="Correct the address in the connection file, or find out what stands between "
            "PaidSync and this system.",
        )

    def _send(
        self,
        method: str,
        url: httpx.URL,
        route: str,
        *,
        params: Params | None = None,
        content: str | None = None,
        extra: Mapping[str, str],
    ) -> Reply:
        self.ready(f"{method} {route}")
        self.pace.sent()
        headers = {"accept": "application/json", **self._headers(), **extra}
        started = time.monotonic()
        status: int | None = None
        request_id: str | None = None
        try:
            response = self._client.request(
                method, url, params=params or None, content=content, headers=headers
            )
            status = response.status_code
            request_id = response.headers.get(self._request_id_header)
        finally:
            self._on_call(
                Call(
                    at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                    system=self.system,
                    method=method,
                    route=route,
                    status=status,
                    request_id=request_id,
                    seconds=round(time.monotonic() - started, 4),
                )
            )
        reply = Reply(
            operation=f"{method} {route}",
            status=status,
            headers=response.headers,
            body=parsed(response.text),
            text=response.text,
            request_id=request_id,
        )
        self._note_window(reply)
        return reply

    def _pinned(self, path: str) -> httpx.URL:
        """The address of a path, or of a whole URL where that stays on this host."""
        url = httpx.URL(path)
        if not url.host:
            return self._base.copy_with(raw_path=(self._base.path.rstrip("/") + path).encode())
        base = self._base
        if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
            raise Garbled(
                f"An answer points to another host ({url.host}); it is not followed.",
                system=self.system,
                action="Find out what stands between PaidSync and this system.",
            )
        return url

    def _note_window(self, reply: Reply) -> None:
        try:
            limit = int(reply.headers["x-rate-limit-limit"])
            remaining = int(reply.headers["x-rate-limit-remaining"])
            left = self._seconds_until(int(reply.headers["x-rate-limit-reset"]), reply)
        except (KeyError, ValueError):
            return
        self.pace.saw(limit=limit, remaining=remaining, seconds_left=left)

    def _seconds_until(self, unix_seconds: float, reply: Reply) -> float:
        # By the server's own clock: ours may be wrong.
        now = reply.server_time or datetime.now(UTC)
        return max(unix_seconds - now.timestamp(), 0.0)

    def _obey(self, reply: Reply) -> None:
        """Block until Retry-After and the window's reset, whichever is later (Procore: rate
        limiting); where a 429 names neither, for a minute (QuickBooks Online: REST features)."""
        if reply.status not in (429, 503):
            return
        waits = []
        after = reply.headers.get("retry-after", "")
        if after.isdigit():
            waits.append(float(after))
        elif after:
            try:
                until = email.utils.parsedate_to_datetime(after)
                waits.append(self._seconds_until(until.timestamp(), reply))
            except ValueError:
                pass
        reset = reply.headers.get("x-rate-limit-reset", "")
        if reply.status == 429 and reset.isdigit():
            waits.append(self._seconds_until(int(reset), reply))
        if not waits and reply.status == 429:
            waits.append(60.0)
        if waits:
            self.pace.block(max(waits) + 0.05)

    @staticmethod
    def _backoff(state: tenacity.RetryCallState) -> float:
        jittered = tenacity.wait_random_exponential(multiplier=0.5, max=_LONGEST_BACKOFF)
        return jittered(state)


def _redirects(reply: Reply) -> bool:
    return 300 <= reply.status < 400
