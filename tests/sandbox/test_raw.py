"""Answers that are not what the system would say: other bodies, headers, pages and records."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from quickbooks_helpers import Player

PAYMENTS = {"query": "SELECT * FROM BillPayment"}


def payments(player: Player) -> list[dict[str, Any]]:
    reply = player.call("GET", "query", params=PAYMENTS)
    found: list[dict[str, Any]] = reply.json()["QueryResponse"].get("BillPayment", [])
    return found


def paid(player: Player, amount: str = "100.00") -> str:
    bill = player.billed(amount)
    made = player.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    return str(made["payment_id"])


def fault(player: Player, kind: str, **more: object) -> None:
    player.do("/faults", system="quickbooks_online", kind=kind, **more)


def test_an_answer_of_ones_own(sandbox_empty: Player) -> None:
    headers = {"Location": "http://127.0.0.1:9/", "X-Kept": None}
    fault(
        sandbox_empty, "answer", status=302, body="<p>", content_type="text/html", headers=headers
    )
    reply = sandbox_empty.call("GET", "query", params=PAYMENTS)
    assert (reply.status_code, reply.text) == (302, "<p>")
    assert reply.headers["location"] == "http://127.0.0.1:9/"
    assert reply.headers["content-type"] == "text/html"
    assert "x-kept" not in reply.headers
    fault(sandbox_empty, "answer", body=[7])
    assert sandbox_empty.call("GET", "query", params=PAYMENTS).json() == [7]


def test_an_answer_after_the_request_was_carried_out(sandbox_empty: Player) -> None:
    vendor = next(iter(sandbox_empty.world.erp.vendors.rows))
    fault(sandbox_empty, "answer", method="POST", when="after")
    body = {
        "VendorRef": {"value": vendor},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TotalAmt": 10.0,
    }
    assert sandbox_empty.write("BillPayment", body).content == b""
    assert len(sandbox_empty.world.erp.payments.rows) == 1


def test_other_headers_on_a_true_answer(sandbox_empty: Player) -> None:
    paid(sandbox_empty)
    fault(sandbox_empty, "headers", headers={"intuit_tid": None, "Total": "99"})
    reply = sandbox_empty.call("GET", "query", params=PAYMENTS)
    assert "intuit_tid" not in reply.headers
    assert reply.headers["total"] == "99"
    assert len(reply.json()["QueryResponse"]["BillPayment"]) == 1


def test_an_answer_that_repeats_the_one_before(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "repeat", after=1)
    first = sandbox_empty.call("GET", "query", params={"query": "SELECT COUNT(*) FROM Bill"}).json()
    paid(sandbox_empty)
    assert sandbox_empty.call("GET", "query", params=PAYMENTS).json() == first
    assert len(payments(sandbox_empty)) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(401, "3200"), (403, "3100"), (429, "3001"), (404, "0"), (500, "10000")]
)
def test_the_gateway_refuses_with_the_code_of_the_status(
    sandbox_empty: Player, status: int, code: str
) -> None:
    fault(sandbox_empty, "status", status=status)
    reply = sandbox_empty.call("GET", "query", params=PAYMENTS)
    assert reply.status_code == status
    assert reply.json()["fault"]["error"][0]["code"] == code


def test_a_record_served_with_other_fields(sandbox_empty: Player) -> None:
    ident, other = paid(sandbox_empty), paid(sandbox_empty, "7.00")
    before = {row["Id"]: row for row in payments(sandbox_empty)}
    changes = {"TotalAmt": {"literal": "1E+2"}, "DocNumber": None, "Line": [{"Amount": "x"}]}
    sandbox_empty.do("/erp/raw", kind="BillPayment", id=ident, changes=changes)
    reply = sandbox_empty.call("GET", "query", params=PAYMENTS)
    assert '"TotalAmt": 1E+2' in reply.text
    found = {row["Id"]: row for row in reply.json()["QueryResponse"]["BillPayment"]}
    assert "DocNumber" not in found[ident]
    assert found[ident]["Line"] == [{"Amount": "x"}]
    assert int(found[ident]["SyncToken"]) == int(before[ident]["SyncToken"]) + 1  # it was edited
    assert found[other] == before[other]
    assert sandbox_empty.read("BillPayment", ident)["Line"] == [{"Amount": "x"}]
    sandbox_empty.do("/erp/raw", kind="BillPayment", id=ident)
    again = sandbox_empty.read("BillPayment", ident)
    assert again["TotalAmt"] == before[ident]["TotalAmt"]
    assert again["DocNumber"] == before[ident]["DocNumber"]


def test_a_record_served_twice(sandbox_empty: Player) -> None:
    ident, other = paid(sandbox_empty), paid(sandbox_empty, "7.00")
    twin = {"TotalAmt": 60}
    sandbox_empty.do("/erp/raw", kind="BillPayment", id=ident, twin=twin)
    versions = [row["TotalAmt"] for row in payments(sandbox_empty) if row["Id"] == ident]
    assert versions == [100.0, 60]
    sandbox_empty.do("/erp/raw", kind="BillPayment", id=ident, twin=twin, beside=other)
    rows = [(row["Id"], row["TotalAmt"]) for row in payments(sandbox_empty)]
    assert rows.index((ident, 60)) == rows.index((other, 7.0)) + 1


def test_a_record_that_no_list_shows_is_counted_all_the_same(sandbox_empty: Player) -> None:
    ident, other = paid(sandbox_empty), paid(sandbox_empty, "7.00")
    count = {"query": "SELECT COUNT(*) FROM BillPayment"}
    for hidden, shown in ((True, {other}), (False, {ident, other})):
        sandbox_empty.do("/erp/raw", kind="BillPayment", id=ident, hidden=hidden)
        assert {row["Id"] for row in payments(sandbox_empty)} == shown
        reply = sandbox_empty.call("GET", "query", params=count).json()
        assert reply["QueryResponse"]["totalCount"] == 2


def test_a_record_of_procore_served_with_other_fields(sandbox_demo: Player) -> None:
    ready = sandbox_demo.running.ready["procore"]
    form = {name: ready[name] for name in ("client_id", "client_secret")}
    form["grant_type"] = "client_credentials"
    token = httpx.post(f"{ready['auth_url']}/oauth/token", data=form, timeout=5).json()
    ident, row = next(iter(sandbox_demo.world.procore.commitments.items()))
    sandbox_demo.do("/procore/raw", id=ident, changes={"vendor": None, "title": "Altered"})
    found = httpx.get(
        f"{ready['api_url']}/rest/v1.0/work_order_contracts",
        params={"project_id": row.project_id},
        headers={
            "Authorization": f"Bearer {token['access_token']}",
            "Procore-Company-Id": str(ready["company_id"]),
        },
        timeout=5,
    ).json()
    altered = [each for each in found if each["title"] == "Altered"]
    assert [each["id"] for each in altered] == [ident]
    assert "vendor" not in altered[0]
    assert all("vendor" in each for each in found if each["id"] != ident)


def test_what_cannot_be_served_is_refused(sandbox_empty: Player) -> None:
    cannot = sandbox_empty.cannot
    assert "no kind" in cannot("/erp/raw", kind="Invoice", id="1", changes={})
    assert "no Bill 1" in cannot("/erp/raw", kind="Bill", id="1", changes={})
    ident = paid(sandbox_empty)
    assert "must be an object" in cannot("/erp/raw", kind="BillPayment", id=ident, changes=[1])
    assert "means nothing" in cannot("/erp/raw", kind="BillPayment", id=ident, colour=1)
    assert "'headers'" in cannot("/faults", system="procore", kind="headers", headers=[1])
