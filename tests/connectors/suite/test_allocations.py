"""What a payment applies to each bill: cash, credits and the rest always tie out (money-rules 1).

That every payment ties out and names no bill twice is looked at wherever one is read
(``desk.ties``).
"""

from datetime import timedelta
from decimal import Decimal

from connectors.erp import Allocation, PaymentMethod, PaymentStatus
from tests.connectors.suite.bench import Bench, Can, needs, where
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office


def parts(desk: Desk) -> dict[str, list[Allocation]]:
    """What all payments together apply, by bill."""
    found: dict[str, list[Allocation]] = {}
    for payment in desk.read().payments.values():
        for part in payment.allocations:
            found.setdefault(part.bill_id, []).append(part)
    return found


def test_a_bill_paid_whole_is_one_allocation_of_cash(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("1250.50", number="10457", date="2026-03-31")
    found = desk.read().payments[payment]
    assert found.status is PaymentStatus.LIVE
    assert (found.number, str(found.date)) == ("10457", "2026-03-31")
    assert (found.currency, found.total) == ("USD", Decimal("1250.50"))
    assert found.payee_id == office.vendor()
    assert (found.fault, found.whole) == (None, True)
    (part,) = found.allocations
    assert part == Allocation(
        bill_id=bill, currency="USD", settled=Decimal("1250.50"), cash=Decimal("1250.50")
    )


def test_a_payment_without_a_number_has_none(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00", number=None)
    assert desk.read().payments[payment].number is None


def test_cents_are_cents_however_large_the_bill(office: Office, desk: Desk) -> None:
    amounts = ["0.01", "0.10", "999999999.99"]
    made = {office.paid(amount)[1]: Decimal(amount) for amount in amounts}
    known = desk.read()
    assert {ident: known.payments[ident].total for ident in made} == made
    assert all(isinstance(known.payments[ident].total, Decimal) for ident in made)


def test_part_payments_of_a_bill_are_each_what_was_paid(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    amounts = ["33.33", "33.33", "33.34"]
    made = [office.pay((bill, amount))[0] for amount in amounts]
    known = desk.read()
    assert [known.payments[ident].total for ident in made] == [*map(Decimal, amounts)]
    assert sorted(part.cash or 0 for part in parts(desk)[bill]) == [*map(Decimal, amounts)]


def test_several_bills_paid_at_once_are_settled_each_by_its_own_amount(
    office: Office, desk: Desk
) -> None:
    amounts = ["700.00", "300.00", "0.05"]
    bills = [office.bill(amount) for amount in amounts]
    made = office.pay(*zip(bills, amounts, strict=True), number="10458")
    known = desk.read()
    assert set(known.payments) == set(made)
    assert len(made) == (1 if office.bench.one_document else len(bills))
    assert {found.number for found in known.payments.values()} == {"10458"}
    total = sum((found.total or Decimal(0) for found in known.payments.values()), Decimal(0))
    assert total == Decimal("1000.05")
    for bill, amount in zip(bills, amounts, strict=True):
        (part,) = parts(desk)[bill]
        assert (part.settled, part.cash, part.fault) == (Decimal(amount), Decimal(amount), None)


@needs(Can.LINES)
def test_two_lines_on_one_bill_are_one_allocation(office: Office, desk: Desk) -> None:
    bill, other = office.bill("100.00"), office.bill("20.00")
    office.pay((bill, "50.00"), (other, "20.00"), (bill, "25.50"))
    found = parts(desk)
    assert [part.settled for part in found[bill]] == [Decimal("75.50")]
    assert [part.cash for part in found[other]] == [Decimal("20.00")]


def test_a_credit_used_in_a_payment_is_no_cash(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    (payment,) = office.pay((bill, "100.00"), credits=[office.credit("10.00")])
    found = desk.read().payments[payment]
    assert (found.total, found.unapplied) == (90, 0)
    (part,) = found.allocations
    assert (part.cash, part.credit) == (90, found.credits)
    assert not part.split_in_proportion


def test_a_credit_over_two_bills_is_shared_out_or_held_but_never_paid(
    office: Office, desk: Desk
) -> None:
    first, second = office.bill("700.00"), office.bill("300.00")
    office.pay((first, "700.00"), (second, "300.00"), credits=[office.credit("60.00")])
    found = [part for each in parts(desk).values() for part in each]
    assert {part.bill_id for part in found} == {first, second}
    known = [part.cash for part in found if part.cash is not None]
    assert len(known) == len(found) or all(part.fault for part in found)
    assert sum(known, Decimal(0)) == (940 if known else 0)


def test_a_bill_settled_by_a_credit_alone_has_no_cash(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    office.pay((bill, "100.00"), credits=[office.credit("100.00")])
    assert all((part.cash, part.credit) == (0, 100) for part in parts(desk).get(bill, []))
    assert desk.erp.bills([bill])[bill].settled == 100


def test_what_is_paid_too_much_pays_no_bill(office: Office, desk: Desk) -> None:
    bill = office.bill("100.00")
    made = office.pay((bill, "100.00"), total="600.00")
    known = desk.read()
    assert set(known.payments) == set(made)
    assert [(part.settled, part.cash) for part in parts(desk)[bill]] == [(100, 100)]
    rest = [found.unapplied for found in known.payments.values()]
    assert sum((one or Decimal(0) for one in rest), Decimal(0)) == 500
    totals = [found.total for found in known.payments.values()]
    assert sum((one or Decimal(0) for one in totals), Decimal(0)) == 600


@needs(Can.PRINT_QUEUE)
def test_a_check_in_the_print_queue_is_not_issued_yet(office: Office, desk: Desk) -> None:
    bill = office.bill("80.00")
    (payment,) = office.pay((bill, "80.00"), number=None, print_status="NeedToPrint")
    known = desk.read()
    assert known.payments[payment].status is PaymentStatus.NOT_ISSUED
    assert known.applied() == {(payment, bill): Decimal("80.00")}
    office.wait(timedelta(seconds=1))
    office.do("/erp/edit", payment_id=payment, number="10459", print_status="PrintComplete")
    printed = desk.read(known.until).payments[payment]
    assert (printed.status, printed.number) == (PaymentStatus.LIVE, "10459")
    assert printed.version != known.payments[payment].version


def test_the_method_is_given_where_it_is_promised(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    found = desk.read().payments[payment].method
    promised = desk.able.gives_payment_method
    assert found is (PaymentMethod.CHECK if promised else None)


def test_a_payment_by_card_is_no_check(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00", method="credit_card")
    method = desk.read().payments[payment].method
    assert method is PaymentMethod.CREDIT_CARD or not desk.able.gives_payment_method
    assert method is not PaymentMethod.CHECK


def test_a_foreign_bill_is_settled_in_its_own_currency(office: Office, desk: Desk) -> None:
    currency, rate = office.bench.foreign
    bill = office.bill("500.00", currency=currency)
    (payment,) = office.pay((bill, "200.00"))
    found = desk.read().payments[payment]
    (part,) = found.allocations
    assert (part.currency, part.settled, part.cash) == (currency, 200, 200)
    assert (found.currency, found.total) == (currency, 200)
    assert found.home_per_foreign == (rate if office.bench.gives_rate else None)


@where(lambda bench: bench.gives_rate)
def test_a_payment_at_home_has_a_rate_of_one(bench: Bench, office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    assert desk.read().payments[payment].home_per_foreign == 1, bench.name
