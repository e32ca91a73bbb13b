"""The truth's targets: money-rules 1.4, with and without tax, frozen once posted."""

from __future__ import annotations

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, day, is_now, opinion, pay


def taxed(player: Player, amount: str = "110.00", tax: str = "10.00") -> str:
    return str(player.billed(amount, tax=tax)["bill_id"])


def targets(player: Player, bill: str, *payments: str) -> list[int]:
    return [opinion(player, payment, bill)["target_minor"] for payment in payments]


def test_rule_1_4_tax_is_included_unless_the_policy_says_otherwise(sandbox_empty: Player) -> None:
    bill = taxed(sandbox_empty)
    payment = pay(sandbox_empty, bill, "110.00")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 11000)
    sandbox_empty.do("/policy", tax="exclude")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)


def test_rule_1_4_the_bill_shows_its_tax_as_quickbooks_does(sandbox_empty: Player) -> None:
    bill = taxed(sandbox_empty)
    shown = sandbox_empty.read("Bill", bill)
    assert (shown["TotalAmt"], shown["TxnTaxDetail"]) == (110, {"TotalTax": 10})
    assert shown["Line"][0]["Amount"] == 100
    sandbox_empty.do("/erp/edit", bill_id=bill, tax="0")
    shown = sandbox_empty.read("Bill", bill)
    assert (shown["TotalAmt"], shown["Line"][0]["Amount"]) == (110, 110)
    plain = sandbox_empty.billed("5.00")["bill_id"]
    assert "TxnTaxDetail" not in sandbox_empty.read("Bill", plain)


def test_rule_1_4_quickbooks_takes_a_bill_with_tax(sandbox_empty: Player) -> None:
    vendor = sandbox_empty.world.erp.bills.rows[taxed(sandbox_empty)].vendor_id
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "58"}},
    }
    body = {
        "VendorRef": {"value": vendor},
        "Line": [line],
        "TxnTaxDetail": {"TotalTax": 7.5},
    }
    reply = sandbox_empty.write("Bill", body)
    assert reply.status_code == 200, reply.text
    assert reply.json()["Bill"]["TotalAmt"] == 107.5
    assert reply.json()["Bill"]["Balance"] == 107.5


PARTS = ("3.33", "3.33", "3.35")
"""Of 10.01 with 5.00 tax: 1.67, 1.67 and 1.68 in proportion, which is a cent more than 5.01."""


def test_rule_1_4_the_parts_always_add_up_to_the_net(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty, "10.01", "5.00")
    paid = [pay(sandbox_empty, bill, amount) for amount in PARTS]
    assert targets(sandbox_empty, bill, *paid) == [167, 167, 167]
    agree(sandbox_empty)
    assert targets(sandbox_empty, bill, *paid) == [167, 167, 167]


def test_rule_1_4_nobody_settles_a_bill_that_is_not_paid(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty, "10.01", "5.00")
    paid = pay(sandbox_empty, bill, "3.35")
    assert targets(sandbox_empty, bill, paid) == [168]


def test_rule_1_4_half_a_cent_goes_to_the_even_one(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty, "200.00", "100.00")
    paid = [pay(sandbox_empty, bill, amount) for amount in ("0.01", "0.03", "0.05")]
    assert targets(sandbox_empty, bill, *paid) == [0, 2, 2]


def test_rule_1_4_who_settles_goes_by_payment_date(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty, "10.01", "5.00")
    newest = pay(sandbox_empty, bill, "3.35", date=day(sandbox_empty, 1))
    older = [pay(sandbox_empty, bill, "3.33", date=day(sandbox_empty, 2)) for _ in range(2)]
    assert targets(sandbox_empty, bill, *older, newest) == [167, 167, 167]


def test_rule_1_4_a_backdated_payment_settles_beside_posted_ones(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty, "10.01", "5.00")
    posted = [pay(sandbox_empty, bill, "3.33") for _ in range(2)]
    agree(sandbox_empty)
    backdated = pay(sandbox_empty, bill, "3.35", date=day(sandbox_empty, 30))
    assert targets(sandbox_empty, bill, *posted, backdated) == [167, 167, 167]


def test_rule_1_4_a_credit_is_no_part_of_what_settles(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty)
    vendor = sandbox_empty.world.erp.bills.rows[bill].vendor_id
    credit = sandbox_empty.do("/erp/credit", vendor_id=vendor, amount="11.00")["credit_id"]
    used = [{"credit_id": credit}]
    paid = sandbox_empty.do("/erp/pay", bills=[{"bill_id": bill}], credits=used)["payment_id"]
    one = opinion(sandbox_empty, paid, bill)
    assert (one["settled_minor"], one["cash_minor"], one["target_minor"]) == (11000, 9900, 9000)


@pytest.mark.parametrize("change", ["tax", "policy"])
def test_rule_1_4_a_posted_target_is_frozen(sandbox_empty: Player, change: str) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty)
    payment = pay(sandbox_empty, bill, "55.00")
    agree(sandbox_empty)
    if change == "tax":
        sandbox_empty.do("/erp/edit", bill_id=bill, tax="0")
    else:
        sandbox_empty.do("/policy", tax="include")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 5000)
    assert sandbox_empty.see("/differences") == []
    rest = pay(sandbox_empty, bill, "55.00")
    # Without tax the net is the total, and the first payment keeps its 50.00.
    assert targets(sandbox_empty, bill, rest) == ([6000] if change == "tax" else [5500])


def test_rule_1_4_a_changed_cash_is_judged_anew(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = taxed(sandbox_empty)
    payment = pay(sandbox_empty, bill, "55.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", bill_id=bill, tax="0")
    bills = [{"bill_id": bill, "amount": "66.00"}]
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 6600)
    agree(sandbox_empty)


def test_rule_1_4_a_target_below_zero_is_held(sandbox_empty: Player) -> None:
    bill = taxed(sandbox_empty)
    pay(sandbox_empty, bill, "109.00")
    agree(sandbox_empty)
    sandbox_empty.do("/policy", tax="exclude")
    last = pay(sandbox_empty, bill, "1.00")
    assert is_now(sandbox_empty, last, bill) == ("held", "amount_not_positive", 0)


def test_rule_1_4_without_a_total_there_is_no_ratio(sandbox_empty: Player) -> None:
    bill = taxed(sandbox_empty)
    payment = pay(sandbox_empty, bill, "110.00")
    sandbox_empty.do("/erp/edit", bill_id=bill, amount="0", tax="0")
    assert is_now(sandbox_empty, payment, bill) == ("held", "amount_exceeds_bill", 0)
    sandbox_empty.do("/policy", tax="exclude")
    assert is_now(sandbox_empty, payment, bill) == ("held", "missing_amount", 0)
