"""The control API's side of Procore's button: a person presses *Sync Payments for Synced Payment
applications* in the ERP Integrations tool.
"""

from __future__ import annotations

import asyncio
from typing import Any

from .asking import Asked, ControlError
from .company import World
from .procore.deliveries import Courier, Delivery
from .procore.events import raise_event

RESOURCE = "ERP Requests"
REQUEST = "sync_contract_payments"


async def press(world: World, asked: Asked) -> dict[str, Any]:
    """Make the request and its detail, and deliver the webhook to every hook that listens.

    `lose` loses every delivery, `copies` delivers each event so often, `user_id` is who presses
    (the request names them, too), `request_name` makes a request of another kind, `event_type`
    tells of it in another way. Delivered outside of the locks: who listens may ask at once.
    """
    lose, copies = asked.get("lose", False) is True, asked.get("copies", 1)
    user_id = asked.number("user_id") if asked.has("user_id") else None
    name = asked.text("request_name") or REQUEST
    event = asked.text("event_type") or "create"
    asked.done()
    if type(copies) is not int or not 1 <= copies <= 10:
        raise ControlError("'copies' must be a whole number from 1 to 10.")
    store = world.procore
    if user_id is not None and user_id not in store.users:
        raise ControlError(f"There is no user {user_id}.")
    with store.lock:
        named = {} if user_id is None else {"user_id": user_id}
        request_id, detail_id = store.erp.add_request(name, **named)
        who = store.service_account_id if user_id is None else user_id
        deliveries = raise_event(store, RESOURCE, event, request_id, user_id=who)
    told = [
        await asyncio.to_thread(_deliver, store.erp.courier, delivery, lose=lose, copies=copies)
        for delivery in deliveries
    ]
    return {"request_id": request_id, "request_detail_id": detail_id, "deliveries": told}


def _deliver(courier: Courier, delivery: Delivery, *, lose: bool, copies: int) -> dict[str, Any]:
    if lose:
        courier.lose(delivery)
    else:
        for _ in range(copies):
            courier.send(delivery)
    return {
        "hook_id": delivery.hook.id,
        "destination_url": delivery.hook.destination_url,
        "status": delivery.status,
        "answered": [each.status for each in delivery.attempts],
        "seconds": [each.seconds for each in delivery.attempts],
    }


def presses(world: World) -> dict[str, Any]:
    """Every request with what the integrator answered: what the ERP tab shows, newest first."""
    with world.procore.lock:
        box = world.procore.erp
        return {
            "requests": [
                {
                    "request_id": request.id,
                    "request_name": request.request_name,
                    "created_at": request.created_at.isoformat(),
                    "status": detail.status,
                    "messages": list(detail.messages),
                }
                for detail in reversed(box.details.values())
                for request in (box.requests[detail.item_id],)
            ]
        }
