"""What payments, bills, applications and commitments say of each other, and what is not so."""

from collections.abc import Callable
from typing import Any

import pytest
from bad_input import healed, held_beside, raw, ties
from town import Paid, Town

from connectors.quickbooks_online import client, query
from paidsync.reasons import Hold


def _twin(town: Town, paid: Paid, **fields: Any) -> None:
    """The ERP delivers a further version of a payment."""
    town.do("/erp/raw", kind="BillPayment", id=paid.payment, twin=fields)


def _amount(paid: Paid, amount: float) -> dict[str, Any]:
    link = {"TxnId": paid.bill, "TxnType": "Bill"}
    return {"TotalAmt": amount, "Line": [{"Amount": amount, "LinkedTxn": [link]}]}


def test_rule_1_1_two_versions_on_one_page_that_contradict_each_other_are_held(
    town: Town,
) -> None:
    healthy, bad, moved = town.paid("5.00"), town.paid("100.00", 1), town.paid("200.00", 2)
    _twin(town, bad, **_amount(bad, 60))
    other = town.billed("200.00", 3)
    link = {"TxnId": other["bill_id"], "TxnType": "Bill"}
    _twin(town, moved, Line=[{"Amount": 200, "LinkedTxn": [link]}])
    summary = town.sync()
    assert summary["held"] == {"duplicate_allocation": 3}, summary  # the bills of either version
    assert town.amounts() == ["5.00"]
    ties(summary)
    for each in (bad, moved):
        raw(town, "BillPayment", each.payment)
    town.settled(posted=2, held={})
    assert [town.amounts(each.prefix) for each in (healthy, bad, moved)] == [
        ["5.00"],
        ["100.00"],
        ["200.00"],
    ]


@pytest.mark.parametrize(
    "older", [{"SyncToken": "0"}, {"MetaData": {"LastUpdatedTime": "2001-01-01T00:00:00Z"}}]
)
def test_rule_1_1_of_two_versions_the_newer_one_counts_wherever_it_stands(
    town: Town, older: dict[str, Any]
) -> None:
    """Told apart by the time of the edit; by the counted version where that is the same."""
    town.paid("5.00")
    one, two = town.paid("100.00", 1), town.paid("200.00", 2)
    _twin(town, one, **_amount(one, 60), **older)  # the older one comes last
    town.do(  # and here it comes first
        "/erp/raw",
        kind="BillPayment",
        id=two.payment,
        changes={**_amount(two, 70), **older},
        twin={},
    )
    town.settled(posted=3, held={})
    assert [town.amounts(each.prefix) for each in (one, two)] == [["100.00"], ["200.00"]]


def test_rule_1_1_two_versions_over_two_pages(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are cut into windows; the payment comes in the first and again in a later one."""
    monkeypatch.setattr(query, "ROWS", 4)
    monkeypatch.setattr(client, "_IDS", 4)
    bad, early = town.paid("100.00"), town.paid("110.00", 1)
    late = [town.paid(f"{120 + place}.00", place) for place in (2, 3)]
    twin = _amount(bad, 60)
    town.do("/erp/raw", kind="BillPayment", id=bad.payment, twin=twin, beside=late[1].payment)
    town.do("/clock", advance_seconds=60)
    for each in late:
        town.do("/erp/edit", payment_id=each.payment, note="seen")
    summary = town.sync()
    assert summary["held"] == {"duplicate_allocation": 1}, summary
    assert town.amounts(bad.prefix) == []
    assert town.amounts(early.prefix) == ["110.00"]
    raw(town, "BillPayment", bad.payment)
    town.settled(posted=1, held={})


def test_a_payment_of_a_bill_that_is_not_synced_is_pending_or_outside(town: Town) -> None:
    town.paid("5.00")
    bill = town.billed("100.00", 1, synced=False)
    town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    rent = town.do("/erp/bill", vendor_id=town.vendor_of(2), amount="70.00", application=False)
    town.do("/erp/pay", bills=[{"bill_id": rent["bill_id"]}])
    summary = town.settled(
        posted=1,
        held={},
        pending={"application_not_synced": 1},
        outside={"no_payment_application": 1},
        pending_money={"USD": 10000},
        outside_money={"USD": 7000},
    )
    ties(summary)


def test_a_payment_of_a_bill_that_is_not_there_any_more(town: Town) -> None:
    """The payment names a bill that no read finds; an application still names it."""
    healthy, bad = town.paid("5.00"), town.paid("100.00", 1)
    link = {"TxnId": "999999", "TxnType": "Bill"}
    raw(town, "BillPayment", bad.payment, Line=[{"Amount": 100, "LinkedTxn": [link]}])
    town.do("/procore/raw", id=bad.application, changes={"origin_id": "999999"})
    held_beside(town, healthy, {bad.payment: (Hold.VENDOR_DIFFERS, "999999")}, posted=1)
    raw(town, "BillPayment", bad.payment)
    town.do("/procore/raw", id=bad.application)
    town.do("/procore/application", requisition_id=bad.application, due="100.00")
    healed(town, posted=1)


def test_rule_3_3_two_applications_with_one_invoice_number_are_never_guessed(town: Town) -> None:
    healthy = town.paid("5.00")
    bill = town.billed("100.00", 1, synced=False, number="HRC-42")
    town.do("/procore/application/export", requisition_id=bill["requisition_id"], bill_id="999999")
    twin = town.billed("55.00", 1, synced=False, number="SPE-1", invoice_number="hrc 42")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.sync()
    held_beside(
        town,
        healthy,
        {pay["payment_id"]: (Hold.AMBIGUOUS_MATCH, "2 payment application")},
    )
    assert town.differences() == []
    town.do("/procore/application", requisition_id=twin["requisition_id"], invoice_number="SPE-1")
    healed(town, posted=1)


def test_two_applications_that_name_one_bill_are_never_guessed(town: Town) -> None:
    healthy, bad = town.paid("5.00"), town.paid("100.00", 1)
    twin = town.billed("100.00", 2, synced=False)
    town.do("/procore/raw", id=twin["requisition_id"], changes={"origin_id": bad.bill})
    held_beside(
        town, healthy, {bad.payment: (Hold.AMBIGUOUS_MATCH, f"all name bill {bad.bill}")}, posted=1
    )
    town.do("/procore/raw", id=twin["requisition_id"])
    town.do("/procore/application", requisition_id=twin["requisition_id"], due="100.00")
    healed(town, posted=1)


Change = Callable[[Town, bool], None]


def _tab(town: Town, broken: bool) -> None:
    town.do("/procore/commitment", id=town.commitments[1], allow_payments=not broken)


def _void(town: Town, broken: bool) -> None:
    town.do("/procore/commitment", id=town.commitments[1], status="Void" if broken else "Approved")


def _terminated(town: Town, broken: bool) -> None:
    status = "Terminated" if broken else "Approved"
    town.do("/procore/commitment", id=town.commitments[1], status=status)


def _closed(town: Town, broken: bool) -> None:
    project = town.world.procore.commitments[town.commitments[1]].project_id
    town.do("/procore/project", id=project, active=not broken)


PLACES: list[tuple[Change, Hold, str]] = [
    (_tab, Hold.PAYMENTS_TAB_DISABLED, "switched off"),
    (_void, Hold.COMMITMENT_VOID, "is Void in Procore"),
    (_terminated, Hold.COMMITMENT_VOID, "is Terminated in Procore"),
    (_closed, Hold.PROJECT_NOT_ACTIVE, "is not active"),
]


@pytest.mark.parametrize(("change", "reason", "says"), PLACES)
def test_a_place_that_takes_no_payment_holds_it_until_it_does(
    town: Town, change: Change, reason: Hold, says: str
) -> None:
    bill = town.billed("100.00", 1)
    town.sync()  # the place is known
    healthy, pay = town.paid("5.00", 3), town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    bad = town.pair(pay, bill)
    change(town, True)
    held_beside(town, healthy, {bad.payment: (reason, says)}, posted=1)
    assert town.differences() == []
    change(town, False)
    healed(town, posted=1)


def test_a_place_that_was_closed_before_anybody_looked(town: Town) -> None:
    healthy, bad = town.paid("5.00", 3), town.paid("100.00", 1)
    _closed(town, True)
    summary = town.sync()
    assert town.amounts(healthy.prefix) == ["5.00"], summary
    assert town.amounts(bad.prefix) == []
    ties(summary)
    _closed(town, False)
    town.settled(posted=1, held={})


def test_a_commitment_without_a_vendor_is_held(town: Town) -> None:
    healthy, bad = town.paid("5.00"), town.paid("100.00", 1)
    town.do("/procore/raw", id=town.commitments[1], changes={"vendor": None})
    town.do("/procore/raw", id=bad.application, changes={"vendor_id": None})
    held_beside(town, healthy, {bad.payment: (Hold.VENDOR_DIFFERS, "vendor")}, posted=1)
    for ident in (town.commitments[1], bad.application):
        town.do("/procore/raw", id=ident)
    town.do("/procore/application", requisition_id=bad.application, due="100.00")
    town.do("/procore/commitment", id=town.commitments[1], status="Approved")
    healed(town, posted=1)


def test_more_than_the_bill_is_held(town: Town) -> None:
    healthy = town.paid("5.00")
    bill = town.billed("100.00", 1)
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "100.01"}])
    held_beside(
        town, healthy, {pay["payment_id"]: (Hold.AMOUNT_EXCEEDS_BILL, "100.01 USD")}, posted=1
    )
    assert town.differences() == []
    bills = [{"bill_id": bill["bill_id"], "amount": "100.00"}]
    town.do("/erp/edit", payment_id=pay["payment_id"], bills=bills)
    healed(town, posted=1)


def test_rule_3_7_more_than_the_application_is_held(town: Town) -> None:
    healthy = town.paid("5.00")
    bill = town.billed("100.00", 1)
    first = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "60.00"}])
    town.settled(posted=2)
    town.do("/erp/edit", bill_id=bill["bill_id"], amount="300.00")
    second = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "41.00"}])
    held_beside(
        town, healthy, {second["payment_id"]: (Hold.OVERPAYS_PAYMENT_APPLICATION, "")}, posted=0
    )
    assert town.amounts(town.pair(first, bill).prefix) == ["60.00"]
    town.do("/procore/application", requisition_id=bill["requisition_id"], due="300.00")
    healed(town, posted=1)
