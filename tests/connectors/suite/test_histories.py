"""Whatever an accountant does, in whatever order: who reads now and then knows in the end what the
books say."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.erp import Bill, PaymentStatus
from tests.connectors.suite.bench import Can
from tests.connectors.suite.desk import Desk, Known
from tests.connectors.suite.office import Office, applied, row

ACTS = 60


class Accountant:
    """Does one thing after the other, by dice; ``diary`` is what was done."""

    def __init__(self, office: Office, dice: Random) -> None:
        self.office = office
        self.dice = dice
        self.diary: list[str] = []
        self.ahead: list[str] = []
        can = office.bench.can
        self.acts: list[Callable[[], str]] = [self.bill, self.bill, self.pay, self.pay, self.pay]
        self.acts += [self.pay_several, self.late, self.void, self.wait, self.pay_with_credit]
        self.acts += [self.edit, self.renumber] if Can.EDIT in can else []
        self.acts += [self.reapply] if Can.REAPPLY in can else []
        self.acts += [self.delete] if office.bench.deleted else []
        self.acts += [self.prepay] if Can.PREPAY in can else []
        self.acts += [self.apply, self.apply] if Can.APPLY in can else []
        self.acts += [self.unapply] if Can.UNAPPLY in can else []

    def act(self) -> None:
        """The next thing that is possible."""
        done = ""
        while not done:
            done = self.dice.choice(self.acts)()
        self.diary.append(done)

    def _open(self) -> list[tuple[str, str]]:
        """Bills with something left to pay, and how much."""
        bills = self.office.world()["bills"]
        return [(one["id"], one["balance"]) for one in bills if float(one["balance"]) > 1]

    def _live(self) -> list[str]:
        """Payments of one bill that stand."""
        made = self.office.world()["payments"]
        return [one["id"] for one in made if one["state"] == "posted" and len(one["lines"]) == 1]

    def bill(self) -> str:
        amount = f"{self.dice.randrange(200, 900_000) / 100:.2f}"
        return f"bill {self.office.bill(amount)} of {amount}"

    def pay(self) -> str:
        for bill, balance in self._some(self._open()):
            part = f"{float(balance) / self.dice.choice([1, 1, 2, 3]):.2f}"
            return f"{part} of {bill} by {self.office.pay((bill, part))}"
        return ""

    def pay_several(self) -> str:
        found = self._open()[:4]
        return f"{found} by {self.office.pay(*found)}" if len(found) > 1 else ""

    def late(self) -> str:
        for bill, balance in self._some(self._open()):
            moment = self.office.now() - self.office.bench.late
            return f"late: {bill} by {self.office.late(moment, (bill, balance))}"
        return ""

    def pay_with_credit(self) -> str:
        for bill, balance in self._some(self._open()):
            paid = self.office.pay((bill, balance), credits=[self.office.credit("1.00")])
            return f"{bill} by {paid} with a credit"
        return ""

    def prepay(self) -> str:
        vendor, amount = self.office.vendor(), f"{self.dice.randrange(50, 5000)}.00"
        made = self.office.do("/erp/prepay", vendor_id=vendor, amount=amount)["payment_id"]
        self.ahead.append(made)
        return f"prepaid {amount} by {made}"

    def apply(self) -> str:
        for one in self._some(self.ahead):
            for bill, _ in self._some(self._open()):
                refused = self.office.refused("/erp/apply", payment_id=one, bill_id=bill)
                return f"{one} applied to {bill}" if refused is None else ""
        return ""

    def unapply(self) -> str:
        for one in self._some(self.ahead):
            for line in self._some(row(self.office.world(), "payments", one)["lines"]):
                bill = line["linked"][0]["id"]
                self.office.do("/erp/unapply", payment_id=one, bill_id=bill)
                return f"{one} taken back from {bill}"
        return ""

    def void(self) -> str:
        return self._to_one("void", self.office.void)

    def delete(self) -> str:
        return self._to_one("delete", self.office.delete)

    def renumber(self) -> str:
        number = str(self.dice.randrange(10_000, 99_999))
        return self._to_one(
            f"number {number} for",
            lambda one: self.office.do("/erp/edit", payment_id=one, number=number),
        )

    def edit(self) -> str:
        for one in self._some(self._live()):
            line = row(self.office.world(), "payments", one)["lines"][0]
            part = f"{float(line['amount']) / 2 + 0.01:.2f}"
            bill = line["linked"][0]["id"]
            parts = [{"bill_id": bill, "amount": part}]
            self.office.do("/erp/edit", payment_id=one, bills=parts)
            return f"{part} of {bill} by {one} now"
        return ""

    def reapply(self) -> str:
        for one in self._some(self._live()):
            line = row(self.office.world(), "payments", one)["lines"][0]
            held = float(line["amount"])
            source = line["linked"][0]["id"]
            for target, balance in self._open():
                if target != source and float(balance) >= held:
                    self.office.do("/erp/reapply", payment_id=one, from_bill=source, to_bill=target)
                    return f"{one} moved from {source} to {target}"
        return ""

    def wait(self) -> str:
        span = self.dice.choice([timedelta(seconds=1), timedelta(hours=3), timedelta(days=9)])
        if self.dice.random() < 0.1:
            span = timedelta(days=40)
        self.office.wait(span)
        return f"wait {span}"

    def _some(self, found: list[Any]) -> list[Any]:
        return [self.dice.choice(found)] if found else []

    def _to_one(self, what: str, act: Callable[[str], object]) -> str:
        for one in self._some(self._live()):
            act(one)
            return f"{what} {one}"
        return ""


@pytest.mark.parametrize("seed", range(4))
def test_who_reads_now_and_then_knows_in_the_end_what_the_books_say(
    office: Office, desk: Desk, seed: int
) -> None:
    accountant = Accountant(office, Random(seed))
    known = Known()
    bills: dict[str, Bill] = {}
    _, bill_cursor = desk.erp.changed_bills(None)
    for number in range(ACTS):
        accountant.act()
        if accountant.dice.random() < 0.25 or number == ACTS - 1:
            accountant.diary.append("read")
            known.read_on(desk.erp)
            changed, bill_cursor = desk.erp.changed_bills(bill_cursor)
            bills |= {one.bill_id: one for one in changed}
            assert known.applied() == applied(office.world()), "\n".join(accountant.diary)
    world = office.world()
    diary = "\n".join(accountant.diary)
    for payment in world["payments"]:
        found = known.payments[payment["id"]]
        voided = found.status is PaymentStatus.VOIDED
        booked = (payment["number"], payment["date"], payment["state"] == "voided")
        assert (found.number, str(found.date), voided) == booked, diary
    for bill in world["bills"]:
        last = bills[bill["id"]]
        assert last.total is not None
        assert last.settled is not None
        assert f"{last.total - last.settled:.2f}" == f"{float(bill['balance']):.2f}", diary
    assert desk.erp.payments(list(known.payments)) == known.payments, diary
