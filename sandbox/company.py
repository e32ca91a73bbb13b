"""The invented construction company as the outside systems hold it: Procore, the ERP, the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from .books.store import Books
from .clock import Clock
from .erp_face import Face
from .erps import ERPS, FIRST, open_face
from .memory import Memory
from .policy import Policies
from .procore.rates import RateLimits as ProcoreRates
from .procore.store import ProcoreStore

NAME = "Bluebird Construction"
PROCORE_COMPANY = 562_949_953_421_312
PROCORE_CLIENT = ("sandbox-procore-client", "sandbox-client-secret-not-real")


@dataclass
class World:
    """Both systems of one company pair, and what the sandbox remembers of them."""

    size: str
    seed: int
    clock: Clock
    procore: ProcoreStore
    face: Face
    procore_rates: ProcoreRates
    memory: Memory = field(default_factory=Memory)
    policies: Policies = field(default_factory=Policies)
    next_check: int = 10_001
    # What `rows.row_index` keeps, with the state of the rows that it was made from.
    row_index: tuple[tuple[int, ...], Any] | None = None

    @property
    def erp(self) -> Books:
        """The books."""
        return self.face.books

    @property
    def today(self) -> date:
        """The present day in the ERP company's own calendar."""
        return self.clock.today(self.erp.zone)

    def prefix(self, payment_id: str, bill_id: str, application: int | None = None) -> str:
        """Return the start of the `origin_id` of every entry of one allocation.

        `application` is named where a bill is split over several (money-rules 3.2).
        """
        whole = f"{self.own_prefix}{_quoted(payment_id)}:{_quoted(bill_id)}"
        return whole if application is None else f"{whole}@{application}"

    @cached_property
    def own_prefix(self) -> str:
        """Return the start of every `origin_id` of this connection."""
        return f"{self.face.name}:{quote(self.erp.company_id, safe='')}:"

    def check_number(self) -> str:
        """Draw the next check number."""
        self.next_check += 1
        return str(self.next_check - 1)


@lru_cache(maxsize=100_000)
def _quoted(part: str) -> str:
    return quote(part, safe="")


def found(
    size: str,
    seed: int,
    *,
    erp: str = FIRST,
    procore_hourly: int = 3600,
    procore_spike: int = 100,
) -> World:
    """Open an empty company in Procore and in one ERP."""
    clock = Clock()
    start = int(clock.epoch())
    face = open_face(erp, name=NAME, clock=clock, seed=seed, founded=start - 5 * 365 * 86400)
    # A company of Procore has one ERP: each pair is a company of its own.
    company = PROCORE_COMPANY + ERPS.index(erp)
    return World(
        size=size,
        seed=seed,
        clock=clock,
        procore=ProcoreStore(company_id=company, company_name=NAME, clock=clock.now),
        face=face,
        procore_rates=ProcoreRates(hourly=procore_hourly, spike=procore_spike),
    )
