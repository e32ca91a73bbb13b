"""The invented construction company as the outside systems hold it: Procore, the ERP, the clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from .clock import Clock
from .memory import Memory
from .policy import Policies
from .procore.rates import RateLimits as ProcoreRates
from .procore.store import ProcoreStore
from .quickbooks_online.oauth import Tokens
from .quickbooks_online.rates import RateLimits as QboRates
from .quickbooks_online.store import Company

NAME = "Bluebird Construction"
PROCORE_COMPANY = 562_949_953_421_312
PROCORE_CLIENT = ("sandbox-procore-client", "sandbox-client-secret-not-real")
QBO_CLIENT = ("sandbox-quickbooks-client", "sandbox-client-secret-not-real")
ERP = "quickbooks_online"


@dataclass
class World:
    """Both systems of one company pair, and what the sandbox remembers of them."""

    size: str
    seed: int
    clock: Clock
    procore: ProcoreStore
    erp: Company
    procore_rates: ProcoreRates
    erp_rates: QboRates
    erp_tokens: Tokens
    memory: Memory = field(default_factory=Memory)
    policies: Policies = field(default_factory=Policies)
    next_check: int = 10_001
    # What `rows.row_index` keeps, with the state of the rows that it was made from.
    row_index: tuple[tuple[int, ...], Any] | None = None

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
        return f"{ERP}:{quote(self.erp.realm, safe='')}:"

    def check_number(self) -> str:
        """Draw the next check number."""
        self.next_check += 1
        return str(self.next_check - 1)


@lru_cache(maxsize=100_000)
def _quoted(part: str) -> str:
    return quote(part, safe="")


def found(size: str, seed: int, *, procore_hourly: int = 3600, procore_spike: int = 100) -> World:
    """Open an empty company in both systems."""
    clock = Clock()
    draw = random.Random(f"realm:{seed}")
    realm = "91303" + "".join(str(draw.randrange(10)) for _ in range(14))
    start = int(clock.epoch())
    erp = Company(realm=realm, name=NAME, clock=clock, founded=start - 5 * 365 * 86400)
    procore = ProcoreStore(company_id=PROCORE_COMPANY, company_name=NAME, clock=clock.now)
    return World(
        size=size,
        seed=seed,
        clock=clock,
        procore=procore,
        erp=erp,
        procore_rates=ProcoreRates(hourly=procore_hourly, spike=procore_spike),
        erp_rates=QboRates(clock),
        erp_tokens=Tokens(clock, *QBO_CLIENT, seed=seed),
    )
