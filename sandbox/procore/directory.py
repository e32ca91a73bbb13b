"""Who the caller is, what they may do, and who else is there (reference 2.2, 4)."""

from __future__ import annotations

from sandbox.procore import shapes
from sandbox.procore.call import Call
from sandbox.procore.errors import bad_request, not_found
from sandbox.procore.model import LEVELS, Tool, User
from sandbox.procore.operation import Operation
from sandbox.procore.paging import PAGE_NAMES, page_of
from sandbox.procore.shapes import Json

COMPANY = "/rest/v1.0/companies/{company_id}"
TEMPLATE_TYPES = ("company_tools", "project_tools", "global")
USER_FILTERS = ("created_at", "updated_at", "vendor_id", "origin_id", "trade_id", "search")


def me(call: Call) -> Json:
    """The caller; ``name`` only with a company or a project."""
    user = call.store.users[call.token.user_id]
    project_id = call.integer("project_id")
    if project_id is not None:
        call.project(project_id)
    shown: Json = {"id": user.id, "login": user.login}
    if project_id is not None or call.text("company_id") is not None:
        shown["name"] = user.name
    return shown


def companies(call: Call) -> list[object]:
    """The companies in which the app is installed: this one."""
    call.flag("include_free_companies")
    company: Json = {
        "id": call.store.company_id,
        "name": call.store.company_name,
        "is_active": True,
        "logo_url": None,
        "pcn_business_experience": False,
        "my_company": True,
    }
    return page_of(call, [company], lambda shown: shown)


def company_me(call: Call) -> Json:
    """The caller's directory record."""
    return shapes.user_shown(call.store, call.store.users[call.token.user_id])


def permissions(call: Call) -> Json:
    """The caller's tools of the company or of a project; a tool switched off is absent."""
    project_id = call.integer("project_id")
    if project_id is None and call.text("company_id") is None:
        raise bad_request("company_id or project_id is missing", "company_id")
    call.flag("filter_correspondence_types")
    if project_id is not None:
        call.project(project_id)
    scope = "company" if project_id is None else "project"
    tools = [tool for tool in call.store.tools.values() if tool.scope == scope]
    return {
        "tools": [
            _tool(call, tool, number, project_id)
            for number, tool in enumerate(tools, start=1)
            if tool.at(project_id)[0]
        ]
    }


def _tool(call: Call, tool: Tool, number: int, project_id: int | None) -> Json:
    _, level = tool.at(project_id)
    place = f"{call.store.company_id}/company" if project_id is None else f"{project_id}/project"
    return {
        "id": number,
        "name": tool.name,
        "friendly_name": tool.friendly_name,
        "domain_id": number,
        "tab_group": tool.scope,
        "available_for_user": level != "None",
        "url": f"/{place}/{tool.name}",
        "create_url": f"/{place}/{tool.name}/new",
        "can_create": level in ("Standard", "Admin"),
        "trial": False,
        "user_access_level": {"id": LEVELS.index(level) + 1, "name": level},
        "permitted_actions": [],
    }


def list_templates(call: Call) -> list[Json]:
    """The permission templates of the company; all are for company tools."""
    call.need_tool("directory", "Read Only")
    wanted = call.choice("filters[type]", TEMPLATE_TYPES)
    call.choice("view", ("with_permissions",))
    if wanted not in (None, "company_tools"):
        return []
    return [
        {
            "id": template_id,
            "name": name,
            "project_specific": False,
            "type": "company_tools",
            "category": "internal",
        }
        for name, template_id in call.store.templates.items()
    ]


def show_template(call: Call) -> Json:
    """One template; the key format of its maps is not published, tool names are used."""
    call.need_tool("directory", "Read Only")
    wanted = call.path_id()
    names = [name for name, i in call.store.templates.items() if i == wanted]
    if not names:
        raise not_found("Permission template")
    tools = [tool for tool in call.store.tools.values() if tool.scope == "company"]
    return {
        "id": wanted,
        "company_id": call.store.company_id,
        "name": names[0],
        "provider_type": "Company",
        "provider_id": call.store.company_id,
        "type": "company_tools",
        "category": "internal",
        "user_access_levels": {tool.name: tool.level for tool in tools if tool.enabled},
        "permissions": {},
        "project_id": None,
    }


def _found_users(call: Call) -> list[User]:
    call.need_tool("directory", "Read Only")
    found = list(call.store.users.values())
    search = call.filter("search")
    if search is not None:
        words = search.casefold()
        found = [u for u in found if words in u.login.casefold() or words in u.name.casefold()]
    origin = call.filter("origin_id")
    if origin is not None:
        found = [u for u in found if u.origin_id == origin]
    for name in ("created_at", "updated_at"):
        span = call.range(name)
        if span is not None:
            found = [u for u in found if span[0] <= getattr(u, name) <= span[1]]
    if call.integer("filters[vendor_id]") is not None or call.integers("trade_id"):
        found = []
    sort = call.text("sort")
    if sort is not None:
        if sort.lstrip("-") != "name":
            raise bad_request("sort must be name", "sort")
        found.sort(key=lambda u: u.name, reverse=sort.startswith("-"))
    return found


def list_users(call: Call) -> list[object]:
    """Company users with ``erp_integrated_accountant``."""
    return page_of(call, _found_users(call), lambda u: shapes.user_listed(call.store, u))


def list_users_v13(call: Call) -> list[object]:
    """The same in v1.3; both views carry the flag."""
    call.choice("view", ("normal", "extended"))
    return list_users(call)


def show_user(call: Call) -> Json:
    """One user, without the flag."""
    call.need_tool("directory", "Read Only")
    user = call.store.users.get(call.path_id())
    if user is None:
        raise not_found("User")
    return shapes.user_shown(call.store, user)


OPERATIONS = (
    Operation("GET", "/rest/v1.0/me", me, query=("company_id", "project_id"), header_optional=True),
    Operation(
        "GET",
        "/rest/v1.0/companies",
        companies,
        query=("include_free_companies", *PAGE_NAMES),
        header_optional=True,
    ),
    Operation("GET", COMPANY + "/me", company_me),
    Operation(
        "GET",
        "/rest/v1.0/settings/permissions",
        permissions,
        query=("project_id", "company_id", "filter_correspondence_types"),
    ),
    Operation(
        "GET",
        COMPANY + "/permission_templates",
        list_templates,
        query=("view",),
        filters=("type",),
    ),
    Operation("GET", COMPANY + "/permission_templates/{id}", show_template),
    Operation(
        "GET", COMPANY + "/users", list_users, query=("sort", *PAGE_NAMES), filters=USER_FILTERS
    ),
    Operation(
        "GET",
        "/rest/v1.3/companies/{company_id}/users",
        list_users_v13,
        query=("view", "sort", *PAGE_NAMES),
        filters=USER_FILTERS,
    ),
    Operation("GET", COMPANY + "/users/{id}", show_user),
)
