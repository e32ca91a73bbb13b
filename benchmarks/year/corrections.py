"""What an accountant corrects in the ERP after the fact."""

from datetime import timedelta

from benchmarks.year.books import Books, Payment, written
from benchmarks.year.kinds import daily


def _of_one_bill(payment: Payment) -> bool:
    return len(payment.parts) == 1


@daily(0.5, "edit")
def amount_edited(books: Books) -> bool | None:
    """A payment made smaller in place; what is missing is paid by another check later."""
    payment = books.some_payment(_of_one_bill)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    before = payment.parts[bill.id]
    after = before * books.days(30, 90) // 100
    books.edit_parts(payment, {bill.id: after})
    if books.chance(0.6):
        books.claim(payment)

        def pay_the_rest() -> None:
            books.pay([(bill, before - after)])
            books.release(payment)

        books.later(books.days(1, 10), pay_the_rest)
    return None


@daily(0.4, "edit")
def number_edited(books: Books) -> bool | None:
    """Another check number."""
    payment = books.some_payment()
    if payment is None:
        return False
    payment.number = books.number("CK")
    books.do("/erp/edit", payment_id=payment.id, number=payment.number)
    return None


@daily(0.4, "edit")
def date_edited(books: Books) -> bool | None:
    """Another date."""
    payment = books.some_payment()
    if payment is None:
        return False
    payment.dated = books.today - timedelta(days=books.days(0, 60))
    books.do("/erp/edit", payment_id=payment.id, date=payment.dated.isoformat())
    return None


@daily(0.4, "edit")
def note_edited(books: Books) -> bool | None:
    """A change that means nothing for Procore."""
    payment = books.some_payment()
    if payment is None:
        return False
    books.do("/erp/edit", payment_id=payment.id, note=books.number("note"))
    return None


@daily(0.3, "reapply")
def reapplied(books: Books) -> bool | None:
    """A payment moved to another bill of the vendor."""
    payment = books.some_payment(_of_one_bill)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    assert bill.commitment is not None
    amount = payment.parts[bill.id]
    places = [bill.commitment, *books.sisters(bill.commitment)]
    other = books.bill(books.dice.choice(places), amount)
    books.do("/erp/reapply", payment_id=payment.id, from_bill=bill.id, to_bill=other.id)
    payment.parts = {other.id: amount}
    books.allocations += 1
    return None


@daily(0.15, "edit")
def taken_off_a_check(books: Books) -> bool | None:
    """One bill less on a check over several."""
    payment = books.some_payment(lambda one: len(one.parts) > 2)
    if payment is None:
        return False
    parts = dict(payment.parts)
    del parts[books.dice.choice(sorted(parts))]
    books.edit_parts(payment, parts)
    return None


@daily(0.15, "edit")
def added_to_a_check(books: Books) -> bool | None:
    """One bill more on a check."""
    payment = books.some_payment()
    if payment is None:
        return False
    bill = books.bill(books.bills_of(payment)[0].commitment)
    books.edit_parts(payment, {**payment.parts, bill.id: bill.total})
    return None


@daily(0.4)
def voided(books: Books) -> bool | None:
    """A payment voided; its bills are open again."""
    payment = books.some_payment()
    if payment is None:
        return False
    books.void(payment)
    return None


@daily(0.4)
def voided_and_issued_anew(books: Books) -> bool | None:
    """A check voided and replaced by another one, at once or some days later."""
    payment = books.some_payment()
    if payment is None:
        return False
    bills = books.bills_of(payment)
    parts = [(bill, payment.parts[bill.id]) for bill in bills]
    books.void(payment)
    books.claim(*bills)

    def issue() -> None:
        books.pay(parts)
        books.note("issued_anew")
        books.release(*bills)

    if books.chance(0.5):
        issue()
    else:
        books.later(books.days(1, 5), issue)
    return None


@daily(0.4)
def voided_before_anybody_looked(books: Books) -> None:
    """Paid and voided on the same day."""
    bill = books.bill()
    books.void(books.pay([(bill, bill.total)]))


@daily(0.2)
def deleted(books: Books) -> bool | None:
    """A payment deleted; what stands waits for a person, and so do new payments of its bills."""
    payment = books.some_payment()
    if payment is None:
        return False
    bills = books.bills_of(payment)
    parts = [(bill, payment.parts[bill.id]) for bill in bills]
    books.claim(payment)
    books.do("/erp/delete", payment_id=payment.id)
    payment.gone = True
    if books.chance(0.4):
        books.later(books.days(1, 6), lambda: _pay_again(books, parts))
    return None


def _pay_again(books: Books, parts: list) -> None:  # type: ignore[type-arg]
    books.claim(books.pay(parts))
    books.note("paid_again_after_delete")


@daily(0.15, "edit")
def credit_took_over(books: Books) -> bool | None:
    """A credit settles what a check paid."""
    payment = books.some_payment(_of_one_bill)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    amount = payment.parts[bill.id]
    part = amount if books.chance(0.4) else amount // 4
    credit = books.credit(bill.vendor_id, part)
    books.claim(payment)
    books.edit_parts(payment, payment.parts, credits=[{"credit_id": credit}])
    return None


@daily(0.2)
def bill_renumbered(books: Books) -> bool | None:
    """The bill's number changes after it was paid: matched by id, amber."""
    payment = books.some_payment()
    if payment is None:
        return False
    bill = books.bills_of(payment)[0]
    bill.number = books.number("B")
    books.do("/erp/edit", bill_id=bill.id, number=bill.number)
    return None


@daily(0.15, "edit_paid_bill")
def bill_cut(books: Books) -> bool | None:
    """A paid bill made smaller than what was paid, and put right again later."""
    payment = books.some_payment(_of_one_bill)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    books.claim(payment)
    books.do("/erp/edit", bill_id=bill.id, amount=written(payment.parts[bill.id] // 2))

    def restore() -> None:
        books.do("/erp/edit", bill_id=bill.id, amount=written(bill.total))
        books.note("bill_restored")
        books.release(payment)

    books.later(books.days(1, 6), restore)
    return None


@daily(0.15, "edit_paid_bill")
def bill_grown(books: Books) -> bool | None:
    """A paid bill made larger, and the rest paid: more than its application has due."""
    payment = books.some_payment(_of_one_bill)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    books.claim(payment)
    more = bill.total // 10
    bill.total += more
    books.do("/erp/edit", bill_id=bill.id, amount=written(bill.total))
    books.later(books.days(0, 4), lambda: books.claim(books.pay([(bill, more)])))
    return None
