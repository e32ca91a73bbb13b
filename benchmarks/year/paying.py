"""Events that pay bills: the ways in which an accountant pays."""

from datetime import timedelta

from benchmarks.year.books import Bill, Books, Payment, written
from benchmarks.year.kinds import paying


def _ago(books: Books, low: int, high: int) -> str:
    return (books.today - timedelta(days=books.days(low, high))).isoformat()


def next_bill(books: Books) -> Bill:
    """A bill that waits to be paid: one that was entered some days ago, or a new one."""
    if books.unpaid and books.chance(0.6):
        return books.unpaid.pop(books.dice.randrange(len(books.unpaid)))
    return books.bill(date=_ago(books, 0, 30))


def _split(books: Books, total: int) -> tuple[int, int]:
    first = total * books.dice.randint(20, 80) // 100
    return first, total - first


@paying(24)
def plain(books: Books) -> None:
    """One bill, one check, in full."""
    bill = next_bill(books)
    books.pay([(bill, bill.total)], date=_ago(books, 0, 4))


@paying(2)
def by_card(books: Books) -> None:
    """A card charge."""
    bill = next_bill(books)
    books.pay([(bill, bill.total)], method="credit_card", number=books.number("CC"))


@paying(4)
def in_parts(books: Books) -> None:
    """Two or three checks for one bill, some days apart."""
    bill = next_bill(books)
    first, rest = _split(books, bill.total)
    books.claim(bill)
    books.pay([(bill, first)])
    parts = [rest] if books.chance(0.7) else [*_split(books, rest)]
    day = 0
    for number, part in enumerate(parts, start=1):
        day += books.days(0, 12)

        def pay_more(part: int = part, last: bool = number == len(parts)) -> None:
            books.pay([(bill, part)])
            if last:
                books.release(bill)

        books.later(day, pay_more)


@paying(4)
def one_check_many_bills(books: Books) -> None:
    """One check over several bills of one vendor, on one of its commitments or on several."""
    bills = [next_bill(books)]
    assert bills[0].commitment is not None
    places = [bills[0].commitment, *books.sisters(bills[0].commitment)]
    bills += [books.bill(books.dice.choice(places)) for _ in range(books.days(1, 4))]
    books.pay([(bill, bill.total) for bill in bills])


@paying(2)
def several_commitments(books: Books) -> None:
    """One check over bills of two commitments, and not all of them in full."""
    place = books.with_sisters()
    bills = [books.bill(place), books.bill(books.sisters(place)[0]), books.bill(place)]
    parts = [(bill, bill.total) for bill in bills[:2]]
    books.pay([*parts, (bills[2], bills[2].total // 3)])


@paying(2, "lines")
def two_lines_on_a_bill(books: Books) -> None:
    """Two lines of one payment on the same bill: one allocation."""
    bill = next_bill(books)
    first, second = _split(books, bill.total)
    books.pay([(bill, first), (bill, second)])


@paying(2)
def credit_inside(books: Books) -> None:
    """A vendor credit makes the check for one bill smaller."""
    bill = next_bill(books)
    amount = bill.total * books.days(5, 40) // 100
    credit = books.credit(bill.vendor_id, amount)
    books.pay([(bill, bill.total)], credits=[{"credit_id": credit}])


@paying(1)
def credit_over_bills(books: Books) -> None:
    """A vendor credit over several bills of one commitment, spread in proportion."""
    place = books.commitment()
    bills = [books.bill(place) for _ in range(books.days(2, 4))]
    credit = books.credit(place.vendor_id, sum(bill.total for bill in bills) * 7 // 100)
    books.pay([(bill, bill.total) for bill in bills], credits=[{"credit_id": credit}])


@paying(1)
def settled_by_credit(books: Books) -> None:
    """A bill settled by a credit alone: no cash, outside."""
    bill = next_bill(books)
    credit = books.credit(bill.vendor_id, bill.total)
    payment = books.pay([(bill, bill.total)], credits=[{"credit_id": credit}], number=None)
    books.claim(payment)


@paying(1.2, "edit")
def prepaid_rest(books: Books) -> None:
    """A check larger than its bill; some days later the rest is applied to another bill."""
    bill = next_bill(books)
    rest = books.amount(100_00, 5_000_00)
    payment = books.pay([(bill, bill.total)], total=written(bill.total + rest))
    books.claim(payment)

    def apply() -> None:
        other = books.bill(bill.commitment, rest)
        books.edit_parts(payment, {**payment.parts, other.id: rest})
        books.note("prepaid_rest_applied")
        books.release(payment)

    books.later(books.days(1, 20), apply)


@paying(0.5, "edit")
def prepaid_whole(books: Books) -> None:
    """A check before there is any bill; it is applied when the bill comes."""
    place = books.commitment()
    amount = books.amount()
    made = books.do("/erp/pay", vendor_id=place.vendor_id, total=written(amount))
    payment = Payment(made["payment_id"], made["number"], books.today, books.today, {}, busy=True)
    books.payments.append(payment)

    def apply() -> None:
        bill = books.bill(place, amount)
        books.edit_parts(payment, {bill.id: amount})
        books.note("prepaid_whole_applied")
        books.release(payment)

    books.later(books.days(2, 25), apply)


@paying(1.5, "print_queue")
def queued(books: Books) -> None:
    """A check in the print queue, printed on a later day with its number."""
    bill = next_bill(books)
    payment = books.pay([(bill, bill.total)], print_status="NeedToPrint", number=None)
    books.claim(payment)

    def print_it() -> None:
        number = books.number("CK")
        books.do("/erp/edit", payment_id=payment.id, print_status="PrintComplete", number=number)
        books.note("queued_then_printed")
        books.release(payment)

    books.later(books.days(1, 6), print_it)


@paying(3)
def backdated(books: Books) -> None:
    """A check run dated in the past, some of it before the start."""
    bill = next_bill(books)
    books.pay([(bill, bill.total)], date=_ago(books, 8, 120))


@paying(1)
def dated_ahead(books: Books) -> None:
    """A payment dated in the future: held date_in_future until its day."""
    bill = next_bill(books)
    day = books.today + timedelta(days=books.days(1, 10))
    payment = books.pay([(bill, bill.total)], date=day.isoformat())
    books.claim(payment)
    books.later(11, lambda: books.release(payment))


@paying(1)
def late_row(books: Books) -> None:
    """A payment that becomes visible after its own time stamp."""
    if books.last_sync is None:
        return
    bill = next_bill(books)
    seen = (books.last_sync - timedelta(seconds=books.days(60, 200))).isoformat()
    books.pay([(bill, bill.total)], path="/erp/late", appeared_at=seen)


@paying(2)
def overhead(books: Books) -> None:
    """Rent, insurance, payroll services: no application, outside."""
    vendor, total = books.dice.choice(books.overhead), books.amount()
    number = books.number("OH") if books.chance(0.8) else None
    made = books.do("/erp/bill", vendor_id=vendor, amount=written(total), number=number)
    bill = Bill(made["bill_id"], number, None, None, total, vendor)
    books.bills[bill.id] = bill
    books.pay([(bill, total)])


@paying(1)
def number_differs(books: Books) -> None:
    """The application has another number than the bill: matched by id, amber."""
    bill = books.bill(invoice_number=books.number("APP"))
    books.pay([(bill, bill.total)])


@paying(0.7)
def with_retainage(books: Books) -> None:
    """The bill holds the retainage too: its total is due and retainage together."""
    total = books.amount(1_000_00)
    kept = total // 10
    bill = books.bill(amount=total, due=written(total - kept), retainage=written(kept))
    books.pay([(bill, total)])
