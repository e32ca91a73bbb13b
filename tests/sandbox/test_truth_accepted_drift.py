"""The truth of what a person decided about a drift, and of a question asked again."""

from __future__ import annotations

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, is_now, opinion, pay

DRIFT = "drift_in_procore"


def drifted(player: Player, amount: str | None = "60.00") -> tuple[str, str]:
    """A payment of 100.00 whose row somebody changed, or removed."""
    payment, bill, _ = player.paid("100.00")
    agree(player)
    (row,) = player.world.procore.payments()
    if amount is None:
        player.do("/procore/row/remove", payment_row_id=row.id)
    else:
        player.do("/procore/row/change", payment_row_id=row.id, amount=amount)
    assert is_now(player, payment, bill)[:2] == ("held", DRIFT)
    return payment, bill


def decide(player: Player, payment: str, bill: str, decision: str, reason: str = DRIFT) -> None:
    player.do("/decide", payment_id=payment, bill_id=bill, reason=reason, decision=decision)


def edit(player: Player, payment: str, bill: str, amount: str) -> None:
    bills = [{"bill_id": bill, "amount": amount}]
    player.do("/erp/edit", payment_id=payment, bills=bills)


@pytest.mark.parametrize(("amount", "minor"), [("60.00", 6000), (None, 0)])
def test_rule_5_an_accepted_drift_stays_as_it_is(
    sandbox_empty: Player, amount: str | None, minor: int
) -> None:
    payment, bill = drifted(sandbox_empty, amount)
    decide(sandbox_empty, payment, bill, "accept")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "drift_accepted", minor)
    assert sandbox_empty.see("/differences") == []


def test_rule_5_what_the_erp_changes_later_is_measured_against_what_stands(
    sandbox_empty: Player,
) -> None:
    payment, bill = drifted(sandbox_empty)
    decide(sandbox_empty, payment, bill, "accept")
    sandbox_empty.do("/erp/edit", bill_id=bill, number="ANOTHER")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 6000)
    edit(sandbox_empty, payment, bill, "90.00")
    (wrong,) = sandbox_empty.see("/differences")
    assert (wrong["expected_minor"], wrong["standing_minor"]) == (9000, 6000)
    agree(sandbox_empty)
    sandbox_empty.do("/erp/void", payment_id=payment)
    (wrong,) = sandbox_empty.see("/differences")
    assert (wrong["expected_minor"], wrong["standing_minor"]) == (0, 9000)
    agree(sandbox_empty)


def test_rule_5_a_voided_payment_takes_back_what_was_accepted(sandbox_empty: Player) -> None:
    payment, bill = drifted(sandbox_empty)
    decide(sandbox_empty, payment, bill, "accept")
    sandbox_empty.do("/erp/void", payment_id=payment)
    (wrong,) = sandbox_empty.see("/differences")
    assert (wrong["expected_minor"], wrong["standing_minor"]) == (0, 6000)
    agree(sandbox_empty)


def test_rule_5_in_the_place_of_a_removed_row_a_person_decides_again(
    sandbox_empty: Player,
) -> None:
    payment, bill = drifted(sandbox_empty, None)
    decide(sandbox_empty, payment, bill, "accept")
    edit(sandbox_empty, payment, bill, "90.00")
    assert is_now(sandbox_empty, payment, bill) == ("held", DRIFT, 0)
    decide(sandbox_empty, payment, bill, "accept")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "drift_accepted", 0)
    sandbox_empty.do("/erp/void", payment_id=payment)
    assert sandbox_empty.see("/differences") == []


def test_rule_5_another_change_was_not_accepted_and_the_first_row_needs_no_decision(
    sandbox_empty: Player,
) -> None:
    payment, bill = drifted(sandbox_empty)
    (row,) = sandbox_empty.world.procore.payments()
    decide(sandbox_empty, payment, bill, "accept")
    sandbox_empty.do("/procore/row/change", payment_row_id=row.id, amount="59.00")
    assert is_now(sandbox_empty, payment, bill) == ("held", DRIFT, 5900)
    sandbox_empty.do("/procore/row/change", payment_row_id=row.id, amount="100.00")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)


def test_rule_2_an_acceptance_and_a_leave_are_taken_back_by_trying_again(
    sandbox_empty: Player,
) -> None:
    payment, bill = drifted(sandbox_empty)
    decide(sandbox_empty, payment, bill, "accept")
    decide(sandbox_empty, payment, bill, "retry")
    assert is_now(sandbox_empty, payment, bill)[:2] == ("held", DRIFT)
    other = sandbox_empty.billed("100.00", due="90.00")["bill_id"]
    part = pay(sandbox_empty, other, "40.00")
    decide(sandbox_empty, part, other, "leave", "bill_total_differs")
    assert opinion(sandbox_empty, part, other)["reason"] == "left_by_decision"
    decide(sandbox_empty, part, other, "retry", "bill_total_differs")
    assert is_now(sandbox_empty, part, other)[:2] == ("held", "bill_total_differs")


def test_only_a_drift_is_accepted_and_only_what_was_held_is_tried_again(
    sandbox_empty: Player,
) -> None:
    payment, bill, _ = sandbox_empty.paid("100.00")
    asked = {"payment_id": payment, "bill_id": bill, "reason": "bill_total_differs"}
    assert "about drift_in_procore" in sandbox_empty.cannot("/decide", **asked, decision="accept")
    assert "is not held for" in sandbox_empty.cannot("/decide", **asked, decision="retry")


@pytest.mark.parametrize(
    ("asked", "says"),
    [({"bulk": "perhaps"}, "bulk is one of"), ({"unlinks": "no"}, "unlinks is not 'no'")],
)
def test_open_points_have_answers_of_their_own(
    sandbox_empty: Player, asked: dict[str, str], says: str
) -> None:
    assert says in sandbox_empty.cannot("/procore/open-points", **asked)
    assert sandbox_empty.do("/procore/open-points", unlinks=False)["unlinks"] is False
