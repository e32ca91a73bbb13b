"""Money-rules 1.4 to 1.6, 3.2, 3.4, 3.7 and 4.5, end to end: what is posted, and how much."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from town import Paid, Town


def _bill(town: Town, amount: str, tax: str, **more: object) -> dict[str, object]:
    return town.billed(amount, tax=tax, application_tax=tax, **more)


def _pay(town: Town, bill: dict[str, object], amount: str, **more: object) -> Paid:
    applied = [{"bill_id": bill["bill_id"], "amount": amount}]
    return town.pair(town.do("/erp/pay", bills=applied, **more), bill)


def test_rule_1_4_with_tax_the_cash_is_posted(town: Town) -> None:
    one = _pay(town, _bill(town, "120.00", "20.00"), "60.00")
    town.settled(posted=1)
    assert town.amounts(one.prefix) == ["60.00"]


def test_rule_1_4_without_tax_the_parts_of_a_bill_add_up_to_its_net(
    build: Callable[..., Town],
) -> None:
    town = build(policy='tax = "exclude"')
    bill = _bill(town, "120.00", "20.00")
    first = _pay(town, bill, "33.33", date=town.day(3))
    town.settled(posted=1)
    second = _pay(town, bill, "33.33", date=town.day(2))
    last = _pay(town, bill, "53.34", date=town.day(1))
    town.settled(posted=2)
    shown = [town.amounts(each.prefix) for each in (first, second, last)]
    assert shown == [["27.78"], ["27.78"], ["44.44"]]
    (row,) = town.rows(of=first.prefix)
    assert '"gross":3333' in row.origin_data
    assert '"tax":555' in row.origin_data


def test_rule_1_4_a_target_is_frozen_when_it_is_first_posted(build: Callable[..., Town]) -> None:
    town = build(policy='tax = "exclude"')
    bill = _bill(town, "120.00", "20.00")
    one = _pay(town, bill, "60.00")
    town.settled(posted=1)
    town.do("/erp/edit", bill_id=bill["bill_id"], tax="10.00")
    town.settled(posted=0, reversed=0)
    assert town.net(one.prefix) == Decimal("50.00")
    other = _pay(town, bill, "30.00")
    town.settled(posted=1)
    assert town.amounts(other.prefix) == ["27.50"]


def test_rule_1_5_the_rest_of_a_payment_is_posted_once_it_is_applied(town: Town) -> None:
    first, second = town.billed("100.00"), town.billed("50.00")
    payment = town.do("/erp/pay", bills=[{"bill_id": first["bill_id"]}], total="150.00")
    town.settled(posted=1, outside={"unapplied": 1})
    applied = [{"bill_id": each["bill_id"]} for each in (first, second)]
    town.do("/erp/edit", payment_id=payment["payment_id"], bills=applied)
    town.settled(posted=1)
    assert town.amounts(town.pair(payment, second).prefix) == ["50.00"]


def test_rule_3_2_another_tools_export_is_mapped_by_the_policy(town: Town) -> None:
    bills = [town.billed("100.00", application=False), town.billed("40.00", application=False)]
    joint = town.do(
        "/procore/application/add",
        commitment_id=town.commitments[0],
        invoice_number="GATEWAY-7",
        due="140.00",
        origin_id="gateway:7",
    )["requisition_id"]
    paid = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])
    healthy = town.paid("9.00", 3)
    town.settled(posted=1, outside={"no_payment_application": 2})
    named = ", ".join(f'"{bill["bill_id"]}"' for bill in bills)
    town.connect(f'[[policy.map]]\napplication = "{joint}"\nbills = [{named}]')
    town.settled(posted=2)
    prefixes = [town.world.prefix(paid["payment_id"], bill["bill_id"]) for bill in bills]
    rows = [row for each in prefixes for row in town.rows(of=each)]
    assert [(row.requisition_id, str(row.amount)) for row in rows] == [
        (joint, "100.00"),
        (joint, "40.00"),
    ]
    assert town.amounts(healthy.prefix) == ["9.00"]


def test_rule_3_2_a_split_bill_is_posted_to_each_of_its_applications(town: Town) -> None:
    bill = town.billed("100.01", application=False)
    parts = [
        town.do(
            "/procore/application/add",
            commitment_id=town.commitments[place],
            invoice_number=f"PART-{place}",
            due=due,
            origin_id=f"gateway:{place}",
        )["requisition_id"]
        for place, due in ((0, "60.01"), (3, "40.00"))
    ]
    listed = ", ".join(
        f'{{ application = "{each}", percent = "{percent}" }}'
        for each, percent in zip(parts, ("60", "40"), strict=True)
    )
    town.connect(f'[[policy.split]]\nbill = "{bill["bill_id"]}"\nparts = [{listed}]')
    paid = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(posted=2)
    whole = town.world.prefix(paid["payment_id"], bill["bill_id"])
    rows = town.rows()
    assert [row.origin_id for row in rows] == [f"{whole}@{each}:1" for each in parts]
    assert [str(row.amount) for row in rows] == ["60.01", "40.00"]
    town.do("/erp/void", payment_id=paid["payment_id"])
    town.settled(reversed=2)
    assert sum(row.amount for row in town.rows()) == 0


@pytest.mark.parametrize(
    ("total", "fits"),
    [("100.00", True), ("110.00", True), ("100.01", True), ("100.02", False), ("150.00", False)],
)
def test_rule_3_4_the_bills_total_is_what_is_due(town: Town, total: str, *, fits: bool) -> None:
    one = town.pair(*_paid_of(town, total, due="100.00", retainage="10.00"))
    healthy = town.paid("9.00", 3)
    town.settled(posted=2 if fits else 1, held={} if fits else {"bill_total_differs": 1})
    assert (town.amounts(one.prefix) == ["50.00"]) is fits
    assert town.amounts(healthy.prefix) == ["9.00"]


def _paid_of(town: Town, total: str, **more: object) -> tuple[dict[str, object], dict[str, object]]:
    bill = town.billed(total, **more)
    paid = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "50.00"}])
    return paid, bill


def test_rule_3_4_the_hold_closes_when_the_bill_is_corrected(town: Town) -> None:
    paid, bill = _paid_of(town, "150.00", due="100.00")
    town.settled(posted=0, held={"bill_total_differs": 1})
    town.do("/erp/edit", bill_id=bill["bill_id"], amount="100.00")
    town.settled(posted=1, held={})
    assert town.amounts(town.pair(paid, bill).prefix) == ["50.00"]


def test_rule_3_4_a_bill_that_grows_after_the_first_payment_is_no_question(town: Town) -> None:
    paid, bill = _paid_of(town, "100.00")
    town.settled(posted=1)
    town.do("/erp/edit", bill_id=bill["bill_id"], amount="100.50")
    again = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "50.00"}])
    town.settled(posted=1)
    assert [town.amounts(town.pair(each, bill).prefix) for each in (paid, again)] == [
        ["50.00"],
        ["50.00"],
    ]


def test_rule_3_7_above_due_is_amber_and_above_the_ceiling_is_held(town: Town) -> None:
    bill = town.billed("110.00", due="100.00", retainage="10.00")
    first = _pay(town, bill, "105.00", date=town.day(3))
    summary = town.settled(posted=1)
    (shown,) = _table(town, "verified")
    assert "above_due" in shown.values() or "above_due" in str(shown), summary
    town.do("/procore/application", requisition_id=bill["requisition_id"], due="98.00")
    second = _pay(town, bill, "5.00", date=town.day(2))
    town.settled(posted=0, held={"overpays_payment_application": 1})
    assert (town.amounts(first.prefix), town.amounts(second.prefix)) == (["105.00"], [])
    town.do("/procore/application", requisition_id=bill["requisition_id"], due="100.00")
    town.settled(posted=1, held={})


def _table(town: Town, kind: str) -> list[dict[str, str]]:
    (found,) = (
        artifact["content"] if "content" in artifact else artifact["table"]
        for artifact in town.artifacts
        if artifact["key"] == f"{kind}-{town.name}"
    )
    return list(found)


def test_rule_3_7_a_person_may_let_an_overpayment_through(town: Town) -> None:
    bill = town.billed("100.00")
    first = _pay(town, bill, "60.00", date=town.day(3))
    town.settled(posted=1)
    town.do("/procore/application", requisition_id=bill["requisition_id"], due="90.00")
    second = _pay(town, bill, "40.00", date=town.day(2))
    town.settled(posted=0, held={"overpays_payment_application": 1})
    town.decide(second, "post")
    town.settled(posted=1, held={})
    assert (town.net(first.prefix), town.net(second.prefix)) == (Decimal("60.00"), Decimal("40.00"))


def test_rule_4_5_all_rows_stay_within_what_the_erp_says_is_paid(town: Town) -> None:
    bill = town.billed("100.00")
    row = town.do(
        "/procore/row",
        commitment_id=town.commitments[0],
        amount="45.00",
        date=town.day(20),
        requisition_id=bill["requisition_id"],
    )
    one = _pay(town, bill, "60.00")
    healthy = town.paid("9.00", 3)
    town.settled(posted=1, held={"exceeds_erp_paid": 1})
    assert (town.amounts(one.prefix), town.amounts(healthy.prefix)) == ([], ["9.00"])
    town.do("/procore/row/remove", payment_row_id=row["payment_row_id"])
    town.settled(posted=1, held={})
    assert town.amounts(one.prefix) == ["60.00"]


def test_rule_4_5_another_payment_of_the_bill_makes_room(town: Town) -> None:
    bill = town.billed("100.00")
    town.do(
        "/procore/row",
        commitment_id=town.commitments[0],
        amount="40.00",
        date=town.day(20),
        check_number="2001",
        requisition_id=bill["requisition_id"],
    )
    typed = _pay(town, bill, "40.00", date=town.day(20), number="2001")
    one = _pay(town, bill, "60.00")
    town.settled(posted=1, held={"looks_like_manual_payment": 1})
    assert (town.amounts(typed.prefix), town.amounts(one.prefix)) == ([], ["60.00"])
