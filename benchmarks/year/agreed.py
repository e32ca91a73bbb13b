"""What people agree on in the course of the year: policies, decisions, and what was before it."""

from datetime import timedelta

from benchmarks.year.books import Books, Json, Payment, written
from benchmarks.year.doubtful import given_up
from benchmarks.year.kinds import daily, opening, paying


@paying(1.5)
def with_tax(books: Books) -> None:
    """A bill with sales tax; its application's due contains it or not, and it is paid in parts or
    in full."""
    total = books.amount(1_000_00)
    tax = total * books.days(4, 15) // 115
    shown: Json = {"due": written(total)}
    if books.chance(0.5):
        shown = {"due": written(total - tax), "application_tax": written(tax)}
    bill = books.bill(amount=total, tax=written(tax), **shown)
    if books.chance(0.5):
        books.pay([(bill, total)])
        return
    books.claim(bill)
    parts = [total * books.days(10, 40) // 100, total * books.days(10, 40) // 100]
    parts.append(total - sum(parts))
    books.pay([(bill, parts[0])])

    def pay_further(part: int) -> None:
        books.claim(books.pay([(bill, part)]))
        books.note("taxed_bill_paid_further")

    books.later(books.days(1, 12), lambda: pay_further(parts[1]))
    books.later(books.days(13, 25), lambda: pay_further(parts[2]))


@opening(12)
def old_integration(books: Books) -> None:
    """Another integration posted a row before the cut-over; the check shows up in the ERP later."""
    bill = books.bill()
    assert bill.commitment is not None
    number = books.number("CK")
    row = books.do(
        "/procore/row",
        commitment_id=bill.commitment.id,
        amount=written(bill.total),
        check_number=number,
        origin_id=books.number("legacy"),
    )

    def show_up() -> None:
        payment = books.pay([(bill, bill.total)], number=number)
        books.claim(payment)
        books.note("old_row_met")
        if books.chance(0.5):
            given_up(books, payment)
        else:
            books.later(books.days(3, 10), lambda: remove(payment))

    def remove(payment: Payment) -> None:
        books.do("/procore/row/remove", payment_row_id=int(row["payment_row_id"]))
        books.note("old_row_removed")
        books.release(payment)

    books.claim(bill)
    books.later(books.days(10, 300), show_up)


@daily(0.15)
def opening_changed(books: Books) -> bool | None:
    """A payment of before the start is changed: held changed_before_start; some are put back."""
    start = books.policy["start_date"]
    payment = books.some_payment(
        lambda one: one.entered <= books.connected and one.dated.isoformat() < start
    )
    if payment is None:
        return False
    books.claim(payment)
    before = payment.dated.isoformat()
    if books.chance(0.3) or not books.can("edit"):
        books.void(payment)
        return None
    payment.dated -= timedelta(days=books.days(1, 20))
    books.do("/erp/edit", payment_id=payment.id, date=payment.dated.isoformat())

    def put_back() -> None:
        books.do("/erp/edit", payment_id=payment.id, date=before)
        books.note("opening_put_back")
        books.release(payment)

    books.later(books.days(1, 9), put_back)
    return None


@daily(0.06)
def bills_mapped(books: Books) -> None:
    """Another tool exported one application as two bills; the policy names them."""
    place = books.commitment()
    bills = [books.bill(place, application=False) for _ in range(2)]
    application = _added(books, place.id, sum(bill.total for bill in bills))
    books.claim(*bills)
    payment = books.pay([(bill, bill.total) for bill in bills])
    books.claim(payment)

    def agree() -> None:
        entry = {"application": application, "bills": [bill.id for bill in bills]}
        books.agree(map=[*books.policy.get("map", []), entry])

    if books.chance(0.5):
        agree()
    else:
        books.later(books.days(1, 5), agree)


@daily(0.06)
def bill_split(books: Books) -> None:
    """One bill for two applications, in fixed parts; paid in two parts or in full."""
    place = books.with_sisters()
    other = books.dice.choice([place, *books.sisters(place)])
    total = books.amount(1_000_00) * 10
    bill = books.bill(place, total, application=False)
    percent = books.days(2, 8) * 10
    parts = []
    for where, share in ((place, percent), (other, 100 - percent)):
        application = _added(books, where.id, total * share // 100)
        parts.append({"application": application, "percent": str(share)})
    books.claim(bill)
    books.agree(split=[*books.policy.get("split", []), {"bill": bill.id, "parts": parts}])
    if books.chance(0.5):
        books.claim(books.pay([(bill, total)]))
        return
    first = books.days(1_00, total - 1_00)
    books.claim(books.pay([(bill, first)]))
    books.later(books.days(1, 8), lambda: books.claim(books.pay([(bill, total - first)])))


def _added(books: Books, commitment_id: int, due: int) -> int:
    made = books.do(
        "/procore/application/add",
        commitment_id=commitment_id,
        due=written(due),
        invoice_number=books.number("APP"),
        origin_id=books.number("TOOL"),
    )
    return int(made["requisition_id"])


def policy_of(day_of_year: int, days: int) -> Json | None:
    """What is agreed on from a day on: four versions in equal parts of the year."""
    changes: dict[int, Json] = {
        days * 2 // 5: {"tax": "exclude"},
        days * 3 // 5: {"tax": "exclude", "typed_rows": "link"},
        days * 4 // 5: {"tax": "include", "details_changed": "repost", "deleted_in_erp": "reverse"},
    }
    return changes.get(day_of_year)
