"""Money-rules 1 to 3 over HTTP: what an allocation is, and which application it belongs to."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from town import Town


def test_rule_1_1_several_lines_on_a_bill_are_one_allocation(town: Town) -> None:
    bill = town.billed("1000.00")
    parts = [{"bill_id": bill["bill_id"], "amount": amount} for amount in ("600.00", "400.00")]
    pay = town.do("/erp/pay", bills=parts)
    town.settled(posted=1, money={"USD": 100000})
    assert town.amounts(town.pair(pay, bill).prefix) == ["1000.00"]


def test_rule_1_1_one_check_over_three_bills_and_two_commitments(town: Town) -> None:
    bills = [town.billed(amount, place) for amount, place in (("10", 0), ("20", 0), ("30", 3))]
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])
    town.settled(posted=3, money={"USD": 6000})
    assert {row.check_number for row in town.rows()} == {pay["number"]}


def test_rule_1_3_only_cash_is_posted_and_a_credit_is_spread_in_proportion(town: Town) -> None:
    first, second = town.billed("100.00"), town.billed("300.00")
    credit = town.do("/erp/credit", vendor_id=town.vendor_of(0), amount="40.00")
    pay = town.do(
        "/erp/pay",
        bills=[{"bill_id": first["bill_id"]}, {"bill_id": second["bill_id"]}],
        credits=[{"credit_id": credit["credit_id"]}],
    )
    town.settled(state="Completed", posted=2, money={"USD": 36000})
    assert town.amounts(town.pair(pay, first).prefix) == ["90.00"]
    assert town.amounts(town.pair(pay, second).prefix) == ["270.00"]


def test_rule_1_3_a_credit_over_two_commitments_is_held(town: Town) -> None:
    first, second = town.billed("100.00"), town.billed("300.00", 3)
    credit = town.do("/erp/credit", vendor_id=town.vendor_of(0), amount="40.00")
    town.do(
        "/erp/pay",
        bills=[{"bill_id": first["bill_id"]}, {"bill_id": second["bill_id"]}],
        credits=[{"credit_id": credit["credit_id"]}],
    )
    town.settled(state="Held", posted=0, held={"cash_split_unknown": 2})


def test_rule_1_3_a_bill_settled_by_a_credit_alone_is_outside(town: Town) -> None:
    bill = town.billed("100.00")
    credit = town.do("/erp/credit", vendor_id=town.vendor_of(0), amount="100.00")
    town.do(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        credits=[{"credit_id": credit["credit_id"]}],
        number=None,
    )
    town.settled(posted=0, outside={"credit_application": 1})


def test_rule_1_3_a_credit_that_takes_over_a_posted_payment_takes_it_back(town: Town) -> None:
    one = town.paid("100.00")
    town.settled(posted=1)
    credit = town.do("/erp/credit", vendor_id=town.vendor_of(0), amount="100.00")
    town.do(
        "/erp/edit",
        payment_id=one.payment,
        bills=[{"bill_id": one.bill}],
        credits=[{"credit_id": credit["credit_id"]}],
    )
    town.settled(posted=0, reversed=1)
    assert town.net(one.prefix) == 0


def test_rule_1_6_a_queued_check_is_pending_until_it_is_printed(town: Town) -> None:
    bill = town.billed("100.00")
    pay = town.do(
        "/erp/pay",
        bills=[{"bill_id": bill["bill_id"]}],
        print_status="NeedToPrint",
        number=None,
    )
    town.settled(posted=0, pending={"not_issued_yet": 1})
    town.do("/erp/edit", payment_id=pay["payment_id"], print_status="PrintComplete", number="4711")
    town.settled(state="Completed", posted=1, pending={})
    assert [row.check_number for row in town.rows()] == ["4711"]


def test_rule_2_pending_becomes_matched_when_its_application_is_exported(town: Town) -> None:
    bill = town.billed("100.00", synced=False)
    town.billed("7.00", 1)  # a synced one, so that the id format is known
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(posted=0, pending={"application_not_synced": 1})
    town.do(
        "/procore/application/export",
        requisition_id=bill["requisition_id"],
        bill_id=bill["bill_id"],
    )
    town.settled(state="Completed", posted=1, pending={})
    assert town.amounts(town.pair(pay, bill).prefix) == ["100.00"]


def test_rule_2_what_the_feed_did_not_deliver_is_read_again_before_posting(town: Town) -> None:
    bill = town.billed("100.00", synced=False)
    town.billed("7.00", 1)
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(pending={"application_not_synced": 1})
    town.do("/clock", advance_seconds=864_000)  # beyond what the feed tells again
    town.settled(pending={"application_not_synced": 1})
    town.do(
        "/procore/application/export",
        requisition_id=bill["requisition_id"],
        bill_id=bill["bill_id"],
    )
    town.do("/calls/reset")
    town.settled(state="Completed", posted=1)
    assert town.amounts(town.pair(pay, bill).prefix) == ["100.00"]


def test_rule_2_a_hold_closes_when_its_cause_goes(town: Town) -> None:
    bill = town.billed("100.00", number=None, invoice_number="HRC-1")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(state="Held", held={"missing_bill_number": 1})
    town.do("/clock", advance_seconds=864_000)
    town.do("/erp/edit", bill_id=bill["bill_id"], number="HRC-1")
    town.settled(state="Completed", posted=1, held={})
    assert town.amounts(town.pair(pay, bill).prefix) == ["100.00"]
    assert town.ledger.holds.open(town.name) == []


def test_rule_3_1_another_vendor_and_number_is_held(town: Town) -> None:
    application = town.billed("100.00", synced=False, invoice_number="A-1")
    other = town.do(
        "/erp/bill", vendor_id=town.vendor_of(1), amount="100.00", number="B-1", application=False
    )
    town.billed("7.00", 1)
    town.do(
        "/procore/application/export",
        requisition_id=application["requisition_id"],
        bill_id=other["bill_id"],
    )
    town.do("/erp/pay", bills=[{"bill_id": other["bill_id"]}])
    town.settled(state="Held", posted=0, held={"vendor_differs": 1})


def test_rule_3_1_ids_of_another_kind_stop_the_run(town: Town) -> None:
    bill = town.billed("100.00", synced=False)
    town.do(
        "/procore/application/export", requisition_id=bill["requisition_id"], bill_id="INV-0001"
    )
    town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    summary = town.sync()
    assert summary["state"] == "Refused"
    assert "wrong_id_format" in summary["message"]
    assert town.rows() == []


def test_rule_3_3_vendor_and_number_find_an_application_whose_id_names_no_bill(
    town: Town,
) -> None:
    bill = town.billed("100.00", synced=False, invoice_number="hrc 42", number="HRC-42")
    town.billed("7.00", 1)
    town.do("/procore/application/export", requisition_id=bill["requisition_id"], bill_id="999999")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(state="Completed", posted=1)
    assert town.amounts(town.pair(pay, bill).prefix) == ["100.00"]


def test_rule_3_3_two_bills_of_one_number_are_never_guessed(town: Town) -> None:
    bill = town.billed("100.00", synced=False, number="HRC-42")
    twin = town.do(
        "/erp/bill", vendor_id=town.vendor_of(0), amount="55.00", number="HRC-42", application=False
    )
    town.billed("7.00", 1)
    town.do("/procore/application/export", requisition_id=bill["requisition_id"], bill_id="999999")
    for each in (bill, twin):
        town.do("/erp/pay", bills=[{"bill_id": each["bill_id"]}])
    town.settled(state="Held", posted=0, held={"ambiguous_match": 2})


def test_rule_3_5_a_number_that_differs_is_matched_and_amber(town: Town) -> None:
    bill = town.billed("100.00", invoice_number="APP 9", number="HRC-77")
    pay = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(state="Completed", posted=1)
    [row] = town.rows(of=town.pair(pay, bill).prefix)
    assert row.invoice_number == "HRC-77"
    verified = next(view for view in town.artifacts if view["key"].startswith("verified"))
    assert verified["content"][0]["status"] == "amber"
    assert "bill_number_differs" in verified["content"][0]["remark"]


def test_rule_3_8_a_lost_match_never_moves_money(town: Town) -> None:
    one = town.paid("100.00")
    town.billed("7.00", 1)
    town.settled(posted=1)
    town.do("/procore/application/unlink", requisition_id=one.application)
    town.settled(state="Held", held={"application_unlinked": 1}, posted=0, reversed=0)
    assert town.amounts(one.prefix) == ["100.00"]
    town.do("/procore/application/export", requisition_id=one.application, bill_id=one.bill)
    town.settled(held={}, posted=0, reversed=0, already_right=1)


@pytest.mark.parametrize("moves", [False, True], ids=["unlinked", "moved"])
def test_what_a_run_read_and_could_not_judge_is_judged_by_the_next(
    town: Town, *, moves: bool
) -> None:
    """An application changes, and the run that is told of it fails before it plans."""
    one = town.paid("100.00")
    town.billed("7.00", 1)
    town.settled(posted=1)
    town.do("/clock", advance_seconds=3600)
    if moves:
        place = {"commitment_id": town.commitments[5]}
        town.do("/procore/application/export", requisition_id=one.application, **place)
    else:
        town.do("/procore/application/unlink", requisition_id=one.application)
    town.fault("truncated", route="contract_payments", method="GET", count=20)
    assert town.sync()["state"] == "Failed"
    town.mend()
    town.do("/clock", advance_seconds=3600)  # no feed tells of it again
    if moves:
        town.settled(state="Completed", reversed=1, posted=1)
    else:
        town.settled(state="Held", held={"application_unlinked": 1}, posted=0, reversed=0)


def test_rule_7_1_the_first_run_marks_history_and_later_backdated_checks_count(
    build: Callable[..., Town],
) -> None:
    town = build(connect=False)
    start = town.day(30)
    path = town.file()
    path.write_text(path.read_text().replace("2000-01-01", start))
    assert town.paidsync("ledger", "upgrade").code == 0
    assert town.paidsync("connect", str(path)).code == 0
    old = town.paid("100.00", date=town.day(40))
    new = town.paid("200.00", 1, date=town.day(20))
    summary = town.sync()
    assert (summary["posted"], summary["outside"]) == (1, {"opening_history": 1})
    backdated = town.paid("300.00", 2, date=town.day(50))
    summary = town.sync()
    assert summary["posted"] == 1
    assert [town.net(each.prefix) for each in (old, new, backdated)] == [0, 200, 300]


def test_the_quick_rules_find_what_great_expectations_finds(
    build: Callable[..., Town],
) -> None:
    town = build("demo")
    found = []
    for quick in (True, False):
        folder = Path(town.sync("preview", quick=quick)["folder"])
        frame = pd.read_parquet(folder / "faults.parquet")
        found.append((frame.to_dict("records"), (folder / "rules.json").read_text()))
    assert found[0] == found[1]
    assert len(found[0][0]) >= 5


def test_the_demo_world_settles_in_one_run(build: Callable[..., Town]) -> None:
    town = build("demo")
    truth = town.see("/truth")
    preview = town.sync("preview")
    assert town.rows(of="quickbooks_online") == []
    summary = town.settled(state="Held")
    assert summary["held"] == truth["held"]
    assert summary["pending"] == truth["pending_reasons"]
    assert summary["posted"] + summary["already_right"] == truth["matched"]
    assert summary["money"] == truth["totals"]
    assert preview["planned"] == summary["posted"]
    town.settled(state="Held", posted=0, reversed=0)


def test_rule_7_2_a_preview_stores_nothing_and_moves_no_cursor(town: Town) -> None:
    town.paid("100.00")
    preview = town.sync("preview")
    assert (preview["planned"], preview["planned_money"]) == (1, {"USD": 10000})
    assert town.ledger.runs.is_first(town.name)
    for stream in ("bill_payments", "bills", "procore"):
        assert town.ledger.runs.cursor(town.name, stream) is None
    assert town.posts == 0
    town.settled(state="Completed", posted=1)


def test_rule_7_2_projects_filter_the_plan_and_not_what_is_stored(town: Town) -> None:
    one, other = town.paid("100.00"), town.paid("200.00", 3)
    project = str(town.world.procore.commitments[town.commitments[0]].project_id)
    summary = town.sync(projects=[project])
    assert (summary["state"], summary["posted"]) == ("Completed", 1)
    assert (town.net(one.prefix), town.net(other.prefix)) == (100, 0)
    town.settled(state="Completed", posted=1)
    assert town.net(other.prefix) == 200


def test_rule_7_2_since_reads_again_and_moves_no_cursor(town: Town) -> None:
    town.paid("100.00")
    town.settled(posted=1)
    before = town.ledger.runs.cursor(town.name, "bill_payments")
    town.paid("200.00", 1)
    summary = town.sync(since=town.day(3))
    assert summary["posted"] == 1
    assert town.differences() == []
    assert town.ledger.runs.cursor(town.name, "bill_payments") == before
    town.settled(state="NothingToDo", posted=0)


def test_a_payment_that_moved_and_was_dated_anew_is_counted_on_its_new_day(town: Town) -> None:
    moved, target = town.paid("100.00", date=town.day(5)), town.billed("100.00")
    town.settled(posted=1)
    town.do(
        "/erp/reapply", payment_id=moved.payment, from_bill=moved.bill, to_bill=target["bill_id"]
    )
    town.do("/erp/edit", payment_id=moved.payment, date=town.day(60))
    town.settled(posted=1, reversed=1)
    town.do("/clock", advance_seconds=7200)  # what was read is read once more, and then no longer
    town.settled()
    town.do("/clock", advance_seconds=7200)
    for ago in (6, 4):
        town.paid("10.00", 3, date=town.day(ago))
    town.settled(posted=2)
