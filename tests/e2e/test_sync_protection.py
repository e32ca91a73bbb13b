"""Money-rules 4 and 5.3 to 5.4 over HTTP: other people's rows, gone payments, the breaker."""

import pytest
from town import Town, call_log, on_payments

from paidsync.reasons import Hold


def test_rule_4_2_an_id_of_ours_that_the_ledger_does_not_know_stops_the_run(town: Town) -> None:
    one, other = town.paid("100.00"), town.paid("50.00", 1)
    town.do(
        "/procore/row",
        commitment_id=town.commitments[0],
        requisition_id=one.application,
        amount="100.00",
        origin_id=f"{one.prefix}:1",
    )
    summary = town.sync()
    assert summary["state"] == "Refused"
    assert summary["message"].startswith("ledger_behind")
    assert town.posts == 0
    assert town.rows(of=other.prefix) == []


def _type_by_hand(town: Town, **row: object) -> int:
    return int(town.do("/procore/row", commitment_id=town.commitments[0], **row)["payment_row_id"])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"check_number": "10-001", "amount": "1.00"}, Hold.LOOKS_LIKE_MANUAL_PAYMENT),
        ({"amount": "100.00", "ago": 6}, Hold.LOOKS_LIKE_MANUAL_PAYMENT),
        ({"amount": "100.00", "ago": 8}, None),
        ({"amount": "99.00"}, None),
        ({"amount": "100.00", "origin_id": "other:1"}, Hold.OTHER_INTEGRATION_ROW),
    ],
    ids=["check number", "amount in 7 days", "amount after 8 days", "another amount", "another's"],
)
def test_rule_4_3_a_row_that_looks_alike_is_not_posted_beside(
    town: Town, row: dict[str, object], reason: Hold | None
) -> None:
    if "origin_id" in row:  # its row is from before the cut-over
        town.connect(f"cut_over = {town.day(-1)}")
    typed = {"date": town.day(int(str(row.pop("ago", 0)))), **row}
    one = town.paid("100.00", number="10001")
    _type_by_hand(town, **typed)
    town.settled(
        posted=0 if reason else 1,
        held={reason.value: 1} if reason else {},
    )
    assert town.amounts(one.prefix) == ([] if reason else ["100.00"])


def test_rule_4_3_a_row_of_the_checks_total_on_the_commitment_looks_alike(town: Town) -> None:
    bills = [town.billed("100.00"), town.billed("40.00"), town.billed("7.00", 3)]
    town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])
    _type_by_hand(town, amount="140.00")
    town.settled(state="Held", posted=1, held={"looks_like_manual_payment": 2})


def test_rule_4_3_paid_by_procore_pay_is_outside(town: Town) -> None:
    town.paid("100.00")
    _type_by_hand(town, amount="100.00", external_payment_id="pay-1")
    town.settled(posted=0, held={}, outside={"paid_by_procore_pay": 1})


def test_rule_4_3_the_hold_closes_when_the_row_is_removed(town: Town) -> None:
    town.paid("100.00")
    typed = _type_by_hand(town, amount="100.00")
    town.settled(state="Held")
    town.do("/procore/row/remove", payment_row_id=typed)
    town.settled(state="Completed", posted=1, held={})


def test_rule_4_6_two_rows_of_one_id_are_held(town: Town) -> None:
    one = town.paid("100.00")
    town.settled(posted=1)
    town.do(
        "/procore/row",
        commitment_id=town.commitments[0],
        requisition_id=one.application,
        amount="100.00",
        origin_id=f"{one.prefix}:1",
        duplicate_origin=True,
    )
    town.do("/erp/edit", payment_id=one.payment, note="seen")
    summary = town.sync()
    assert summary["held"] == {"duplicate_in_procore": 1}
    assert (summary["posted"], summary["reversed"]) == (0, 0)


@pytest.mark.parametrize("status", [401, 403])
def test_rule_5_3_errors_prove_nothing(town: Town, status: int) -> None:
    one = town.paid("480.00")
    town.paid("15.00", 1)
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    town.fault("status", system="quickbooks_online", status=status, route="query", rate=1, after=1)
    assert town.sync()["state"] == "Failed"
    assert town.amounts(one.prefix) == ["480.00"]
    town.mend()
    town.settled(held={"deleted_in_erp": 1}, reversed=0)


def test_rule_5_4_a_mass_change_waits_for_the_approval_of_exactly_that_plan(town: Town) -> None:
    paid = [town.paid(f"{100 + place}.00", place) for place in range(5)]
    town.settled(posted=5)
    for each in paid[:3]:
        town.do("/erp/void", payment_id=each.payment)
    posts = town.posts
    refused = town.sync()
    assert refused["state"] == "Refused"
    assert refused["message"].startswith("mass_change")
    assert town.posts == posts
    assert refused["held"] == {"awaiting_approval": 3}
    plan = refused["awaiting_plan"][:12]
    wrong = town.paidsync("approve", town.name, "0" * 12, "--by", "accountant@bluebird.example")
    assert wrong.code == 2
    assert plan in wrong.err
    said = town.paidsync("approve", town.name, plan, "--by", "accountant@bluebird.example")
    assert said.code == 0, said.err
    town.settled(state="Completed", reversed=3, posted=0)
    assert all(town.net(each.prefix) == 0 for each in paid[:3])


def test_rule_5_4_an_approval_is_for_that_plan_and_no_other(town: Town) -> None:
    paid = [town.paid(f"{100 + place}.00", place) for place in range(6)]
    town.settled(posted=6)
    for each in paid[:3]:
        town.do("/erp/void", payment_id=each.payment)
    refused = town.sync()
    by = ["--by", "accountant@bluebird.example"]
    assert town.paidsync("approve", town.name, refused["awaiting_plan"], *by).code == 0
    town.do("/erp/void", payment_id=paid[3].payment)
    again = town.sync()
    assert again["state"] == "Refused"
    assert again["awaiting_plan"] != refused["awaiting_plan"]
    assert len(town.rows()) == 6


def test_rule_5_4_the_first_write_is_one_entry_read_back_before_the_rest(town: Town) -> None:
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    summary = town.settled(posted=3)
    calls = on_payments(call_log(summary["folder"]))
    first = calls.index("POST")
    assert calls[first + 1] == "GET"
    assert calls.count("POST") == 3


def test_rule_5_4_a_canary_without_an_answer_holds_the_rest_back(town: Town) -> None:
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    town.fault("status", status=503, route="contract_payments", method="POST")
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["left"]) == ("Partial", 0, 3), summary
    assert town.posts == 1
    town.settled(state="Completed", posted=3)


def test_rule_5_4_after_a_refused_canary_another_one_is_taken(town: Town) -> None:
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    town.fault("status", status=422, route="contract_payments", method="POST")
    summary = town.sync()
    assert summary["held"] == {"refused_by_procore": 1}, summary
    assert summary["posted"] == 2
    calls = on_payments(call_log(summary["folder"]))
    at = [place for place, method in enumerate(calls) if method == "POST"]
    assert "GET" in calls[at[1] : at[2]]  # the second canary was read back before the third


def test_rule_5_3_a_deletion_that_no_feed_tells_any_more_is_proved_by_its_bill(town: Town) -> None:
    one = town.paid("480.00")
    town.paid("15.00", 1)
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    town.do("/clock", advance_seconds=45 * 86_400)  # further back than change data capture reaches
    town.settled(state="Held", held={"deleted_in_erp": 1}, reversed=0)
    assert town.amounts(one.prefix) == ["480.00"]


def test_rule_4_6_beside_a_doubled_row_other_payments_of_the_commitment_are_posted(
    town: Town,
) -> None:
    one = town.paid("100.00")
    town.settled(posted=1)
    (row,) = town.rows(of=one.prefix)
    _type_by_hand(town, amount="100.00", origin_id=row.origin_id, duplicate_origin=True)
    other = town.paid("40.00")
    summary = town.sync()
    assert (summary["posted"], summary["left"]) == (1, 0), summary
    assert town.amounts(other.prefix) == ["40.00"]
    town.do("/erp/edit", payment_id=one.payment, number="10999")
    assert town.sync()["held"] == {"duplicate_in_procore": 1}
