"""Money-rules 2, 4.3, 4.4, 5.5 and 7, end to end: what people type, decide and choose."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from town import Paid, Town

LINK = 'typed_rows = "link"'


def _type(town: Town, commitment: int = 0, **row: object) -> int:
    place = town.commitments[commitment]
    return int(town.do("/procore/row", commitment_id=place, **row)["payment_row_id"])


def _taxed(town: Town, amount: str, tax: str) -> Paid:
    bill = town.billed(amount, tax=tax)
    return town.pair(town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}]), bill)


def test_rule_2_a_hold_is_left_and_a_change_reopens_it(town: Town) -> None:
    one = town.paid("100.00")
    _type(town, amount="100.00")
    town.settled(posted=0, held={"looks_like_manual_payment": 1})
    town.decide(one, "leave")
    town.settled(posted=0, held={}, outside={"left_by_decision": 1})
    town.settled(posted=0, outside={"left_by_decision": 1})
    town.do("/erp/edit", bill_id=one.bill, number="CHANGED-1")
    town.settled(posted=0, held={"looks_like_manual_payment": 1})


def test_rule_2_a_person_calls_a_typed_row_another_payment(town: Town) -> None:
    one = town.paid("100.00")
    other = town.paid("100.00")
    row = _type(town, amount="100.00")
    town.settled(posted=0, held={"looks_like_manual_payment": 2})
    town.decide(one, "post")
    town.settled(posted=1, held={"looks_like_manual_payment": 1})
    assert (town.amounts(one.prefix), town.amounts(other.prefix)) == (["100.00"], [])
    town.do("/procore/row/remove", payment_row_id=row)
    town.settled(posted=1, held={})


def test_rule_2_a_person_links_what_is_ambiguous(town: Town) -> None:
    bill = town.billed("100.00", synced=False, number="TWIN")
    twin = town.do(
        "/procore/application/add",
        commitment_id=town.commitments[0],
        invoice_number="TWIN",
        due="100.00",
        origin_id="gateway:1",
    )["requisition_id"]
    one = town.pair(town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}]), bill)
    healthy = town.paid("9.00", 3)
    town.settled(posted=1, held={"ambiguous_match": 1})
    town.decide(one, "link", to=twin)
    town.settled(posted=1, held={})
    assert [row.requisition_id for row in town.rows(of=one.prefix)] == [twin]
    assert town.amounts(healthy.prefix) == ["9.00"]


def test_rule_2_a_decision_that_cannot_be_made_is_a_sentence(town: Town) -> None:
    one = town.paid("100.00")
    _type(town, amount="100.00")
    town.settled(held={"looks_like_manual_payment": 1})
    listed = town.paidsync("holds", town.name)
    assert listed.code == 0
    assert "looks_like_manual_payment" in listed.out
    assert "post | leave" in listed.out
    number = listed.out.split()[0]
    by = ["--by", "controller@bluebird.example"]
    for arguments, sentence in (
        ([number, "reverse"], "post, leave, retry can be decided, not 'reverse'"),
        ([number, "post", "--application", "5"], "no other decision takes one"),
        (["9999", "post"], "has no open hold 9999"),
    ):
        said = town.paidsync("decide", town.name, *arguments, *by)
        assert (said.code, sentence in said.err) == (2, True), said
    assert town.amounts(one.prefix) == []


def test_rule_4_3_a_typed_row_becomes_ours_where_the_policy_says_so(
    build: Callable[..., Town],
) -> None:
    town = build(policy=LINK)
    one = town.paid("100.00")
    row = _type(town, amount="100.00", date=town.day(2), notes="by hand")
    town.settled(posted=1)
    (linked,) = town.rows(of=one.prefix)
    assert (linked.id, linked.notes, str(linked.date)) == (row, "by hand", town.day(2))
    assert town.posts == 0
    town.settled(posted=0)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    assert town.amounts(one.prefix) == ["100.00", "-100.00"]


def test_rule_4_3_a_link_whose_answer_is_lost_is_adopted(build: Callable[..., Town]) -> None:
    town = build(policy=LINK)
    one = town.paid("100.00")
    _type(town, amount="100.00")
    town.fault("lost_reply", route="/rest/v1.0/contract_payments", method="PATCH", count=1)
    town.sync()
    town.mend()
    town.sync()
    assert town.differences() == []
    assert town.amounts(one.prefix) == ["100.00"]


@pytest.mark.parametrize("rows", [2, 1], ids=["two rows", "two payments"])
def test_rule_4_3_a_link_is_one_to_one_or_not_at_all(build: Callable[..., Town], rows: int) -> None:
    town = build(policy=LINK)
    payments = 3 - rows
    for _ in range(payments):
        town.paid("100.00")
    for _ in range(rows):
        _type(town, amount="100.00")
    town.settled(posted=0, held={"looks_like_manual_payment": payments})


def test_rule_4_4_another_integration_stops_the_preflight(town: Town) -> None:
    _type(town, 5, amount="7.00", origin_id="gateway:77")
    town.paid("100.00")
    summary = town.sync()
    assert summary["state"] == "Refused"
    assert summary["message"].startswith("other_integration_active")
    assert "gateway:77" in summary["message"]
    assert (town.posts, summary["extracted"]) == (0, 0)
    town.connect(f"cut_over = {town.day(-1)}")
    town.settled(posted=1)


def test_rule_4_4_a_row_after_the_cut_over_stops_every_run(town: Town) -> None:
    town.connect(f"cut_over = {town.day(0)}")
    long_ago = (town.world.clock.now().replace(year=2020)).isoformat()
    _type(town, amount="7.00", origin_id="gateway:1", created_at=long_ago)
    town.paid("100.00")
    town.settled(posted=1)
    _type(town, amount="8.00", origin_id="gateway:2")
    other = town.paid("50.00")
    town.sync()
    summary = town.sync()
    assert summary["message"].startswith("other_integration_active")
    assert town.amounts(other.prefix) == []


def test_rule_5_5_a_new_policy_leaves_what_is_posted(town: Town) -> None:
    old = _taxed(town, "120.00", "20.00")
    town.settled(posted=1)
    town.connect('tax = "exclude"')
    new = _taxed(town, "240.00", "40.00")
    town.settled(posted=1, reversed=0)
    assert (town.amounts(old.prefix), town.amounts(new.prefix)) == (["120.00"], ["200.00"])


def test_rule_5_5_restating_is_a_named_and_approved_run(town: Town) -> None:
    old = _taxed(town, "120.00", "20.00")
    others = [town.paid(f"{amount}.00") for amount in (11, 12, 13)]
    town.settled(posted=4)
    town.connect('tax = "exclude"')
    asked = town.sync(restate="net from now on")
    assert asked["state"] == "AwaitingApproval"
    assert "net from now on: 2 entries" in asked["message"]
    assert town.amounts(old.prefix) == ["120.00"]
    by = ["--by", "accountant@bluebird.example"]
    assert town.paidsync("approve", town.name, asked["awaiting_plan"], *by).code == 0
    done = town.sync(restate="net from now on")
    assert (done["state"], done["posted"], done["reversed"]) == ("Completed", 1, 1)
    assert town.amounts(old.prefix) == ["120.00", "-120.00", "100.00"]
    assert [town.amounts(each.prefix) for each in others] == [["11.00"], ["12.00"], ["13.00"]]
    town.do("/policy/restate")
    town.settled(posted=0)


def test_rule_7_1_opening_history_that_changes_is_held(build: Callable[..., Town]) -> None:
    town = build(connect=False)
    old = town.paid("100.00", date=town.day(40))
    other = town.paid("70.00", date=town.day(40))
    new = town.paid("50.00", date=town.day(5))
    town.connect(start_date=town.day(30))
    town.settled(posted=1, outside={"opening_history": 2})
    assert town.amounts(new.prefix) == ["50.00"]
    bills = [{"bill_id": old.bill, "amount": "90.00"}]
    town.do("/erp/edit", payment_id=old.payment, bills=bills)
    town.do("/erp/void", payment_id=other.payment)
    town.settled(posted=0, held={"changed_before_start": 2})
    back = [{"bill_id": old.bill, "amount": "100.00"}]
    town.do("/erp/edit", payment_id=old.payment, bills=back)
    town.settled(posted=0, held={"changed_before_start": 1}, outside={"opening_history": 1})


def test_rule_7_1_a_person_lets_procore_follow(build: Callable[..., Town]) -> None:
    town = build(connect=False)
    old = town.paid("100.00", date=town.day(40))
    town.connect(start_date=town.day(30))
    town.settled(posted=0)
    bills = [{"bill_id": old.bill, "amount": "90.00"}]
    town.do("/erp/edit", payment_id=old.payment, bills=bills)
    town.settled(held={"changed_before_start": 1})
    town.decide(old, "post")
    town.settled(posted=1, held={})
    assert town.net(old.prefix) == Decimal("90.00")


def test_rule_7_1_a_backdated_payment_first_seen_later_is_in_scope(
    build: Callable[..., Town],
) -> None:
    town = build(connect=False)
    town.connect(start_date=town.day(30))
    town.settled()
    backdated = town.paid("100.00", date=town.day(60))
    town.settled(posted=1)
    assert town.amounts(backdated.prefix) == ["100.00"]


def test_rule_7_2_preview_since_and_projects_lose_nothing(town: Town) -> None:
    first = town.paid("100.00", 0)
    town.settled(posted=1)
    elsewhere, here = town.paid("50.00", 3), town.paid("60.00", 0)
    assert town.sync("preview")["planned"] == 2
    project = str(town.world.procore.commitments[town.commitments[0]].project_id)
    only = town.sync(projects=[project])
    assert (only["posted"], only["not_asked"]) == (1, 1)
    assert town.amounts(elsewhere.prefix) == []
    since = town.sync(since=town.today)
    assert since["posted"] == 1
    assert [town.net(each.prefix) for each in (first, here, elsewhere)] == [100, 60, 50]
    later = town.paid("70.00", 5)
    town.sync("preview", since=town.today)
    town.settled(posted=1)
    assert town.amounts(later.prefix) == ["70.00"]


def test_rule_6_7_nothing_is_ever_deleted_in_procore(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("50.00")
    town.settled(posted=2)
    town.do("/erp/void", payment_id=one.payment)
    town.do("/erp/delete", payment_id=two.payment)
    town.sync()
    calls = town.see("/calls")["systems"]["procore"]
    assert any(route.startswith("POST /rest/v1.0/contract_payments") for route in calls)
    assert [route for route in calls if route.startswith("DELETE")] == []


def test_rule_6_5_two_connections_of_one_procore_company_share_one_lease(town: Town) -> None:
    town.paid("100.00")
    ledger = town.ledger
    company = str(town.running.ready["procore"]["company_id"])
    ledger.leases.take(company, run_id="another", connection="another", seconds=300)
    ledger.close()
    summary = town.sync()
    assert (summary["state"], town.posts) == ("Busy", 0)
    assert "Run another of another is writing" in summary["message"]


def test_rule_6_6_every_write_takes_the_route_of_the_first(build: Callable[..., Town]) -> None:
    town = build(policy=LINK)
    typed, posted = town.paid("100.00"), town.paid("50.00", 3)
    _type(town, amount="100.00")
    town.settled(posted=2)
    town.do("/erp/void", payment_id=posted.payment)
    town.settled(reversed=1)
    entries = [entry for each in (typed, posted) for entry in town.entries(each.prefix)]
    assert [entry["route"] for entry in entries] == ["contract_payments"] * 3
    calls = town.see("/calls")["systems"]["procore"]
    writes = {route for route in calls if not route.startswith("GET")}
    assert {route for route in writes if "oauth" not in route} == {
        "POST /rest/v1.0/contract_payments",
        "PATCH /rest/v1.0/contract_payments/{id}",
    }


def test_rule_3_1_a_person_lets_another_vendors_bill_through(town: Town) -> None:
    bill = town.billed("100.00", vendor_id=town.vendor_of(4), number="B-1", invoice_number="X-1")
    one = town.pair(town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}]), bill)
    town.settled(posted=0, held={"vendor_differs": 1})
    town.decide(one, "post")
    town.settled(posted=1, held={})
    town.settled(posted=0, held={})
    town.do("/clock", advance_seconds=90_000)
    town.settled(posted=0, held={})
