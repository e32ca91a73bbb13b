"""Lists that lie: pages that repeat, totals that are wrong, counts that do not agree."""

from typing import Any

import pytest
from bad_input import impatient
from town import Town

from connectors.procore import client

_LISTS = ["/projects", "/vendors", "/work_order_contracts", "/requisitions", "/contract_payments"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


def _small_pages(patch: pytest.MonkeyPatch) -> None:
    for name in ("_PAGE", "_PROJECTS_PAGE", "_VENDORS_PAGE"):
        patch.setattr(client, name, 2)


def _written_nothing(town: Town, says: str, posts: int = 0) -> None:
    summary = town.sync()
    assert summary["state"] == "Failed", summary
    assert says in summary["message"], summary["message"]
    assert town.posts == posts


@pytest.mark.parametrize("total", ["999", "0"])
def test_a_total_that_lies_ends_the_run(town: Town, total: str) -> None:
    town.paid("7.00", 1)
    town.settled(posted=1)
    town.paid("100.00", 1)
    for route in _LISTS:
        town.fault("headers", route=route, method="GET", rate=1, headers={"Total": total})
        says = "not complete" if route == "/contract_payments" else f"Procore counts {total} rows"
        _written_nothing(town, says, posts=1)
        town.mend()
    town.settled(state="Completed", posted=1)


def test_rule_6_3_without_a_total_no_list_of_payments_is_whole(town: Town) -> None:
    """Nothing may be posted on a list that may lack the very row that is to be posted."""
    town.paid("100.00")
    for total in (None, "many", "-1"):
        headers = {"Total": total}
        town.fault("headers", route="/contract_payments", method="GET", rate=1, headers=headers)
        _written_nothing(town, "not complete")
        town.mend()
    for route in _LISTS[:-1]:  # where a last page that is not full is proof enough
        town.fault("headers", route=route, rate=1, headers={"Total": None})
    town.settled(state="Completed", posted=1)


def test_a_page_that_repeats_ends_the_run(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for amount in ("1.00", "2.00", "3.00"):
        town.paid(amount, 1)
    town.settled(posted=3)
    one = town.paid("100.00", 1)
    _small_pages(monkeypatch)
    for route in _LISTS:
        town.fault("repeat", route=route, method="GET", after=1, rate=1)
        says = "not complete" if route == "/contract_payments" else "repeats earlier rows"
        _written_nothing(town, says, posts=3)
        town.mend()
    town.settled(state="Completed", posted=1)
    assert town.amounts(one.prefix) == ["100.00"]


def test_small_pages_give_the_same(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    _small_pages(monkeypatch)
    for place in (0, 0, 0, 1, 3):
        town.paid(f"{10 + place}.00", place)
    town.settled(state="Completed", posted=5)
    town.settled(state="NothingToDo", posted=0)


_ROW: dict[str, Any] = {"id": 1, "amount": "1.00"}
_UNREADABLE: dict[str, Any] = {
    "not a JSON list": {"data": []},
    "not complete": [_ROW, _ROW],
    "has no id": [{"amount": "1.00"}],
    "not a JSON object": ["row"],
    "cannot be read as an amount": [_ROW | {"amount": "1,250.00"}],
    "cannot be read as an instant": [_ROW | {"created_at": "yesterday"}],
    "is not an id": [_ROW | {"requisition_id": {"id": 5}}],
}


def test_a_row_of_payments_issued_that_cannot_be_read_is_no_missing_row(town: Town) -> None:
    """A number that cannot be read must not pass for none: the payment would be posted twice."""
    town.paid("100.00")
    for says, body in _UNREADABLE.items():
        headers = {"Total": str(len(body))}
        fault: dict[str, Any] = {
            "route": "/contract_payments",
            "method": "GET",
            "rate": 1,
            "headers": headers,
        }
        town.fault("answer", body=body, **fault)
        _written_nothing(town, says)
        town.mend()
    town.settled(state="Completed", posted=1)


def test_rule_2_a_count_of_the_erp_that_does_not_agree_stops_the_run(town: Town) -> None:
    """The ERP's own count of payments is compared with what was read, twice."""
    town.paid("100.00")
    town.do("/clock", advance_seconds=600)  # what changed a moment ago is compared by the next run
    for count in (0, 2, 1000):
        body = {"QueryResponse": {"totalCount": count}, "time": town.see("/clock")["now"]}
        # The payments, the count; and once more, because one may have come in between.
        for after in (1, 3):
            town.fault("answer", system="quickbooks_online", route="/query", after=after, body=body)
        summary = town.sync()
        assert summary["state"] == "TotalsDiffer", summary
        assert f"the ERP counts {count:,}" in summary["message"]
        assert "Run again" in summary["message"]
        assert town.posts == 0
        town.mend()
    town.settled(state="Completed", posted=1)


def test_rule_2_one_wrong_count_is_asked_again(town: Town) -> None:
    town.paid("100.00")
    body = {"QueryResponse": {"totalCount": 7}, "time": town.see("/clock")["now"]}
    town.fault("answer", system="quickbooks_online", route="/query", after=1, body=body)
    town.settled(state="Completed", posted=1)


def test_a_count_that_is_missing_ends_the_run(town: Town) -> None:
    town.paid("100.00")
    for found in ({}, {"totalCount": "1"}):
        body = {"QueryResponse": found, "time": town.see("/clock")["now"]}
        town.fault("answer", system="quickbooks_online", route="/query", after=1, rate=1, body=body)
        _written_nothing(town, "count is missing")
        town.mend()
    town.settled(state="Completed", posted=1)
