"""Procore as PaidSync's stages see it: reads here, writes in ``routes``."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from connectors.errors import AccessRefused, Garbled, OutsideError
from connectors.http import Call
from connectors.procore import mapping, retainage
from connectors.procore.gate import Gate
from connectors.procore.judge import SYSTEM
from connectors.procore.links import commitment_link
from connectors.procore.paging import Json
from connectors.procore.records import (
    Caller,
    Commitment,
    CommitmentKind,
    CommitmentState,
    ContractPayment,
    Listing,
    PaymentApplication,
    ProcoreUser,
    Project,
    ToolAccess,
    Vendor,
)
from connectors.procore.settings import ProcoreSettings

_COMPANIES = "/rest/v1.0/companies"
_USERS = "/rest/v1.0/companies/{company_id}/users"
_STATE = "/rest/v1.0/commitments/{id}"
_STATE_V2 = "/rest/v2.0/companies/{company_id}/projects/{project_id}/commitment_contracts/{id}"
_PAYMENTS = "/rest/v1.0/contract_payments"
_APPLICATIONS = "/rest/v1.1/requisitions"
_KINDS: tuple[CommitmentKind, ...] = ("work_order", "purchase_order")

_PAGE = 100  # the most that every list is known to take
_PROJECTS_PAGE = 300  # Procore: projects, v1.1, at most 300
_VENDORS_PAGE = 1000  # what a public connector uses on v1 lists
_IDS_A_CALL = 50  # keeps the address of a read by ids short
# The upper end of an updated_at range, ahead of every clock: a row that is edited while the
# pages are read stays in the list, instead of shifting those behind it off the next page.
_AHEAD = timedelta(days=2)


class Procore:
    """One Procore company. Every method may raise the errors of ``connectors.errors``."""

    def __init__(
        self,
        settings: ProcoreSettings,
        *,
        on_call: Callable[[Call], None],
        longest_wait: float,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``longest_wait`` is in seconds, for a rate limit. ``transport`` (httpx's) and ``sleep``
        are for in-process tests."""
        self._settings = settings
        self._old_state_gone = False
        self.gate = Gate(
            settings,
            on_call=on_call,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )

    def ready(self) -> None:
        """Wait until a call may go out, so that nothing waits between a last check and a send.

        Raises RateLimited where the wait would be too long.
        """
        self.gate.ready()

    def caller(self) -> Caller:
        """The user that the credentials act as."""
        company = {"company_id": self.gate.company_id}
        return mapping.caller(self._one("/rest/v1.0/me", params=company))

    def company_name(self) -> str:
        """The company's name. Raises AccessRefused where the app is not installed in it."""
        rows = self._all(_COMPANIES, {"per_page": _PAGE}, "company")
        for row in rows:
            if mapping.row_id(row, "company") == self.gate.company_id:
                return str(row.get("name") or self.gate.company_id)
        seen = ", ".join(f"{row.get('name')} ({row.get('id')})" for row in rows[:10]) or "none"
        raise AccessRefused(
            f"The app is not installed in company {self.gate.company_id}; it sees {seen}.",
            system=SYSTEM,
            operation=f"GET {_COMPANIES}",
            action="Install the app in this company, or correct company_id and environment.",
        )

    def tools(self) -> list[ToolAccess]:
        """The company's tools that the caller sees, and the level in each."""
        route = "/rest/v1.0/settings/permissions"
        body = self._one(route, params={"company_id": self.gate.company_id})
        found = body.get("tools")
        if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
            raise Garbled("The permissions name no tools.", system=SYSTEM, operation=f"GET {route}")
        return [mapping.tool(row) for row in found]

    def erp_tool(self) -> ToolAccess | None:
        """ERP Integrations; None where it is off for the company or hidden from the caller."""
        return next((tool for tool in self.tools() if mapping.is_erp_tool(tool)), None)

    def user(self, email: str) -> ProcoreUser | None:
        """The directory user with exactly this e-mail address or login."""
        path = _COMPANIES + f"/{self.gate.company_id}/users"
        params = {"filters[search]": email.strip(), "per_page": _PAGE}
        rows = [
            row
            for row in self._all(path, params, "user", route=_USERS)
            if mapping.goes_by(row, email)
        ]
        # An address may have been used again after its first holder was deactivated.
        rows.sort(key=lambda row: row.get("is_active") is False)
        return mapping.user(rows[0]) if rows else None

    def projects(self) -> list[Project]:
        """Every project that the account may see, inactive ones too."""
        params = {
            "company_id": self.gate.company_id,
            "filters[by_status]": "All",
            "per_page": _PROJECTS_PAGE,
        }
        return [mapping.project(row) for row in self._all("/rest/v1.1/projects", params, "project")]

    def vendors(self, *, updated_since: datetime | None = None) -> list[Vendor]:
        """Companies of the directory, or those updated at or after an instant."""
        params = {"company_id": self.gate.company_id, "per_page": _VENDORS_PAGE}
        rows = self._all("/rest/v1.0/vendors", params | _since(updated_since), "vendor")
        return [mapping.vendor(row) for row in rows]

    def commitments(
        self, project_id: str, *, updated_since: datetime | None = None
    ) -> list[Commitment]:
        """Subcontracts, then purchase orders, of a project."""
        params = {"project_id": project_id, "per_page": _PAGE} | _since(updated_since)
        return [
            mapping.commitment(row, project_id=project_id, kind=kind)
            for kind in _KINDS
            for row in self._all(f"/rest/v1.0/{kind}_contracts", params, "commitment")
        ]

    def commitment_state(self, project_id: str, commitment_id: str) -> CommitmentState:
        """Whether payments are allowed, and Procore's own total of them.

        Only the deprecated show is published to tell; where it is gone, v2 is asked, which tells
        no total (Procore: commitments).
        """
        if self._old_state_gone:
            return self._state_v2(project_id, commitment_id)
        path = f"/rest/v1.0/commitments/{quote(commitment_id, safe='')}"
        try:
            row = self._one(path, route=_STATE, params={"project_id": project_id})
        except OutsideError as refused:
            # New apps are refused deprecated paths; which status says so is not published.
            if refused.status not in (403, 404, 406, 410):
                raise
            try:
                state = self._state_v2(project_id, commitment_id)
            except OutsideError:
                raise refused from None
            self._old_state_gone = True
            return state
        return mapping.commitment_state(row, commitment_id=commitment_id)

    def applications(
        self, project_id: str, *, updated_since: datetime | None = None
    ) -> list[PaymentApplication]:
        """Payment applications of a project, or those updated at or after an instant; how far to
        reach back is the caller's business."""
        params = {"project_id": project_id, "per_page": _PAGE}
        what = "payment application"
        rows = self._all(_APPLICATIONS, params | _since(updated_since), what)
        by_id = {mapping.row_id(row, what): row for row in rows}
        before = retainage.missing_predecessors(rows)
        for start in range(0, len(before), _IDS_A_CALL):
            named = {"filters[id][]": before[start : start + _IDS_A_CALL]}
            for row in self._all(_APPLICATIONS, params | named, what):
                by_id.setdefault(mapping.row_id(row, what), row)
        return [
            mapping.application(row, project_id=project_id, retainage=retainage.held(row, by_id))
            for row in rows
        ]

    def contract_payments(self, project_id: str, commitment_id: str) -> Listing[ContractPayment]:
        """All rows of a commitment's Payments Issued, whoever made them.

        Where the pages do not add up the rows that came are given all the same, each once, as a
        listing that is not complete: it shows what stands there, and proves no absence.
        """
        params = {"project_id": project_id, "contract_id": commitment_id, "per_page": _PAGE}
        pages = self.gate.read_list(_PAYMENTS, params=params, what="contract payment")
        rows = (
            mapping.contract_payment(row, project_id=project_id, commitment_id=commitment_id)
            for row in pages.rows
        )
        return Listing(tuple(rows), pages.complete)

    def contract_payment(
        self, project_id: str, commitment_id: str, contract_payment_id: str
    ) -> ContractPayment:
        """One row. Raises NotThere."""
        row = self._one(
            f"{_PAYMENTS}/{quote(contract_payment_id, safe='')}",
            route=_PAYMENTS + "/{id}",
            params={"project_id": project_id, "contract_id": commitment_id},
        )
        return mapping.contract_payment(row, project_id=project_id, commitment_id=commitment_id)

    def server_time(self) -> datetime | None:
        """Procore's own clock in its last good answer, UTC."""
        return self.gate.server_time

    def commitment_link(self, project_id: str, commitment_id: str, kind: CommitmentKind) -> str:
        """Where a person sees the commitment (Procore: side panel views)."""
        return commitment_link(self._settings, project_id, commitment_id, kind)

    @property
    def calls_left(self) -> int | None:
        """The fewest calls left in either rate window; None before the first answer."""
        return self.gate.calls_left

    @property
    def windows(self) -> list[tuple[int, int, float]]:
        """Procore's rate windows as last described: limit, calls left, seconds left."""
        return self.gate.windows

    def close(self) -> None:
        """Give the connections back."""
        self.gate.close()

    def _state_v2(self, project_id: str, commitment_id: str) -> CommitmentState:
        path = _STATE_V2.format(
            company_id=self.gate.company_id,
            project_id=quote(project_id, safe=""),
            id=quote(commitment_id, safe=""),
        )
        data = self._one(path, route=_STATE_V2).get("data")
        if not isinstance(data, Mapping):
            raise Garbled(
                "The answer has no data object.", system=SYSTEM, operation=f"GET {_STATE_V2}"
            )
        return mapping.commitment_state(data, commitment_id=commitment_id)

    def _one(
        self, path: str, *, route: str | None = None, params: Mapping[str, Any] | None = None
    ) -> Json:
        return self.gate.read_object(path, route=route or path, params=params)

    def _all(
        self, path: str, params: Mapping[str, Any], what: str, *, route: str | None = None
    ) -> tuple[Json, ...]:
        pages = self.gate.read_list(path, route=route or path, params=params, what=what)
        if pages.fault is not None:
            raise Garbled(pages.fault, system=SYSTEM, operation=f"GET {route or path}")
        return pages.rows


def _since(instant: datetime | None) -> dict[str, str]:
    """A filter on ``updated_at``, which takes a range and no single value (Procore: filters)."""
    if instant is None:
        return {}
    if instant.tzinfo is None:
        raise ValueError("updated_since needs a time zone")
    until = max(datetime.now(UTC), instant) + _AHEAD
    return {"filters[updated_at]": f"{_stamp(instant)}...{_stamp(until)}"}


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
