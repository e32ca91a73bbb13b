"""The ASGI layer around each system: counts the calls and lets the faults happen."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from datetime import datetime
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .calls import Calls
from .faults import SIGNALS, Fault, Faults, Late
from .raw import Retouched
from .replies import Reply

_HTML = (
    b"<html><head><title>Bad Gateway</title></head><body>The server is unavailable.</body></html>"
)


class Line(H11Protocol):
    """An HTTP connection that applications can reach, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put the transport where the doorway finds it."""
        super().connection_made(transport)
        self.app_state = dict(self.app_state, transport=transport)


class System(Protocol):
    """One outside system, and its own words for trouble."""

    @property
    def name(self) -> str:
        """As faults and counted calls name it."""

    def refusal(self, status: int, now: datetime) -> tuple[bytes, bytes]:
        """Return content type and body of an error answer with this status."""

    def errors(self, path: str, body: bytes, now: datetime) -> bytes:
        """Return the body of an answer that says 200 and means an error."""


class Doorway:
    """Stands before one system's application."""

    def __init__(self, app: ASGIApp, system: System, calls: Calls, faults: Faults) -> None:
        self.app = Retouched(app, system.name, faults.raws)
        self.words = system
        self.system = system.name
        self.calls = calls
        self.faults = faults
        self._before: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or let its fault happen."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self.faults.commit_late()
        body = await _read(receive)
        method, path = scope["method"], scope["path"]
        self.calls.came(self.system, method, path)
        fault = self.faults.take(self.system, method, path)
        if fault is not None and fault.kind == "expire_tokens":
            if token := _bearer(scope):  # a login bears none that could end
                self.faults.expired.add(token)
            fault = None
        if _bearer(scope) in self.faults.expired:
            scope = _without_token(scope)
        if fault is None:
            await self._let_through(scope, body, receive, self._counted(send))
            return
        await self._happen(fault, scope, body, receive, self._counted(send))

    async def _let_through(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        if not any(fault.kind == "repeat" for fault in self.faults.active):
            await self.app(scope, _replay(body, receive), send)
            return
        reply = await self._carry_out(scope, body, receive)
        self._before[scope["path"]] = bytes(reply.body)
        await reply.send(send)

    def _counted(self, send: Send) -> Send:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.calls.went(self.system, message["status"])
            await send(message)

        return counted

    async def _carry_out(self, scope: Scope, body: bytes, receive: Receive | None = None) -> Reply:
        reply = Reply()
        await self.app(dict(scope), _replay(body, receive), reply.keep)
        return reply

    async def _happen(
        self, fault: Fault, scope: Scope, body: bytes, receive: Receive, send: Send
    ) -> None:
        kind, after = fault.kind, fault.when == "after"
        if kind == "late_commit":
            self._postpone(fault, scope, body)
            await self._cut(scope)
        elif kind == "lost_reply":
            await self._carry_out(scope, body)
            await self._cut(scope)
        elif kind == "truncated":
            await self._truncate(await self._carry_out(scope, body), scope, send)
        elif kind == "slow":
            if not after:
                await self.faults.pause(fault.seconds)
            reply = await self._carry_out(scope, body, receive)
            if after:
                await self.faults.pause(fault.seconds)
            await reply.send(send)
        elif kind in ("headers", "repeat"):
            await self._falsify(fault, await self._carry_out(scope, body, receive), scope, send)
        elif kind in SIGNALS:
            await self._signal(fault, scope, body, send)
        else:
            if after:
                await self._carry_out(scope, body)
            if kind == "reset":
                await self._cut(scope, hard=True)
            else:
                await self._answer(fault, scope, body, send)

    def _postpone(self, fault: Fault, scope: Scope, body: bytes) -> None:
        async def run() -> int:
            return (await self._carry_out(scope, body)).status

        due = self.faults.clock.epoch() + fault.seconds if fault.seconds else float("inf")
        self.faults.late.append(Late(due, self.system, run))

    async def _signal(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        """Stop the caller: killed before the commit, the request is never carried out."""
        assert fault.pid is not None
        if fault.kind == "kill" and fault.when == "before":
            os.kill(fault.pid, SIGNALS[fault.kind])
            await self._cut(scope)
            return
        if fault.when == "before":
            os.kill(fault.pid, SIGNALS[fault.kind])
        reply = await self._carry_out(scope, body)
        if fault.when == "after":
            os.kill(fault.pid, SIGNALS[fault.kind])
        if fault.kind == "kill":
            await self._cut(scope)
        else:
            await reply.send(send)

    async def _cut(self, scope: Scope, *, hard: bool = False) -> None:
        """Close the connection without a reply; hard sends a TCP reset."""
        self.calls.went(self.system, None)
        transport = scope["state"]["transport"]
        if hard:
            line: socket.socket = transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _truncate(self, reply: Reply, scope: Scope, send: Send) -> None:
        assert reply.start is not None
        names = {name.lower() for name, _ in reply.start["headers"]}
        headers = list(reply.start["headers"])
        if b"content-length" not in names:
            headers.append((b"content-length", str(len(reply.body)).encode()))
        await send({**reply.start, "headers": headers})
        half = bytes(reply.body[: len(reply.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        scope["state"]["transport"].close()
        await asyncio.sleep(0.01)

    async def _falsify(self, fault: Fault, reply: Reply, scope: Scope, send: Send) -> None:
        """Answer with other headers, or with what this address answered before."""
        for name, value in fault.headers.items():
            reply.set_header(name, value)
        if fault.kind == "repeat":
            reply.replace_body(self._before.get(scope["path"], bytes(reply.body)))
        await reply.send(send)

    async def _answer(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        status, kind, payload = fault.status, b"application/json", b""
        if fault.kind == "html_error":
            kind, payload = b"text/html", _HTML
        elif fault.kind == "answer":
            text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
            kind, payload = fault.content_type.encode(), text.encode()
        elif fault.kind == "ok_with_errors":
            now = self.faults.clock.now()
            status, payload = 200, self.words.errors(scope["path"], body, now)
        else:
            kind, payload = self.words.refusal(status, self.faults.clock.now())
        headers = [(b"content-type", kind), (b"content-length", str(len(payload)).encode())]
        if fault.retry_after is not None:
            headers.append((b"retry-after", str(fault.retry_after).encode()))
        for name, value in fault.headers.items():
            if value is not None:
                headers.append((name.lower().encode(), value.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": payload})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _replay(body: bytes, receive: Receive | None) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        if receive is None:
            return {"type": "http.disconnect"}
        return await receive()

    return replay


def _bearer(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization" and value.lower().startswith(b"bearer "):
            return str(value[7:].decode("latin-1"))
    return ""


def _without_token(scope: Scope) -> Scope:
    headers = [
        (name, b"Bearer expired-in-the-sandbox" if name == b"authorization" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}
