"""Money-rule 5.3: whatever makes a payment seem to be gone, only positive evidence takes it back.

The policy takes deletions back by itself here, so that nothing but the rule stands between a
payment that seems gone and its reversal.
"""

from collections.abc import Callable
from typing import Any

import pytest
from bad_input import impatient, short_of_time
from town import Paid, Town

ERPS = ["quickbooks_online", "xero"]
POLICY = 'deleted_in_erp = "reverse"'
HTML = {"body": "<html><body>Not here.</body></html>", "content_type": "text/html"}
ELSEWHERE = {"headers": {"Location": "http://127.0.0.1:9/sign-in"}}

# What is answered where the payment is read by its id, the state in which the run ends, and what
# its message says.
NO_ANSWER: dict[str, tuple[dict[str, Any], str, str]] = {
    "401": ({"kind": "status", "status": 401}, "Failed", "`paidsync check"),
    "403": ({"kind": "status", "status": 403}, "Failed", "`paidsync check"),
    "429": ({"kind": "429", "retry_after": 900}, "Partial", "used up until"),
    "500": ({"kind": "500"}, "Failed", "Nothing to mend here"),
    "503": ({"kind": "503"}, "Failed", "Nothing to mend here"),
    "a redirect": ({"kind": "answer", "status": 302, **HTML, **ELSEWHERE}, "Failed", "redirect"),
    "no answer": ({"kind": "reset"}, "Failed", "No answer"),
    "half an answer": ({"kind": "truncated"}, "Failed", "No answer"),
    "a time-out": ({"kind": "slow", "seconds": 1.2}, "Failed", "No answer"),
    "200 without JSON": ({"kind": "answer", **HTML}, "Failed", "JSON"),
}
# Here the ERP, or what stands before it, says that there is no such payment.
NOT_FOUND: dict[str, dict[str, Any]] = {
    "404 of a proxy": {"kind": "answer", "status": 404, **HTML},
    "404 in JSON": {"kind": "answer", "status": 404, "body": {"error": "not_found"}},
    "an empty list": {"kind": "empty"},
}


@pytest.fixture(params=ERPS)
def city(
    build: Callable[..., Town], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Town:
    """A town of each ERP, whose policy reverses what was deleted."""
    impatient(monkeypatch)
    town: Town = build(erp=request.param, connect=False)
    if town.erp == "xero":
        town.do("/erp/rates", per_minute=100_000, per_day=100_000)
    town.connect(POLICY)
    return town


def standing(town: Town, count: int = 5) -> list[Paid]:
    """Payments that stand in Procore and that no feed tells of any more; so many that one reversal
    is no mass change."""
    paid = [town.paid(f"{480 + place}.00", place) for place in range(count)]
    town.settled(posted=count)
    town.do("/clock", advance_seconds=3600)
    town.settled(state="NothingToDo")
    return paid


def touched(town: Town, one: Paid) -> None:
    """Somebody saves the bill as it is: the next sync reads its payment again, by its id."""
    kind = "invoice" if town.erp == "xero" else "bill"
    town.do("/erp/raw", kind=kind, id=one.bill)


def route_of(town: Town) -> str:
    """Where single payments are read."""
    return "/Payments/" if town.erp == "xero" else "/query"


def fake(town: Town, spec: dict[str, Any], **more: Any) -> None:
    """From now on the payment is answered for like this."""
    if spec["kind"] == "empty":
        body: dict[str, Any] = {"QueryResponse": {}, "time": town.see("/clock")["now"]}
        if town.erp == "xero":
            body = {"Status": "OK", "Payments": [], "Invoices": []}
        spec = {"kind": "answer", "body": body}
    town.fault(**{"system": town.erp, "route": route_of(town), "rate": 1, **spec, **more})


def proves_nothing(town: Town, one: Paid, summary: dict[str, Any], *states: str) -> None:
    """The run took nothing back and called nothing deleted, and it says what it saw."""
    assert summary["state"] in states, summary
    assert summary["reversed"] == 0, summary
    assert "deleted_in_erp" not in summary["held"], summary
    assert town.amounts(one.prefix) == ["480.00"]
    if summary["state"] == "Held":
        assert summary["held"].keys() == {"disappeared_from_erp"}, summary
    else:
        assert summary["message"].endswith("."), summary


def all_is_well_again(town: Town) -> None:
    """What was faked is over: there is nothing to do, and nothing held."""
    town.mend()
    town.settled(state="NothingToDo", posted=0, reversed=0, held={})


def test_rule_5_3_where_no_answer_comes_nothing_is_deleted(
    city: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, *_ = standing(city)
    touched(city, one)  # for all of these runs: none of them gets as far as to store anything
    for name, (spec, state, says) in NO_ANSWER.items():
        fired = len(city.see("/faults")["fired"])
        fake(city, spec)
        with monkeypatch.context() as patch:
            if spec["kind"] == "slow":
                short_of_time(patch)
            summary = city.sync()
        proves_nothing(city, one, summary, state)
        assert says in summary["message"], (name, summary)
        assert len(city.see("/faults")["fired"]) > fired, name
        city.mend()
    of_another_company(city)
    for mode in ("sync", "reconcile"):
        summary = city.sync(mode)
        proves_nothing(city, one, summary, "Failed")
        assert "`paidsync check" in summary["message"]
    all_is_well_again(city)


def of_another_company(town: Town) -> None:
    """The token opens another company than the connection's."""
    if town.erp == "xero":
        other = [{"tenantId": "5a4c2f6e-0b6e-4d1a-9f0e-8a6c2f1b7d90", "tenantName": "Elsewhere"}]
        town.fault("answer", system="xero", route="/connections", body=other, rate=1)
        return
    error = {"Message": "message=ApplicationAuthorizationFailed", "code": "3100"}
    body = {"Fault": {"Error": [error], "type": "AuthorizationFault"}}
    system = "quickbooks_online"
    town.fault("answer", system=system, status=403, route="/v3/company", body=body, rate=1)


def test_rule_5_3_what_is_not_found_is_not_deleted_as_long_as_its_bill_shows_it(
    city: Town,
) -> None:
    one, *_ = standing(city)
    for spec in NOT_FOUND.values():
        touched(city, one)
        fake(city, spec)
        proves_nothing(city, one, city.sync(), "Failed", "Held")
        all_is_well_again(city)
    kind = "payment" if city.erp == "xero" else "billpayment"
    for mode in ("sync", "reconcile"):  # as where somebody changed the filter of a list
        touched(city, one)
        city.do("/erp/raw", kind=kind, id=one.payment, hidden=True)
        city.do("/clock", advance_seconds=3600)
        proves_nothing(city, one, city.sync(mode), "Held", "TotalsDiffer", "Failed")
        city.do("/erp/raw", kind=kind, id=one.payment)
        city.do("/clock", advance_seconds=3600)
        all_is_well_again(city)
    for name in ("Payments", "Invoices"):  # every list is empty, that of bills too
        fake(city, {"kind": "empty"}, route=f"/{name}" if city.erp == "xero" else "/query")
    proves_nothing(city, one, city.sync("reconcile"), "Held", "TotalsDiffer", "Failed")
    all_is_well_again(city)


def test_rule_5_3_a_tombstone_alone_proves_nothing(build: Callable[..., Town]) -> None:
    """Change data capture is known to name payments as deleted that are still there."""
    town = build(policy=POLICY)
    one, *_ = standing(town)
    now = town.see("/clock")["now"]
    dead = {"Id": one.payment, "domain": "QBO", "status": "Deleted"}
    groups = [{"BillPayment": [{**dead, "MetaData": {"LastUpdatedTime": now}}]}]
    body = {"CDCResponse": [{"QueryResponse": groups}], "time": now}
    town.fault("answer", system="quickbooks_online", route="/cdc", body=body)
    town.settled(state="NothingToDo", reversed=0, held={})
    assert town.amounts(one.prefix) == ["480.00"]


def test_rule_5_3_a_deletion_that_an_overfull_feed_cut_off_is_found(
    build: Callable[..., Town],
) -> None:
    """Change data capture ends after 1,000 objects without a word, tombstones last."""
    town = build(policy=POLICY)
    one, *_ = standing(town)
    town.do("/erp/delete", payment_id=one.payment)
    now = town.see("/clock")["now"]
    told = {"status": "Deleted", "MetaData": {"LastUpdatedTime": now}}
    others = [{"Id": str(9_000_000 + number), **told} for number in range(1000)]
    body = {"CDCResponse": [{"QueryResponse": [{"BillPayment": others}]}], "time": now}
    town.fault("answer", system="quickbooks_online", route="/cdc", body=body)
    town.settled(state="Completed", posted=0, reversed=1)
    assert town.amounts(one.prefix) == ["480.00", "-480.00"]


def test_rule_5_3_what_is_really_deleted_is_found_once_the_fakes_are_over(city: Town) -> None:
    one, *_ = standing(city)
    city.do("/erp/delete", payment_id=one.payment)
    if city.erp == "quickbooks_online":  # Xero keeps the row, which says so by itself
        for spec in ({"kind": "status", "status": 403}, {"kind": "503"}):
            fake(city, spec)
            proves_nothing(city, one, city.sync(), "Failed")
            city.mend()
    city.settled(state="Completed", posted=0, reversed=1)
    assert city.amounts(one.prefix) == ["480.00", "-480.00"]
