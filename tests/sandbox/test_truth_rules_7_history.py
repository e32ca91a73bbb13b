"""The truth's scope in time: money-rules 7.1, and the policy that says where it begins."""

from __future__ import annotations

from typing import Any

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, day, is_now, opinion, pay


def begun(player: Player, **bill: Any) -> tuple[str, str, int]:
    """A payment of forty days ago, and a policy that starts ten days later."""
    found = player.billed("100.00", **bill)
    payment = pay(player, found["bill_id"], "60.00", date=day(player, 40))
    player.do("/policy", start_date=day(player, 30))
    return payment, found["bill_id"], found["requisition_id"]


def test_rule_7_1_what_is_older_is_history_and_later_ones_count(sandbox_empty: Player) -> None:
    payment, bill, _ = begun(sandbox_empty)
    newer = pay(sandbox_empty, bill, "10.00", date=day(sandbox_empty, 29))
    backdated = pay(sandbox_empty, bill, "20.00", date=day(sandbox_empty, 50))
    assert is_now(sandbox_empty, payment, bill) == ("outside", "opening_history", 0)
    assert is_now(sandbox_empty, newer, bill) == ("matched", None, 1000)
    assert is_now(sandbox_empty, backdated, bill) == ("matched", None, 2000)
    agree(sandbox_empty)


def test_rule_7_1_the_scan_is_fixed_by_the_first_start_date(sandbox_empty: Player) -> None:
    payment, bill, _ = begun(sandbox_empty)
    later, other, _ = sandbox_empty.paid("70.00", 1, date=day(sandbox_empty, 35))
    sandbox_empty.do("/policy", start_date=day(sandbox_empty, 1))
    assert is_now(sandbox_empty, payment, bill)[1] == "opening_history"
    assert is_now(sandbox_empty, later, other) == ("matched", None, 7000)
    assert sandbox_empty.do("/policy")["start_date"] == day(sandbox_empty, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"number": "4711"},
        {"date": "2025-01-02"},
        {"bills": "61.00"},
        {"void": True},
        {"delete": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_rule_7_1_history_that_changes_is_held(
    sandbox_empty: Player, change: dict[str, Any]
) -> None:
    payment, bill, _ = begun(sandbox_empty)
    if "void" in change or "delete" in change:
        sandbox_empty.do(f"/erp/{next(iter(change))}", payment_id=payment)
    else:
        if "bills" in change:
            change = {"bills": [{"bill_id": bill, "amount": change["bills"]}]}
        sandbox_empty.do("/erp/edit", payment_id=payment, **change)
    assert is_now(sandbox_empty, payment, bill) == ("held", "changed_before_start", 0)
    assert sandbox_empty.see("/differences") == []


def test_rule_7_1_the_hold_closes_when_it_is_again_what_it_was(sandbox_empty: Player) -> None:
    payment, bill, _ = begun(sandbox_empty)
    number = sandbox_empty.world.erp.payments.rows[payment].number
    sandbox_empty.do("/erp/edit", payment_id=payment, number="4711")
    assert is_now(sandbox_empty, payment, bill)[0] == "held"
    sandbox_empty.do("/erp/edit", payment_id=payment, number=number)
    assert is_now(sandbox_empty, payment, bill) == ("outside", "opening_history", 0)


@pytest.mark.parametrize("bill", [{"application": False}, {"synced": False}])
def test_rule_7_1_without_a_synced_application_it_stays_history(
    sandbox_empty: Player, bill: dict[str, bool]
) -> None:
    payment, ident, _ = begun(sandbox_empty, **bill)
    sandbox_empty.do("/erp/edit", payment_id=payment, number="4711")
    assert is_now(sandbox_empty, payment, ident) == ("outside", "opening_history", 0)
    sandbox_empty.do("/erp/void", payment_id=payment)
    assert is_now(sandbox_empty, payment, ident) == ("outside", "opening_history", 0)


@pytest.mark.parametrize(
    ("decision", "found"),
    [("post", ("matched", None, 6000)), ("leave", ("outside", "left_by_decision", 0))],
)
def test_rule_7_1_a_person_decides_on_changed_history(
    sandbox_empty: Player, decision: str, found: tuple[str, str | None, int]
) -> None:
    payment, bill, _ = begun(sandbox_empty)
    sandbox_empty.do("/erp/edit", payment_id=payment, number="4711")
    asked = {"payment_id": payment, "bill_id": bill, "reason": "changed_before_start"}
    sandbox_empty.do("/decide", decision=decision, **asked)
    assert is_now(sandbox_empty, payment, bill) == found
    agree(sandbox_empty)


def test_rule_7_1_history_counts_in_the_parts_of_a_taxed_bill(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("10.01", tax="5.00")["bill_id"]
    old = pay(sandbox_empty, bill, "6.66", date=day(sandbox_empty, 40))
    sandbox_empty.do("/policy", tax="exclude", start_date=day(sandbox_empty, 30))
    rest = pay(sandbox_empty, bill, "3.35")
    found = [opinion(sandbox_empty, one, bill)["target_minor"] for one in (old, rest)]
    assert found == [333, 168]


def test_rule_1_4_history_never_settles(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("10.01", tax="5.00")["bill_id"]
    old = pay(sandbox_empty, bill, "3.35", date=day(sandbox_empty, 40))
    sandbox_empty.do("/policy", tax="exclude", start_date=day(sandbox_empty, 30))
    backdated = [pay(sandbox_empty, bill, "3.33", date=day(sandbox_empty, 50)) for _ in range(2)]
    found = [opinion(sandbox_empty, one, bill)["target_minor"] for one in (old, *backdated)]
    assert found == [168, 167, 166]


def test_a_policy_is_a_version_and_says_what_it_is(sandbox_empty: Player) -> None:
    first = sandbox_empty.do("/policy", tax="exclude", typed_rows="link")
    assert (first["version"], first["tax"], first["typed_rows"]) == (1, "exclude", "link")
    second = sandbox_empty.do("/policy")
    assert (second["version"], second["tax"], second["deleted_in_erp"]) == (2, "include", "hold")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"colour": "red"}, "means nothing here"),
        ({"tax": "maybe"}, "'tax' is one of"),
        ({"start_date": "soon"}, "must be a date"),
        ({"map": [{"application": 1, "bills": []}]}, "list of bill ids"),
        ({"map": [{"application": n, "bills": ["7"]} for n in (1, 2)]}, "twice"),
        ({"split": [{"bill": "7", "parts": [{"application": 1, "percent": "60"}]}]}, "100 percent"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(
    sandbox_empty: Player, asked: dict[str, Any], says: str
) -> None:
    assert says in sandbox_empty.cannot("/policy", **asked)
    assert sandbox_empty.do("/policy")["version"] == 1
