"""Years of monthly applications for the larger sizes, with the demo's cases in proportion."""

from __future__ import annotations

from . import story
from .builder import Builder, Contract, Trade
from .procore.model import CommitmentKind

MONTH = 30
PER_CONTRACT = 40
"""Allocations on an ordinary commitment; lengths vary between about half and one and a half."""
_WORDS = (
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy", "Juniper",
    "Kelp", "Laurel", "Maple", "Nettle", "Oak", "Pine", "Quince", "Rowan", "Sorrel", "Thistle",
)  # fmt: skip
_CRAFTS = (
    "Concrete",
    "Electric",
    "Mechanical",
    "Masonry",
    "Drywall",
    "Steel",
    "Plumbing",
    "Roofing",
)
_STORIES_EVERY = 25


def lay_history(b: Builder, trades: list[Trade], overhead: list[Trade], target: int) -> None:
    """Lay about `target` allocations: nine of ten on commitments, the rest overhead."""
    on_commitments = target * 9 // 10
    count = max(1, on_commitments // PER_CONTRACT)
    vendors = _vendors(b, max(8, count // 8))
    projects = _projects(b, max(3, count // 10))
    laid = 0
    position = 0
    while laid < on_commitments:
        trade = vendors[position % len(vendors)]
        kind: CommitmentKind = "purchase_order" if position % 4 == 3 else "work_order"
        contract = b.contract(
            projects[position % len(projects)], trade, kind, f"Package {position + 1}"
        )
        wanted = b.random.randrange(PER_CONTRACT // 2, PER_CONTRACT * 3 // 2 + 1)
        laid += _months(b, contract, min(wanted, on_commitments - laid))
        if position % _STORIES_EVERY == 0:
            laid += _cases(b, contract, projects, trades, position // _STORIES_EVERY)
        position += 1
    for number in range(target - on_commitments):
        ago = 2 + number * 1400 // max(1, target - on_commitments)
        story.overhead(b, overhead[number % len(overhead)], ago, numbered=number % 7 != 0)


def _vendors(b: Builder, count: int) -> list[Trade]:
    vendors = []
    for number in range(count):
        word = _WORDS[number % len(_WORDS)]
        craft = _CRAFTS[number // len(_WORDS) % len(_CRAFTS)]
        code = f"V{number:05d}"
        vendors.append(b.trade(f"{word} {craft} {number + 1}", code))
    return vendors


def _projects(b: Builder, count: int) -> list[int]:
    return [
        b.project(f"{_WORDS[n % len(_WORDS)]} Street Works {n + 1}", f"{3000 + n}")
        for n in range(count)
    ]


def _months(b: Builder, contract: Contract, wanted: int) -> int:
    """Lay monthly applications, newest last; return how many allocations they gave."""
    laid = 0
    ago = 20 + wanted * MONTH * 4 // 5 + b.random.randrange(MONTH)
    while laid < wanted:
        ago = max(2, ago - MONTH + b.random.randrange(-3, 4))
        dice = b.random.random()
        bill = b.billed(contract, ago + 25)
        if dice < 0.12 and wanted - laid > 1:
            first = story.part(bill.total, 60)
            b.pay(contract.trade, [(bill, first)], ago + 8)
            b.pay(contract.trade, [(bill, bill.total - first)], ago)
            laid += 2
        elif dice < 0.24 and wanted - laid > 1:
            other = b.billed(contract, ago + 20)
            b.pay(contract.trade, [(bill, bill.total), (other, other.total)], ago)
            laid += 2
        else:
            method = "CreditCard" if dice > 0.96 else "Check"
            b.pay(contract.trade, [(bill, bill.total)], ago, method=method)
            laid += 1
    if b.random.random() < 0.3:
        b.billed(contract, 10)
    return laid


def _cases(
    b: Builder, c: Contract, projects: list[int], trades: list[Trade], round_number: int
) -> int:
    """Lay one round of the special cases; return how many allocations they gave."""
    canadian = trades[7]
    ago = 3 + round_number % 50
    story.three_on_one_check(b, [c], ago + 40)
    story.same_bill_twice(b, c, ago + 38)
    story.credit_inside(b, c, ago + 36)
    story.credit_over_two(b, c, ago + 34)
    story.number_differs(b, c, ago + 32)
    story.credit_application(b, c, ago + 30)
    story.prepaid(b, c, ago + 28)
    story.paid_ahead(b, c, ago + 27)
    story.not_synced(b, c, ago + 26)
    story.no_number(b, c, ago + 24)
    story.typed_by_hand(b, c, ago + 22)
    story.two_links_on_a_line(b, c, ago + 20)
    story.another_vendor(b, c, trades[5], ago + 18)
    story.another_currency(b, c, canadian, ago + 16)
    story.more_than_the_bill(b, c, ago + 14)
    story.already_void(b, c, ago + 12)
    story.queued_to_print(b, c, 1)
    story.in_the_future(b, c, 1)
    project = projects[round_number % len(projects)]
    off = b.contract(project, c.trade, "work_order", "Payments kept by hand", allow_payments=False)
    story.payments_tab_off(b, off, ago)
    abroad = b.contract(project, canadian, "work_order", "Curtain wall", currency="CAD")
    bill = b.billed(abroad, ago + 40)
    b.pay(canadian, [(bill, bill.total)], ago)
    return 22
