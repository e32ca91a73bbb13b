"""The Prefect block of a connection: a handle that fills the run form's drop-down.

It holds no secret and decides nothing; editing it in the UI changes nothing (house plan 8).
"""

from typing import cast

from prefect.blocks.core import Block


class PaidsyncConnection(Block):
    """A connection, by the name of this document; everything else of it is in the ledger."""

    _block_type_name = "PaidSync Connection"
    _block_type_slug = "paidsync-connection"
    _description = "Names a PaidSync connection in run forms. Made by `paidsync connect`."

    connection: str
    erp: str
    erp_company: str
    procore_company: str


def load_handle(name: str) -> PaidsyncConnection:
    """The handle of a connection, from Prefect."""
    return cast(PaidsyncConnection, PaidsyncConnection.load(name))
