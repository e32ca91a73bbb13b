"""The query language of QuickBooks Online, over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from quickbooks_helpers import Player


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM BillPayment",
        "select * from billpayment orderby MetaData.LastUpdatedTime",
        "SELECT * FROM BillPayment ORDER BY MetaData.LastUpdatedTime DESC, TxnDate ASC  ",
        "SELECT * FROM BillPayment WHERE TotalAmt > '0' STARTPOSITION 0 MAXRESULTS 1000",
        "SELECT * FROM Bill WHERE DocNumber LIKE 'HRC%'",
        "SELECT * FROM Vendor WHERE Active IN (true, false)",
        "SELECT * FROM BillPayment WHERE MetaData.LastUpdatedTime >= '2020-01-01T00:00:00Z'",
    ],
)
def test_the_documented_grammar_is_understood(sandbox_demo: Player, text: str) -> None:
    answer = sandbox_demo.query(text)
    assert answer["startPosition"] == 1
    assert answer["maxResults"] == len(next(v for v in answer.values() if isinstance(v, list)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT * FROM BillPayment WHERE TotalAmt > 0", "4000"),
        ("SELECT * FROM BillPayment WHERE DocNumber = '1' OR DocNumber = '2'", "4000"),
        ("SELECT * FROM BillPayment WHERE DocNumber != '1'", "4000"),
        ("SELECT * FROM Vendor WHERE DisplayName = 'O''Neil'", "4000"),
        ("SELECT Id FROM BillPayment", "4000"),
        ("SELECT * FROM BillPayment GROUP BY Id", "4000"),
        ("SELECT * FROM BillPayment WHERE", "4000"),
        ("SELECT * FROM BillPayment; DROP", "4000"),
        ("SELECT * FROM BillPayment WHERE Foo = '1'", "4001"),
        ("SELECT * FROM BillPayment WHERE PayType = 'Check'", "4001"),
        ("SELECT * FROM BillPayment WHERE PrivateNote LIKE 'Voided%'", "4001"),
        ("SELECT * FROM BillPayment WHERE Id > '1'", "4001"),
        ("SELECT * FROM BillPayment WHERE TxnDate > 'yesterday'", "4001"),
        ("SELECT * FROM BillPayment ORDERBY Id", "4001"),
        ("SELECT * FROM BillPayment MAXRESULTS 1001", "4001"),
        ("SELECT * FROM Nothing", "4001"),
    ],
)
def test_what_is_not_documented_is_refused(sandbox_demo: Player, text: str, code: str) -> None:
    assert sandbox_demo.refused(text) == code


def test_backslash_escapes_a_quote(sandbox_demo: Player) -> None:
    made = sandbox_demo.write("Vendor", {"DisplayName": "O'Neil Paving"})
    assert made.status_code == 200
    found = sandbox_demo.query(r"SELECT * FROM Vendor WHERE DisplayName = 'O\'Neil Paving'")
    assert [vendor["DisplayName"] for vendor in found["Vendor"]] == ["O'Neil Paving"]


def test_count_has_only_a_total(sandbox_demo: Player) -> None:
    assert sandbox_demo.query("SELECT COUNT(*) FROM BillPayment ") == {
        "totalCount": len(sandbox_demo.world.erp.payments.rows)
    }


def test_an_empty_answer_has_no_entity_key(sandbox_demo: Player) -> None:
    assert sandbox_demo.query("SELECT * FROM Bill WHERE DocNumber = 'none such'") == {}


def test_pages_are_cut_and_numbered_from_one(sandbox_demo: Player) -> None:
    order = "SELECT * FROM Bill ORDERBY MetaData.CreateTime"
    whole = sandbox_demo.query(f"{order} MAXRESULTS 1000")["Bill"]
    second = sandbox_demo.query(f"{order} STARTPOSITION 6 MAXRESULTS 5")
    assert [b["Id"] for b in second["Bill"]] == [b["Id"] for b in whole[5:10]]
    assert (second["startPosition"], second["maxResults"]) == (6, 5)


def test_a_window_of_last_updated_time_is_half_open(sandbox_demo: Player) -> None:
    bills = sandbox_demo.query("SELECT * FROM BillPayment MAXRESULTS 1000")["BillPayment"]
    stamp = bills[3]["MetaData"]["LastUpdatedTime"]
    name = "MetaData.LastUpdatedTime"
    from_it = sandbox_demo.query(f"SELECT * FROM BillPayment WHERE {name} >= '{stamp}'")
    before = sandbox_demo.query(f"SELECT * FROM BillPayment WHERE {name} < '{stamp}'")
    assert len(from_it["BillPayment"]) + len(before["BillPayment"]) == len(bills)
    assert bills[3]["Id"] in {one["Id"] for one in from_it["BillPayment"]}


def test_a_raw_plus_in_an_offset_is_a_space_and_refused(sandbox_demo: Player) -> None:
    text = "SELECT * FROM Bill WHERE MetaData.CreateTime > '2026-01-01T00:00:00+01:00'"
    raw = quote(text).replace("%2B", "+")
    assert sandbox_demo.call("GET", f"query?query={raw}").status_code == 400
    assert sandbox_demo.call("GET", f"query?query={quote(text)}").status_code == 200


def test_a_statement_may_be_posted_as_text(sandbox_demo: Player) -> None:
    headers = {"Content-Type": "application/text"}
    text = "SELECT COUNT(*) FROM Bill"
    assert sandbox_demo.call("POST", "query", content=text, headers=headers).status_code == 200
    headers = {"Content-Type": "application/json"}
    assert sandbox_demo.call("POST", "query", content=text, headers=headers).status_code == 400


def test_parameters_and_headers_are_checked(sandbox_demo: Player) -> None:
    text = "SELECT * FROM Bill"
    ok = sandbox_demo.call("GET", "query", params={"query": text, "minorversion": "75"})
    assert ok.status_code == 200
    assert ok.headers["intuit_tid"]
    unknown = sandbox_demo.call("GET", "query", params={"query": text, "page": "2"})
    assert unknown.json()["Fault"]["Error"][0]["code"] == "2010"
    assert sandbox_demo.call("GET", "query").json()["Fault"]["Error"][0]["code"] == "2020"
    xml = sandbox_demo.call("GET", "query", params={"query": text}, headers={"Accept": "*/*"})
    assert xml.status_code == 400


def test_single_reads_and_company_info(sandbox_demo: Player) -> None:
    gone = sandbox_demo.call("GET", "bill/999999")
    assert (gone.status_code, gone.json()["Fault"]["Error"][0]["code"]) == (400, "610")
    info = sandbox_demo.call("GET", f"companyinfo/{sandbox_demo.qbo['realm_id']}").json()
    assert info["CompanyInfo"]["CompanyName"] == "Bluebird Construction"
    money = sandbox_demo.call("GET", "preferences").json()["Preferences"]["CurrencyPrefs"]
    assert money == {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": "USD"}}
    assert sandbox_demo.call("GET", "BillPayment/1").status_code == 400


def test_the_shape_of_a_payment(sandbox_demo: Player) -> None:
    payments = sandbox_demo.query("SELECT * FROM BillPayment MAXRESULTS 1000")["BillPayment"]
    plain = next(p for p in payments if p["PayType"] == "Check" and p.get("Line"))
    assert plain["SyncToken"].isdigit()
    assert plain["domain"] == "QBO"
    assert plain["MetaData"]["LastUpdatedTime"][-6:] in ("-08:00", "-07:00")
    assert "Id" not in plain["Line"][0]
    assert "LineNum" not in plain["Line"][0]
    void = next(p for p in payments if p.get("PrivateNote", "").startswith("Voided"))
    assert void["TotalAmt"] == 0
    assert "Line" not in void
    canadian = next(p for p in payments if p["CurrencyRef"]["value"] == "CAD")
    assert canadian["ExchangeRate"] == 0.73
