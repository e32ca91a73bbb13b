"""The service itself: an answer for every knock, within the time that the senders allow.

Nothing is acted on here. What is genuine is recorded in the ledger first, then answered; somebody
else reads the ledger and acts, so that no answer waits for Procore or for Prefect.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.webhooks import Event, Forged, Unreadable
from listener.doors import Door, Doors
from listener.limits import Limits, Rates, TooLarge, TooSlow, body_of
from listener.people import People
from paidsync.ledger import LedgerUnusable
from paidsync.ledger.inbound import Inbound

_log = logging.getLogger("paidsync.listener")
_TYPES = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
_WAIT_SECONDS = "30"


class Listener:
    """Hears knocks at the doors and records them."""

    def __init__(
        self, doors: Doors, inbound: Inbound, wake: Callable[[], None], limits: Limits
    ) -> None:
        """``wake`` tells that something was recorded; it must not wait for anything."""
        self._doors = doors
        self._inbound = inbound
        self._wake = wake
        self._limits = limits
        self._rates = Rates(limits)

    async def hear(self, request: Request) -> Response:
        """One knock: 204 where it was recorded, is known already, or tells of nothing for us."""
        source = request.client.host if request.client else ""
        if not self._rates.allows(source):
            return Response(status_code=429, headers={"retry-after": _WAIT_SECONDS})
        try:
            body = await body_of(request, self._limits)
        except TooLarge:
            return Response(status_code=413)
        except TooSlow:
            return Response(status_code=408)
        except ClientDisconnect:
            return Response(status_code=400)
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            heard = self._doors.hear(request.url.path, body, dict(request.headers))
        except Forged:
            _log.info("Refused: %s knocked without the right secret.", source)
            return Response(status_code=401)
        except Unreadable:
            _log.warning("A genuine webhook at %s is no JSON.", request.url.path)
            return Response(status_code=400 if media in _TYPES else 415)
        if media not in _TYPES:
            return Response(status_code=415)
        return await self._keep(heard)

    async def _keep(self, heard: list[tuple[Door, Event]]) -> Response:
        if not heard:
            return Response(status_code=204)
        try:
            async with asyncio.timeout(self._limits.record_seconds):
                await asyncio.to_thread(self._record, heard)
        except (TimeoutError, SQLAlchemyError, LedgerUnusable) as trouble:
            # Only its kind: the message would show the statement with its values.
            _log.error("The ledger did not take a webhook (%s); the sender tries again.",
                       type(trouble).__name__)  # fmt: skip
            return Response(status_code=503, headers={"retry-after": _WAIT_SECONDS})
        self._wake()
        return Response(status_code=204)

    def _record(self, heard: list[tuple[Door, Event]]) -> None:
        for door, event in heard:
            self._inbound.record(
                door.source,
                f"{door.connection}:{event.event_id}",
                connection=door.connection,
                body={"what": event.what, "record_id": event.record_id},
            )
            _log.info("Heard at %s: %s, event %s.", door.path, event.what, event.event_id)


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


def create_app(
    listener: Listener,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
    *,
    people: People | None = None,
) -> Starlette:
    """The ASGI application; without ``people`` it has no page of plans."""
    pages = []
    if people is not None:
        pages = [
            Route("/plans", people.look, methods=["GET"]),
            Route("/plans/{connection}", people.decide, methods=["POST"]),
        ]
    routes = [
        Route("/health", _health, methods=["GET"]),
        *pages,
        Route("/{system}/{connection}", listener.hear, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
