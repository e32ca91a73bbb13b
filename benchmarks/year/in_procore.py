"""What people, other tools and Support do in Procore."""

from datetime import timedelta

from benchmarks.year.books import Books, Payment, written
from benchmarks.year.kinds import daily


def _posted_alone(books: Books) -> Payment | None:
    return books.some_payment(lambda one: len(one.parts) == 1)


@daily(0.25)
def unlinked(books: Books) -> bool | None:
    """An application unlinked from the ERP, and linked again some days later."""
    payment = books.some_payment()
    if payment is None:
        return False
    bill = books.bills_of(payment)[0]
    if bill.application is None:
        return False
    books.claim(payment)
    books.do("/procore/application/unlink", requisition_id=bill.application)

    def link() -> None:
        books.do("/procore/application/export", requisition_id=bill.application, bill_id=bill.id)
        books.note("linked_again")
        books.release(payment)

    books.later(books.days(1, 7), link)
    return None


@daily(0.2)
def moved(books: Books) -> bool | None:
    """An application moved to another commitment of the vendor."""
    payment = books.some_payment(
        lambda one: all(books.sisters(b.commitment) for b in books.bills_of(one) if b.commitment)
    )
    if payment is None:
        return False
    bill = books.bills_of(payment)[0]
    assert bill.commitment is not None
    bill.commitment = books.dice.choice(books.sisters(bill.commitment))
    books.do(
        "/procore/application/export",
        requisition_id=bill.application,
        commitment_id=bill.commitment.id,
    )
    return None


@daily(0.2)
def application_renumbered(books: Books) -> bool | None:
    """The application's number changes after its bill was paid."""
    payment = books.some_payment()
    if payment is None:
        return False
    bill = books.bills_of(payment)[0]
    number = books.number("APP")
    books.do("/procore/application", requisition_id=bill.application, invoice_number=number)
    return None


@daily(0.12)
def tab_off(books: Books) -> bool | None:
    """The Payments tab of a commitment is off for some days."""
    return _closed(books, "tab_on_again", {"allow_payments": False}, {"allow_payments": True})


@daily(0.08)
def commitment_void(books: Books) -> bool | None:
    """A commitment is void for some days."""
    return _closed(books, "commitment_back", {"status": "Void"}, {"status": "Approved"})


def _closed(books: Books, after: str, off: dict[str, object], on: dict[str, object]) -> bool | None:
    # A purchase order has no status Void.
    place = books.dice.choice([one for one in books.commitments if one.kind == "work_order"])
    if not all(one.open for one in books.commitments):
        return False  # one at a time
    place.open = False
    books.do("/procore/commitment", id=place.id, **off)

    def back() -> None:
        books.do("/procore/commitment", id=place.id, **on)
        place.open = True
        books.note(after)

    books.later(books.days(1, 4), back)
    return None


@daily(0.03)
def project_closed(books: Books) -> bool | None:
    """A project is closed for some days and reopened."""
    project = books.commitment().project_id
    places = [one for one in books.commitments if one.project_id == project]
    if not all(one.open for one in books.commitments):
        return False
    books.do("/procore/project", id=project, active=False)
    for place in places:
        place.open = False

    def reopen() -> None:
        books.do("/procore/project", id=project, active=True)
        for place in places:
            place.open = True
        books.note("project_reopened")

    books.later(books.days(1, 5), reopen)
    return None


@daily(0.06)
def row_changed(books: Books) -> bool | None:
    """Support changed a row of ours: held drift_in_procore."""
    payment = _posted_alone(books)
    rows = _rows(books, payment)
    if payment is None or not rows:
        return False
    books.claim(payment)
    (bill,) = books.bills_of(payment)
    books.excused[books.origin_of(payment, bill)] = frozenset({"wrong_date", "wrong_check_number"})
    what = books.dice.choice(["amount", "date", "check_number"])
    day = books.today - timedelta(days=30)
    changed = {
        "amount": written(books.amount()),
        "date": day.isoformat(),
        "check_number": books.number("TYPO"),
    }
    books.do("/procore/row/change", payment_row_id=int(rows[-1]), **{what: changed[what]})
    return None


@daily(0.06)
def row_removed(books: Books) -> bool | None:
    """Support removed a row of ours: held drift_in_procore."""
    payment = _posted_alone(books)
    rows = _rows(books, payment)
    if payment is None or not rows:
        return False
    books.claim(payment)
    books.do("/procore/row/remove", payment_row_id=int(rows[-1]))
    return None


def _rows(books: Books, payment: Payment | None) -> list[int]:
    """Ids of the rows that stand for a payment of one bill, if only one does."""
    if payment is None:
        return []
    (bill,) = books.bills_of(payment)
    rows = [int(row["id"]) for row in books.rows_of(payment, bill)]
    return rows if len(rows) == 1 else []


@daily(0.06)
def row_twice(books: Books) -> bool | None:
    """A second row with one of our ids: held duplicate_in_procore."""
    payment = _posted_alone(books)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    rows = books.rows_of(payment, bill)
    if len(rows) != 1:
        return False
    books.claim(payment)
    (row,) = rows
    made = books.do(
        "/procore/row",
        commitment_id=row["commitment_id"],
        amount=row["amount"],
        date=row["date"],
        check_number=row["check_number"],
        invoice_number=row["invoice_number"],
        requisition_id=row["requisition_id"],
        origin_id=row["origin_id"],
        duplicate_origin=True,
    )
    ours = books.origin_of(payment, bill)
    books.excused[ours] = frozenset({"amount", "duplicate_origin_id"})

    def remove() -> None:
        books.do("/procore/row/remove", payment_row_id=int(made["payment_row_id"]))
        books.note("second_row_removed")
        del books.excused[ours]

    books.later(books.days(1, 5), remove)
    return None


@daily(0.3)
def typed_beside(books: Books) -> bool | None:
    """Somebody types a row for what already stands: nothing happens to it or to ours."""
    payment = _posted_alone(books)
    if payment is None:
        return False
    (bill,) = books.bills_of(payment)
    assert bill.commitment is not None
    books.claim(payment)
    books.do(
        "/procore/row",
        commitment_id=bill.commitment.id,
        amount=written(payment.parts[bill.id]),
        check_number=payment.number,
    )
    return None
