"""Prepayments and credit notes that are applied to bills apart from any payment, where an ERP has
such."""

from benchmarks.year.books import Books, written
from benchmarks.year.kinds import daily, paying


@paying(1.5, "prepay")
def paid_ahead(books: Books) -> None:
    """A prepayment; it is applied to one bill or two when they come, and a rest may stay."""
    place = books.commitment()
    bills = [books.bill(place) for _ in range(books.days(1, 2))]
    rest = books.amount(50_00, 900_00) if books.chance(0.5) else 0
    whole = sum(bill.total for bill in bills) + rest
    made = books.do("/erp/prepay", vendor_id=place.vendor_id, amount=written(whole))
    books.claim(*bills)
    day = 0
    for bill in bills:
        day += books.days(1, 12)

        def apply(bill_id: str = bill.id) -> None:
            books.do("/erp/apply", payment_id=made["payment_id"], bill_id=bill_id)
            books.allocations += 1
            books.note("prepayment_applied")

        books.later(day, apply)
    if books.chance(0.3):
        books.later(
            day + books.days(1, 20), lambda: _take_back(books, made["payment_id"], bills[0].id)
        )


def _take_back(books: Books, payment_id: str, bill_id: str) -> None:
    """The application is taken back, and the bill is paid with a check instead."""
    books.do("/erp/unapply", payment_id=payment_id, bill_id=bill_id)
    bill = books.bills[bill_id]
    books.claim(books.pay([(bill, bill.total)]))
    books.note("prepayment_taken_back")


@paying(0.4, "prepay")
def paid_ahead_and_voided(books: Books) -> None:
    """A prepayment that was applied and is then voided with all that it paid."""
    bill = books.bill()
    made = books.do("/erp/prepay", vendor_id=bill.vendor_id, amount=written(bill.total))
    books.do("/erp/apply", payment_id=made["payment_id"], bill_id=bill.id)
    books.claim(bill)
    books.allocations += 1

    def void() -> None:
        books.do("/erp/void", payment_id=made["payment_id"])
        books.note("prepayment_voided")

    books.later(books.days(2, 15), void)


@paying(0.6, "prepay")
def applied_in_two_steps(books: Books) -> None:
    """Two applications of one prepayment to one bill: one allocation, dated by the later."""
    bill = books.bill()
    made = books.do("/erp/prepay", vendor_id=bill.vendor_id, amount=written(bill.total))
    first = bill.total * books.days(20, 70) // 100
    books.claim(bill)
    books.allocations += 1

    def apply(amount: int) -> None:
        books.do(
            "/erp/apply", payment_id=made["payment_id"], bill_id=bill.id, amount=written(amount)
        )
        books.note("prepayment_applied")

    apply(first)
    books.later(books.days(1, 9), lambda: apply(bill.total - first))


@paying(0.8, "apply")
def credited_then_paid(books: Books) -> None:
    """A credit note makes a bill smaller; what is left is paid."""
    bill = books.bill()
    part = bill.total * books.days(5, 60) // 100
    credit = books.credit(bill.vendor_id, part)
    books.do("/erp/apply", credit_id=credit, bill_id=bill.id)
    books.claim(bill)
    books.later(books.days(0, 6), lambda: books.claim(books.pay([(bill, bill.total - part)])))


@daily(0.1, "unapply")
def credit_taken_back(books: Books) -> None:
    """A credit note is taken off a bill that was settled with it, and the gap is paid."""
    bill = books.bill()
    part = bill.total // 4
    credit = books.credit(bill.vendor_id, part)
    books.do("/erp/apply", credit_id=credit, bill_id=bill.id)
    books.claim(bill, books.pay([(bill, bill.total - part)]))

    def take_back() -> None:
        books.do("/erp/unapply", credit_id=credit, bill_id=bill.id)
        books.claim(books.pay([(bill, part)]))
        books.note("gap_paid")

    books.later(books.days(1, 8), take_back)
