"""Payments that somebody has to look at first, and what puts them right some days later."""

from datetime import timedelta

from benchmarks.year.books import Bill, Books, Payment, written
from benchmarks.year.kinds import paying


def _soon(books: Books) -> int:
    return books.days(1, 9)


def given_up(books: Books, payment: Payment) -> None:
    """Weeks later somebody voids what nobody could sort out."""

    def void() -> None:
        books.void(payment)
        books.note("given_up")

    books.later(books.days(15, 40), void)


def _paid(books: Books, bill: Bill) -> Payment:
    payment = books.pay([(bill, bill.total)])
    books.claim(payment)
    return payment


@paying(1.2)
def missing_number(books: Books) -> None:
    """A bill without its number, which is entered later."""
    bill = books.bill(number=None, invoice_number=books.number("APP"))
    payment = _paid(books, bill)

    def enter() -> None:
        books.do("/erp/edit", bill_id=bill.id, number=books.number("B"))
        books.note("number_entered")
        books.release(payment)

    books.later(_soon(books), enter)


@paying(0.8)
def total_differs(books: Books) -> None:
    """The bill's total is not what the application has due, until one of them is corrected."""
    total = books.amount(1_000_00)
    bill = books.bill(amount=total, due=written(total + 300_00))
    payment = _paid(books, bill)

    def correct() -> None:
        if books.chance(0.5) or not books.can("edit_paid_bill"):
            books.do("/procore/application", requisition_id=bill.application, due=written(total))
        else:
            books.do("/erp/edit", bill_id=bill.id, amount=written(total + 300_00))
            bill.total = total + 300_00
        books.note("total_corrected")
        books.release(payment)

    books.later(_soon(books), correct)


@paying(0.8)
def vendor_differs(books: Books) -> None:
    """The application names another vendor's bill with another number, until it is renumbered."""
    place, other = books.commitment(currency="USD"), books.commitment(currency="USD")
    if place.vendor_id == other.vendor_id:
        return
    bill = books.bill(place, vendor_id=other.vendor_id, invoice_number=books.number("X"))
    bill.vendor_id = other.vendor_id
    payment = _paid(books, bill)

    def renumber() -> None:
        number = bill.number
        books.do("/procore/application", requisition_id=bill.application, invoice_number=number)
        books.note("vendor_cleared_by_number")
        books.release(payment)

    books.later(_soon(books), renumber)


@paying(0.3)
def currency_differs(books: Books) -> None:
    """A CAD bill on a USD commitment."""
    bill = books.bill(books.commitment(currency="USD"), currency="CAD")
    given_up(books, _paid(books, bill))


@paying(0.5, "edit")
def exceeds_bill(books: Books) -> None:
    """More applied than the bill's total, corrected later."""
    bill = books.bill()
    payment = books.pay([(bill, bill.total + 250_00)])
    books.claim(payment)

    def correct() -> None:
        books.edit_parts(payment, {bill.id: bill.total})
        books.note("excess_corrected")
        books.release(payment)

    books.later(_soon(books), correct)


@paying(0.8)
def over_the_ceiling(books: Books) -> None:
    """The application's due falls after a first part was paid, and rises again later."""
    bill = books.bill()
    first = bill.total // 2
    books.claim(bill)
    books.pay([(bill, first)])

    def lower() -> None:
        due = written(bill.total * 3 // 5)
        books.do("/procore/application", requisition_id=bill.application, due=due)
        books.pay([(bill, bill.total - first)])
        books.note("ceiling_lowered")
        books.later(_soon(books), higher)

    def higher() -> None:
        due = written(bill.total)
        books.do("/procore/application", requisition_id=bill.application, due=due)
        books.note("ceiling_raised")
        books.release(bill)

    books.later(books.days(1, 4), lower)


@paying(1.5)
def exported_later(books: Books) -> None:
    """The application is not synced yet when its bill is paid."""
    bill = books.bill(synced=False)
    payment = _paid(books, bill)

    def export() -> None:
        _link(books, bill)
        books.note("exported")
        books.release(payment)

    books.later(_soon(books), export)


def _link(books: Books, bill: Bill) -> None:
    books.do("/procore/application/export", requisition_id=bill.application, bill_id=bill.id)


@paying(0.5)
def ambiguous(books: Books) -> None:
    """Two bills of a vendor share a number, and no application says which one it means."""
    place, number = books.commitment(), books.number("TWIN")
    bill = books.bill(place, number=number, synced=False)
    books.bill(place, number=number, application=False)
    payment = _paid(books, bill)

    def export() -> None:
        _link(books, bill)
        books.note("ambiguity_cleared")
        books.release(payment)

    books.later(_soon(books), export)


@paying(0.7)
def matched_by_number(books: Books) -> None:
    """The application's origin id is no bill's: vendor and number decide."""
    bill = books.bill(synced=False)
    origin = books.number("ELSEWHERE")
    books.do("/procore/application/export", requisition_id=bill.application, bill_id=origin)
    _paid(books, bill)


@paying(1)
def typed_for_a_bill(books: Books) -> None:
    """Somebody typed the payment into Procore first; later the row is removed."""
    bill = books.bill()
    number = books.number("CK")
    by_number = books.chance(0.5)
    payment = books.pay([(bill, bill.total)], number=number)
    books.claim(payment)
    _type(books, [payment], amount=bill.total if not by_number else bill.total - 1_00,
          check_number=number if by_number else None)  # fmt: skip


@paying(0.6)
def typed_for_a_check(books: Books) -> None:
    """One typed row for all that a check pays on a commitment."""
    place = books.commitment()
    bills = [books.bill(place) for _ in range(books.days(2, 4))]
    payment = books.pay([(bill, bill.total) for bill in bills])
    books.claim(payment)
    _type(books, [payment], amount=sum(bill.total for bill in bills), check_number=None)


def _type(books: Books, payments: list[Payment], *, amount: int, check_number: str | None) -> None:
    bill = books.bills[next(iter(payments[0].parts))]
    assert bill.commitment is not None
    day = books.today - timedelta(days=books.days(0, 6))
    row = books.do(
        "/procore/row",
        commitment_id=bill.commitment.id,
        amount=written(amount),
        date=day.isoformat(),
        check_number=check_number,
    )

    def remove() -> None:
        books.do("/procore/row/remove", payment_row_id=int(row["payment_row_id"]))
        books.note("typed_row_removed")
        books.release(*payments)

    if books.chance(0.8):
        books.later(_soon(books), remove)
    else:
        given_up(books, payments[0])


@paying(0.6)
def procore_pay(books: Books) -> None:
    """Procore Pay paid it: outside."""
    bill = books.bill()
    assert bill.commitment is not None
    payment = _paid(books, bill)
    books.do(
        "/procore/row",
        commitment_id=bill.commitment.id,
        amount=written(bill.total),
        check_number=payment.number,
        external_payment_id=books.number("PP"),
    )


@paying(0.6)
def more_than_the_erp_paid(books: Books) -> None:
    """A typed row on the application takes room that the second part needs; removed later."""
    bill = books.bill()
    assert bill.commitment is not None
    first = bill.total // 2
    books.claim(bill)
    books.pay([(bill, first)])
    place = bill.commitment.id

    def second() -> None:
        row = books.do(
            "/procore/row",
            commitment_id=place,
            amount=written(bill.total // 4),
            date=(books.today - timedelta(days=25)).isoformat(),
            check_number=books.number("HAND"),
            requisition_id=bill.application,
        )
        books.pay([(bill, bill.total - first)])
        books.note("room_taken")
        books.later(_soon(books), lambda: give_back(int(row["payment_row_id"])))

    def give_back(row: int) -> None:
        books.do("/procore/row/remove", payment_row_id=row)
        books.note("room_given_back")
        books.release(bill)

    books.later(books.days(2, 5), second)


@paying(0.2)
def credit_over_commitments(books: Books) -> None:
    """Nobody can say on which commitment the credit counts: held cash_split_unknown."""
    place = books.with_sisters()
    bills = [books.bill(place), books.bill(books.sisters(place)[0])]
    credit = books.credit(place.vendor_id, bills[0].total // 9)
    payment = books.pay([(bill, bill.total) for bill in bills], credits=[{"credit_id": credit}])
    books.claim(payment)
    given_up(books, payment)


@paying(0.3, "lines")
def one_line_two_bills(books: Books) -> None:
    """One line that names two bills: held cash_split_unknown."""
    place = books.commitment()
    bills = [books.bill(place), books.bill(place)]
    both = sum(bill.total for bill in bills)
    linked = [{"type": "Bill", "id": bill.id} for bill in bills]
    sums = {bill.id: bill.total for bill in bills}
    payment = books.pay_lines([{"amount": written(both), "linked": linked}], sums)
    books.claim(payment)
    given_up(books, payment)
