"""What accountants do in the ERP."""

from tests.histories.acts import Drawn, act, lines, minor, parts, written
from tests.histories.scene import Json


@act(10)
def pay(at: Drawn) -> None:
    """One bill, one check, in full."""
    bill = at.bill()
    at.make("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], date=at.day())


@act(4)
def pay_what_is_open(at: Drawn) -> None:
    """A bill that is open, or the rest of it."""
    at.make("/erp/pay", bills=[{"bill_id": at.some(at.open_bills())["id"]}])


@act(6)
def part_pay(at: Drawn) -> None:
    """Some of a bill."""
    bill = at.bill()
    part = written(at.share(minor(bill["total"])))
    at.make("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": part}])


@act(5)
def one_check_many_bills(at: Drawn) -> None:
    """One check over several bills of a vendor, on one commitment or more."""
    first = at.bill()
    places = at.sisters(first["place"]["id"])
    bills = [first, *(at.bill(at.dice.choice(places)) for _ in range(at.dice.randint(1, 3)))]
    at.make("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])


@act(4, "lines")
def several_lines_on_a_bill(at: Drawn) -> None:
    """Two lines of a payment on the same bill."""
    bill = at.bill()
    total = minor(bill["total"])
    part = at.share(total)
    amounts = [part, total - part]
    pays = [{"bill_id": bill["bill_id"], "amount": written(each)} for each in amounts if each]
    at.make("/erp/pay", bills=pays)


@act(5)
def vendor_credit(at: Drawn) -> None:
    """A credit pays a part of a bill, or all of it."""
    bill = at.bill()
    whole = minor(bill["total"])
    amount = whole if at.dice.random() < 0.2 else at.share(whole)
    vendor = bill["place"]["vendor_id"]
    credit = at.make("/erp/credit", vendor_id=vendor, amount=written(amount))
    at.make(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        credits=[{"credit_id": credit["credit_id"]}],
    )


@act(5)
def prepay(at: Drawn) -> None:
    """A check before there is a bill."""
    place = at.dice.choice(at.seen["commitments"][-4:])
    amount = written(at.amount())
    if "prepay" in at.history.cannot:
        at.make("/erp/pay", vendor_id=place["vendor_id"], total=amount)
    else:
        at.make("/erp/prepay", vendor_id=place["vendor_id"], amount=amount)


@act(6)
def apply_prepayment(at: Drawn) -> None:
    """What was paid ahead is applied to a bill, new or open."""
    ahead = [one for one in at.seen["payments"] if one["state"] == "posted" and _rest(one) > 0]
    payment = at.some(ahead)
    places = [c for c in at.seen["commitments"] if c["vendor_id"] == payment["vendor_id"]]
    amount = at.share(_rest(payment)) if at.dice.random() < 0.3 else _rest(payment)
    bill = at.bill(at.dice.choice(places), amount)
    if "apply" in at.history.cannot:
        paid = {**parts(payment), bill["bill_id"]: amount}
        at.make("/erp/edit", payment_id=payment["id"], bills=lines(paid))
    else:
        at.make("/erp/apply", payment_id=payment["id"], bill_id=bill["bill_id"])


def _rest(payment: Json) -> int:
    credit = sum(parts(payment, "VendorCredit").values())
    return minor(payment["total"]) + credit - sum(parts(payment).values())


@act(5, "edit")
def edit_amount(at: Drawn) -> None:
    """The allocation becomes smaller, or fills its bill."""
    payment = at.some(at.payments())
    paid = parts(payment)
    bill = at.dice.choice(sorted(paid))
    [row] = [one for one in at.seen["bills"] if one["id"] == bill]
    most = paid[bill] + minor(row["balance"])
    paid[bill] = at.dice.choice([most, at.share(most)])
    at.make("/erp/edit", payment_id=payment["id"], bills=lines(paid))


@act(4, "reapply")
def move_to_another_bill(at: Drawn) -> None:
    """A payment is taken off one bill and put on another of the vendor."""
    payment = at.some(at.payments(bills=1))
    [(bill, amount)] = parts(payment).items()
    places = at.sisters(at.application_of(bill)["commitment_id"])
    other = at.bill(at.dice.choice(places), amount)
    at.make("/erp/reapply", payment_id=payment["id"], from_bill=bill, to_bill=other["bill_id"])


@act(4, "edit")
def edit_check_number(at: Drawn) -> None:
    """Another check number."""
    at.make("/erp/edit", payment_id=at.some(at.payments())["id"], number=at.number())


@act(3, "edit")
def edit_date(at: Drawn) -> None:
    """Another date."""
    at.make("/erp/edit", payment_id=at.some(at.payments())["id"], date=at.day(40))


@act(6)
def void(at: Drawn) -> None:
    """A payment is void."""
    at.make("/erp/void", payment_id=at.some(at.payments())["id"])


@act(3)
def void_many(at: Drawn) -> None:
    """Several payments are void at once: more than PaidSync takes back unasked."""
    payments = at.payments()
    at.some(payments[2:])  # fewer are no mass
    for payment in payments[:5]:
        at.make("/erp/void", payment_id=payment["id"])


@act(4)
def void_and_reissue(at: Drawn) -> None:
    """A check is void and issued again under the same number."""
    payment = at.some(at.payments())
    at.make("/erp/void", payment_id=payment["id"])
    at.make("/erp/pay", bills=lines(parts(payment)), number=payment["number"])


@act(4)
def delete(at: Drawn) -> None:
    """A payment is deleted."""
    at.make("/erp/delete", payment_id=at.some(at.payments())["id"])


@act(4)
def delete_and_enter_anew(at: Drawn) -> None:
    """A payment is deleted and entered again under another number."""
    payment = at.some(at.payments())
    at.make("/erp/delete", payment_id=payment["id"])
    at.make("/erp/pay", bills=lines(parts(payment)), number=at.number())


@act(2)
def pay_with_a_date_ahead(at: Drawn) -> None:
    """A check that is dated some days ahead."""
    bill = at.bill()
    at.make("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], date=at.day_ahead())


@act(2)
def pay_a_bill_without_number(at: Drawn) -> None:
    """Nobody entered the vendor's number; the application has one."""
    bill = at.bill(number=None, invoice_number=at.number())
    at.make("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])


@act(3)
def enter_the_number(at: Drawn) -> None:
    """A bill gets its number, or another one."""
    nameless = [one for one in at.seen["bills"] if not one["number"]]
    bill = at.some(nameless or at.seen["bills"])
    at.make("/erp/edit", bill_id=bill["id"], number=at.number())


@act(6, "print_queue")
def queue_a_check(at: Drawn) -> None:
    """A check waits to be printed."""
    bill = at.bill()
    at.make(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        print_status="NeedToPrint",
        number=None,
    )


@act(12, "print_queue")
def print_a_check(at: Drawn) -> None:
    """A check that waited is printed, with its number."""
    waiting = [one for one in at.payments() if one["print_status"] == "NeedToPrint"]
    payment = at.some(waiting)["id"]
    at.make("/erp/edit", payment_id=payment, print_status="PrintComplete", number=at.number())
