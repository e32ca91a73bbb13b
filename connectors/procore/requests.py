"""ERP Requests: what people ask of the integrator in Procore's ERP tool, and how it is answered.

The request's path is by analogy with its neighbours; the details' paths are documented (Procore:
request details). What is assumed stands in this folder's README.
"""

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote

from connectors.errors import Garbled, OutsideError, UnknownOutcome
from connectors.procore import mapping
from connectors.procore.client import Procore
from connectors.procore.judge import SYSTEM
from connectors.procore.paging import Json, next_link
from connectors.procore.records import ErpRequest, RequestDetail

SYNC_PAYMENTS = "sync_contract_payments"
Answer = Literal["success", "failed"]

_COMPANY = "/rest/v1.0/companies/{company_id}"
_REQUEST = _COMPANY + "/erp_requests/{id}"
_DETAILS = _COMPANY + "/erp_request_details"
_DETAIL = _DETAILS + "/{id}"
_USER = _COMPANY + "/users/{id}"
_MOST_PAGES = 50
_WHAT = "ERP request"


class Requests:
    """The ERP Requests of one company. Every method may raise an OutsideError."""

    def __init__(self, procore: Procore) -> None:
        self._gate = procore.gate

    def get(self, request_id: str) -> ErpRequest:
        """One request. Raises NotThere."""
        path = self._path(_REQUEST, request_id)
        return _request(self._gate.read_object(path, route=_REQUEST))

    def details(self) -> list[RequestDetail]:
        """Every line of the ERP tab that an integrator answers, closed ones too."""
        return [_detail(row) for row in self._rows()]

    def detail(self, request: ErpRequest) -> RequestDetail | None:
        """The line of one request; None where it is not listed."""
        found = (each for each in self.details() if each.detail_id == request.detail_id)
        return next(found, None)

    def close(self, detail_id: str, status: Answer, messages: Sequence[str]) -> None:
        """Answer a request; the messages are shown to people in the ERP tab.

        It sets a status and its words, and setting them again sets the same: so after a lost answer
        it is tried once more. Raises UnknownOutcome where that was lost, too.
        """
        body = {"request_detail": {"status": status, "messages": list(messages)}}
        path = self._path(_DETAIL, detail_id)
        try:
            self._gate.write("PATCH", path, route=_DETAIL, body=body)
        except UnknownOutcome:
            self._gate.write("PATCH", path, route=_DETAIL, body=body)

    def person(self, user_id: str) -> str:
        """Who a request names: the e-mail address, or the number where it cannot be looked up."""
        try:
            row = self._gate.read_object(self._path(_USER, user_id), route=_USER)
        except OutsideError:
            return f"Procore user {user_id}"
        return mapping.user(row).email or f"Procore user {user_id}"

    def _path(self, route: str, ident: str) -> str:
        return route.format(company_id=self._gate.company_id, id=quote(ident, safe=""))

    def _rows(self) -> list[Json]:
        """Only a filter is published for this list, so that nothing else is sent with it."""
        target: str | None = _DETAILS.format(company_id=self._gate.company_id)
        rows: dict[str, Json] = {}
        for _ in range(_MOST_PAGES):
            reply = self._gate.read(target or "", route=_DETAILS)
            if not isinstance(reply.body, list):
                raise _garbled("The list of ERP request details is not a JSON list.")
            rows |= {mapping.row_id(row, "ERP request detail"): row for row in reply.body}
            target = next_link(reply)
            if target is None:
                return list(rows.values())
        raise _garbled(f"The list of ERP request details has more than {_MOST_PAGES} pages.")


def _request(row: Json) -> ErpRequest:
    asked = row.get("request_data")
    data: Json = asked if isinstance(asked, Mapping) else {}
    name = row.get("request_name")
    who = mapping.reference(data, "user_id", _WHAT) or mapping.reference(row, "user_id", _WHAT)
    return ErpRequest(
        request_id=mapping.row_id(row, _WHAT),
        company_id=mapping.reference(row, "company_id", _WHAT),
        name=name if isinstance(name, str) else None,
        detail_id=mapping.reference(data, "request_detail_id", _WHAT),
        user_id=who,
        created_at=mapping.instant(row, "created_at", _WHAT),
    )


def _detail(row: Json) -> RequestDetail:
    what = "ERP request detail"
    status = row.get("status")
    return RequestDetail(
        detail_id=mapping.row_id(row, what),
        status=status.strip().lower() if isinstance(status, str) else None,
        request_id=mapping.reference(row, "item_id", what),
    )


def _garbled(message: str) -> Garbled:
    return Garbled(message, system=SYSTEM, operation=f"GET {_DETAILS}")
