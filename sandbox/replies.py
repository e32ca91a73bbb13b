"""A whole response of a system, kept back until the doorway sends it on."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.types import Message, Send


@dataclass
class Reply:
    """A whole response of a system, kept back."""

    start: Message | None = None
    body: bytearray = field(default_factory=bytearray)

    async def keep(self, message: Message) -> None:
        """Keep one ASGI message."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    @property
    def status(self) -> int:
        """The status that the system answered with."""
        return int(self.start["status"]) if self.start else 500

    def replace_body(self, body: bytes) -> None:
        """Put another body in its place; its length is told rightly."""
        self.body = bytearray(body)
        self.set_header("content-length", str(len(body)))

    def set_header(self, name: str, value: str | None) -> None:
        """Set a header, or take it away."""
        assert self.start is not None
        wanted = name.lower().encode()
        kept = [pair for pair in self.start["headers"] if pair[0].lower() != wanted]
        if value is not None:
            kept.append((wanted, value.encode()))
        self.start = {**self.start, "headers": kept}

    async def send(self, send: Send) -> None:
        """Send it on."""
        assert self.start is not None
        await send(self.start)
        await send({"type": "http.response.body", "body": bytes(self.body)})
