"""What happens in the ERP before the last sync: five changes, chosen from the world as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.money import from_minor

from .place import DemoFailed

Json = dict[str, Any]
Ask = Callable[[str, Json], Json]

_CENT = Decimal("0.01")
_HOME = "USD"
_NEW_BILLS = ("18450.25", "7320.50", "4105.75")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is going to be changed."""

    voided: Json  # rows of the truth
    edited: Json
    deleted: Json
    in_place: bool  # whether the ERP edits a payment in place
    part_paid: Json  # a bill of the world
    commitments: list[Json]  # of one vendor, for the three bills on one check


def choose(world: Mapping[str, Any], truth: Mapping[str, Any]) -> Chosen:
    """Plain payments that stand in Procore, an open bill, and a vendor with two commitments."""
    taken = _plain_payments(world, truth)
    open_bills = _open_bills(world)
    commitments = _of_one_vendor(world)
    if len(taken) < 3 or not open_bills or len(commitments) < 2:
        raise DemoFailed("The sandbox's world has too few payments for this story.")
    in_place = "edit" not in world["cannot"]
    return Chosen(taken[0], taken[1], taken[2], in_place, open_bills[0], commitments)


def _plain_payments(world: Mapping[str, Any], truth: Mapping[str, Any]) -> list[Json]:
    """One check for one bill, nothing else on either; one from each commitment, oldest first."""
    payments = {one["id"]: one for one in world["payments"]}
    bills = {one["id"]: one for one in world["bills"]}
    found = []
    for commitment in truth["commitments"]:
        for row in commitment["rows"]:
            payment, bill = payments[row["payment_id"]], bills[row["bill_id"]]
            alone = len(payment["lines"]) == 1 and bill["payments"] == [payment["id"]]
            whole = Decimal(payment["total"]) == Decimal(bill["total"]) and _is_paid(bill)
            check = payment["method"] == "check" and str(payment["number"]).isdigit()
            plain = check and payment["kind"] == "payment" and payment["batch"] is None
            if commitment["currency"] == _HOME and alone and whole and plain:
                found.append(row | {"currency": commitment["currency"]})
                break
    return sorted(found, key=lambda row: (len(row["payment_id"]), row["payment_id"]))


def _is_paid(bill: Json) -> bool:
    return not Decimal(bill["balance"])


def _open_bills(world: Mapping[str, Any]) -> list[Json]:
    """Bills that nobody paid yet, of commitments that take payments; the newest first."""
    takes = {one["id"] for one in _payable(world)}
    exported = {one["bill_id"] for one in world["applications"] if one["commitment_id"] in takes}
    found = [
        one
        for one in world["bills"]
        if one["id"] in exported and not one["payments"] and not _is_paid(one)
    ]
    return sorted(found, key=lambda one: (one["date"], len(one["id"]), one["id"]), reverse=True)


def _of_one_vendor(world: Mapping[str, Any]) -> list[Json]:
    payable = sorted(_payable(world), key=lambda one: one["id"])
    most, _ = Counter(one["vendor_id"] for one in payable).most_common(1)[0]
    return [one for one in payable if one["vendor_id"] == most]


def _payable(world: Mapping[str, Any]) -> list[Json]:
    return [
        one for one in world["commitments"] if one["allow_payments"] and one["currency"] == _HOME
    ]


def carry_out(chosen: Chosen, ask: Ask) -> list[str]:
    """Change the ERP through the control API; answers what was done, one sentence each."""
    return [
        _void(chosen.voided, ask),
        _pay_in_part(chosen.part_paid, ask),
        _pay_three(chosen.commitments, ask),
        _edit(chosen.edited, ask) if chosen.in_place else _replace(chosen.edited, ask),
        _delete(chosen.deleted, ask),
    ]


def _shown(amount: Decimal) -> str:
    return f"{amount:,.2f} {_HOME}"


def _amount(row: Json) -> Decimal:
    return from_minor(row["amount_minor"], row["currency"])


def _named(row: Json) -> str:
    return f"check {row['check_number']} for bill {row['bill_number']}, {_shown(_amount(row))}"


def _void(row: Json, ask: Ask) -> str:
    ask("/erp/void", {"payment_id": row["payment_id"]})
    return f"Voided: {_named(row)}."


def _pay_in_part(bill: Json, ask: Ask) -> str:
    whole = Decimal(bill["total"])
    part = (whole * 2 / 5).quantize(_CENT)
    paid = ask("/erp/pay", {"bills": [{"bill_id": bill["id"], "amount": str(part)}]})
    return (
        f"Part-paid: bill {bill['number']}, {_shown(part)} of {_shown(whole)} "
        f"with check {paid['number']}."
    )


def _pay_three(commitments: list[Json], ask: Ask) -> str:
    bills = [
        ask(
            "/erp/bill",
            {"commitment_id": commitments[place % len(commitments)]["id"], "amount": amount},
        )
        for place, amount in enumerate(_NEW_BILLS)
    ]
    paid = ask("/erp/pay", {"bills": [{"bill_id": bill["bill_id"]} for bill in bills]})
    numbers = ", ".join(bill["bill_number"] for bill in bills)
    together = sum((Decimal(one["total"]) for one in paid["payments"]), Decimal(0))
    return (
        f"One check pays three bills: check {paid['number']} of {commitments[0]['vendor']} pays "
        f"{numbers}, together {_shown(together)}."
    )


def _edit(row: Json, ask: Ask) -> str:
    corrected = (_amount(row) * 95 / 100).quantize(_CENT)
    ask(
        "/erp/edit",
        {
            "payment_id": row["payment_id"],
            "bills": [{"bill_id": row["bill_id"], "amount": str(corrected)}],
        },
    )
    return f"Edited: {_named(row)}, is now {_shown(corrected)}."


def _replace(row: Json, ask: Ask) -> str:
    """The correction of an ERP that edits no payment: deleted, and paid again."""
    corrected = (_amount(row) * 95 / 100).quantize(_CENT)
    ask("/erp/delete", {"payment_id": row["payment_id"]})
    paid = ask(
        "/erp/pay",
        {
            "bills": [{"bill_id": row["bill_id"], "amount": str(corrected)}],
            "number": row["check_number"],
        },
    )
    return f"Corrected: {_named(row)}, deleted and paid again: {_shown(Decimal(paid['total']))}."


def _delete(row: Json, ask: Ask) -> str:
    ask("/erp/delete", {"payment_id": row["payment_id"]})
    return f"Deleted: {_named(row)}."
