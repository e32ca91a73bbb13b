"""Lays the company's history into both systems, dated relative to the start instant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from .books import acts
from .books.records import Account, Bill, BillLine, BillPayment, PaymentLine, Vendor
from .books.records import VendorCredit as Credit
from .company import World
from .money import from_minor
from .procore.model import CommitmentKind

ACCOUNTS = (
    ("33", "Accounts Payable (A/P)", "Accounts Payable"),
    ("35", "Checking", "Bank"),
    ("41", "Mastercard", "Credit Card"),
    ("58", "Job Expenses", "Expense"),
)


@dataclass(slots=True)
class Trade:
    """A vendor of the company; `procore_id` when it works on a project, too."""

    vendor: Vendor
    code: str
    procore_id: int | None
    bills: int = 0


@dataclass(slots=True)
class Contract:
    """A commitment with its vendor; `used` keeps amounts apart so that no payment has a twin."""

    id: int
    trade: Trade
    currency: str
    used: set[Decimal]


class Builder:
    """Adds vendors, commitments, bills with their applications, and payments."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.random = random.Random(world.seed)
        self.start = world.clock.now().replace(microsecond=0)
        self.today = world.clock.today(world.erp.zone)
        self._project_numbers: dict[int, str] = {}
        self._commitments_on: dict[int, int] = {}
        for ident, name, kind in ACCOUNTS:
            founded = world.erp.founded
            world.erp.accounts.load(Account(ident, 0, founded, founded, name=name, kind=kind))

    def can(self, act: str) -> bool:
        """Say whether the ERP's users can do something."""
        return act not in self.world.erp.cannot

    def day(self, days_ago: int) -> date:
        """Return the company's calendar day a number of days ago."""
        return self.today - timedelta(days=days_ago)

    def instant(self, days_ago: int) -> int:
        """Return some second of the working hours of a day, never later than the start."""
        second = 8 * 3600 + self.random.randrange(9 * 3600)
        zone = self.world.erp.zone
        when = datetime.combine(self.day(days_ago), time(), zone) + timedelta(seconds=second)
        return min(int(when.timestamp()), int(self.start.timestamp()) - 60)

    def trade(self, name: str, code: str, *, synced: bool = True, currency: str = "USD") -> Trade:
        """Add a vendor to the ERP and, when synced, to Procore's directory."""
        erp = self.world.erp
        founded = erp.founded + len(erp.vendors.rows)
        vendor = acts.add_vendor(erp, name, currency=currency, when=founded)
        procore_id = None
        if synced:
            procore_id = self.world.procore.add_vendor(name=name, origin_id=vendor.id)
        return Trade(vendor, code, procore_id)

    def project(self, name: str, number: str) -> int:
        """Add a project to Procore."""
        ident = self.world.procore.add_project(name=name, number=number, origin_id=number)
        self._project_numbers[ident] = number
        return ident

    def contract(
        self,
        project_id: int,
        trade: Trade,
        kind: CommitmentKind,
        title: str,
        *,
        currency: str = "USD",
        allow_payments: bool = True,
    ) -> Contract:
        """Add a commitment; its number is the project's, the kind's letters and a count."""
        count = self._commitments_on.get(project_id, 0) + 1
        self._commitments_on[project_id] = count
        letters = "SC" if kind == "work_order" else "PO"
        number = f"{self._project_numbers[project_id]}-{letters}-{count:03d}"
        assert trade.procore_id is not None
        ident = self.world.procore.add_commitment(
            project_id=project_id,
            vendor_id=trade.procore_id,
            kind=kind,
            number=number,
            title=title,
            status="Approved",
            allow_payments=allow_payments,
            currency=currency,
            grand_total=Decimal(self.random.randrange(200, 900) * 1000),
            origin_id=number,
        )
        return Contract(ident, trade, currency, set())

    def amount(self, contract: Contract | None, low: int = 2_000, high: int = 90_000) -> Decimal:
        """Draw an amount that no other bill of the commitment has."""
        while True:
            drawn = from_minor(self.random.randrange(low * 100, high * 100), "USD")
            if contract is None:
                return drawn
            if drawn not in contract.used:
                contract.used.add(drawn)
                return drawn

    def bill(
        self,
        trade: Trade,
        amount: Decimal,
        days_ago: int,
        *,
        number: str | None = "",
        currency: str = "USD",
        rate: Decimal = Decimal(1),
    ) -> Bill:
        """Enter a bill; the number is drawn from the vendor's own sequence unless given."""
        trade.bills += 1
        if number == "":
            number = f"{trade.code}-{1000 + trade.bills}"
        return acts.add_bill(
            self.world.erp,
            vendor_id=trade.vendor.id,
            lines=[BillLine(amount, "Work in place")],
            txn_date=self.day(days_ago),
            due_date=self.day(days_ago - 30),
            number=number,
            currency=currency,
            rate=rate,
            when=self.instant(days_ago),
        )

    def application(
        self,
        contract: Contract,
        bill: Bill,
        *,
        synced: bool = True,
        invoice_number: str | None = "",
        retainage: Decimal = Decimal(0),
    ) -> int:
        """Add the payment application that a bill was exported from."""
        return self.world.procore.add_requisition(
            commitment_id=contract.id,
            invoice_number=bill.number if invoice_number == "" else invoice_number,
            due=bill.total,
            retainage=retainage,
            status="approved",
            origin_id=bill.id if synced else None,
            billing_date=bill.txn_date,
            currency=contract.currency,
        )

    def billed(self, contract: Contract, days_ago: int, *, amount: Decimal | None = None) -> Bill:
        """Enter a bill together with its synced application."""
        rate = Decimal("0.73") if contract.currency == "CAD" else Decimal(1)
        total = self.amount(contract) if amount is None else amount
        bill = self.bill(contract.trade, total, days_ago, currency=contract.currency, rate=rate)
        retainage = Decimal(0)
        if self.random.random() < 0.4:
            retainage = (total / 9).quantize(Decimal("0.01"))
        self.application(contract, bill, retainage=retainage)
        return bill

    def credit(self, trade: Trade, amount: Decimal, days_ago: int) -> Credit:
        """Enter a vendor credit."""
        return acts.add_credit(
            self.world.erp,
            vendor_id=trade.vendor.id,
            lines=[BillLine(amount, "Back charge")],
            txn_date=self.day(days_ago),
            number=f"{trade.code}-CM{days_ago}",
            when=self.instant(days_ago),
        )

    def pay(
        self,
        trade: Trade,
        parts: Sequence[tuple[Bill, Decimal]],
        days_ago: int,
        *,
        used: Sequence[tuple[Credit, Decimal]] = (),
        method: str = "Check",
        number: str | None = "",
        print_status: str | None = None,
        entered: int | None = None,
        total: Decimal | None = None,
        lines: list[PaymentLine] | None = None,
    ) -> list[BillPayment]:
        """Pay bills with one check or card charge; `entered` is when, if not on its own date.

        Returns the documents that the ERP makes of it.
        """
        if lines is None:
            lines = [acts.line(amount, "Bill", bill.id) for bill, amount in parts]
            lines += [acts.line(amount, "VendorCredit", credit.id) for credit, amount in used]
        if number == "":
            number = self.world.check_number()
            number = number if method == "Check" else f"CC-{number}"
        if print_status is None:
            print_status = "PrintComplete" if method == "Check" else "NotSet"
        first = parts[0][0] if parts else None
        return self.world.erp.pay(
            vendor_id=trade.vendor.id,
            lines=lines,
            txn_date=self.day(days_ago),
            number=number,
            pay_type=method,
            print_status=print_status,
            total=total,
            currency=first.currency if first else trade.vendor.currency,
            rate=first.rate if first else Decimal(1),
            when=self.instant(days_ago if entered is None else entered),
        )
