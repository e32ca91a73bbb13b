"""The rows of Payments Issued, indexed by commitment, with a running total each."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from decimal import Decimal

from sandbox.procore.model import ContractPayment
from sandbox.procore.origins import OriginIndex

ITEM_TYPE = "contract_payment"
ZERO = Decimal(0)


class PaymentRows:
    """Keeps row, commitment index, totals and origin index in step."""

    def __init__(self, origins: OriginIndex) -> None:
        self.by_id: dict[int, ContractPayment] = {}
        self._origins = origins
        self._by_commitment: dict[int, list[int]] = {}
        self._totals: dict[int, Decimal] = {}
        # Counts the changes of rows, so that whoever keeps something of them knows when it is old.
        self.changes = 0

    def ids_of(self, commitment_id: int) -> Sequence[int]:
        """Row ids of a commitment, oldest first."""
        return self._by_commitment.get(commitment_id, ())

    def of(self, commitment_id: int) -> list[ContractPayment]:
        """Rows of a commitment, oldest first."""
        return [self.by_id[i] for i in self.ids_of(commitment_id)]

    def total(self, commitment_id: int) -> Decimal:
        """What the commitment's rows add up to."""
        return self._totals.get(commitment_id, ZERO)

    def add(self, row: ContractPayment, *, forced_origin: bool = False) -> None:
        """Put a row in; raises ``DuplicateOrigin`` and changes nothing if its origin is taken."""
        self._origins.claim(ITEM_TYPE, row.origin_id, row.id, forced=forced_origin)
        self.changes += 1
        self.by_id[row.id] = row
        insort(self._by_commitment.setdefault(row.contract_id, []), row.id)
        self._totals[row.contract_id] = self.total(row.contract_id) + row.amount

    def set_amount(self, row: ContractPayment, amount: Decimal) -> None:
        """Change a row's amount together with its commitment's total."""
        self._totals[row.contract_id] = self.total(row.contract_id) - row.amount + amount
        row.amount = amount
        self.changes += 1

    def remove(self, payment_id: int) -> ContractPayment:
        """Take a row out."""
        row = self.by_id.pop(payment_id)
        self.changes += 1
        self._origins.release(ITEM_TYPE, row.origin_id, row.id)
        ids = self._by_commitment[row.contract_id]
        del ids[bisect_left(ids, payment_id)]
        self._totals[row.contract_id] = self.total(row.contract_id) - row.amount
        return row
