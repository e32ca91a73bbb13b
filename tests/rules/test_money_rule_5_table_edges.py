"""Money-rules 5, 2 and 7.2: the edges of the plan table, and what its holds say."""

from datetime import date
from typing import Any

import pytest

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import Decision, RunStopped, Stop
from paidsync.records import Standing, rows_of
from tasks.order import is_mass_change, plan_hash
from tasks.waiting import require_loadable
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    outcome,
    payment,
)

PAID = payment()
NOTHING: list[tuple[str, int]] = []


def policy(**choices: Any) -> Policy:
    return Policy(start_date=date(2026, 1, 1), **choices)


def shown(books: Books, of: Row = PAID) -> Row:
    frame = books.plan().dispositions
    (row,) = rows_of(frame[frame["allocation_id"] == of["allocation_id"]])
    return row


def test_rule_5_the_hold_names_the_row_that_is_gone() -> None:
    books = Books.posted(PAID)
    books.rows.clear()
    assert shown(books)["detail"] == (
        "The row of 2026-03-14 (quickbooks_online:9130:p10457:640:1) is no longer in Procore."
    )
    planned = books.plan()
    assert (planned.missing, planned.superseded) == (["quickbooks_online:9130:p10457:640:1"], [])


@pytest.mark.parametrize("state", ["posted", "verified", "missing_in_procore"])
def test_rule_5_whatever_was_written_must_still_be_there(state: str) -> None:
    books = Books.posted(PAID)
    books.entries[PAID["allocation_id"]][0]["state"] = state
    assert outcome(books.plan(), PAID) == ("matched", "right")
    books.rows[0]["amount_minor"] = 99_00
    assert outcome(books.plan(), PAID) == ("held", "drift_in_procore")
    books.rows.clear()
    assert outcome(books.plan(), PAID) == ("held", "drift_in_procore")


def test_rule_5_a_voided_one_that_procore_refused_needs_nothing() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "refused")
    books.erp_says(PAID, standing=Standing.VOIDED)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "right"))


def test_rule_5_several_rows_that_add_up_are_right_only_where_all_stand_right() -> None:
    books = Books.posted(PAID)
    first = books.rows[0]
    second_id = origin.entry_id(PAID["allocation_id"], 2)
    books.rows.append(first | {"contract_payment_id": "row 2", "origin_id": second_id})
    kept = books.entries[PAID["allocation_id"]]
    kept.append(kept[0] | {"origin_id": second_id, "n": 2})
    books.erp_says(PAID, cash_minor=200_00)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "right"))
    books.erp_says(PAID, cash_minor=100_00)
    (entry,) = rows_of(books.plan().entries)  # the newest is right by itself
    assert (entry["reverses"], entry["amount_minor"], entry["n"]) == (
        first["origin_id"],
        -100_00,
        3,
    )
    books.erp_says(PAID, cash_minor=150_00)
    assert amounts(books.plan()) == [
        ("reversal", -100_00),
        ("reversal", -100_00),
        ("payment", 150_00),
    ]
    books.erp_says(PAID, cash_minor=200_00)
    for each in (second_id, first["origin_id"]):
        for row in (*books.rows, *kept):
            row["application_id"] = "a640" if row["origin_id"] != each else "a9"
        assert len(books.plan().entries) == 3


def test_rule_5_a_changed_detail_is_reposted_only_where_the_policy_says_so() -> None:
    books = Books.posted(PAID, policies={1: policy(details_changed="repost")})
    assert (amounts(books.plan()), shown(books)["amber"]) == (NOTHING, None)
    books.erp_says(PAID, payment_number="10499", payment_date="2026-03-15")
    assert shown(books)["amber"] == "check_number_changed,date_changed"
    assert [(e["check_number"], e["date"]) for e in rows_of(books.plan().entries)] == [
        ("10457", "2026-03-14"),
        ("10499", "2026-03-15"),
    ]


def test_rule_5_a_missing_and_an_empty_check_number_are_one() -> None:
    paid = payment(None, payment_id="p1")
    books = Books.posted(paid)
    books.rows[0]["check_number"] = ""
    assert shown(books, paid)["amber"] is None


def test_rule_5_the_remarks_of_match_and_plan_stand_beside_each_other() -> None:
    numbered = PAID | {"bill_number": "typed otherwise"}
    books = Books.posted(numbered)
    books.erp_says(numbered, payment_date="2026-03-15")
    assert shown(books)["amber"] == "bill_number_differs,date_changed"


def test_rule_2_a_final_disposition_says_that_the_plan_decided() -> None:
    books = Books.posted(PAID)
    assert shown(books)["rule"] == "by_bill_id"
    books.rows.clear()
    assert shown(books)["rule"] == "plan"


def test_rule_7_2_one_of_two_projects_is_enough_and_no_other() -> None:
    there = payment("10458", bill="641")
    bills = [application("640"), application("641", "c2", project_id="8")]
    books = Books.of([PAID, there], bills)
    assert len(books.plan(projects=["7", "8"]).entries) == 2
    assert len(books.plan(projects=["9"]).entries) == 0


def test_rule_7_2_a_move_to_a_project_that_was_not_asked_for_is_left() -> None:
    books = Books.posted(PAID)
    books.applications["a640"] |= {"project_id": "8", "commitment_id": "c2"}
    books.commitments["c2"] = books.commitments["c1"] | {"commitment_id": "c2", "project_id": "8"}
    books.applications["a640"]["application_id"] = "a9"
    books.applications = {"a9": books.applications["a640"]}
    assert amounts(books.plan()) == [("reversal", -100_00), ("payment", 100_00)]
    for projects in (["7"], ["8"]):
        planned = books.plan(projects=projects)
        assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "not_asked"))
    assert len(books.plan(projects=["7", "8"]).entries) == 2


def test_rule_5_4_a_plan_that_the_circuit_breaker_caught_is_not_loaded() -> None:
    require_loadable({"stopped": None})
    with pytest.raises(RunStopped) as stop:
        require_loadable({"stopped": "It would take back 9 of 10."})
    assert stop.value.reason is Stop.MASS_CHANGE
    assert "It would take back 9 of 10." in stop.value.message


def test_rule_5_4_a_hash_does_not_depend_on_the_order_of_columns_nor_on_the_version() -> None:
    entries = [{"origin_id": "b", "n": 1}, {"origin_id": "a", "n": 2, "notes": None}]
    assert plan_hash(entries, "acme") == plan_hash(
        [dict(reversed(each.items())) for each in entries], "acme"
    )
    # An approval given before an upgrade is an approval after it.
    assert plan_hash(entries, "acme") == (
        "ebbbc1c1344bec7a146b47adebeae1d207acf0406c7929d1a82150bec2e277e9"
    )


def test_rule_5_3_what_is_gone_need_not_be_read_to_be_taken_back() -> None:
    books = Books.posted(PAID, policies={1: policy(deleted_in_erp="reverse")})
    books.erp_says(PAID, standing=Standing.DELETED, fresh=False)
    assert amounts(books.plan()) == [("reversal", -100_00)]
    books.erp_says(PAID, standing=Standing.VOIDED)
    assert outcome(books.plan(), PAID) == ("matched", "left")


def test_rule_2_what_is_left_by_decision_still_says_why_it_was_held() -> None:
    books = Books.posted(PAID)
    books.rows.clear()
    held = shown(books)
    books.decide(PAID, Decision.LEAVE)
    left = shown(books)
    assert (left["reason"], left["detail"]) == ("left_by_decision", held["detail"])


def test_rule_5_3_the_hold_adds_up_all_rows_that_still_stand() -> None:
    books = Books.posted(PAID)
    (entry,) = books.entries[PAID["allocation_id"]]
    more = {"origin_id": f"{entry['origin_id'][:-1]}2", "amount_minor": 20_00}
    books.entries[PAID["allocation_id"]].append(entry | more | {"n": 2})
    books.rows.append(books.rows[0] | more)
    books.erp_says(PAID, standing=Standing.DELETED)
    assert "; 120.00 USD still stand in Procore." in shown(books)["detail"]


def test_rule_5_the_hold_names_the_commitment_whose_tab_is_off() -> None:
    books = Books.of(PAID, tabs={"c1": False})
    assert shown(books)["detail"] == ("Commitment SC-c1 has its Payments Issued tab switched off.")


def test_rule_5_4_taking_back_where_nothing_is_known_to_stand_is_caught() -> None:
    assert [is_mass_change(reversals, 0) for reversals in (0, 2, 3, 21)] == [
        False,
        False,
        True,
        True,
    ]


def test_rule_5_5_of_two_entries_that_stand_the_newest_policy_judges() -> None:
    taxed: Row = {"bill_total_minor": 120_00, "bill_net_minor": 100_00}
    paid = payment(cash="60.00", **taxed)
    books = Books.posted(paid)
    books.new_policy(tax="exclude")
    (entry,) = books.entries[paid["allocation_id"]]
    more = {"origin_id": f"{entry['origin_id'][:-1]}2", "amount_minor": 20_00}
    books.entries[paid["allocation_id"]].append(entry | more | {"n": 2, "policy_version": 2})
    books.rows.append(books.rows[0] | more)
    books.new_policy(tax="include")
    books.erp_says(paid, cash_minor=84_00)
    assert [(e["amount_minor"], e["policy_version"]) for e in rows_of(books.plan().entries)] == [
        (-60_00, 1),
        (-20_00, 2),
        (70_00, 2),
    ]


def test_rule_7_2_what_was_not_asked_for_is_not_judged() -> None:
    books = Books.posted(PAID)
    books.rows.clear()
    assert outcome(books.plan(projects=["8"]), PAID) == ("matched", "not_asked")
    assert outcome(books.plan(projects=["7"]), PAID) == ("held", "drift_in_procore")
