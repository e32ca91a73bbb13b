"""What the control API's acts in the ERP share: finding documents, refusing, showing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .asking import Asked, ControlError
from .books.records import Bill, BillPayment, VendorCredit
from .company import World

Action = Callable[[World, Asked], dict[str, Any]]
CAD_RATE = Decimal("0.73")


def must_know(world: World, act: str) -> None:
    """Refuse what the ERP's users cannot do."""
    why = world.erp.cannot.get(act)
    if why is not None:
        raise ControlError(why)


def bill_of(world: World, ident: Any) -> Bill:
    bill = world.erp.bills.rows.get(str(ident))
    if bill is None:
        raise ControlError(f"There is no bill {ident}.")
    return bill


def credit_of(world: World, ident: Any) -> VendorCredit:
    credit = world.erp.credits.rows.get(str(ident))
    if credit is None:
        raise ControlError(f"There is no vendor credit {ident}.")
    return credit


def payment_of(world: World, ident: Any) -> BillPayment:
    payment = world.erp.payments.rows.get(str(ident))
    if payment is None:
        raise ControlError(f"There is no bill payment {ident}.")
    return payment


def shown(payment: BillPayment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "number": payment.number,
        "date": payment.txn_date.isoformat(),
        "total": str(payment.total),
        "currency": payment.currency,
        "sync_token": str(payment.sync_token),
    }
