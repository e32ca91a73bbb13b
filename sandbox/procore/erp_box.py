"""What the ERP Integrations tool keeps: requests to integrators with the webhooks that tell of
them, and External Data of objects that the sandbox has no records for (line items and the like)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.procore.deliveries import Courier
from sandbox.procore.model import ErpRequest, ErpRequestDetail


@dataclass(slots=True)
class LooseOrigin:
    """External Data of an object that exists only by its id."""

    item_type: str
    item_id: int
    origin_id: str | None = None
    origin_code: str | None = None
    origin_data: str | None = None


class ErpBox:
    """ERP requests, their details, what is delivered, and loose External Data rows."""

    def __init__(self, new_id: Callable[[str], int], now: Callable[[], datetime]) -> None:
        self._new_id = new_id
        self._now = now
        self.requests: dict[int, ErpRequest] = {}
        self.details: dict[int, ErpRequestDetail] = {}
        self.loose: dict[tuple[str, int], LooseOrigin] = {}
        self.courier = Courier(now)

    def add_request(self, request_name: str, **data: Any) -> tuple[int, int]:
        """A request with its detail, as pressing a button in Procore makes; returns both ids."""
        request_id = self._new_id("erp_request")
        detail = ErpRequestDetail(id=self._new_id("erp_detail"), item_id=request_id)
        now = self._now()
        self.details[detail.id] = detail
        self.requests[request_id] = ErpRequest(
            id=request_id,
            request_name=request_name,
            request_data={"request_detail_id": detail.id, **data},
            created_at=now,
            updated_at=now,
        )
        return request_id, detail.id
