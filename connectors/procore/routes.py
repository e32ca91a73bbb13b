"""How payments are written to Procore: one way today, and room for the ERP partners' bulk way."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from connectors.errors import Garbled, UnknownOutcome
from connectors.http import Reply
from connectors.procore import mapping
from connectors.procore.client import Procore
from connectors.procore.judge import SYSTEM
from connectors.procore.records import ContractPayment, NewContractPayment

_PATH = "/rest/v1.0/contract_payments"
_ONE = _PATH + "/{id}"


class PaymentRoute(Protocol):
    """A way to post; a connection keeps the one of its first write (money-rules 6.6)."""

    name: str

    def post(self, project_id: str, commitment_id: str, new: NewContractPayment) -> ContractPayment:
        """Post one row, once.

        Raises Conflict where the ``origin_id`` is taken, Rejected, AccessRefused and NotThere
        where Procore did not take it, TryLater and RateLimited where it was not sent or was sent
        away unread, and UnknownOutcome where it may stand there: read before anything else.
        """
        ...

    def link(
        self, project_id: str, commitment_id: str, contract_payment_id: str, new: NewContractPayment
    ) -> ContractPayment:
        """Set our origin fields on a row that somebody typed; nothing else of it changes
        (money-rules 4.3). Raises what ``post`` raises."""
        ...


class ContractPaymentsRoute:
    """One POST to ``contract_payments`` for each row, with every final field."""

    name = "contract_payments"

    def __init__(self, procore: Procore) -> None:
        self._gate = procore.gate

    def post(self, project_id: str, commitment_id: str, new: NewContractPayment) -> ContractPayment:
        """As the protocol says; what is returned is Procore's answer, not yet read back."""
        body = mapping.payment_body(project_id, commitment_id, new)
        reply = self._gate.write("POST", _PATH, route=_PATH, body=body)
        return _answered(reply, project_id, commitment_id)

    def link(
        self, project_id: str, commitment_id: str, contract_payment_id: str, new: NewContractPayment
    ) -> ContractPayment:
        """As the protocol says."""
        body = mapping.link_body(
            project_id, commitment_id, origin_id=new.origin_id, origin_data=new.origin_data
        )
        path = f"{_PATH}/{quote(contract_payment_id, safe='')}"
        reply = self._gate.write("PATCH", path, route=_ONE, body=body)
        return _answered(reply, project_id, commitment_id)


def _answered(reply: Reply, project_id: str, commitment_id: str) -> ContractPayment:
    if not isinstance(reply.body, Mapping):
        raise _unknown(reply, "The answer is not a record.")
    try:
        return mapping.contract_payment(
            reply.body, project_id=project_id, commitment_id=commitment_id
        )
    except Garbled as error:
        # It was taken: only its answer cannot be read. Never to be tried again as a read is.
        raise _unknown(reply, error.message) from error


def _unknown(reply: Reply, message: str) -> UnknownOutcome:
    return UnknownOutcome(
        message,
        system=SYSTEM,
        operation=reply.operation,
        status=reply.status,
        request_id=reply.request_id,
    )
