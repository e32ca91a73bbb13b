"""The sandbox's systems without sockets: an httpx transport over their ASGI applications.

A connection that a fault cuts is raised as httpx raises it over a real one.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.types import ASGIApp, Message


class _Line:
    """One connection, as far as a fault reaches it."""

    def __init__(self) -> None:
        self.aborted = False
        self.reset = False
        self.closed = False

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, _name: str) -> "_Line":
        return self  # stands for its own socket

    def setsockopt(self, *_option: Any) -> None:
        self.reset = True


class Wire(httpx.BaseTransport):
    """Carries each request to the application at its address, in this thread."""

    def __init__(self, apps: Mapping[str, ASGIApp]) -> None:
        """``apps`` by their base URLs."""
        self._apps = {httpx.URL(url).netloc: app for url, app in apps.items()}
        self._loop = asyncio.new_event_loop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer. Raises what httpx raises where the line was cut."""
        line, sent = _Line(), list[Message]()
        app = self._apps[request.url.netloc]
        self._loop.run_until_complete(_carry(app, request, line, sent))
        if line.reset:
            raise httpx.ReadError("[Errno 104] Connection reset by peer", request=request)
        if line.aborted or not sent:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        if line.closed:
            raise httpx.RemoteProtocolError(
                "peer closed connection without sending complete message body", request=request
            )
        start, *parts = sent
        body = b"".join(part.get("body", b"") for part in parts)
        return httpx.Response(start["status"], headers=start["headers"], content=body)

    def hang_up(self) -> None:
        """No more requests."""
        self._loop.close()


async def _carry(app: ASGIApp, request: httpx.Request, line: _Line, sent: list[Message]) -> None:
    body = {"type": "http.request", "body": request.read(), "more_body": False}

    async def receive() -> Message:
        return body

    async def send(message: Message) -> None:
        sent.append(message)

    url = request.url
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 50_000),
        "server": (url.host, url.port),
        "state": {"transport": line},
    }
    await app(scope, receive, send)
