"""The control API's side of what is paid or credited first and applied to bills later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .asking import Asked, ControlError, to_amount
from .books import acts
from .books.records import Bill
from .company import World
from .control_lookup import CAD_RATE, Action, bill_of, credit_of, must_know, payment_of, shown


def prepay(world: World, asked: Asked) -> dict[str, Any]:
    """Pay a vendor ahead of any bill."""
    must_know(world, "prepay")
    vendor = world.erp.vendors.rows.get(str(asked.need("vendor_id")))
    if vendor is None:
        raise ControlError(f"There is no vendor {asked.get('vendor_id')} in the ERP.")
    amount = to_amount(asked.need("amount"), "amount")
    number = asked.text("number") if asked.has("number") else world.check_number()
    day = asked.day("date") or world.today
    asked.done()
    foreign = vendor.currency != world.erp.home_currency
    payment = acts.pay_ahead(
        world.erp,
        "prepayment",
        vendor_id=vendor.id,
        amount=amount,
        txn_date=day,
        number=number,
        currency=vendor.currency,
        rate=CAD_RATE if foreign else Decimal(1),
    )
    return shown(payment)


def apply(world: World, asked: Asked) -> dict[str, Any]:
    """Apply some of a prepayment's, an overpayment's or a credit's rest to a bill."""
    must_know(world, "apply")
    bill = bill_of(world, asked.need("bill_id"))
    amount, day = asked.amount("amount"), asked.day("date") or world.today
    if asked.has("credit_id"):
        credit = credit_of(world, asked.need("credit_id"))
        asked.done()
        used = min(credit.balance, bill.balance) if amount is None else amount
        _must_fit(used, credit.balance, bill)
        acts.use_credit(world.erp, credit, bill, used, day)
        return {"credit_id": credit.id, "applied": str(used)}
    payment = payment_of(world, asked.need("payment_id"))
    asked.done()
    rest = world.erp.rest_of(payment)
    used = min(rest, bill.balance) if amount is None else amount
    _must_fit(used, rest, bill)
    acts.apply_rest(world.erp, payment, bill, used, day)
    return shown(payment) | {"applied": str(used)}


def _must_fit(amount: Decimal, rest: Decimal, bill: Bill) -> None:
    if not 0 < amount <= min(rest, bill.balance):
        raise ControlError(
            f"{amount} cannot be applied: {rest} is left, and bill {bill.id} is open for "
            f"{bill.balance}."
        )


def unapply(world: World, asked: Asked) -> dict[str, Any]:
    """Take back what of a prepayment, an overpayment or a credit was applied to a bill."""
    must_know(world, "unapply")
    bill = bill_of(world, asked.need("bill_id"))
    if asked.has("credit_id"):
        credit = credit_of(world, asked.need("credit_id"))
        asked.done()
        if bill.id not in {use.bill_id for use in credit.uses}:
            raise ControlError(f"Credit {credit.id} is not applied to bill {bill.id}.")
        acts.take_back_credit(world.erp, credit, bill)
        return {"credit_id": credit.id}
    payment = payment_of(world, asked.need("payment_id"))
    asked.done()
    if payment.kind == "payment" or bill.id not in payment.applied_to("Bill"):
        raise ControlError(f"{payment.id} is not applied to bill {bill.id} as a prepayment is.")
    acts.take_back_rest(world.erp, payment, bill)
    return shown(payment)


ACTIONS: dict[str, Action] = {
    "/erp/prepay": prepay,
    "/erp/apply": apply,
    "/erp/unapply": unapply,
}
