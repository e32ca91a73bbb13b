"""The control API's side of the ERP: what an accountant does in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .asking import Asked, ControlError, to_amount
from .books import acts
from .books.records import Bill, BillLine, BillPayment, PaymentLine, VendorCredit
from .company import World
from .control_lookup import CAD_RATE, Action, bill_of, credit_of, must_know, payment_of, shown
from .procore.model import INVOICE_TYPES

METHODS = {"check": "Check", "credit_card": "CreditCard"}


def _bill_lines(world: World, asked: Asked) -> list[PaymentLine]:
    lines = []
    for item in asked.items("bills"):
        bill = bill_of(world, item.need("bill_id"))
        amount = item.amount("amount")
        item.done()
        lines.append(acts.line(bill.balance if amount is None else amount, "Bill", bill.id))
    for item in asked.items("credits"):
        credit = credit_of(world, item.need("credit_id"))
        amount = item.amount("amount")
        item.done()
        rest = credit.balance if amount is None else amount
        lines.append(acts.line(rest, "VendorCredit", credit.id))
    if asked.get("lines"):
        must_know(world, "lines")
    for item in asked.items("lines"):
        amount = to_amount(item.need("amount"), "amount")
        links = []
        for link in item.items("linked"):
            links.append((str(link.need("type")), str(link.need("id"))))
            link.done()
        item.done()
        lines.append(PaymentLine(amount, links))
    return lines


def _first_bill(world: World, lines: list[PaymentLine]) -> Bill | None:
    for line in lines:
        for kind, ident in line.linked:
            if kind == "Bill":
                return bill_of(world, ident)
    return None


def _shown_all(made: list[BillPayment]) -> dict[str, Any]:
    """Show the first document, and all that the ERP made of one payment."""
    documents = [
        {**shown(one), "kind": one.kind, "bill_ids": one.linked_ids("Bill")} for one in made
    ]
    first = shown(made[0]) if made else {"payment_id": None}
    return first | {"payments": documents}


def pay(world: World, asked: Asked) -> dict[str, Any]:
    """Pay bills; a bill without an amount is paid in full."""
    when = asked.instant("appeared_at")
    lines = _bill_lines(world, asked)
    bill = _first_bill(world, lines)
    vendor_id = asked.text("vendor_id") or (bill.vendor_id if bill else None)
    if vendor_id is None:
        raise ControlError("The request needs 'bills', 'lines' or at least 'vendor_id'.")
    vendor = world.erp.vendors.rows.get(vendor_id)
    if vendor is None:
        raise ControlError(f"There is no vendor {vendor_id} in the ERP.")
    method = asked.get("method", "check")
    if method not in METHODS:
        raise ControlError(f"'method' is one of {', '.join(METHODS)}.")
    number = asked.text("number") if asked.has("number") else world.check_number()
    if asked.has("print_status"):
        must_know(world, "print_queue")
    status = asked.get("print_status", "NotSet")
    if status not in ("NotSet", "NeedToPrint", "PrintComplete"):
        raise ControlError("'print_status' is NotSet, NeedToPrint or PrintComplete.")
    total = asked.amount("total")
    day = asked.day("date") or world.today
    note = asked.text("note")
    asked.done()
    made = world.erp.pay(
        vendor_id=vendor_id,
        lines=lines,
        txn_date=day,
        number=number,
        pay_type=METHODS[method],
        print_status=status,
        total=total,
        currency=bill.currency if bill else vendor.currency,
        rate=bill.rate if bill else Decimal(1),
        note=note,
        when=int(when.timestamp()) if when else None,
    )
    return _shown_all(made)


def late(world: World, asked: Asked) -> dict[str, Any]:
    """A payment that becomes visible now with an old timestamp; `appeared_at` is that timestamp."""
    asked.need("appeared_at")
    return pay(world, asked)


def bill(world: World, asked: Asked) -> dict[str, Any]:
    """Enter a bill and, for a commitment, its payment application."""
    amount = asked.amount("amount")
    if amount is None:
        raise ControlError("The request needs 'amount'.")
    commitment = None
    if asked.has("commitment_id"):
        commitment = world.procore.commitments.get(asked.number("commitment_id"))
        if commitment is None:
            raise ControlError(f"There is no commitment {asked.get('commitment_id')}.")
    vendor_id = asked.text("vendor_id")
    if vendor_id is None and commitment is not None:
        vendor_id = world.procore.vendors[commitment.vendor_id].origin_id
    vendor = world.erp.vendors.rows.get(vendor_id or "")
    if vendor is None:
        raise ControlError("The request needs 'commitment_id' or a 'vendor_id' of the ERP.")
    currency = asked.text("currency") or vendor.currency
    day = asked.day("date") or world.today
    number = (
        asked.text("number") if asked.has("number") else f"B-{len(world.erp.bills.rows) + 5001}"
    )
    with_application = asked.get("application", commitment is not None)
    synced = asked.get("synced", True)
    invoice_number = asked.text("invoice_number") if asked.has("invoice_number") else number
    due = asked.amount("due")
    retainage = asked.amount("retainage") or Decimal(0)
    tax = asked.amount("tax")
    application_tax = asked.amount("application_tax") or Decimal(0)
    invoice_type = asked.get("invoice_type", "progress")
    asked.done()
    if invoice_type not in INVOICE_TYPES:
        raise ControlError(f"'invoice_type' is one of {', '.join(INVOICE_TYPES)}.")
    if with_application and commitment is None:
        raise ControlError("An application needs 'commitment_id'.")
    row = acts.add_bill(
        world.erp,
        vendor_id=vendor.id,
        lines=[BillLine(amount - (tax or Decimal(0)), "Work in place")],
        tax=tax,
        txn_date=day,
        number=number,
        currency=currency,
        rate=Decimal(1) if currency == world.erp.home_currency else CAD_RATE,
    )
    requisition_id = None
    if with_application and commitment is not None:
        requisition_id = world.procore.add_requisition(
            commitment_id=commitment.id,
            invoice_number=invoice_number,
            due=amount if due is None else due,
            retainage=retainage,
            tax=application_tax,
            invoice_type=invoice_type,
            origin_id=row.id if synced else None,
            billing_date=day,
            currency=commitment.currency,
        )
    return {"bill_id": row.id, "bill_number": number, "requisition_id": requisition_id}


def credit(world: World, asked: Asked) -> dict[str, Any]:
    """Enter a vendor credit."""
    amount = asked.amount("amount")
    if amount is None:
        raise ControlError("The request needs 'amount'.")
    vendor = world.erp.vendors.rows.get(str(asked.need("vendor_id")))
    if vendor is None:
        raise ControlError(f"There is no vendor {asked.get('vendor_id')} in the ERP.")
    number, day = asked.text("number"), asked.day("date") or world.today
    asked.done()
    row = acts.add_credit(
        world.erp,
        vendor_id=vendor.id,
        lines=[BillLine(amount, "Back charge")],
        txn_date=day,
        number=number,
        currency=vendor.currency,
    )
    return {"credit_id": row.id}


def void(world: World, asked: Asked) -> dict[str, Any]:
    """Void a bill payment."""
    payment = payment_of(world, asked.need("payment_id"))
    asked.done()
    if payment.voided:
        raise ControlError(f"Bill payment {payment.id} is void already.")
    world.erp.void(payment)
    return shown(payment)


def delete(world: World, asked: Asked) -> dict[str, Any]:
    """Delete a bill payment, a bill or a vendor credit."""
    row: Bill | VendorCredit | BillPayment
    if asked.has("bill_id"):
        row = bill_of(world, asked.need("bill_id"))
    elif asked.has("credit_id"):
        row = credit_of(world, asked.need("credit_id"))
    else:
        row = payment_of(world, asked.need("payment_id"))
    asked.done()
    why = world.erp.why_not_delete(row)
    if why is not None:
        raise ControlError(why)
    world.erp.delete(row)
    return {"deleted": row.id}


def edit(world: World, asked: Asked) -> dict[str, Any]:
    """Edit a bill payment, or a bill, in place."""
    changes: dict[str, Any] = {}
    if asked.has("number"):
        changes["number"] = asked.text("number")
    if asked.has("date"):
        changes["txn_date"] = asked.day("date")
    if asked.has("bill_id"):
        row = bill_of(world, asked.need("bill_id"))
        amount = asked.amount("amount")
        if asked.has("tax"):
            changes["tax"] = asked.amount("tax")
        asked.done()
        if row.payments and (amount is not None or "tax" in changes):
            must_know(world, "edit_paid_bill")
        if amount is not None or "tax" in changes:
            total = row.total if amount is None else amount
            tax = changes.get("tax", row.tax) or Decimal(0)
            changes["lines"] = [BillLine(total - tax, "Work in place")]
        acts.edit_payable(world.erp, row, **changes)
        return {"bill_id": row.id, "total": str(row.total), "balance": str(row.balance)}
    must_know(world, "edit")
    payment = payment_of(world, asked.need("payment_id"))
    if asked.has("print_status"):
        changes["print_status"] = asked.text("print_status")
    if asked.has("note"):
        changes["note"] = asked.text("note")
    lines = _edited_lines(world, asked, payment)
    asked.done()
    if lines is not None:
        changes["lines"] = lines
    acts.edit_payment(world.erp, payment, **changes)
    return shown(payment)


def _edited_lines(world: World, asked: Asked, payment: BillPayment) -> list[PaymentLine] | None:
    if not (asked.has("bills") or asked.has("lines") or asked.has("credits")):
        return None
    lines = []
    for item in asked.items("bills"):
        row = bill_of(world, item.need("bill_id"))
        amount = item.amount("amount")
        item.done()
        mine = payment.applied_to("Bill").get(row.id, Decimal(0))
        lines.append(acts.line(row.balance + mine if amount is None else amount, "Bill", row.id))
    rest = {name: asked.get(name) for name in ("credits", "lines")}
    return lines + _bill_lines(world, Asked({k: v for k, v in rest.items() if v}))


def reapply(world: World, asked: Asked) -> dict[str, Any]:
    """Take a payment off one bill and put the same amount on another."""
    must_know(world, "reapply")
    payment = payment_of(world, asked.need("payment_id"))
    source = bill_of(world, asked.need("from_bill"))
    target = bill_of(world, asked.need("to_bill"))
    asked.done()
    if source.id not in payment.applied_to("Bill"):
        raise ControlError(f"Bill payment {payment.id} is not applied to bill {source.id}.")
    lines = [
        PaymentLine(line.amount, [("Bill", target.id)])
        if line.linked == [("Bill", source.id)]
        else PaymentLine(line.amount, list(line.linked))
        for line in payment.lines
    ]
    total = payment.total
    acts.edit_payment(world.erp, payment, lines=lines, total=total)
    return shown(payment)


ACTIONS: dict[str, Action] = {
    "/erp/pay": pay,
    "/erp/late": late,
    "/erp/bill": bill,
    "/erp/credit": credit,
    "/erp/void": void,
    "/erp/delete": delete,
    "/erp/edit": edit,
    "/erp/reapply": reapply,
}
