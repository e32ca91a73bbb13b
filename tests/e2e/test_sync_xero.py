"""What only Xero can show: payments of one bill each, batches, credits and prepayments apart."""

from collections.abc import Callable

import pytest
from town import Town


@pytest.fixture
def xero(build: Callable[..., Town]) -> Town:
    """The company with its books in Xero; connected."""
    town = build(erp="xero", connect=False)
    town.do("/erp/rates", per_minute=0, per_day=0)
    town.connect()
    return town


def test_the_whole_demo_world_in_xero_ends_equal_to_the_truth(build: Callable[..., Town]) -> None:
    town = build("demo", erp="xero", connect=False)
    town.do("/erp/rates", per_minute=0, per_day=0)
    town.connect()
    truth = town.see("/truth")
    town.settled(state="Held", posted=truth["matched"], verified=truth["matched"])
    town.settled(state="Held", posted=0, reversed=0)


def test_rule_1_1_bills_paid_in_one_go_are_a_batch_of_payments(xero: Town) -> None:
    for number in ("EFT 7001", "EFT 7002"):  # the second batch alone shows its payments' number
        bills = [xero.billed(amount, place) for amount, place in (("410.10", 0), ("520.20", 3))]
        made = xero.do(
            "/erp/pay", bills=[{"bill_id": one["bill_id"]} for one in bills], number=number
        )
        assert len({one["payment_id"] for one in made["payments"]}) == 2
        xero.settled(posted=2, verified=2)
        for one, bill in zip(made["payments"], bills, strict=True):
            [row] = xero.rows(of=xero.pair(one, bill).prefix)
            assert (row.check_number, row.requisition_id) == (number, bill["requisition_id"])


def test_rule_1_3_a_credit_note_pays_nothing(xero: Town) -> None:
    bill = xero.billed("1000.00")
    vendor = xero.vendor_of(0)
    credit = xero.do("/erp/credit", vendor_id=vendor, amount="300.00")["credit_id"]
    xero.do("/erp/apply", credit_id=credit, bill_id=bill["bill_id"])
    paid = xero.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    alone = xero.billed("80.00")
    whole = xero.do("/erp/credit", vendor_id=vendor, amount="80.00")["credit_id"]
    xero.do("/erp/apply", credit_id=whole, bill_id=alone["bill_id"])
    xero.settled(state="Completed", posted=1, money={"USD": 70000})
    assert xero.amounts(xero.pair(paid, bill).prefix) == ["700.00"]


def test_rule_1_5_a_prepayment_is_cash_dated_by_its_application(xero: Town) -> None:
    ahead = xero.do("/erp/prepay", vendor_id=xero.vendor_of(0), amount="900.00", date=xero.day(20))
    xero.settled(posted=0, outside={"unapplied": 1})
    bill = xero.billed("600.00")
    xero.do("/erp/apply", payment_id=ahead["payment_id"], bill_id=bill["bill_id"], date=xero.day(3))
    xero.settled(posted=1, outside={"unapplied": 1})
    [row] = xero.rows(of=xero.pair(ahead, bill).prefix)
    assert (str(row.amount), row.date.isoformat()) == ("600.00", xero.day(3))
    assert row.check_number == ahead["number"]


def test_rule_5_what_was_applied_and_taken_back_is_reversed_once(xero: Town) -> None:
    ahead = xero.do("/erp/prepay", vendor_id=xero.vendor_of(0), amount="600.00")
    bill = xero.billed("600.00")
    where = {"payment_id": ahead["payment_id"], "bill_id": bill["bill_id"]}
    one = xero.pair(ahead, bill)
    xero.do("/erp/apply", **where)
    xero.settled(posted=1)
    xero.do("/erp/unapply", **where)
    xero.settled(reversed=1, posted=0)
    assert "RE-APPLIED" in xero.rows(of=one.prefix)[1].notes
    xero.do("/erp/apply", **where)
    xero.settled(posted=1, reversed=0)
    assert xero.amounts(one.prefix) == ["600.00", "-600.00", "600.00"]


def test_rule_5_a_batch_that_was_deleted_is_reversed_whole(xero: Town) -> None:
    bills = [xero.billed(amount, place) for amount, place in (("310.00", 0), ("420.00", 3))]
    made = xero.do("/erp/pay", bills=[{"bill_id": one["bill_id"]} for one in bills])
    xero.paid("100.00", 1)
    for amount in ("101.00", "102.00", "103.00", "104.00", "105.00", "106.00", "107.00"):
        xero.paid(amount, 1)  # so that two reversals are no mass change
    xero.settled(posted=10)
    xero.do("/erp/delete", payment_id=made["payments"][1]["payment_id"])
    xero.settled(reversed=2, posted=0, held={})
    for one, bill in zip(made["payments"], bills, strict=True):
        rows = xero.rows(of=xero.pair(one, bill).prefix)
        assert [row.amount for row in rows] == [rows[0].amount, -rows[0].amount]
        assert "VOIDED" in rows[1].notes


def test_rule_5_a_correction_is_a_deleted_payment_and_a_new_one(xero: Town) -> None:
    one = xero.paid("1000.00")
    xero.settled(posted=1)
    xero.do("/erp/delete", payment_id=one.payment)
    again = xero.do("/erp/pay", bills=[{"bill_id": one.bill, "amount": "650.00"}])
    xero.settled(posted=1, reversed=1, money={"USD": -35000})
    assert xero.amounts(one.prefix) == ["1000.00", "-1000.00"]
    assert xero.amounts(xero.world.prefix(again["payment_id"], one.bill)) == ["650.00"]


def test_rule_4_5_a_credit_note_makes_no_room_for_somebody_elses_row(xero: Town) -> None:
    bill = xero.billed("1000.00")
    credit = xero.do("/erp/credit", vendor_id=xero.vendor_of(0), amount="600.00")["credit_id"]
    xero.do("/erp/apply", credit_id=credit, bill_id=bill["bill_id"])
    xero.do(
        "/procore/row",
        commitment_id=xero.commitments[0],
        amount="300.00",
        date=xero.day(25),
        check_number="by hand",
        requisition_id=bill["requisition_id"],
    )
    xero.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    xero.settled(state="Held", posted=0, held={"exceeds_erp_paid": 1})


def test_a_custom_connection_needs_no_refresh_token_and_no_key(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build(erp="xero", connect=False)
    ready = town.running.ready["xero"]
    text = town.file().read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("refresh_token")]
    own = "\n".join(lines).replace(ready["app_client_id"], ready["client_id"])
    monkeypatch.setenv("BLUEBIRD_ERP_SECRET", ready["client_secret"])
    monkeypatch.delenv("PAIDSYNC_SECRET_KEY")
    path = town.data_dir.parent / f"{town.name}.toml"
    path.write_text(own, encoding="utf-8")
    town.paidsync("ledger", "upgrade")
    said = town.paidsync("connect", str(path))
    assert said.code == 0, said.err
    assert "Bluebird Construction" in said.out
    assert town.paidsync("check", town.name).code == 0
