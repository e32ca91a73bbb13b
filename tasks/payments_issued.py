"""Reading Payments Issued, whole commitments at a time."""

from collections.abc import Iterator
from typing import Any

from connectors.errors import Garbled
from connectors.procore.client import Procore
from tasks.rows import contract_payment_row


def read_rows(
    procore: Procore, project_id: str, commitment_id: str, currency: str
) -> list[dict[str, Any]]:
    """All rows of a commitment; a listing that is not complete proves nothing and is not used."""
    listing = procore.contract_payments(project_id, commitment_id)
    if not listing.complete:
        raise Garbled(
            f"The list of payments of commitment {commitment_id} is not complete.",
            system="Procore",
            operation="list contract payments",
        )
    return [contract_payment_row(payment, currency) for payment in listing.rows]


def read_everything(procore: Procore, home_currency: str) -> Iterator[dict[str, Any]]:
    """All rows of every commitment of every active project: one call for each commitment."""
    for project in procore.projects():
        if not project.active:
            continue
        for commitment in procore.commitments(project.project_id):
            yield from read_rows(
                procore,
                project.project_id,
                commitment.commitment_id,
                commitment.currency or home_currency,
            )
