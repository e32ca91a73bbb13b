"""Money-rules 5, the plan table, over HTTP: what the ERP says against what stands in Procore."""

from collections.abc import Callable

import pytest
from town import Town


def test_rule_5_paid_is_posted_and_the_same_again_is_nothing(town: Town) -> None:
    one = town.paid("1250.00")
    town.settled(state="Completed", posted=1, verified=1, money={"USD": 125000})
    [row] = town.rows(of=one.prefix)
    payment = town.world.erp.payments.rows[one.payment]
    assert row.origin_id == f"{one.prefix}:1"
    assert row.requisition_id == one.application
    assert (row.date, row.check_number) == (payment.txn_date, payment.number)
    assert row.invoice_number == town.world.erp.bills.rows[one.bill].number
    town.settled(state="NothingToDo", posted=0, already_right=1)
    assert town.posts == 1


def test_rule_5_an_edited_amount_is_a_reversal_and_a_payment(town: Town) -> None:
    bill = town.billed("1000.00")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "400.00"}])
    one = town.pair(pay, bill)
    town.settled(posted=1)
    town.do(
        "/erp/edit",
        payment_id=one.payment,
        bills=[{"bill_id": one.bill, "amount": "650.00"}],
    )
    town.settled(state="Completed", posted=1, reversed=1, money={"USD": 25000})
    assert town.amounts(one.prefix) == ["400.00", "-400.00", "650.00"]
    first, back, again = town.rows(of=one.prefix)
    assert [row.origin_id for row in (first, back, again)] == [
        f"{one.prefix}:{n}" for n in (1, 2, 3)
    ]
    town.settled(state="NothingToDo")


def test_rule_5_edited_twice_between_runs_only_the_last_counts(town: Town) -> None:
    bill = town.billed("1000.00")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"], "amount": "400.00"}])
    one = town.pair(pay, bill)
    town.settled(posted=1)
    for amount in ("650.00", "400.00"):
        bills = [{"bill_id": one.bill, "amount": amount}]
        town.do("/erp/edit", payment_id=one.payment, bills=bills)
    town.settled(state="NothingToDo", posted=0, reversed=0)
    assert town.amounts(one.prefix) == ["400.00"]


def test_rule_5_reapplied_to_another_bill_moves_the_money(town: Town) -> None:
    one = town.paid("900.00")
    other = town.billed("900.00", 3)  # the same vendor's other commitment
    town.settled(posted=1)
    town.do("/erp/reapply", payment_id=one.payment, from_bill=one.bill, to_bill=other["bill_id"])
    town.settled(state="Completed", posted=1, reversed=1, money={"USD": 0})
    assert town.amounts(one.prefix) == ["900.00", "-900.00"]
    assert "RE-APPLIED" in town.rows(of=one.prefix)[1].notes
    moved = town.world.prefix(one.payment, other["bill_id"])
    assert [row.contract_id for row in town.rows(of=moved)] == [town.commitments[3]]
    town.settled(state="NothingToDo")


def test_rule_5_one_bill_leaves_a_check_that_pays_three(town: Town) -> None:
    bills = [town.billed(amount, place) for amount, place in (("100", 0), ("200", 0), ("300", 3))]
    pay = town.do("/erp/pay", bills=[{"bill_id": each["bill_id"]} for each in bills])
    town.settled(posted=3, money={"USD": 60000})
    rest = [{"bill_id": each["bill_id"]} for each in (bills[0], bills[2])]
    town.do("/erp/edit", payment_id=pay["payment_id"], bills=rest)
    town.settled(posted=0, reversed=1, money={"USD": -20000}, already_right=2)
    assert town.net(town.pair(pay, bills[1]).prefix) == 0


def test_rule_5_an_application_moved_to_another_commitment_takes_its_payment_along(
    town: Town,
) -> None:
    one = town.paid("500.00")
    town.settled(posted=1)
    target = town.commitments[3]
    town.do("/procore/application/export", requisition_id=one.application, commitment_id=target)
    town.settled(state="Completed", posted=1, reversed=1)
    first, back, again = town.rows(of=one.prefix)
    assert back.contract_id == first.contract_id == town.commitments[0]
    assert back.requisition_id == first.requisition_id
    assert again.contract_id == target
    town.settled(state="NothingToDo")


def test_rule_5_voided_after_posting_is_reversed(town: Town) -> None:
    one = town.paid("750.00", date=town.day(10))
    town.settled(posted=1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(state="Completed", posted=0, reversed=1, money={"USD": -75000})
    paid, back = town.rows(of=one.prefix)
    assert "VOIDED" in back.notes
    town.settled(posted=0, reversed=0)
    assert paid.requisition_id == back.requisition_id == one.application


def test_rule_5_2_a_reversal_copies_the_row_that_stands_and_its_date(town: Town) -> None:
    one = town.paid("750.00", date=town.day(10))
    town.settled(posted=1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    paid, back = town.rows(of=one.prefix)
    for name in ("contract_id", "requisition_id", "invoice_number", "check_number", "date"):
        assert getattr(back, name) == getattr(paid, name), name
    assert back.payment_method == paid.payment_method
    assert back.amount == -paid.amount


def test_rule_5_voided_before_posting_is_outside(town: Town) -> None:
    one = town.paid("750.00")
    town.sync("preview")
    town.do("/erp/void", payment_id=one.payment)
    summary = town.settled(posted=0, reversed=0)
    assert town.rows(of=one.prefix) == []
    assert summary["held"] == {}
    town.settled(posted=0, reversed=0)


def test_rule_5_seen_pending_and_then_voided_is_outside(town: Town) -> None:
    bill = town.billed("750.00")
    pay = town.do(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        print_status="NeedToPrint",
        number=None,
    )
    town.settled(pending={"not_issued_yet": 1})
    town.do("/erp/void", payment_id=pay["payment_id"])
    town.settled(outside={"voided_before_posting": 1}, pending={}, posted=0)
    assert town.rows() == []


def test_rule_5_live_again_after_a_void_is_the_next_n(town: Town) -> None:
    one = town.paid("600.00")
    town.settled(posted=1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill}])
    town.settled(state="Completed", posted=1, reversed=0, money={"USD": 60000})
    assert [row.origin_id for row in town.rows(of=one.prefix)][-1] == f"{one.prefix}:3"
    assert town.amounts(one.prefix) == ["600.00", "-600.00", "600.00"]
    town.settled(state="NothingToDo")


def test_rule_5_moved_away_and_back_is_the_next_n(town: Town) -> None:
    one = town.paid("320.00")
    other = town.billed("320.00", 3)
    town.settled(posted=1)
    town.do("/erp/reapply", payment_id=one.payment, from_bill=one.bill, to_bill=other["bill_id"])
    town.settled(posted=1, reversed=1)
    town.do("/erp/reapply", payment_id=one.payment, from_bill=other["bill_id"], to_bill=one.bill)
    town.settled(state="Completed", posted=1, reversed=1)
    assert town.amounts(one.prefix) == ["320.00", "-320.00", "320.00"]


def test_rule_5_deleted_after_posting_is_held_and_stays(town: Town) -> None:
    one = town.paid("480.00")
    town.paid("15.00", 1)  # the control record that proves that reading works
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    town.settled(state="Held", held={"deleted_in_erp": 1}, reversed=0)
    assert town.amounts(one.prefix) == ["480.00"]
    town.settled(state="Held", held={"deleted_in_erp": 1}, reversed=0, posted=0)


def test_rule_5_3_new_payments_of_a_bill_wait_with_its_deletion(town: Town) -> None:
    one = town.paid("480.00")
    town.paid("15.00", 1)
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    again = town.do("/erp/pay", bills=[{"bill_id": one.bill}])
    town.settled(state="Held", held={"deleted_in_erp": 2}, posted=0, reversed=0)
    assert town.rows(of=town.world.prefix(again["payment_id"], one.bill)) == []


def test_rule_5_deleted_is_reversed_where_the_policy_says_so(build: Callable[..., Town]) -> None:
    town = build(policy='deleted_in_erp = "reverse"')
    one = town.paid("480.00", date=town.day(9))
    town.paid("15.00", 1)
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    summary = town.sync()
    assert (summary["state"], summary["reversed"], summary["held"]) == ("Completed", 1, {})
    paid, back = town.rows(of=one.prefix)
    assert (back.amount, back.date) == (-paid.amount, paid.date)
    assert town.sync()["reversed"] == 0


def test_rule_5_deleted_before_posting_is_outside(town: Town) -> None:
    bill = town.billed("750.00")
    town.paid("15.00", 1)
    pay = town.do(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        print_status="NeedToPrint",
        number=None,
    )
    town.settled(pending={"not_issued_yet": 1}, posted=1)
    town.do("/erp/delete", payment_id=pay["payment_id"])
    town.settled(outside={"voided_before_posting": 1}, pending={}, held={})


@pytest.mark.parametrize("change", ["number", "date"])
def test_rule_5_a_changed_number_or_date_is_a_note(town: Town, change: str) -> None:
    one = town.paid("210.00", date=town.day(9))
    town.settled(posted=1)
    changed = {"number": "77001"} if change == "number" else {"date": town.day(8)}
    town.do("/erp/edit", payment_id=one.payment, **changed)
    town.settled(state="NothingToDo", posted=0, reversed=0, already_right=1)
    assert town.amounts(one.prefix) == ["210.00"]


def test_rule_5_a_changed_number_is_posted_anew_where_the_policy_says_so(
    build: Callable[..., Town],
) -> None:
    town = build(policy='details_changed = "repost"')
    one = town.paid("210.00")
    town.settled(posted=1)
    town.do("/erp/edit", payment_id=one.payment, number="77001")
    town.settled(state="Completed", posted=1, reversed=1)
    assert [row.check_number for row in town.rows(of=one.prefix)][-1] == "77001"
    town.settled(state="NothingToDo")


def test_rule_5_a_first_check_number_that_arrives_late_is_listed(town: Town) -> None:
    bill = town.billed("210.00")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], number=None)
    town.settled(posted=1)
    town.do("/erp/edit", payment_id=pay["payment_id"], number="90210")
    summary = town.settled(posted=0, reversed=0, already_right=1)
    pages = " ".join(str(each["content"]) for each in town.artifacts)
    assert "90210" in pages or "check number" in pages.replace("_", " "), summary


def test_rule_5_our_row_removed_in_procore_is_drift(town: Town) -> None:
    one, other = town.paid("333.00"), town.paid("55.00", 1)
    town.settled(posted=2)
    town.do("/procore/row/remove", payment_row_id=town.rows(of=one.prefix)[0].id)
    _touch(town, one.payment)
    town.settled(state="Held", held={"drift_in_procore": 1}, posted=0, reversed=0)
    assert town.rows(of=one.prefix) == []
    assert town.amounts(other.prefix) == ["55.00"]


def _touch(town: Town, payment: str) -> None:
    """Something changes at the payment, so that it becomes a candidate."""
    town.do("/erp/edit", payment_id=payment, note="seen by the auditor")


@pytest.mark.parametrize(
    "change",
    [{"amount": "300.00"}, {"date": "2020-01-02"}, {"check_number": "1"}, {"invoice_number": "X"}],
)
def test_rule_5_our_row_changed_in_procore_is_drift(town: Town, change: dict[str, str]) -> None:
    one = town.paid("333.00")
    town.settled(posted=1)
    row = town.rows(of=one.prefix)[0]
    town.do("/procore/row/change", payment_row_id=row.id, **change)
    _touch(town, one.payment)
    summary = town.sync()
    assert summary["held"] == {"drift_in_procore": 1}
    assert (summary["posted"], summary["reversed"]) == (0, 0)
    assert len(town.rows(of=one.prefix)) == 1


def test_rule_5_a_voided_payment_whose_row_drifted_is_not_reversed(town: Town) -> None:
    one = town.paid("333.00")
    town.settled(posted=1)
    row = town.rows(of=one.prefix)[0]
    town.do("/procore/row/change", payment_row_id=row.id, amount="300.00")
    town.do("/erp/void", payment_id=one.payment)
    summary = town.sync()
    assert summary["held"] == {"drift_in_procore": 1}
    assert town.amounts(one.prefix) == ["300.00"]
