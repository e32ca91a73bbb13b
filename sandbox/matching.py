"""Which payment application a bill belongs to: money-rules 3.1 to 3.3."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .books.records import Bill
from .company import World
from .policy import Policy
from .procore.model import Requisition

_UNSURE = "ambiguous_match"


@lru_cache(maxsize=100_000)
def normalised(number: str | None) -> str:
    """Return a bill or check number without case, punctuation and leading zeros."""
    return re.sub(r"[^A-Z0-9]", "", (number or "").upper()).lstrip("0")


@dataclass(frozen=True, slots=True)
class Match:
    """An application for a bill, or the reason why there is none (or not for sure)."""

    application: Requisition | None
    disposition: str = "matched"
    reason: str | None = None


class Matcher:
    """Matches bills over the world as it is now, by the policy in force."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.policy: Policy = world.policies.current
        self._given = self.policy.given
        self._whole: dict[str, Match] = {}

    def whole(self, bill: Bill) -> Match:
        """Match a bill that is not split; first hit wins, ties are never guessed."""
        if bill.id not in self._whole:
            self._whole[bill.id] = self._match(bill)
        return self._whole[bill.id]

    def part(self, bill: Bill, application: int, parts: frozenset[int]) -> Match:
        """Match one part of a split bill to the application that the policy names."""
        return self._named(bill, application, parts)

    def application(self, ident: int) -> Requisition | None:
        """Return an application that the app may see."""
        found = self.world.procore.requisitions.get(ident)
        if found is None or self.world.procore.projects[found.project_id].hidden:
            return None
        return found

    def vendor_of(self, application: Requisition) -> str | None:
        """Return the ERP id of the vendor of an application's commitment."""
        procore = self.world.procore
        return procore.vendors[procore.commitments[application.commitment_id].vendor_id].origin_id

    def _match(self, bill: Bill) -> Match:
        mapped = self.policy.mapped.get(bill.id)
        if mapped is not None:
            return self._named(bill, mapped, frozenset({mapped}))
        return self._by_id(bill) or self._by_number(bill)

    def _named(self, bill: Bill, ident: int, allowed: frozenset[int]) -> Match:
        """Money-rules 3.2: the policy's word, unless the bill's own id says otherwise."""
        application = self.application(ident)
        linked = self._by_id(bill)
        elsewhere = (
            linked is not None
            and linked.reason is None
            and linked.application is not None
            and linked.application.id not in allowed
        )
        if application is None or elsewhere:
            return Match(None, "held", _UNSURE)
        return Match(application)

    def _by_id(self, bill: Bill) -> Match | None:
        """Money-rules 3.1."""
        ident = self.world.procore.origins.holder("requisition", bill.id)
        application = None if ident is None else self.application(ident)
        if application is None:
            return None
        number = normalised(bill.number)
        same_number = bool(number) and number == normalised(application.invoice_number)
        if same_number or self.vendor_of(application) == bill.vendor_id:
            return Match(application)
        return Match(application, "held", "vendor_differs")

    def _by_number(self, bill: Bill) -> Match:
        """Money-rules 3.3."""
        number = normalised(bill.number)
        key = (bill.vendor_id, number)
        candidates = self._applications_by_number.get(key, []) if number else []
        candidates = [
            one
            for one in candidates
            if one.origin_id not in self.world.erp.bills.rows and one.id not in self._given
        ]
        if not candidates:
            return Match(None, "outside", "no_application")
        if len(candidates) > 1 or self._bills_by_number[key] > 1:
            return Match(None, "held", _UNSURE)
        if candidates[0].origin_id is None:
            return Match(candidates[0], "pending", "application_not_synced")
        return Match(candidates[0])

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
