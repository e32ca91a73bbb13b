"""Vendors of the company directory (reference 5.2)."""

from __future__ import annotations

from sandbox.procore.call import Call
from sandbox.procore.errors import not_found
from sandbox.procore.model import Vendor
from sandbox.procore.operation import Operation
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json, vendor

PATH = "/rest/v1.0/vendors"
VIEWS = ("compact", "normal", "erp", "extended", "directory", "summary")
SORTS = ("name", "main_office_name", "project_and_bid_counts")


def _shape(call: Call, record: Vendor) -> Json:
    if call.choice("view", VIEWS) == "compact":
        return {"id": record.id, "name": record.name}
    return vendor(call.store, record)


def list_vendors(call: Call) -> list[object]:
    """Vendors, filtered; those by trade, cost code or parent match none, as none has any."""
    call.need("company_id")
    call.need_tool("directory", "Read Only")
    found = list(call.store.vendors.values())
    ids = call.integers("id")
    if ids is not None:
        found = [v for v in found if v.id in ids]
    origin = call.filter("origin_id")
    if origin is not None:
        found = [v for v in found if v.origin_id == origin]
    search = call.filter("search")
    if search is not None:
        found = [v for v in found if _matches(v, search.casefold())]
    for name in ("created_at", "updated_at"):
        span = call.range(name)
        if span is not None:
            found = [v for v in found if span[0] <= getattr(v, name) <= span[1]]
    if any(call.integers(name) for name in ("standard_cost_code_id", "trade_id", "parent_id")):
        found = []
    if call.choice("sort", SORTS) == "name":
        found.sort(key=lambda v: v.name)
    return page_of(call, found, lambda v: _shape(call, v))


def _matches(record: Vendor, words: str) -> bool:
    return words in record.name.casefold() or words in (record.origin_code or "").casefold()


def show_vendor(call: Call) -> Json:
    """One vendor."""
    call.need("company_id")
    call.need_tool("directory", "Read Only")
    record = call.store.vendors.get(call.path_id())
    if record is None:
        raise not_found("Vendor")
    return _shape(call, record)


OPERATIONS = (
    Operation(
        "GET",
        PATH,
        list_vendors,
        query=("view", "company_id", "sort", *PAGE_NAMES),
        filters=(
            "origin_id",
            "search",
            "created_at",
            "updated_at",
            "standard_cost_code_id",
            "trade_id",
            "id",
            "parent_id",
        ),
    ),
    Operation("GET", PATH + "/{id}", show_vendor, query=("company_id", "view", *PAGE_NAMES)),
)
