"""What people, other tools and Support do in Procore, and what administrators do with PaidSync."""

from paidsync.reasons import Hold
from sandbox.demo.place import CONNECTION
from tests.histories.acts import Drawn, act, minor, parts, written
from tests.histories.scene import Json

_OLD = "2026-02-20T18:00:00+00:00"  # before the cut-over of every history
_CHOICES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("tax", ("exclude", "include")),
    ("typed_rows", ("link", "hold")),
    ("deleted_in_erp", ("reverse", "hold")),
    ("details_changed", ("repost", "note")),
)


@act(4)
def unlink_application(at: Drawn) -> None:
    """An application is no longer linked to its bill."""
    linked = [one for one in at.seen["applications"] if one["bill_id"]]
    at.make("/procore/application/unlink", requisition_id=at.some(linked)["id"])


@act(9)
def link_again(at: Drawn) -> None:
    """A bill without an application gets one that has none."""
    named = {one["bill_id"] for one in at.seen["applications"]}
    loose = [one for one in at.seen["applications"] if not one["bill_id"]]
    application = at.some(loose)
    bills = [
        one
        for one in at.seen["bills"]
        if one["id"] not in named and one["number"] == application["invoice_number"]
    ]
    bill = at.some(bills)["id"]
    at.make("/procore/application/export", requisition_id=application["id"], bill_id=bill)


@act(4)
def export_to_another_commitment(at: Drawn) -> None:
    """An application moves to another commitment of the vendor."""
    application = at.some(at.seen["applications"])
    others = [
        one
        for one in at.sisters(application["commitment_id"])
        if one["id"] != application["commitment_id"]
    ]
    at.make(
        "/procore/application/export",
        requisition_id=application["id"],
        commitment_id=at.some(others)["id"],
    )


def _place(at: Drawn, bill_id: str) -> int:
    return int(at.application_of(bill_id)["commitment_id"])


@act(4)
def type_a_row_for_a_bill(at: Drawn) -> None:
    """Somebody types a payment into Procore, before or after PaidSync does."""
    payment = at.some(at.payments())
    paid = parts(payment)
    bill = at.dice.choice(sorted(paid))
    row: Json = {"commitment_id": _place(at, bill), "amount": written(paid[bill])}
    if at.dice.random() < 0.5:
        row |= {"check_number": payment["number"]}
    at.make("/procore/row", **row, date=at.day(6))


@act(18)
def type_a_row_for_a_check(at: Drawn) -> None:
    """Somebody types one row for all that a check pays."""
    payment = at.some([one for one in at.payments() if len(parts(one)) > 1])
    paid = parts(payment)
    place = _place(at, min(paid))
    here = sum(amount for bill, amount in paid.items() if _place(at, bill) == place)
    at.make("/procore/row", commitment_id=place, amount=written(here), date=at.day(6))


@act(2)
def procore_pay(at: Drawn) -> None:
    """Procore Pay made the payment."""
    payment = at.some(at.payments())
    paid = parts(payment)
    bill = at.dice.choice(sorted(paid))
    at.make(
        "/procore/row",
        commitment_id=_place(at, bill),
        amount=written(paid[bill]),
        check_number=payment["number"],
        external_payment_id=f"PP-{at.number()}",
    )


@act(2)
def row_of_another_integration(at: Drawn) -> None:
    """Another integration posted it before the cut-over; one that still does stops every run."""
    payment = at.some(at.payments())
    paid = parts(payment)
    bill = at.dice.choice(sorted(paid))
    row: Json = {} if at.dice.random() < 0.2 else {"created_at": _OLD}
    at.make(
        "/procore/row",
        commitment_id=_place(at, bill),
        amount=written(paid[bill]),
        check_number=payment["number"],
        origin_id=f"legacy-{at.number()}",
        **row,
    )


@act(9)
def remove_a_row_of_others(at: Drawn) -> None:
    """Somebody removes a row that is not PaidSync's."""
    others = [one for one in at.seen["rows"] if not one["ours"]]
    at.make("/procore/row/remove", payment_row_id=at.some(others)["id"])


@act(2)
def support_removes_a_row(at: Drawn) -> None:
    """Procore's Support removes a row of ours."""
    standing = [one for one in at.seen["allocations"] if one["expected_minor"]]
    one = at.some(standing)
    at.make("support_removes", payment_id=one["payment_id"], bill_id=one["bill_id"])


@act(2)
def agree_on_a_policy(at: Drawn) -> None:
    """The company chooses otherwise."""
    name, choices = at.dice.choice(_CHOICES)
    at.make("agree", **{name: at.dice.choice(choices)})


@act(4)
def decide_a_hold(at: Drawn) -> None:
    """A person decides about a hold."""
    if len(at.history.installations) > 1:
        return
    with at.history.scene.ledger() as ledger:
        holds = ledger.holds.open(CONNECTION)
    hold = at.some(sorted(holds, key=lambda one: int(one["hold_id"])))
    payment, bill = hold["allocation_id"].split(":")[2:4]
    choices = [str(one) for one in Hold(hold["reason"]).decisions if one in ("leave", "post", "reverse")]  # fmt: skip  # noqa: E501
    if choices:
        decision = at.dice.choice(choices)
        at.make("decide", payment_id=payment, bill_id=bill, reason=hold["reason"], decision=decision)  # fmt: skip  # noqa: E501


@act(3)
def application_falls(at: Drawn) -> None:
    """An application has less due than before, or as much as its bill again."""
    application = at.some([one for one in at.seen["applications"] if one["bill_id"]])
    bills = [one for one in at.seen["bills"] if one["id"] == application["bill_id"]]
    total = minor(at.some(bills)["total"])
    due = at.dice.choice([total, total * 3 // 5])
    at.make("/procore/application", requisition_id=application["id"], due=written(due))


@act(3)
def switch_the_payments_tab(at: Drawn) -> None:
    """A commitment's Payments tab goes off, or on again."""
    place = at.dice.choice(at.seen["commitments"][-4:])
    at.make("/procore/commitment", id=place["id"], allow_payments=not place["allow_payments"])


@act(2)
def void_a_commitment(at: Drawn) -> None:
    """A commitment is void, or approved again; a purchase order has no such status."""
    places = [one for one in at.seen["commitments"][-4:] if one["kind"] == "work_order"]
    place = at.some(places)
    status = "Approved" if place["status"] == "Void" else "Void"
    at.make("/procore/commitment", id=place["id"], status=status)


@act(4)
def time_passes(at: Drawn) -> None:
    """Seconds, hours or days."""
    at.make("/clock", advance_seconds=at.dice.choice([1, 60, 3700, 86_400, 3 * 86_400]))


@act(2)
def back_up_the_ledger(at: Drawn) -> None:
    """Somebody copies the ledger."""
    if not at.history.only_here:
        at.make("back_up")


@act(2)
def restore_the_ledger(at: Drawn) -> None:
    """An older copy of the ledger takes its place."""
    if at.history.backed_up and not at.history.only_here:
        at.make("restore")


@act(2)
def sync_elsewhere(at: Drawn) -> None:
    """Another installation goes on with the same companies."""
    if not at.history.only_here:
        at.make("sync_elsewhere")
