"""The truth's ceilings: money-rules 3.7 and 4.5."""

from __future__ import annotations

from quickbooks_helpers import Player
from truth_helpers import agree, day, is_now, opinions, pay, write


def mapped(player: Player, due: str, *amounts: str, **more: str) -> tuple[int, list[str]]:
    """One application with several bills, all paid later; the amounts agree with its due."""
    bills = [str(player.billed(amount, application=False)["bill_id"]) for amount in amounts]
    commitment = player.commitments[0]
    ident = player.do("/procore/application/add", commitment_id=commitment, due=due, **more)
    application = int(ident["requisition_id"])
    player.do("/policy", map=[{"application": application, "bills": bills}])
    return application, bills


def lower(player: Player, application: int, due: str) -> None:
    player.do("/procore/application", requisition_id=application, due=due)


def over(player: Player) -> tuple[int, list[str]]:
    """An application with 100.00 posted of 300.00, whose due then falls to 180.00."""
    application, bills = mapped(player, "300.00", "100.00", "100.00", "60.00", "40.00")
    pay(player, bills[0], "100.00")
    agree(player)
    lower(player, application, "180.00")
    # Their first match is over: only the ceiling is left to be asked.
    player.world.memory.sent_bills.update(bills)
    return application, bills


def test_rule_3_7_what_no_longer_fits_is_held_and_a_smaller_one_may_fit(
    sandbox_empty: Player,
) -> None:
    application, bills = over(sandbox_empty)
    paid = [
        pay(sandbox_empty, bill, amount, date=day(sandbox_empty, ago))
        for bill, amount, ago in (
            (bills[1], "100.00", 5),
            (bills[2], "60.00", 4),
            (bills[3], "40.00", 6),
        )
    ]
    # 80.00 are left: 40.00 of six days ago fit, then neither 100.00 nor 60.00.
    assert [is_now(sandbox_empty, p, b)[1] for p, b in zip(paid, bills[1:], strict=True)] == [
        "overpays_payment_application",
        "overpays_payment_application",
        None,
    ]
    agree(sandbox_empty)
    lower(sandbox_empty, application, "100.00")
    assert is_now(sandbox_empty, paid[2], bills[3]) == ("matched", None, 4000)  # it stays
    assert sandbox_empty.see("/differences") == []


def test_rule_3_7_the_ceiling_counts_retainage_and_tax_by_policy(sandbox_empty: Player) -> None:
    application, bills = over(sandbox_empty)
    sandbox_empty.do("/procore/application", requisition_id=application, retainage="15", tax="5")
    payment = pay(sandbox_empty, bills[1], "100.00")
    assert is_now(sandbox_empty, payment, bills[1]) == ("matched", None, 10000)
    chosen = [{"application": application, "bills": bills}]
    sandbox_empty.do("/policy", tax="exclude", map=chosen)
    reason = is_now(sandbox_empty, payment, bills[1])[1]
    assert reason == "overpays_payment_application"


def test_rule_3_7_a_correction_counts_with_its_net_effect(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00")
    payment = pay(sandbox_empty, bill["bill_id"], "60.00")
    agree(sandbox_empty)
    lower(sandbox_empty, bill["requisition_id"], "80.00")
    bills = [{"bill_id": bill["bill_id"], "amount": "80.00"}]
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
    assert is_now(sandbox_empty, payment, bill["bill_id"]) == ("matched", None, 8000)
    bills[0]["amount"] = "81.00"
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
    held = ("held", "overpays_payment_application", 6000)
    assert is_now(sandbox_empty, payment, bill["bill_id"]) == held
    bills[0]["amount"] = "50.00"
    lower(sandbox_empty, bill["requisition_id"], "10.00")
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
    assert is_now(sandbox_empty, payment, bill["bill_id"]) == ("matched", None, 5000)


def test_rule_3_7_moving_away_from_a_full_application_lowers_it(sandbox_empty: Player) -> None:
    application, bills = mapped(sandbox_empty, "200.00", "100.00", "100.00")
    paid = [pay(sandbox_empty, bill, "100.00") for bill in bills]
    agree(sandbox_empty)
    lower(sandbox_empty, application, "10.00")
    other = sandbox_empty.do(
        "/procore/application/add", commitment_id=sandbox_empty.commitments[0], due="100.00"
    )["requisition_id"]
    chosen = [
        {"application": application, "bills": bills[1:]},
        {"application": other, "bills": bills[:1]},
    ]
    sandbox_empty.do("/policy", map=chosen)
    assert is_now(sandbox_empty, paid[0], bills[0]) == ("matched", None, 10000)
    found = {d["requisition_id"]: d["expected_minor"] for d in sandbox_empty.see("/differences")}
    assert found == {application: 0, other: 10000}


def test_rule_3_7_a_reversal_makes_room(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00")["bill_id"]
    first = pay(sandbox_empty, bill, "100.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/void", payment_id=first)
    second = pay(sandbox_empty, bill, "100.00")
    assert is_now(sandbox_empty, second, bill) == ("matched", None, 10000)
    agree(sandbox_empty)


def test_rule_3_7_a_wrong_posting_is_not_what_stands_already(sandbox_empty: Player) -> None:
    application, bills = over(sandbox_empty)
    payment = pay(sandbox_empty, bills[1], "100.00")
    (one,) = opinions(sandbox_empty, payment, bills[1])
    write(sandbox_empty, one["origin_prefix"], sandbox_empty.commitments[0], application, 10000)
    sandbox_empty.do("/erp/edit", payment_id=payment, note="seen")
    reason = is_now(sandbox_empty, payment, bills[1])[1]
    assert reason == "overpays_payment_application"
    assert [one["kind"] for one in sandbox_empty.see("/differences")] == ["amount"]


def typed(player: Player, application: int, amount: str) -> None:
    player.do(
        "/procore/row",
        commitment_id=player.commitments[0],
        amount=amount,
        requisition_id=application,
        date=day(player, 60),
    )


def test_rule_4_5_all_rows_together_are_not_more_than_the_erp_paid(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00")
    typed(sandbox_empty, bill["requisition_id"], "30.00")
    first = pay(sandbox_empty, bill["bill_id"], "40.00")
    assert is_now(sandbox_empty, first, bill["bill_id"]) == ("held", "exceeds_erp_paid", 0)
    second = pay(sandbox_empty, bill["bill_id"], "31.00")
    # 71.00 are paid: 40.00 fit beside 30.00, another 31.00 do not.
    assert is_now(sandbox_empty, first, bill["bill_id"]) == ("matched", None, 4000)
    assert is_now(sandbox_empty, second, bill["bill_id"]) == ("held", "exceeds_erp_paid", 0)
    agree(sandbox_empty)
    typed(sandbox_empty, bill["requisition_id"], "20.00")
    assert is_now(sandbox_empty, first, bill["bill_id"]) == ("matched", None, 4000)
    assert sandbox_empty.see("/differences") == []


def test_rule_4_5_rows_of_ours_count_as_well(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00")["bill_id"]
    deleted = pay(sandbox_empty, bill, "50.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/delete", payment_id=deleted)
    again = pay(sandbox_empty, bill, "50.00")
    asked = {"payment_id": deleted, "bill_id": bill, "reason": "deleted_in_erp"}
    sandbox_empty.do("/decide", decision="leave", **asked)
    assert is_now(sandbox_empty, deleted, bill) == ("outside", "left_by_decision", 5000)
    assert is_now(sandbox_empty, again, bill) == ("held", "exceeds_erp_paid", 0)


def test_rule_4_5_the_applications_of_a_split_bill_count_together(sandbox_empty: Player) -> None:
    bill = str(sandbox_empty.billed("100.00", application=False)["bill_id"])
    commitment = sandbox_empty.commitments[0]
    first, second = (
        sandbox_empty.do("/procore/application/add", commitment_id=commitment, due="50.00")[
            "requisition_id"
        ]
        for _ in range(2)
    )
    parts = [{"application": one, "percent": "50"} for one in (first, second)]
    sandbox_empty.do("/policy", split=[{"bill": bill, "parts": parts}])
    typed(sandbox_empty, first, "15.00")
    payment = pay(sandbox_empty, bill, "30.00")
    found = [one["reason"] for one in opinions(sandbox_empty, payment, bill)]
    assert found == [None, "exceeds_erp_paid"]
