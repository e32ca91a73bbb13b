"""The truth's matches: money-rules 3.2 (map and split) and 3.4 (a bill's total)."""

from __future__ import annotations

from typing import Any

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, is_now, opinion, opinions, pay, write


def lone_bill(player: Player, amount: str, **more: Any) -> str:
    """A bill of the first commitment's vendor that no application carries."""
    return str(player.billed(amount, application=False, **more)["bill_id"])


def application(player: Player, due: str, commitment: int = 0, **more: Any) -> int:
    asked = {"commitment_id": player.commitments[commitment], "due": due, **more}
    return int(player.do("/procore/application/add", **asked)["requisition_id"])


def test_rule_3_2_the_map_names_the_application(sandbox_empty: Player) -> None:
    bill = lone_bill(sandbox_empty, "100.00")
    payment = pay(sandbox_empty, bill, "100.00")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "no_application", 0)
    mine = application(sandbox_empty, "100.00", origin_id="other-tool-17")
    policy = sandbox_empty.do("/policy", map=[{"application": str(mine), "bills": [bill]}])
    assert policy["map"] == [{"application": mine, "bills": [bill]}]
    one = opinion(sandbox_empty, payment, bill)
    assert (one["disposition"], one["requisition_id"]) == ("matched", mine)
    agree(sandbox_empty)


def test_rule_3_2_several_bills_are_compared_together(sandbox_empty: Player) -> None:
    bills = [lone_bill(sandbox_empty, amount) for amount in ("60.00", "40.00")]
    paid = [pay(sandbox_empty, bill, "40.00") for bill in bills]
    mine = application(sandbox_empty, "100.00")
    sandbox_empty.do("/policy", map=[{"application": mine, "bills": bills}])
    assert is_now(sandbox_empty, paid[0], bills[0]) == ("matched", None, 4000)
    sandbox_empty.do("/erp/edit", bill_id=bills[1], amount="41.00")
    for payment, bill in zip(paid, bills, strict=True):
        assert is_now(sandbox_empty, payment, bill) == ("held", "bill_total_differs", 0)
    sandbox_empty.do("/policy", map=[{"application": mine, "bills": [*bills, "999999"]}])
    assert is_now(sandbox_empty, paid[0], bills[0]) == ("matched", None, 4000)  # not compared


def test_rule_3_2_the_map_is_stricter_than_the_id(sandbox_empty: Player) -> None:
    payment, bill, own = sandbox_empty.paid("100.00")
    other = application(sandbox_empty, "100.00")
    sandbox_empty.do("/policy", map=[{"application": other, "bills": [bill]}])
    assert is_now(sandbox_empty, payment, bill) == ("held", "ambiguous_match", 0)
    sandbox_empty.do("/policy", map=[{"application": own, "bills": [bill]}])
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    sandbox_empty.do("/policy", map=[{"application": 1, "bills": [bill]}])
    assert is_now(sandbox_empty, payment, bill) == ("held", "ambiguous_match", 0)


def test_rule_3_2_a_mapped_application_is_not_found_by_number(sandbox_empty: Player) -> None:
    bill = lone_bill(sandbox_empty, "100.00", number="HRC-42")
    payment = pay(sandbox_empty, bill, "100.00")
    mine = application(sandbox_empty, "100.00", invoice_number="hrc 42", origin_id="x-1")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    sandbox_empty.do("/policy", map=[{"application": mine, "bills": ["999999"]}])
    assert is_now(sandbox_empty, payment, bill) == ("outside", "no_application", 0)


def split_bill(player: Player, amount: str = "100.01") -> tuple[str, int, int]:
    bill = lone_bill(player, amount)
    first, second = application(player, "60.01"), application(player, "40.00", 3)
    parts = [{"application": first, "percent": "60"}, {"application": second, "percent": "40"}]
    player.do("/policy", split=[{"bill": bill, "parts": parts}])
    return bill, first, second


def test_rule_3_2_a_split_bill_has_an_allocation_per_part(sandbox_empty: Player) -> None:
    bill, first, second = split_bill(sandbox_empty)
    payment = pay(sandbox_empty, bill, "33.33")
    parts = opinions(sandbox_empty, payment, bill)
    whole = sandbox_empty.world.prefix(payment, bill)
    # 60 % of 33.33 is 19.998; the last part takes the rest.
    shown = [(one["origin_prefix"], one["requisition_id"], one["target_minor"]) for one in parts]
    assert shown == [(f"{whole}@{first}", first, 2000), (f"{whole}@{second}", second, 1333)]
    assert [one["commitment_id"] for one in parts] == [
        sandbox_empty.commitments[0],
        sandbox_empty.commitments[3],
    ]
    agree(sandbox_empty)
    sandbox_empty.do("/erp/void", payment_id=payment)
    assert sandbox_empty.see("/truth")["totals"] == {}
    agree(sandbox_empty)


def test_rule_3_2_what_was_posted_whole_stays_whole(sandbox_empty: Player) -> None:
    payment, bill, own = sandbox_empty.paid("100.00")
    agree(sandbox_empty)
    other = application(sandbox_empty, "40.00", 3)
    parts = [{"application": own, "percent": "60"}, {"application": other, "percent": "40"}]
    sandbox_empty.do("/policy", split=[{"bill": bill, "parts": parts}])
    one = opinion(sandbox_empty, payment, bill)
    assert (one["application_id"], one["expected_minor"]) == (None, 10000)
    assert sandbox_empty.see("/differences") == []


def test_rule_3_2_what_was_posted_in_parts_stays_so(sandbox_empty: Player) -> None:
    bill, _, _ = split_bill(sandbox_empty)
    payment = pay(sandbox_empty, bill, "10.00")
    agree(sandbox_empty)
    sandbox_empty.do("/policy")
    assert [one["expected_minor"] for one in opinions(sandbox_empty, payment, bill)] == [600, 400]
    assert sandbox_empty.see("/differences") == []
    later = pay(sandbox_empty, bill, "10.00")
    assert is_now(sandbox_empty, later, bill) == ("outside", "no_application", 0)


def test_rule_3_2_parts_settle_a_taxed_bill_together(sandbox_empty: Player) -> None:
    bill = lone_bill(sandbox_empty, "100.00", tax="33.33")
    first, second = application(sandbox_empty, "50.00"), application(sandbox_empty, "50.00", 3)
    parts = [{"application": one, "percent": "50"} for one in (first, second)]
    sandbox_empty.do("/policy", tax="exclude", split=[{"bill": bill, "parts": parts}])
    payment = pay(sandbox_empty, bill, "100.00")
    targets = [one["target_minor"] for one in opinions(sandbox_empty, payment, bill)]
    assert targets == [3334, 3333]  # half of 66.67 to the even cent, and the rest


def test_rule_3_4_a_part_is_compared_with_its_own_application(sandbox_empty: Player) -> None:
    bill, first, _ = split_bill(sandbox_empty)
    payment = pay(sandbox_empty, bill, "10.00")
    sandbox_empty.do("/procore/application", requisition_id=first, due="61.00")
    reasons = [one["reason"] for one in opinions(sandbox_empty, payment, bill)]
    assert reasons == ["bill_total_differs", None]


@pytest.mark.parametrize(
    ("retainage", "tax", "total", "agrees"),
    [
        ("either", "either", "100.00", True),
        ("either", "either", "110.00", True),
        ("either", "either", "105.00", True),
        ("either", "either", "95.00", True),
        ("either", "either", "115.00", True),
        ("either", "either", "105.01", True),
        ("either", "either", "105.02", False),
        ("included", "either", "100.00", False),
        ("included", "left_out", "105.00", True),
        ("included", "included", "115.00", True),
        ("included", "included", "105.00", False),
        ("left_out", "included", "105.00", True),
        ("left_out", "included", "95.00", False),
        ("left_out", "left_out", "95.00", True),
        ("left_out", "left_out", "110.00", False),
    ],
)
def test_rule_3_4_the_policy_says_what_a_total_contains(
    sandbox_empty: Player, retainage: str, tax: str, total: str, agrees: bool
) -> None:
    sandbox_empty.do("/policy", bill_retainage=retainage, bill_tax=tax)
    bill = sandbox_empty.billed(total, due="100.00", retainage="10.00", application_tax="5.00")
    payment = pay(sandbox_empty, bill["bill_id"], "20.00")
    found = is_now(sandbox_empty, payment, bill["bill_id"])
    assert found == (("matched", None, 2000) if agrees else ("held", "bill_total_differs", 0))


def test_rule_3_4_is_asked_only_at_first_match(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00")["bill_id"]
    first = pay(sandbox_empty, bill, "40.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", bill_id=bill, amount="99.00")
    second = pay(sandbox_empty, bill, "40.00")
    for payment in (first, second):
        assert is_now(sandbox_empty, payment, bill) == ("matched", None, 4000)


def test_rule_3_4_a_wrong_posting_does_not_justify_itself(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00", due="90.00")
    payment = pay(sandbox_empty, bill["bill_id"], "40.00")
    (row,) = opinions(sandbox_empty, payment, bill["bill_id"])
    place = sandbox_empty.commitments[0], bill["requisition_id"]
    write(sandbox_empty, row["origin_prefix"], *place, 4000)
    for _ in range(2):
        assert is_now(sandbox_empty, payment, bill["bill_id"])[1] == "bill_total_differs"
        (one,) = sandbox_empty.see("/differences")
        assert (one["expected_minor"], one["standing_minor"]) == (0, 4000)
        sandbox_empty.do("/erp/edit", payment_id=payment, note="seen")


def test_rule_3_4_a_release_holds_no_retainage(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("50.00", retainage="-50.00", invoice_type="retainage_release")
    ident = bill["requisition_id"]
    kind = sandbox_empty.world.procore.requisitions[ident].invoice_type
    assert kind == "retainage_release"
    sandbox_empty.do("/policy", bill_retainage="included")
    payment = pay(sandbox_empty, bill["bill_id"], "50.00")
    assert is_now(sandbox_empty, payment, bill["bill_id"]) == ("matched", None, 5000)
