"""Projects, their tools and their billing periods (reference 4.1, 5.1)."""

from __future__ import annotations

from sandbox.procore import shapes
from sandbox.procore.call import Call
from sandbox.procore.model import Project
from sandbox.procore.operation import Operation
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json

STATUSES = ("All", "Active", "Inactive")
VIEWS = ("ids", "compact", "normal", "extended")
SORTS = ("name", "display_name")
SHARED_FILTERS = (
    "by_status",
    "name",
    "created_at",
    "updated_at",
    "origin_id",
    "id",
    "synced",
    "vendor_id",
    "custom_fields",
)
GROUPS = ("owner_type", "department", "region", "office", "program", "stage", "type", "bid_type")


def _found(call: Call, *, default_status: str) -> list[Project]:
    """The permitted projects that pass the filters."""
    store = call.store
    found = [p for p in store.projects.values() if not p.hidden]
    status = call.choice("filters[by_status]", STATUSES) or default_status
    if status != "All":
        found = [p for p in found if p.active == (status == "Active")]
    ids = call.integers("id")
    if ids is not None:
        found = [p for p in found if p.id in ids]
    for name, attribute in (
        ("name", "name"),
        ("project_number", "number"),
        ("origin_id", "origin_id"),
    ):
        value = call.filter(name)
        if value is not None:
            found = [p for p in found if getattr(p, attribute) == value]
    for name in ("created_at", "updated_at"):
        span = call.range(name)
        if span is not None:
            found = [p for p in found if span[0] <= getattr(p, name) <= span[1]]
    synced = call.flag("filters[synced]")
    if synced is not None:
        found = [p for p in found if (p.origin_id is not None) == synced]
    vendor = call.integer("filters[vendor_id]")
    if vendor is not None:
        found = [p for p in found if _works_on(call, p, vendor)]
    unset = ("custom_fields", "from_project_template_id", *(f"by_{group}" for group in GROUPS))
    flags = (call.flag("filters[is_demo]"), call.flag("filters[template]"))
    if any(flags) or any(call.texts(name) for name in unset):
        found = []
    if call.choice("sort", SORTS) is not None:
        found.sort(key=lambda p: p.name)
    return found


def _works_on(call: Call, project: Project, vendor_id: int) -> bool:
    store = call.store
    ids = store.commitment_ids(project.id)
    return any(store.commitments[i].vendor_id == vendor_id for i in ids)


def list_v11(call: Call) -> list[object]:
    """The preferred list: 100 a page, 300 at most, ``view=ids`` 200000."""
    call.need("company_id")
    view = call.choice("view", VIEWS)
    found = _found(call, default_status="All")
    if view == "ids":
        return page_of(call, found, lambda p: {"id": p.id}, default=200_000, cap=200_000)
    if view == "compact":
        return page_of(call, found, shapes.project_compact, cap=300)
    return page_of(call, found, lambda p: shapes.project(call.store, p), cap=300)


def list_v10(call: Call) -> list[object]:
    """The older list: active ones only unless ``filters[by_status]`` says otherwise."""
    call.need("company_id")
    call.choice("serializer_view", ("compact", "normal"))
    found = _found(call, default_status="Active")
    return page_of(call, found, lambda p: shapes.project(call.store, p))


def list_light(call: Call) -> list[object]:
    """The light list of a company: no parameters, no pages."""
    found = [p for p in call.store.projects.values() if not p.hidden]
    call.headers["Total"] = str(len(found))
    return [shapes.project_light(p) for p in found]


def show(call: Call) -> Json:
    """One project."""
    call.need("company_id")
    call.choice("view", VIEWS)
    return shapes.project_shown(call.store, call.project(call.path_id()))


def list_tools(call: Call) -> list[object]:
    """Which tools a project has, switched on or off."""
    project = call.project(call.path_id("project_id"))
    active = call.flag("filters[is_active]")
    listed: list[Json] = []
    tools = [tool for tool in call.store.tools.values() if tool.scope == "project"]
    for number, tool in enumerate(tools, start=1):
        enabled, _ = tool.at(project.id)
        if active is None or active == enabled:
            listed.append(
                {
                    "id": number,
                    "engine_name": tool.name,
                    "is_active": enabled,
                    "position": number,
                    "required": False,
                    "title": tool.friendly_name,
                }
            )
    return page_of(call, listed, lambda tool: tool)


def list_billing_periods(call: Call) -> list[object]:
    """The months in which the project's subcontractors bill."""
    project = call.project(call.path_id("project_id"))
    call.need_tool("commitments", "Read Only", project.id)
    periods = call.store.billing_periods.values()
    found = [p for p in periods if p.project_id == project.id]
    ids = call.integers("id")
    if ids is not None:
        found = [p for p in found if p.id in ids]
    status = call.choice("filters[status]", ("open", "closed"))
    if status is not None:
        found = [p for p in found if p.status == status]
    for name in ("created_at", "updated_at"):
        span = call.range(name)
        if span is not None:
            found = [p for p in found if span[0] <= getattr(p, name) <= span[1]]
    return page_of(call, found, shapes.billing_period)


OPERATIONS = (
    Operation(
        "GET",
        "/rest/v1.1/projects",
        list_v11,
        query=("company_id", "view", "sort", *PAGE_NAMES),
        filters=(
            *SHARED_FILTERS,
            "project_number",
            "is_demo",
            "template",
            *(f"by_{group}" for group in GROUPS),
        ),
    ),
    Operation(
        "GET",
        "/rest/v1.0/projects",
        list_v10,
        query=("company_id", "serializer_view", "sort", *PAGE_NAMES),
        filters=(*SHARED_FILTERS, "from_project_template_id"),
    ),
    Operation("GET", "/rest/v1.0/projects/{id}", show, query=("company_id", "view")),
    Operation("GET", "/rest/v1.0/companies/{company_id}/projects", list_light),
    Operation(
        "GET",
        "/rest/v1.0/projects/{project_id}/tools",
        list_tools,
        query=("for_mobile", "include_configurable_generic_tools", *PAGE_NAMES),
        filters=("is_active",),
    ),
    Operation(
        "GET",
        "/rest/v1.0/projects/{project_id}/billing_periods",
        list_billing_periods,
        query=PAGE_NAMES,
        filters=("id", "created_at", "updated_at", "status"),
    ),
)
