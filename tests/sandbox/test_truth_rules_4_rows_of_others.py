"""The truth beside rows of others: money-rules 4.3 with the policy `link`, and 4.4."""

from __future__ import annotations

from typing import Any

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, day, is_now, opinion, pay, write


def typed(player: Player, amount: str, **more: Any) -> int:
    asked = {"commitment_id": player.commitments[0], "amount": amount, **more}
    return int(player.do("/procore/row", **asked)["payment_row_id"])


def kinds(player: Player) -> list[str]:
    return sorted(one["kind"] for one in player.see("/differences"))


def put_id(player: Player, row: int, prefix: str, **more: Any) -> None:
    player.world.procore.edit_payment(row, origin_id=f"{prefix}:1", **more)


def test_rule_4_3_posting_beside_a_typed_row_never_justifies_itself(sandbox_empty: Player) -> None:
    payment, bill, application = sandbox_empty.paid("100.00")
    typed(sandbox_empty, "100.00")
    one = opinion(sandbox_empty, payment, bill)
    write(sandbox_empty, one["origin_prefix"], one["commitment_id"], application, 10000)
    for _ in range(2):
        held = ("held", "looks_like_manual_payment", 0)
        assert is_now(sandbox_empty, payment, bill) == held
        assert kinds(sandbox_empty) == ["amount"]
        sandbox_empty.do("/erp/edit", payment_id=payment, note="seen")


@pytest.mark.parametrize("amount", ["110.00", "100.00"])
def test_rule_4_3_with_and_without_tax_an_amount_looks_alike(
    sandbox_empty: Player, amount: str
) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill, other = (sandbox_empty.billed("110.00", tax=tax)["bill_id"] for tax in ("10", "20"))
    bills = [{"bill_id": bill}, {"bill_id": other}]
    payment = sandbox_empty.do("/erp/pay", bills=bills)["payment_id"]
    typed(sandbox_empty, amount)
    assert is_now(sandbox_empty, payment, bill)[1] == "looks_like_manual_payment"


@pytest.mark.parametrize("on_application", [True, False])
def test_rule_4_3_link_sets_our_id_on_the_typed_row(
    sandbox_empty: Player, on_application: bool
) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, application = sandbox_empty.paid("100.00")
    where = {"requisition_id": application} if on_application else {}
    row = typed(sandbox_empty, "100.00", date=day(sandbox_empty, 3), check_number="77", **where)
    one = opinion(sandbox_empty, payment, bill)
    found = one["disposition"], one["expected_minor"], one["link_row_id"]
    assert found == ("matched", 10000, row)
    assert kinds(sandbox_empty) == ["amount", "not_linked"]
    put_id(sandbox_empty, row, one["origin_prefix"])
    assert sandbox_empty.see("/differences") == []
    # It is ours from now on, wherever it stands and whatever was typed.
    sandbox_empty.do("/erp/edit", payment_id=payment, number="4711")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    assert sandbox_empty.see("/differences") == []
    sandbox_empty.do("/erp/void", payment_id=payment)
    (gone,) = sandbox_empty.see("/differences")
    place = gone["requisition_id"], gone["expected_minor"], gone["standing_minor"]
    assert place == (application if on_application else None, 0, 10000)
    agree(sandbox_empty)


def test_rule_4_3_a_linked_row_is_otherwise_as_it_was_typed(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, _ = sandbox_empty.paid("100.00")
    row = typed(sandbox_empty, "100.00", check_number="77")
    prefix = sandbox_empty.world.prefix(payment, bill)
    put_id(sandbox_empty, row, prefix, check_number="78")
    assert kinds(sandbox_empty) == ["foreign_row_changed"]
    sandbox_empty.world.procore.edit_payment(row, check_number="77")
    assert kinds(sandbox_empty) == []


def test_rule_4_3_a_row_posted_beside_the_one_to_link_is_a_difference(
    sandbox_empty: Player,
) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, application = sandbox_empty.paid("100.00")
    typed(sandbox_empty, "100.00", requisition_id=application)
    place = sandbox_empty.commitments[0], application
    write(sandbox_empty, sandbox_empty.world.prefix(payment, bill), *place, 10000)
    assert kinds(sandbox_empty) == ["not_linked"]


def no_policy(player: Player, application: int) -> None:
    player.do("/policy")
    typed(player, "100.00")


def two_rows(player: Player, application: int) -> None:
    typed(player, "100.00")
    typed(player, "100.00")


def another_amount(player: Player, application: int) -> None:
    typed(player, "99.00", check_number="10001")


def another_application(player: Player, application: int) -> None:
    other = player.billed("7.00")["requisition_id"]
    typed(player, "100.00", requisition_id=other)


def two_payments(player: Player, application: int) -> None:
    player.paid("100.00", number="20002")
    typed(player, "100.00")


@pytest.mark.parametrize(
    "happens", [no_policy, two_rows, another_amount, another_application, two_payments]
)
def test_rule_4_3_only_one_to_one_is_linked(sandbox_empty: Player, happens: Any) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, application = sandbox_empty.paid("100.00", number="10001")
    happens(sandbox_empty, application)
    assert is_now(sandbox_empty, payment, bill) == ("held", "looks_like_manual_payment", 0)
    assert opinion(sandbox_empty, payment, bill)["link_row_id"] is None
    assert sandbox_empty.see("/differences") == []
    row = next(iter(sandbox_empty.world.procore.payments())).id
    put_id(sandbox_empty, row, sandbox_empty.world.prefix(payment, bill))
    assert "foreign_row_changed" in kinds(sandbox_empty)


def test_rule_4_3_a_correction_is_not_linked(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    bill = sandbox_empty.billed("100.00")["bill_id"]
    payment = pay(sandbox_empty, bill, "60.00")
    agree(sandbox_empty)
    bills = [{"bill_id": bill, "amount": "70.00"}]
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
    typed(sandbox_empty, "70.00")
    held = ("held", "looks_like_manual_payment", 6000)
    assert is_now(sandbox_empty, payment, bill) == held


def test_rule_4_3_a_row_of_procore_pay_is_not_linked(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, _ = sandbox_empty.paid("100.00")
    typed(sandbox_empty, "100.00", external_payment_id="pay-1")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "paid_by_procore_pay", 0)


def test_rule_4_3_what_was_posted_beside_is_right_once_the_typed_row_is_gone(
    sandbox_empty: Player,
) -> None:
    payment, bill, application = sandbox_empty.paid("100.00")
    row = typed(sandbox_empty, "100.00")
    place = sandbox_empty.commitments[0], application
    write(sandbox_empty, sandbox_empty.world.prefix(payment, bill), *place, 10000)
    assert kinds(sandbox_empty) == ["amount"]
    sandbox_empty.do("/procore/row/remove", payment_row_id=row)
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    assert sandbox_empty.see("/differences") == []


def test_rule_4_3_rows_of_others_are_never_linked(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", typed_rows="link")
    payment, bill, _ = sandbox_empty.paid("100.00")
    row = typed(sandbox_empty, "100.00", origin_id="other-tool:1")
    assert is_now(sandbox_empty, payment, bill) == ("held", "other_integration_row", 0)
    put_id(sandbox_empty, row, sandbox_empty.world.prefix(payment, bill))
    assert is_now(sandbox_empty, payment, bill) == ("held", "other_integration_row", 0)
    assert kinds(sandbox_empty) == ["amount", "foreign_row_changed"]


def test_rule_4_4_a_row_of_another_integration_stops_the_run(sandbox_empty: Player) -> None:
    typed(sandbox_empty, "1.00", origin_id="other-tool:1", created_at="2025-03-01T06:00:00Z")
    assert sandbox_empty.see("/truth")["stops"] == []
    sandbox_empty.do("/policy", start_date="2025-02-28")
    assert sandbox_empty.see("/truth")["stops"] == ["other_integration_active"]
    # In Los Angeles it was still the last day of February.
    sandbox_empty.do("/policy", cut_over="2025-03-01")
    assert sandbox_empty.see("/truth")["stops"] == []
    sandbox_empty.do("/policy", cut_over="2025-02-28")
    assert sandbox_empty.see("/truth")["stops"] == ["other_integration_active"]
