"""A TokenKeeper in memory, which remembers what was asked of it and when."""

from collections.abc import Iterator
from contextlib import contextmanager


class MemoryKeeper:
    """Keeps one token; ``events`` may be shared with others to see the order of things."""

    def __init__(self, token: str | None = None, events: list[str] | None = None) -> None:
        self.token = token
        self.events: list[str] = [] if events is None else events
        self.broken = False
        self.next_loads: list[str | None] = []  # answered first, as if another process wrote

    @contextmanager
    def locked(self) -> Iterator[None]:
        self.events.append("lock")
        try:
            yield
        finally:
            self.events.append("unlock")

    def load(self) -> str | None:
        return self.next_loads.pop(0) if self.next_loads else self.token

    def save(self, token: str) -> None:
        if self.broken:
            raise OSError("the ledger is away")
        self.events.append(f"save {token}")
        self.token = token
