"""The control API: moves the world, injects faults, counts calls and tells the truth."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from . import (
    answers,
    control_ahead,
    control_button,
    control_erp,
    control_policy,
    control_procore,
    control_raw,
    readable,
)
from .asking import Asked, ControlError
from .calls import Calls
from .company import World
from .differences import differences
from .faults import BadFault, Faults
from .remember import settle
from .truth import tell

_Action = Callable[[World, Asked], dict[str, Any]]
_RawAction = Callable[[World, Faults, Asked], dict[str, Any]]
_Endpoint = Callable[[Request], Awaitable[Any]]


@dataclass
class Sandbox:
    """What the control API works on."""

    world: World
    calls: Calls
    faults: Faults


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self.world = sandbox.world
        self.calls = sandbox.calls
        self.faults = sandbox.faults

    def routes(self) -> list[Route]:
        table: list[tuple[str, str, _Endpoint]] = [
            ("GET", "/truth", self._truth),
            ("GET", "/differences", self._differences),
            ("GET", "/world", self._world),
            ("GET", "/calls", self._calls),
            ("POST", "/calls/reset", self._reset_calls),
            ("GET", "/clock", self._clock),
            ("POST", "/clock", self._move_clock),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("POST", "/faults/commit-late", self._commit_late),
            ("GET", "/procore/button", self._presses),
            ("POST", "/procore/button", self._press),
            ("POST", "/erp/raw", self._serving(control_raw.erp)),
            ("POST", "/procore/raw", self._serving(control_raw.procore)),
            ("POST", "/erp/rates", self._erp_rates),
            ("POST", "/erp/tokens", self._erp_tokens),
        ]
        routes = [Route(path, _plain(run), methods=[method]) for method, path, run in table]
        rooms = (control_erp, control_ahead, control_procore, control_policy)
        actions = {path: act for room in rooms for path, act in room.ACTIONS.items()}
        for path, action in actions.items():
            routes.append(Route(path, _plain(self._acting(action)), methods=["POST"]))
        return routes

    def _acting(self, action: _Action) -> _Endpoint:
        async def run(request: Request) -> dict[str, Any]:
            asked = await _asked(request)
            with self.world.erp.lock, self.world.procore.lock:
                settle(self.world)
                return action(self.world, asked)

        return run

    def _serving(self, action: _RawAction) -> _Endpoint:
        async def run(request: Request) -> dict[str, Any]:
            asked = await _asked(request)
            with self.world.erp.lock, self.world.procore.lock:
                return action(self.world, self.faults, asked)

        return run

    async def _truth(self, request: Request) -> dict[str, Any]:
        """All of it, one commitment's, or single allocations."""
        query = request.query_params
        wanted, payment, bill = (
            query.get(name) for name in ("commitment_id", "payment_id", "bill_id")
        )
        if wanted is not None and not wanted.isdigit():
            raise ControlError("'commitment_id' must be a whole number.")
        with self.world.erp.lock, self.world.procore.lock:
            truth = tell(self.world)
            if payment is not None or bill is not None:
                return answers.allocations(truth, payment, bill)
            return answers.as_json(truth, int(wanted) if wanted else None)

    async def _differences(self, request: Request) -> list[dict[str, Any]]:
        with self.world.erp.lock, self.world.procore.lock:
            return differences(self.world)

    async def _world(self, request: Request) -> dict[str, Any]:
        limit = request.query_params.get("limit", str(readable.LIMIT))
        if not limit.isdigit():
            raise ControlError("'limit' must be a whole number.")
        with self.world.erp.lock, self.world.procore.lock:
            return readable.as_json(self.world, int(limit))

    async def _calls(self, request: Request) -> dict[str, Any]:
        return self.calls.as_json()

    async def _reset_calls(self, request: Request) -> dict[str, Any]:
        self.calls.reset()
        return self.calls.as_json()

    async def _clock(self, request: Request) -> dict[str, Any]:
        clock = self.world.clock
        return {
            "now": clock.now().isoformat(),
            "today": self.world.today.isoformat(),
            "offset_seconds": clock.offset_seconds,
        }

    async def _move_clock(self, request: Request) -> dict[str, Any]:
        asked = await _asked(request)
        instant = asked.instant("set")
        seconds = asked.get("advance_seconds")
        asked.done()
        if (instant is None) == (seconds is None):
            raise ControlError("Give either 'advance_seconds' or 'set'.")
        if instant is not None:
            self.world.clock.set(instant)
        elif isinstance(seconds, int | float) and not isinstance(seconds, bool):
            self.world.clock.advance(seconds)
        else:
            raise ControlError("'advance_seconds' must be a number.")
        await self.faults.commit_late()
        return await self._clock(request)

    async def _faults(self, request: Request) -> dict[str, Any]:
        return self.faults.as_json()

    async def _add_fault(self, request: Request) -> dict[str, Any]:
        body = await _object(request)
        try:
            return {"id": self.faults.add(body).id}
        except (BadFault, TypeError) as error:
            raise ControlError(str(error)) from None

    async def _clear_faults(self, request: Request) -> dict[str, Any]:
        return {"cleared": self.faults.clear()}

    async def _commit_late(self, request: Request) -> dict[str, Any]:
        statuses = await self.faults.commit_late(everything=True)
        return {"committed": len(statuses), "statuses": statuses}

    async def _presses(self, request: Request) -> dict[str, Any]:
        return control_button.presses(self.world)

    async def _press(self, request: Request) -> dict[str, Any]:
        return await control_button.press(self.world, await _asked(request))

    async def _erp_rates(self, request: Request) -> dict[str, Any]:
        """The ERP's limits; 0 switches one off."""
        return self.world.face.rates(await _asked(request))

    async def _erp_tokens(self, request: Request) -> dict[str, Any]:
        """How the ERP's tokens rotate, and the switch that revokes them."""
        return self.world.face.tokens(await _asked(request))


async def _object(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise ControlError("The request is not JSON.") from None
    if not isinstance(body, dict):
        raise ControlError("The request must be a JSON object.")
    return body


async def _asked(request: Request) -> Asked:
    return Asked(await _object(request))


def _plain(run: _Endpoint) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await run(request))
        except ControlError as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def create_control_app(sandbox: Sandbox) -> Starlette:
    """Build the control API."""
    return Starlette(routes=_Control(sandbox).routes())
