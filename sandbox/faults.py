"""What may go wrong on the way: which requests it hits is decided here, deterministically."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from .calls import template
from .clock import Clock
from .raw import Raw

KINDS = (
    "lost_reply",
    "late_commit",
    "status",
    "html_error",
    "answer",
    "headers",
    "repeat",
    "slow",
    "truncated",
    "ok_with_errors",
    "expire_tokens",
    "kill",
    "freeze",
    "reset",
)
SIGNALS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
_BEFORE_OR_AFTER = ("before", "after")


class BadFault(ValueError):
    """A fault that cannot be set; the message says why."""


@dataclass
class Fault:
    """One fault: which requests it waits for, and what happens to them.

    Without a `system` it waits for those to any system. `after` requests pass first; then `count`
    are hit, each with the probability `rate`. `when` says whether the system has carried the
    request out before the fault shows. `body` (a text, or JSON), `content_type` and `headers` are
    for kinds that answer; a header that is null is taken away.
    """

    id: int
    system: str | None
    kind: str
    route: str | None = None
    method: str | None = None
    count: int | None = 1
    rate: float = 1.0
    after: int = 0
    when: str = "before"
    status: int = 503
    retry_after: int | None = None
    seconds: float = 0.0
    pid: int | None = None
    body: Any = ""
    content_type: str = "application/json"
    headers: dict[str, str | None] = field(default_factory=dict)
    hits: int = 0
    seen: int = 0

    def matches(self, system: str, method: str, path: str) -> bool:
        """Say whether a request is one that this fault waits for; a route may be a part of it."""
        if self.system not in (None, system) or (self.method and self.method.upper() != method):
            return False
        return self.route is None or self.route in path or self.route in template(path)


@dataclass(slots=True)
class Late:
    """A request whose sender was cut off and that the system carries out later."""

    due: float
    system: str
    run: Callable[[], Awaitable[int]]


@dataclass
class Faults:
    """The faults that are set, what they hit, and the requests that are still to be carried out.

    `raws` are the records that are served otherwise than they are. `over` is set when the servers
    stop: nothing is slow any more then.
    """

    clock: Clock
    seed: int
    systems: tuple[str, ...] = ("procore",)
    active: list[Fault] = field(default_factory=list)
    fired: list[dict[str, Any]] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    raws: list[Raw] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    _next: int = 1
    _dice: dict[int, random.Random] = field(default_factory=dict)

    async def pause(self, seconds: float) -> None:
        """Let time pass, at most until the servers stop."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.over.wait(), seconds)

    def add(self, spec: dict[str, Any]) -> Fault:
        """Set a fault, or say plainly why it cannot be."""
        spec = dict(spec)
        kind = str(spec.pop("kind", ""))
        if kind in ("429", "500", "503"):
            kind, spec["status"] = "status", int(kind)
        system = spec.pop("system", None)
        if system is not None and system not in self.systems:
            raise BadFault(f"The system must be one of {', '.join(self.systems)}.")
        if kind not in KINDS:
            raise BadFault(f"There is no fault {kind!r}; the kinds are {', '.join(KINDS)}.")
        if kind == "html_error":
            spec.setdefault("status", 502)
        if kind == "answer":
            spec.setdefault("status", 200)
        if "rate" in spec:
            spec.setdefault("count", None)
        known = set(Fault.__dataclass_fields__) - {"id", "hits", "seen"}
        for name in spec:
            if name not in known:
                raise BadFault(f"A fault has no {name!r}; it may have {', '.join(sorted(known))}.")
        fault = Fault(self._next, system, kind, **spec)
        _check(fault)
        self._next += 1
        self._dice[fault.id] = random.Random(f"{self.seed}:{fault.id}")
        self.active.append(fault)
        return fault

    def take(self, system: str, method: str, path: str) -> Fault | None:
        """Return the fault that hits this request, if any; the first set wins."""
        hit: Fault | None = None
        for fault in list(self.active):
            if not fault.matches(system, method, path):
                continue
            fault.seen += 1
            if hit is not None or fault.seen <= fault.after:
                continue
            if fault.rate < 1 and self._dice[fault.id].random() >= fault.rate:
                continue
            fault.hits += 1
            if fault.count is not None and fault.hits >= fault.count:
                self.active.remove(fault)
            hit = fault
        if hit is not None:
            route = f"{method} {template(path)}"
            self.fired.append({"id": hit.id, "kind": hit.kind, "system": system, "route": route})
        return hit

    def clear(self) -> int:
        """Take every fault back and trust tokens again; late requests stay to be carried out."""
        count = len(self.active)
        self.active.clear()
        self.expired.clear()
        return count

    async def commit_late(self, *, everything: bool = False) -> list[int]:
        """Carry out the late requests that are due, or all; return their statuses."""
        now = self.clock.epoch()
        due = [one for one in self.late if everything or one.due <= now]
        self.late = [one for one in self.late if one not in due]
        return [await one.run() for one in due]

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `GET /faults`."""
        active = [asdict(fault) for fault in self.active]
        return {"active": active, "fired": self.fired, "late": len(self.late)}


def _check(fault: Fault) -> None:
    if fault.when not in _BEFORE_OR_AFTER:
        raise BadFault("'when' is 'before' or 'after' (the system carried the request out).")
    if not 0 < fault.rate <= 1:
        raise BadFault("'rate' lies above 0 and goes up to 1.")
    if fault.count is not None and fault.count < 1:
        raise BadFault("'count' is at least 1.")
    if not isinstance(fault.headers, dict):
        raise BadFault("'headers' is an object of names and values.")
    if fault.kind in SIGNALS:
        _check_pid(fault.pid)


def _check_pid(pid: int | None) -> None:
    if not isinstance(pid, int) or pid <= 1:
        raise BadFault("'pid' names the process to stop, for example 4711.")
    if pid in (os.getpid(), os.getppid()):
        raise BadFault("The sandbox does not stop itself nor the process that started it.")
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        raise BadFault(f"There is no process {pid}.") from None
    except PermissionError:
        raise BadFault(f"The process {pid} belongs to somebody else.") from None
