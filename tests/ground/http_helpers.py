"""An Http client whose other side answers from a script, and a server that breaks off."""

import email.utils
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.errors import OutsideError
from connectors.http import Call, Http, Reply, by_status
from connectors.pace import Pace

BASE = "https://api.example"
SYSTEM = "Example"

Answer = httpx.Response | Exception
Step = Answer | Callable[[httpx.Request], Answer]


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        """What time it is."""
        return self.now


def judge(reply: Reply) -> OutsideError | None:
    """Good below 300, else what the status alone means."""
    return None if reply.status < 300 else by_status(SYSTEM, reply, "No.")


class Outside:
    """A scripted system. The last answer of the script is repeated."""

    def __init__(self, *script: Step, base_url: str = BASE, **options: Any) -> None:
        self.script = list(script)
        self.requests: list[httpx.Request] = []
        self.calls: list[Call] = []
        self.clock = Clock()
        self.pace = Pace(sleep=self.clock.sleep, monotonic=self.clock.monotonic)
        told: dict[str, Any] = {
            "judge": judge,
            "transport": httpx.MockTransport(self._answer),
            "pace": self.pace,
            "sleep": self.clock.sleep,
        }
        self.http = Http(
            system=SYSTEM, base_url=base_url, on_call=self.calls.append, **(told | options)
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        answer = step(request) if callable(step) and not isinstance(step, Exception) else step
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get(self, path: str = "/rest/things", **options: Any) -> Reply:
        """Read."""
        return self.http.read(path, route="/rest/things", **options)

    def post(self, body: Mapping[str, Any] | None = None) -> Reply:
        """Write."""
        return self.http.write("POST", "/rest/things", route="/rest/things", body=body or {"a": 1})


def ok(body: str = '{"id": 1}', **headers: str) -> httpx.Response:
    """An answer that is good."""
    return status(200, body, **headers)


def status(code: int, body: str = "", **headers: str) -> httpx.Response:
    """An answer; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, text=body, headers=named)


def http_date(moment: datetime) -> str:
    """As the Date header has it."""
    return email.utils.format_datetime(moment.astimezone(UTC), usegmt=True)


@contextmanager
def breaking_server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that takes each request, sends ``answer`` and closes the connection.
    Its address, and the requests it took."""
    taken: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                taken.append(_whole(connection))
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", taken
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _whole(connection: socket.socket) -> bytes:
    """One request with its body."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
