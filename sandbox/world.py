"""Builds Bluebird Construction, an invented general contractor, in any size.

The same seed gives the same ids, amounts and counts whatever the day: dates are laid back from the
start instant.
"""

from __future__ import annotations

from . import story
from .builder import Builder, Contract, Trade
from .company import World, found
from .erps import FIRST
from .history import lay_history
from .procore.model import CommitmentKind
from .remember import remember_foreign, watch

SIZES = {"empty": 0, "demo": 0, "10k": 10_000, "100k": 100_000, "1M": 1_000_000}
"""Allocations per size; `empty` has commitments without bills, `demo` one story of each kind."""

TRADES = (
    ("Harbor Ridge Concrete", "HRC", "USD"),
    ("Sparrow Electric", "SPE", "USD"),
    ("Juniper Mechanical", "JUM", "USD"),
    ("Stonecrop Masonry", "STM", "USD"),
    ("Larkspur Drywall", "LKD", "USD"),
    ("Tamarack Steel Erectors", "TSE", "USD"),
    ("Kestrel Plumbing", "KPL", "USD"),
    ("Maple Gate Glazing", "MGG", "CAD"),
)
OVERHEAD = (
    ("Wren Street Properties", "RENT"),
    ("Cedar Shield Insurance", "INS"),
    ("Payday Bureau Services", "PBS"),
)
PROJECTS = (
    ("Alder Creek Elementary School", "2401"),
    ("Pier 9 Warehouse", "2402"),
    ("Foxglove Medical Offices", "2403"),
)
# project, trade, kind, title
CONTRACTS: tuple[tuple[int, int, CommitmentKind, str], ...] = (
    (0, 0, "work_order", "Foundations and slabs"),
    (0, 1, "work_order", "Electrical"),
    (0, 2, "work_order", "Heating and ventilation"),
    (1, 0, "work_order", "Dock slabs"),
    (1, 3, "work_order", "Masonry"),
    (1, 5, "purchase_order", "Structural steel"),
    (2, 4, "work_order", "Drywall and ceilings"),
    (2, 6, "purchase_order", "Plumbing fixtures"),
    (2, 7, "work_order", "Curtain wall"),
    (2, 1, "purchase_order", "Switchgear"),
)
_NO_TAB = 9


def build(
    size: str = "demo",
    seed: int = 7,
    *,
    erp: str = FIRST,
    procore_hourly: int = 3600,
    procore_spike: int = 100,
) -> World:
    """Build a world; see `SIZES`."""
    if size not in SIZES:
        raise ValueError(f"There is no size {size!r}; the sizes are {', '.join(SIZES)}.")
    world = found(size, seed, erp=erp, procore_hourly=procore_hourly, procore_spike=procore_spike)
    builder = Builder(world)
    world.procore.add_user(
        login="accountant@bluebird.example", name="Ledger Desk", erp_integrated_accountant=True
    )
    world.procore.add_user(login="site@bluebird.example", name="Site Desk")
    world.procore.add_user(
        login="controller@bluebird.example", name="Controller", erp_integrated_accountant=True
    )
    trades = [builder.trade(name, code, currency=cur) for name, code, cur in TRADES]
    overhead = [builder.trade(name, code, synced=False) for name, code in OVERHEAD]
    projects = [builder.project(name, number) for name, number in PROJECTS]
    contracts = [
        builder.contract(
            projects[project],
            trades[trade],
            kind,
            title,
            currency=trades[trade].vendor.currency,
            allow_payments=size == "empty" or position != _NO_TAB,
        )
        for position, (project, trade, kind, title) in enumerate(CONTRACTS)
    ]
    if size != "empty":
        _lay_demo(builder, contracts, trades, overhead)
    if SIZES[size]:
        lay_history(builder, trades, overhead, SIZES[size])
    remember_foreign(world)
    watch(world)
    return world


def _lay_demo(b: Builder, c: list[Contract], trades: list[Trade], overhead: list[Trade]) -> None:
    """Lay one story of each kind, and plain payments between them."""
    for position, ago in ((0, 85), (1, 78), (2, 71), (3, 64), (4, 57), (5, 50), (6, 43), (7, 36)):
        bill = b.billed(c[position], ago + 30)
        b.pay(c[position].trade, [(bill, bill.total)], ago)
    story.overhead(b, overhead[0], 62)
    story.paid_in_parts(b, c[0], 26)
    story.three_on_one_check(b, [c[0], c[3]], 22)
    story.same_bill_twice(b, c[1], 27)
    story.credit_inside(b, c[2], 24)
    story.credit_over_two(b, c[4], 20)
    story.by_card(b, c[7], 18)
    story.by_card(b, c[5], 16)
    story.overhead(b, overhead[0], 32)
    story.overhead(b, overhead[1], 25, numbered=False)
    story.overhead(b, overhead[2], 5)
    for position, ago in ((8, 23), (1, 12), (6, 9), (2, 6)):
        bill = b.billed(c[position], ago + 30)
        b.pay(c[position].trade, [(bill, bill.total)], ago)
    story.number_differs(b, c[6], 15)
    story.prepaid(b, c[5], 7)
    story.paid_ahead(b, c[3], 6)
    story.credit_application(b, c[3], 13)
    story.queued_to_print(b, c[1], 1)
    story.not_synced(b, c[7], 4)
    story.already_void(b, c[4], 10)
    story.no_number(b, c[2], 19)
    story.in_the_future(b, c[4], 2)
    story.typed_by_hand(b, c[0], 11)
    story.two_links_on_a_line(b, c[6], 21)
    story.another_vendor(b, c[3], trades[5], 14)
    story.another_currency(b, c[5], trades[7], 17)
    story.more_than_the_bill(b, c[7], 8)
    story.payments_tab_off(b, c[_NO_TAB], 3)
    for position, ago in ((0, 12), (4, 8), (8, 5)):
        b.billed(c[position], ago)
