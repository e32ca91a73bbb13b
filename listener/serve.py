"""Serves the listener with uvicorn until it is told to stop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from listener.acting import Acting
from listener.app import Listener, create_app
from listener.doors import Doors
from listener.limits import Limits
from listener.people import People, Proxy
from paidsync.ledger import Ledger
from paidsync.settings import settings


class Line(H11Protocol):
    """A connection that carries one request and lives for a limited time, headers included: who
    sends a byte a minute holds no place for long."""

    def __init__(self, *arguments: Any, seconds: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._seconds = seconds
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count its time from now on."""
        super().connection_made(transport)
        self._end = self.loop.call_later(self._seconds, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """It ended by itself."""
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


def server_of(app: Starlette, limits: Limits, *, proxy: str | None) -> uvicorn.Server:
    """A server that believes nobody about where a request comes from, but that proxy."""
    config = uvicorn.Config(
        app,
        http=partial(Line, seconds=limits.connection_seconds),  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        headers=[("connection", "close")],
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy or "",
        limit_concurrency=limits.connections,
        h11_max_incomplete_event_size=16 * 1024,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def bound(host: str, port: int) -> socket.socket:
    """A socket that takes calls at once. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    line = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        line.bind((host, port))
        line.listen(128)
    except OSError:
        line.close()
        raise
    return line


def assembled(ledger: Ledger, limits: Limits) -> tuple[Starlette, Doors]:
    """The service with the thread that acts, and its doors."""
    doors = Doors()
    doors.refresh(ledger)
    acting = Acting(ledger, doors)

    @asynccontextmanager
    async def living(_app: Starlette) -> AsyncIterator[None]:
        acting.start()
        yield
        await asyncio.to_thread(acting.stop)

    proxy = Proxy.of(settings())
    people = People(ledger, proxy, limits) if proxy else None
    listener = Listener(doors, ledger.inbound, acting.wake, limits)
    return create_app(listener, living, people=people), doors
