"""Writes that ask Procore what it allows; what it says no to is an answer and no error.

For `paidsync probe` alone. Each goes out once; where no answer came, the caller finds out by
reading. Nothing else of PaidSync deletes in Procore.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.errors import AccessRefused, NotThere, OutsideError, Rejected, UnknownOutcome
from connectors.http import Reply
from connectors.procore.client import Procore

_PATH = "/rest/v1.0/contract_payments"
_ONE = _PATH + "/{id}"
# Procore: invoice payments; open to ERP partners, of its fields four are published.
_BULK = "/rest/v1.0/companies/{company_id}/invoice_payments/sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one write; ``taken`` is None where no answer came, or none that can be read."""

    taken: bool | None
    status: int | None
    said: str  # Procore's own words where it refused
    request_id: str | None
    body: Any = None

    @property
    def shown(self) -> str:
        """For a person: ``422, Payment cannot be deleted. (request 7f3)``."""
        if self.taken:
            return f"answered {self.status}"
        number = f" (request {self.request_id})" if self.request_id else ""
        if self.taken is None:
            return f"no answer that can be read: {self.said}{number}"
        return f"refused with {self.status}: {self.said}{number}"


class Probing:
    """The writes of a probe in one commitment. Each raises what tells nothing about the question:
    RateLimited and TryLater where nothing was sent, AccessRefused for credentials."""

    def __init__(self, procore: Procore, project_id: str, commitment_id: str) -> None:
        self._gate = procore.gate
        self._envelope = {"project_id": int(project_id), "contract_id": int(commitment_id)}
        self._scope = f"project_id={quote(project_id)}&contract_id={quote(commitment_id)}"

    def post(self, fields: Mapping[str, Any]) -> Tried:
        """One new row."""
        return self._try("POST", _PATH, _PATH, {**self._envelope, "contract_payment": dict(fields)})

    def change(self, row_id: str, fields: Mapping[str, Any]) -> Tried:
        """Attributes of a row of the probe's."""
        body = {**self._envelope, "contract_payment": dict(fields)}
        return self._try("PATCH", f"{_PATH}/{quote(row_id, safe='')}", _ONE, body)

    def delete(self, row_id: str) -> Tried:
        """A row of the probe's. Procore answers a deletion with nothing, so that only reading
        tells whether it was carried out."""
        return self._try("DELETE", f"{_PATH}/{quote(row_id, safe='')}?{self._scope}", _ONE, {})

    def bulk(self, update: Mapping[str, Any]) -> Tried:
        """One invoice payment by the ERP partners' route."""
        path = _BULK.format(company_id=quote(self._gate.company_id, safe=""))
        return self._try("PATCH", path, _BULK, {"updates": [dict(update)]})

    def _try(self, method: str, path: str, route: str, body: Mapping[str, Any]) -> Tried:
        try:
            reply = self._gate.write(method, path, route=route, body=body)
        except UnknownOutcome as error:
            return _not_known(error)
        except AccessRefused as error:
            if error.status == 401:
                raise
            return _refused(error)
        except (Rejected, NotThere) as error:
            return _refused(error)
        return _taken(reply)


def _taken(reply: Reply) -> Tried:
    return Tried(
        taken=True, status=reply.status, said="", request_id=reply.request_id, body=reply.body
    )


def _refused(error: OutsideError) -> Tried:
    return Tried(taken=False, status=error.status, said=error.message, request_id=error.request_id)


def _not_known(error: OutsideError) -> Tried:
    return Tried(taken=None, status=error.status, said=error.message, request_id=error.request_id)
