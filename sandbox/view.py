"""What the judge looks at: both systems' records, indexed for one judgement."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from .company import World
from .money import to_minor
from .procore.model import Commitment, ContractPayment, Requisition
from .quickbooks_online.records import Bill

_OUR_TAIL = re.compile(r"^(?P<prefix>.+):(?P<n>\d+)$")


def normalised(number: str | None) -> str:
    """Return a bill or check number without case, punctuation and leading zeros."""
    return re.sub(r"[^A-Z0-9]", "", (number or "").upper()).lstrip("0")


@dataclass(slots=True)
class Rows:
    """The contract payments of one commitment: ours by prefix, and everybody else's."""

    ours: dict[str, list[ContractPayment]] = field(default_factory=dict)
    foreign: list[ContractPayment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Match:
    """An application for a bill, or the reason why there is none (or not for sure)."""

    application: Requisition | None
    disposition: str = "matched"
    reason: str | None = None


class View:
    """Lazy indexes over the world as it is now; throw it away after a change."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._rows: dict[int, Rows] = {}

    def prefix_of(self, origin_id: str | None) -> str | None:
        """Return the allocation prefix if the id is one of ours."""
        if not origin_id or not origin_id.startswith(self.world.own_prefix):
            return None
        found = _OUR_TAIL.match(origin_id)
        return found["prefix"] if found and found["prefix"].count(":") == 3 else None

    def rows(self, commitment_id: int) -> Rows:
        """Return the rows of one commitment."""
        if commitment_id not in self._rows:
            rows = self._rows[commitment_id] = Rows()
            for row in self.world.procore.payments(commitment_id):
                prefix = self.prefix_of(row.origin_id)
                if prefix is None:
                    rows.foreign.append(row)
                else:
                    rows.ours.setdefault(prefix, []).append(row)
        return self._rows[commitment_id]

    def commitment(self, ident: int) -> Commitment:
        """Return a commitment."""
        return self.world.procore.commitments[ident]

    def standing(self, prefix: str, commitment_id: int) -> int:
        """Return the net of an allocation's rows on one commitment, in minor units."""
        currency = self.commitment(commitment_id).currency
        rows = self.rows(commitment_id).ours.get(prefix, [])
        return sum(to_minor(row.amount, currency) for row in rows)

    def vendor_of(self, application: Requisition) -> str | None:
        """Return the ERP id of the vendor of an application's commitment."""
        commitment = self.commitment(application.commitment_id)
        return self.world.procore.vendors[commitment.vendor_id].origin_id

    @cached_property
    def _applications_by_number(self) -> dict[tuple[str | None, str], list[Requisition]]:
        found: dict[tuple[str | None, str], list[Requisition]] = defaultdict(list)
        for application in self.world.procore.requisitions.values():
            number = normalised(application.invoice_number)
            if number:
                found[self.vendor_of(application), number].append(application)
        return found

    @cached_property
    def _bills_by_number(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = defaultdict(int)
        for bill in self.world.erp.bills.rows.values():
            found[bill.vendor_id, normalised(bill.number)] += 1
        return found

    def _linked(self, bill_id: str) -> Requisition | None:
        ident = self.world.procore.origins.holder("requisition", bill_id)
        if ident is None:
            return None
        application = self.world.procore.requisitions[ident]
        project = self.world.procore.projects[application.project_id]
        return None if project.hidden else application

    def match(self, bill: Bill) -> Match:
        """Match a bill by money-rules 3.1 and 3.3; first hit wins, ties are never guessed."""
        application = self._linked(bill.id)
        number = normalised(bill.number)
        if application is not None:
            same_number = bool(number) and number == normalised(application.invoice_number)
            if same_number or self.vendor_of(application) == bill.vendor_id:
                return Match(application)
            return Match(application, "held", "vendor_differs")
        key = (bill.vendor_id, number)
        candidates = self._applications_by_number.get(key, []) if number else []
        candidates = [one for one in candidates if one.origin_id not in self.world.erp.bills.rows]
        if not candidates:
            return Match(None, "outside", "no_application")
        if len(candidates) > 1 or self._bills_by_number[key] > 1:
            return Match(None, "held", "ambiguous_match")
        if candidates[0].origin_id is None:
            return Match(candidates[0], "pending", "application_not_synced")
        return Match(candidates[0])
