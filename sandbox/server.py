"""Serves the outside systems and the control API on loopback ports, in a thread."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from .calls import Calls
from .company import PROCORE_CLIENT, World
from .control import Sandbox, create_control_app
from .doorway import Doorway, Line, System
from .erps import FIRST
from .faults import Faults
from .procore.app import create_app as procore_app
from .procore.auth_app import create_auth_app as procore_auth_app
from .procore.trouble import Procore
from .world import build

HOST = "127.0.0.1"
_LATE_EVERY = 0.1


class RunningSandbox:
    """The servers of one world; `ready` is what `python -m sandbox` writes when they listen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls = Calls()
        self.faults = Faults(world.clock, world.seed, ("procore", world.face.name))
        self._loop = asyncio.new_event_loop()
        self._failure: BaseException | None = None
        self._started = threading.Event()
        self._apps = doors(world, self.calls, self.faults)
        self._sockets = [_listen() for _ in self._apps]
        urls = [f"http://{HOST}:{line.getsockname()[1]}" for line in self._sockets]
        self.ready = described(world, urls)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise RuntimeError("The sandbox's servers did not start.") from self._failure

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except BaseException as error:  # noqa: BLE001 - handed to the starter, which raises it
            self._failure = error
        finally:
            self._started.set()
            self._loop.close()

    async def _serve(self) -> None:
        """Listen until stopped; connections are uvicorn's own, with a line that faults can cut."""
        states = []
        servers = []
        for app, line in zip(self._apps, self._sockets, strict=True):
            config = uvicorn.Config(
                app, interface="asgi3", lifespan="off", ws="none", log_level="warning",
                access_log=False, server_header=False, proxy_headers=False,
            )  # fmt: skip
            config.load()
            state = ServerState()
            make = partial(Line, config=config, server_state=state, app_state={})
            servers.append(await self._loop.create_server(make, sock=line))
            states.append(state)
        late = asyncio.ensure_future(self._carry_out_late())
        self._started.set()
        await self.faults.over.wait()
        late.cancel()
        for server in servers:
            server.close()
        for state in states:
            for connection in list(state.connections):
                connection.shutdown()
        pending = [task for state in states for task in state.tasks]
        if pending:
            await asyncio.wait(pending, timeout=1)
        await asyncio.sleep(0)

    async def _carry_out_late(self) -> None:
        while True:
            await asyncio.sleep(_LATE_EVERY)
            await self.faults.commit_late()

    def stop(self) -> None:
        """Stop every server and wait until the ports are free."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.faults.over.set)
        self._thread.join(timeout=10)
        for line in self._sockets:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def doors(world: World, calls: Calls, faults: Faults) -> list[ASGIApp]:
    """Return the applications of one world: both systems behind their doors, then the control."""
    client = {"client_id": PROCORE_CLIENT[0], "client_secret": PROCORE_CLIENT[1]}
    procore = Procore()
    systems: list[tuple[ASGIApp, System]] = [
        (procore_app(world.procore, **client, rates=world.procore_rates), procore),
        (procore_auth_app(world.procore, **client), procore),
        *((app, world.face) for app in world.face.apps()),
    ]
    wrapped: list[ASGIApp] = [Doorway(app, each, calls, faults) for app, each in systems]
    return [*wrapped, create_control_app(Sandbox(world, calls, faults))]


def described(world: World, urls: list[str]) -> dict[str, Any]:
    """Return what the ready file says; `urls` are those of `doors`, in the same order."""
    procore = {
        "api_url": urls[0],
        "auth_url": urls[1],
        "client_id": PROCORE_CLIENT[0],
        "client_secret": PROCORE_CLIENT[1],
        "company_id": world.procore.company_id,
    }
    erp = world.face.ready(urls[2:-1]) | {"procore": procore, "control": urls[-1]}
    return {"procore": procore, world.face.name: erp, "control": urls[-1]}


def _listen() -> socket.socket:
    # With the protocol named, asyncio switches Nagle's delay off on every connection.
    line = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    line.bind((HOST, 0))
    line.listen(512)
    return line


def start(
    size: str = "demo",
    seed: int = 7,
    *,
    erp: str = FIRST,
    procore_hourly: int = 3600,
    procore_spike: int = 100,
    world: World | None = None,
) -> RunningSandbox:
    """Build a world, unless one is given, and serve it; use it as a context manager."""
    if world is None:
        world = build(
            size, seed, erp=erp, procore_hourly=procore_hourly, procore_spike=procore_spike
        )
    return RunningSandbox(world)


def write_ready(path: Path, ready: dict[str, Any]) -> None:
    """Write the ready file so that a reader sees all of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_text(json.dumps(ready, indent=2) + "\n", encoding="utf-8")
    draft.replace(path)
