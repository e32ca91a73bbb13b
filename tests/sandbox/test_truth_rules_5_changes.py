"""The truth after changes: money-rules 5, 5.3 and 5.5, and decisions on holds (2)."""

from __future__ import annotations

import pytest
from quickbooks_helpers import Player
from truth_helpers import agree, is_now, opinion, pay, write


def posted(player: Player, amount: str = "100.00") -> tuple[str, str, int]:
    found = player.paid(amount)
    agree(player)
    return found


def decide(
    player: Player, payment: str, bill: str, reason: str, decision: str, **more: int
) -> None:
    asked = {"payment_id": payment, "bill_id": bill, "reason": reason, "decision": decision}
    player.do("/decide", **asked, **more)


def test_rule_5_5_an_entry_is_judged_by_the_version_it_was_posted_under(
    sandbox_empty: Player,
) -> None:
    first, second = posted(sandbox_empty), sandbox_empty.paid("50.00", 1)
    version = sandbox_empty.do("/policy", deleted_in_erp="reverse")["version"]
    agree(sandbox_empty)
    found = [opinion(sandbox_empty, *one[:2])["policy_version"] for one in (first, second)]
    assert found == [version - 1, version]
    for payment, _, _ in (first, second):
        sandbox_empty.do("/erp/delete", payment_id=payment)
    assert is_now(sandbox_empty, *first[:2]) == ("held", "deleted_in_erp", 10000)
    (gone,) = sandbox_empty.see("/differences")
    assert gone["origin_prefix"] == sandbox_empty.world.prefix(*second[:2])
    agree(sandbox_empty)


def test_rule_5_5_a_correction_keeps_the_version_of_what_stands(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("110.00", tax="10.00")["bill_id"]
    payment = pay(sandbox_empty, bill, "22.00")
    agree(sandbox_empty)
    sandbox_empty.do("/policy", tax="exclude")
    for amount, minor in (("33.00", 3300), ("44.00", 4400)):
        bills = [{"bill_id": bill, "amount": amount}]
        sandbox_empty.do("/erp/edit", payment_id=payment, bills=bills)
        assert is_now(sandbox_empty, payment, bill) == ("matched", None, minor)
        agree(sandbox_empty)
    sandbox_empty.do("/erp/void", payment_id=payment)
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=[{"bill_id": bill, "amount": "11.00"}])
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 1000)  # nothing stood


def test_rule_5_5_a_restatement_judges_everything_by_the_current_version(
    sandbox_empty: Player,
) -> None:
    bill = sandbox_empty.billed("110.00", tax="10.00")["bill_id"]
    payment = pay(sandbox_empty, bill, "22.00")
    plain, other, _ = sandbox_empty.paid("30.00", 1)
    agree(sandbox_empty)
    sandbox_empty.do("/policy", tax="exclude")
    assert sandbox_empty.see("/differences") == []
    done = sandbox_empty.do("/policy/restate")
    assert (done["standing"], done["changed"]) == (2, 1)
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 2000)
    assert is_now(sandbox_empty, plain, other) == ("matched", None, 3000)
    agree(sandbox_empty)


def test_rule_5_a_changed_number_is_posted_anew_where_the_policy_says_so(
    sandbox_empty: Player,
) -> None:
    sandbox_empty.do("/policy", details_changed="repost")
    payment, bill, application = posted(sandbox_empty)
    sandbox_empty.do("/erp/edit", payment_id=payment, number="77001")
    (wrong,) = sandbox_empty.see("/differences")
    assert (wrong["kind"], wrong["expected"]) == ("wrong_check_number", "77001")
    place = sandbox_empty.commitments[0], application
    for minor in (-10000, 10000):
        write(sandbox_empty, sandbox_empty.world.prefix(payment, bill), *place, minor)
    assert sandbox_empty.see("/differences") == []
    sandbox_empty.do("/erp/edit", payment_id=payment, date="2025-01-02")
    assert [one["kind"] for one in sandbox_empty.see("/differences")] == ["wrong_date"]


def test_rule_4_3_nothing_is_posted_anew_beside_a_row_that_looks_alike(
    sandbox_empty: Player,
) -> None:
    sandbox_empty.do("/policy", details_changed="repost")
    payment, bill, _ = posted(sandbox_empty)
    place = sandbox_empty.commitments[0]
    day = sandbox_empty.world.erp.payments.rows[payment].txn_date.isoformat()
    sandbox_empty.do("/procore/row", commitment_id=place, amount="100.00", date=day)
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    sandbox_empty.do("/erp/edit", payment_id=payment, number="77001")
    assert is_now(sandbox_empty, payment, bill) == ("held", "looks_like_manual_payment", 10000)
    assert sandbox_empty.see("/differences") == []


def test_rule_5_a_changed_number_is_only_noted_for_what_was_posted_before(
    sandbox_empty: Player,
) -> None:
    payment, _, _ = posted(sandbox_empty)
    sandbox_empty.do("/policy", details_changed="repost")
    sandbox_empty.do("/erp/edit", payment_id=payment, number="77001")
    assert sandbox_empty.see("/differences") == []


def test_rule_5_drift_ends_when_the_row_is_again_what_it_was(sandbox_empty: Player) -> None:
    payment, bill, _ = posted(sandbox_empty)
    (row,) = sandbox_empty.world.procore.payments()
    sandbox_empty.do("/procore/row/change", payment_row_id=row.id, amount="90.00")
    assert is_now(sandbox_empty, payment, bill) == ("held", "drift_in_procore", 9000)
    assert sandbox_empty.see("/differences") == []
    sandbox_empty.do("/procore/row/change", payment_row_id=row.id, amount="100.00")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)


def test_rule_5_a_drifted_row_of_a_voided_payment_stays(sandbox_empty: Player) -> None:
    payment, bill, _ = posted(sandbox_empty)
    (row,) = sandbox_empty.world.procore.payments()
    sandbox_empty.do("/procore/row/change", payment_row_id=row.id, amount="90.00")
    sandbox_empty.do("/erp/void", payment_id=payment)
    assert is_now(sandbox_empty, payment, bill) == ("held", "drift_in_procore", 9000)
    assert sandbox_empty.see("/differences") == []


def test_rule_2_a_hold_keeps_the_frozen_target(sandbox_empty: Player) -> None:
    sandbox_empty.do("/policy", tax="exclude")
    bill = sandbox_empty.billed("110.00", tax="10.00", number="A-1", invoice_number="A-1")
    payment = pay(sandbox_empty, bill["bill_id"], "55.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", bill_id=bill["bill_id"], number=None, tax="0")
    found = is_now(sandbox_empty, payment, bill["bill_id"])
    assert found == ("held", "missing_bill_number", 5000)
    assert sandbox_empty.see("/differences") == []


def test_rule_2_leave_puts_outside_what_is_left(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00", due="90.00")["bill_id"]
    payment = pay(sandbox_empty, bill, "40.00")
    decide(sandbox_empty, payment, bill, "bill_total_differs", "leave")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "left_by_decision", 0)
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=[{"bill_id": bill, "amount": "41.00"}])
    assert is_now(sandbox_empty, payment, bill) == ("held", "bill_total_differs", 0)


def test_rule_2_post_waives_one_reason_only(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("100.00", due="90.00")["bill_id"]
    payment = pay(sandbox_empty, bill, "95.00")
    decide(sandbox_empty, payment, bill, "bill_total_differs", "post")
    held = ("held", "overpays_payment_application", 0)
    assert is_now(sandbox_empty, payment, bill) == held
    decide(sandbox_empty, payment, bill, "overpays_payment_application", "post")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 9500)
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", bill_id=bill, number="ANOTHER")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 9500)  # posted already


def test_rule_2_a_typed_row_is_posted_beside_on_a_persons_word(sandbox_empty: Player) -> None:
    payment, bill, _ = sandbox_empty.paid("100.00")
    sandbox_empty.do("/procore/row", commitment_id=sandbox_empty.commitments[0], amount="100.00")
    decide(sandbox_empty, payment, bill, "looks_like_manual_payment", "post")
    assert is_now(sandbox_empty, payment, bill) == ("matched", None, 10000)
    agree(sandbox_empty)


def test_rule_2_link_matches_to_the_application_that_a_person_names(sandbox_empty: Player) -> None:
    bills = []
    for amount in ("100.00", "55.00"):
        one = sandbox_empty.billed(amount, number="HRC-42", application=False)
        bills.append(one["bill_id"])
    payment = pay(sandbox_empty, bills[0], "100.00")
    application = sandbox_empty.do(
        "/procore/application/add",
        commitment_id=sandbox_empty.commitments[0],
        due="100.00",
        invoice_number="HRC-42",
        origin_id="x-1",
    )["requisition_id"]
    assert is_now(sandbox_empty, payment, bills[0]) == ("held", "ambiguous_match", 0)
    more = {"to_application_id": application}
    decide(sandbox_empty, payment, bills[0], "ambiguous_match", "link", **more)
    one = opinion(sandbox_empty, payment, bills[0])
    assert (one["disposition"], one["requisition_id"]) == ("matched", application)
    agree(sandbox_empty)


def test_rule_5_3_one_decision_posts_reversal_and_replacement(sandbox_empty: Player) -> None:
    payment, bill, _ = posted(sandbox_empty)
    sandbox_empty.do("/erp/delete", payment_id=payment)
    again = pay(sandbox_empty, bill, "100.00")
    assert is_now(sandbox_empty, again, bill) == ("held", "deleted_in_erp", 0)
    decide(sandbox_empty, payment, bill, "deleted_in_erp", "reverse")
    assert is_now(sandbox_empty, again, bill) == ("matched", None, 10000)
    expected = {d["origin_prefix"]: d["expected_minor"] for d in sandbox_empty.see("/differences")}
    prefix = sandbox_empty.world.prefix
    assert expected == {prefix(payment, bill): 0, prefix(again, bill): 10000}
    agree(sandbox_empty)
    assert sandbox_empty.see("/truth")["held"] == {}


def test_rule_2_a_person_may_leave_what_only_the_program_can_hold(sandbox_empty: Player) -> None:
    payment, bill, _ = sandbox_empty.paid("100.00")
    decide(sandbox_empty, payment, bill, "refused_by_procore", "leave")
    assert is_now(sandbox_empty, payment, bill) == ("outside", "left_by_decision", 0)


def test_rule_2_what_has_no_amount_cannot_be_posted(sandbox_empty: Player) -> None:
    bills = [sandbox_empty.billed("300.00", place)["bill_id"] for place in (0, 3)]
    vendor = sandbox_empty.world.erp.bills.rows[bills[0]].vendor_id
    credit = sandbox_empty.do("/erp/credit", vendor_id=vendor, amount="40.00")["credit_id"]
    payment = sandbox_empty.do(
        "/erp/pay",
        bills=[{"bill_id": bill} for bill in bills],
        credits=[{"credit_id": credit}],
    )["payment_id"]
    decide(sandbox_empty, payment, bills[0], "cash_split_unknown", "post")
    assert is_now(sandbox_empty, payment, bills[0]) == ("held", "cash_split_unknown", 0)


def test_rule_2_a_hold_between_reversal_and_payment_moves_nothing(sandbox_empty: Player) -> None:
    payment, bill, application = sandbox_empty.paid("100.00")
    agree(sandbox_empty)
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=[{"bill_id": bill, "amount": "90.00"}])
    place = sandbox_empty.commitments[0], application
    write(sandbox_empty, sandbox_empty.world.prefix(payment, bill), *place, -10000)
    sandbox_empty.do("/erp/edit", bill_id=bill, number=None)
    assert is_now(sandbox_empty, payment, bill) == ("held", "missing_bill_number", 0)
    assert sandbox_empty.see("/differences") == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"reason": "bill_total_differs", "decision": "post"}, "is not held for"),
        ({"reason": "bad_luck", "decision": "post"}, "no hold reason"),
        ({"reason": "bill_total_differs", "decision": "shrug"}, "'decision' is one of"),
        ({"reason": "ambiguous_match", "decision": "link"}, "goes with the decision 'link'"),
        ({"reason": "bill_total_differs", "decision": "post", "bill_id": "1"}, "no allocation"),
    ],
)
def test_a_decision_on_nothing_is_refused(
    sandbox_empty: Player, asked: dict[str, str], says: str
) -> None:
    payment, bill, _ = sandbox_empty.paid("100.00")
    assert says in sandbox_empty.cannot(
        "/decide", **{"payment_id": payment, "bill_id": bill, **asked}
    )
