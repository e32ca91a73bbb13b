"""Change data capture, writes and their side effects, batches."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_helpers import Player


def payment_body(player: Player, bill: dict[str, Any], amount: float) -> dict[str, Any]:
    return {
        "VendorRef": {"value": bill["VendorRef"]["value"]},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TotalAmt": amount,
        "DocNumber": "9001",
        "TxnDate": "2026-01-15",
        "Line": [{"Amount": amount, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
    }


@pytest.fixture
def bill(sandbox_empty: Player) -> dict[str, Any]:
    return sandbox_empty.read("Bill", sandbox_empty.billed("1000.10")["bill_id"])


def code(reply: Any) -> str:
    assert reply.status_code == 400, reply.text
    return reply.json()["Fault"]["Error"][0]["code"]


def test_a_payment_moves_the_bill_in_the_same_second(
    sandbox_empty: Player, bill: dict[str, Any]
) -> None:
    made = sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 400.05))
    payment = made.json()["BillPayment"]
    after = sandbox_empty.read("Bill", bill["Id"])
    assert after["Balance"] == Decimal("600.05")
    assert after["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "BillPaymentCheck"}]
    assert after["SyncToken"] == "1"
    assert after["MetaData"]["LastUpdatedTime"] == payment["MetaData"]["LastUpdatedTime"]
    assert int(payment["Id"]) > int(bill["Id"])


def test_a_void_keeps_an_empty_payment_and_opens_the_bill(
    sandbox_empty: Player, bill: dict[str, Any]
) -> None:
    body = payment_body(sandbox_empty, bill, 1000.10) | {"PrivateNote": "run 19"}
    payment = sandbox_empty.write("BillPayment", body).json()["BillPayment"]
    ask = {"Id": payment["Id"], "SyncToken": "0", "sparse": True}
    assert code(sandbox_empty.write("BillPayment", ask, operation="void")) == "500"
    sandbox_empty.write("BillPayment", ask, operation="update", include="void")
    void = sandbox_empty.read("BillPayment", payment["Id"])
    assert (void["TotalAmt"], void["SyncToken"]) == (0, "1")
    assert void["PrivateNote"] == "Voided - run 19"
    assert "Line" not in void
    after = sandbox_empty.read("Bill", bill["Id"])
    assert (after["Balance"], after["LinkedTxn"]) == (Decimal("1000.1"), [])


def test_a_delete_leaves_only_a_tombstone(sandbox_empty: Player, bill: dict[str, Any]) -> None:
    body = payment_body(sandbox_empty, bill, 1000.10)
    payment = sandbox_empty.write("BillPayment", body).json()["BillPayment"]
    since = payment["MetaData"]["CreateTime"]
    ask = {"Id": payment["Id"], "SyncToken": "0"}
    gone = sandbox_empty.write("BillPayment", ask, operation="delete").json()["BillPayment"]
    assert gone == {"status": "Deleted", "domain": "QBO", "Id": payment["Id"]}
    assert code(sandbox_empty.call("GET", f"billpayment/{payment['Id']}")) == "610"
    assert sandbox_empty.query("SELECT * FROM BillPayment") == {}
    payments, bills, vendors = sandbox_empty.cdc("BillPayment,Bill,Vendor", since)
    assert [one["status"] for one in payments["BillPayment"]] == ["Deleted"]
    assert set(payments["BillPayment"][0]) == {"status", "domain", "Id", "MetaData"}
    assert bills["Bill"][0]["Balance"] == 1000.1
    assert vendors == {}


def test_an_edit_moves_the_balances_of_both_bills(
    sandbox_empty: Player, bill: dict[str, Any]
) -> None:
    other = sandbox_empty.read("Bill", sandbox_empty.billed("1000.10")["bill_id"])
    made = sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 1000.10))
    edit = payment_body(sandbox_empty, other, 1000.10)
    edit |= {"Id": made.json()["BillPayment"]["Id"], "SyncToken": "0"}
    changed = sandbox_empty.write("BillPayment", edit).json()["BillPayment"]
    assert changed["SyncToken"] == "1"
    assert sandbox_empty.read("Bill", bill["Id"])["Balance"] == Decimal("1000.1")
    assert sandbox_empty.read("Bill", other["Id"])["Balance"] == 0
    assert code(sandbox_empty.write("BillPayment", edit)) == "5010"


def test_a_sparse_edit_changes_only_what_it_names(
    sandbox_empty: Player, bill: dict[str, Any]
) -> None:
    made = sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 1000.10))
    ident = made.json()["BillPayment"]["Id"]
    edit = {"Id": ident, "SyncToken": "0", "sparse": True, "DocNumber": "9002"}
    assert sandbox_empty.write("BillPayment", edit).status_code == 200
    after = sandbox_empty.read("BillPayment", ident)
    assert (after["DocNumber"], after["TotalAmt"]) == ("9002", Decimal("1000.1"))


def test_writes_are_checked(sandbox_empty: Player, bill: dict[str, Any]) -> None:
    good = payment_body(sandbox_empty, bill, 100.0)
    assert code(sandbox_empty.write("BillPayment", good | {"Colour": "red"})) == "2010"
    assert code(sandbox_empty.write("BillPayment", {**good, "PayType": None})) == "2020"
    assert code(sandbox_empty.write("BillPayment", {**good, "DocNumber": "x" * 22})) == "2050"
    assert code(sandbox_empty.write("BillPayment", {**good, "TotalAmt": 90.0})) == "6000"
    too_much = payment_body(sandbox_empty, bill, 2000.0)
    assert code(sandbox_empty.write("BillPayment", too_much)) == "6000"
    nobody = {**good, "VendorRef": {"value": "1"}}
    assert code(sandbox_empty.write("BillPayment", nobody)) == "610"
    twice = {"DisplayName": "Harbor Ridge Concrete"}
    assert code(sandbox_empty.write("Vendor", twice)) == "6240"


def test_paying_a_paid_bill_leaves_an_empty_payment(
    sandbox_empty: Player, bill: dict[str, Any]
) -> None:
    sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 1000.10))
    again = sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 1000.10))
    assert again.json()["BillPayment"]["TotalAmt"] == 0
    assert "Line" not in again.json()["BillPayment"]


def test_a_request_id_replays_the_first_answer(sandbox_empty: Player, bill: dict[str, Any]) -> None:
    body = payment_body(sandbox_empty, bill, 10.0)
    first = sandbox_empty.write("BillPayment", body, requestid="r1").json()
    again = sandbox_empty.write("BillPayment", body, requestid="r1").json()
    assert first == again
    assert len(sandbox_empty.world.erp.payments.rows) == 1


def test_a_linked_bill_cannot_be_deleted(sandbox_empty: Player, bill: dict[str, Any]) -> None:
    sandbox_empty.write("BillPayment", payment_body(sandbox_empty, bill, 10.0))
    ask = {"Id": bill["Id"], "SyncToken": "1"}
    assert code(sandbox_empty.write("Bill", ask, operation="delete")) == "6000"


def test_a_credit_inside_a_payment(sandbox_empty: Player, bill: dict[str, Any]) -> None:
    vendor = bill["VendorRef"]["value"]
    credit = sandbox_empty.do("/erp/credit", vendor_id=vendor, amount="100.10")["credit_id"]
    body = payment_body(sandbox_empty, bill, 1000.10) | {"TotalAmt": 900.0}
    link = {"TxnId": credit, "TxnType": "VendorCredit"}
    body["Line"].append({"Amount": 100.10, "LinkedTxn": [link]})
    assert sandbox_empty.write("BillPayment", body).status_code == 200
    assert sandbox_empty.read("VendorCredit", credit)["Balance"] == 0
    assert sandbox_empty.read("Bill", bill["Id"])["Balance"] == 0


def test_change_data_capture_looks_thirty_days_back(sandbox_demo: Player) -> None:
    now = sandbox_demo.world.clock.now()
    late = {"entities": "Bill", "changedSince": (now - timedelta(days=31)).isoformat()}
    assert code(sandbox_demo.call("GET", "cdc", params=late)) == "4001"
    (group,) = sandbox_demo.cdc("BillPayment", (now - timedelta(days=29)).isoformat())
    times = [one["MetaData"]["LastUpdatedTime"] for one in group["BillPayment"]]
    assert times == sorted(times)
    assert len(times) > 10
    assert sandbox_demo.cdc("Bill,Vendor", (now + timedelta(hours=1)).isoformat()) == [{}]


def test_change_data_capture_is_cut_at_a_thousand_without_a_word(sandbox_empty: Player) -> None:
    erp = sandbox_empty.world.erp
    for _ in range(40):
        sandbox_empty.billed("5.00")
    since = (sandbox_empty.world.clock.now() - timedelta(days=1)).isoformat()
    row = next(iter(erp.bills.rows.values()))
    from sandbox.books import acts

    for _ in range(1000):
        acts.add_bill(erp, vendor_id=row.vendor_id, lines=row.lines, txn_date=row.txn_date)
    bills, vendors = sandbox_empty.cdc("Bill,Vendor", since)
    assert len(bills["Bill"]) == 1000
    assert vendors == {}


def test_a_batch_answers_each_item_for_itself(sandbox_demo: Player) -> None:
    items = [
        {"bId": "a", "Query": "select count(*) from Bill"},
        {"bId": "b", "Query": "select nonsense"},
    ]
    reply = sandbox_demo.call("POST", "batch", json={"BatchItemRequest": items}).json()
    good, bad = reply["BatchItemResponse"]
    assert good["bId"] == "a"
    assert good["QueryResponse"]["totalCount"] > 0
    assert bad["Fault"]["Error"][0]["code"] == "4000"
    many = {"BatchItemRequest": items[:1] * 31}
    assert code(sandbox_demo.call("POST", "batch", json=many)) == "1040"


def test_an_inactive_vendor_is_hidden_unless_asked_for(sandbox_demo: Player) -> None:
    vendor = sandbox_demo.query("SELECT * FROM Vendor WHERE DisplayName LIKE 'Wren%'")["Vendor"][0]
    body = {"Id": vendor["Id"], "SyncToken": vendor["SyncToken"], "sparse": True, "Active": False}
    gone = sandbox_demo.write("Vendor", body).json()["Vendor"]
    assert gone["DisplayName"].endswith(" (deleted)")
    assert sandbox_demo.query(f"SELECT * FROM Vendor WHERE Id = '{vendor['Id']}'") == {}
    found = f"SELECT * FROM Vendor WHERE Id = '{vendor['Id']}' AND Active IN (true,false)"
    assert len(sandbox_demo.query(found)["Vendor"]) == 1
