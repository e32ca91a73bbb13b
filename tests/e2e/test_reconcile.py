"""The nightly reconcile: what no feed tells is found, and what stands in Procore is looked at."""

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from town import Paid, Town, manifest

ERPS = ["quickbooks_online", "xero"]
AN_HOUR = 3600


@pytest.fixture(params=ERPS)
def city(build: Callable[..., Town], request: pytest.FixtureRequest) -> Town:
    """A town of each ERP, with one payment that stands."""
    town: Town = build(erp=request.param)
    town.paid("15.00", 1)
    town.settled(posted=1)
    return town


def later(town: Town, seconds: int = AN_HOUR) -> None:
    """Some time passes, more than any feed is read again for."""
    town.do("/clock", advance_seconds=seconds)


def deafen(town: Town) -> None:
    """The next run's feeds tell nothing, and it reads on from behind what they kept back."""
    now = town.see("/clock")["now"]
    if town.erp == "xero":
        moment = f"/Date({datetime.fromisoformat(now).timestamp() * 1000:.0f}+0000)/"
        for name in ("Payments", "Invoices"):
            body = {"Status": "OK", name: [], "DateTimeUTC": moment}
            town.fault("answer", system="xero", route=f"/{name}", body=body)
        return
    body = {"CDCResponse": [{"QueryResponse": [{}]}], "time": now}
    town.fault("answer", system="quickbooks_online", route="/cdc", count=2, body=body)


def unheard(town: Town) -> None:
    """Two syncs, the first of which is told nothing; neither finds anything to do."""
    later(town)
    deafen(town)
    for _ in range(2):
        assert town.sync()["state"] == "NothingToDo"
        later(town)
    assert town.see("/faults")["active"] == []


def reconciled(town: Town, **expected: Any) -> dict[str, Any]:
    """A reconcile after which Procore is as it should be, and the ERP's totals are ours."""
    summary = town.sync("reconcile")
    assert {name: summary[name] for name in expected} == expected, summary
    assert town.differences() == []
    payments, bills = summary["control"]["payments"], summary["control"]["bills"]
    assert payments["ours"] == payments["theirs"] > 0
    assert bills["compared"] > 0
    assert bills["unexplained"] == 0
    return summary


def page(town: Town) -> str:
    """The summary that the last run shows in Prefect."""
    return next(each["content"] for each in town.artifacts if each["key"].startswith("summary-"))


# What no feed tells


def test_a_payment_that_appears_behind_every_cursor_is_found_and_posted(city: Town) -> None:
    later(city, 7 * 86_400)
    city.settled(state="NothingToDo")
    bill = city.billed("480.00")
    old = city.day(3) + "T12:00:00+00:00"
    made = city.do("/erp/late", bills=[{"bill_id": bill["bill_id"]}], appeared_at=old, number="77")
    later(city)
    assert city.sync()["posted"] == 0
    assert city.differences() != []
    reconciled(city, state="Completed", found=1, posted=1, verified=1)
    assert city.amounts(city.pair(made, bill).prefix) == ["480.00"]
    assert "Found 1 payment that no feed had told of" in page(city)
    [line] = [each for each in page(city).splitlines() if each.startswith("- Payment 77 of")]
    assert "480.00 USD" in line
    city.settled(state="NothingToDo", posted=0)


def test_a_void_that_the_feed_kept_back_is_found_and_reversed(city: Town) -> None:
    one = city.paid("480.00")
    for place in range(2, 6):
        city.paid(f"{place}0.00", place)  # so that one reversal is no mass change
    city.settled(posted=5)
    city.do("/erp/void", payment_id=one.payment)
    unheard(city)
    assert city.net(one.prefix) == 480
    reconciled(city, state="Completed", found=1, posted=0, reversed=1)
    assert city.amounts(one.prefix) == ["480.00", "-480.00"]


def test_rule_5_3_a_deletion_that_the_feed_kept_back_is_found(build: Callable[..., Town]) -> None:
    """In Xero a deleted payment stays and says so: that is the void above."""
    town = build()
    one, _ = town.paid("480.00"), town.paid("15.00", 1)
    town.settled(posted=2)
    town.do("/erp/delete", payment_id=one.payment)
    unheard(town)
    reconciled(town, state="Held", found=1, reversed=0, held={"deleted_in_erp": 1})
    assert town.amounts(one.prefix) == ["480.00"]


def test_an_application_that_procores_lists_of_changes_kept_back_is_found(town: Town) -> None:
    def on(route: str) -> None:
        """Procore tells its time, so that lists are asked for what changed."""
        now = datetime.fromisoformat(town.see("/clock")["now"])
        told = {"Date": format_datetime(now, usegmt=True)}
        town.mend()
        town.fault("headers", route=route, headers=told, rate=1)

    on("/projects")
    bill = town.billed("480.00", synced=False)
    made = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
    town.settled(posted=0, pending={"application_not_synced": 1})
    ids = {"requisition_id": bill["requisition_id"], "bill_id": bill["bill_id"]}
    town.do("/procore/application/export", **ids)
    for told_nothing in (True, False):
        later(town)
        on("/projects")
        if told_nothing:
            nothing = {"body": [], "headers": {"Total": "0"}}
            town.fault("answer", route="/requisitions", rate=1, **nothing)
        assert town.sync()["pending"] == {"application_not_synced": 1}
    later(town)
    reconciled(town, state="Completed", posted=1, pending={})
    assert town.amounts(town.pair(made, bill).prefix) == ["480.00"]


def test_rule_2_a_sync_whose_count_is_not_the_erps_looks_for_the_rest_itself(city: Town) -> None:
    later(city, 7 * 86_400)
    city.settled(state="NothingToDo")
    bill = city.billed("480.00")
    old = city.day(3) + "T12:00:00+00:00"
    made = city.do("/erp/late", bills=[{"bill_id": bill["bill_id"]}], appeared_at=old)
    told = city.paid("33.00", 3)  # of the same day, so that this day is counted
    later(city)
    summary = city.settled(state="Completed", posted=2, found=1)
    assert summary["control"]["payments"]["detail"] is None
    assert city.amounts(city.pair(made, bill).prefix) == ["480.00"]
    assert city.amounts(told.prefix) == ["33.00"]


# The ERP's own totals


def ledger_of(town: Town) -> tuple[Any, ...]:
    """What the ledger keeps of the ERP, and how far it has read."""
    ledger = town.ledger
    kept = ledger.allocations.all(town.name)
    cursors = [ledger.runs.cursor(town.name, stream) for stream in ("bill_payments", "bills")]
    ledger.close()
    return kept, cursors


def undated(town: Town, payment: str, *, again: bool = False) -> None:
    """The ERP lists a payment without its day, and still counts it under that day; or both are
    right ``again``."""
    kind, day = ("payment", "Date") if town.erp == "xero" else ("billpayment", "TxnDate")
    town.do("/erp/raw", kind=kind, id=payment, **({} if again else {"changes": {day: None}}))


def test_rule_2_totals_that_differ_are_said_and_nothing_is_kept_or_posted(city: Town) -> None:
    one, other = city.paid("480.00"), city.paid("33.00", 3)
    undated(city, other.payment)
    later(city)
    before, posts = ledger_of(city), city.posts
    summary = city.sync("reconcile")
    assert summary["state"] == "TotalsDiffer", summary
    assert "The extract has 2 payments" in summary["message"]
    assert "the ERP counts 3" in summary["message"]
    assert city.posts == posts
    assert ledger_of(city) == before
    undated(city, other.payment, again=True)
    later(city)
    reconciled(city, state="Completed", posted=2)
    assert city.amounts(one.prefix) == ["480.00"]


def test_a_bill_that_is_paid_otherwise_than_its_payments_say_is_named(city: Town) -> None:
    """What the ERP says is paid on a bill is a total of its own: it tells of a payment that
    neither lists nor counts show."""
    bill = city.billed("480.00", number="HRC-9")
    ours = city.paid("22.00", 3)
    served: dict[str, Any] = {"kind": "bill", "changes": {"Balance": {"literal": "180.00"}}}
    if city.erp == "xero":
        served = {"kind": "invoice", "changes": {"AmountPaid": {"literal": "300.00"}}}
    city.do("/erp/raw", id=bill["bill_id"], **served)
    later(city)
    summary = city.sync("reconcile")
    assert summary["state"] == "TotalsDiffer", summary
    assert "300.00 USD is paid on bill HRC-9; its payments come to 0.00 USD" in summary["message"]
    assert summary["control"]["bills"]["unexplained"] == 1
    assert city.amounts(ours.prefix) == ["22.00"]  # what is known for sure is posted all the same
    city.do("/erp/raw", kind=served["kind"], id=bill["bill_id"])
    later(city)
    reconciled(city, state="NothingToDo", posted=0)


# What stands in Procore


def quiet(town: Town, count: int) -> list[Paid]:
    """Payments that were settled: no sync looks at their commitments any more."""
    paid = [town.paid(f"{480 + place}.00", place) for place in range(count)]
    town.settled(posted=count)
    later(town)
    town.settled(state="NothingToDo")
    return paid


def test_whatever_became_of_our_rows_is_found_and_stays_held(town: Town) -> None:
    removed, changed, numbered, beside, elsewhere = paid = quiet(town, 5)
    rows = {one: town.rows(of=one.prefix)[0].id for one in paid}
    town.do("/procore/row/remove", payment_row_id=rows[removed])
    town.do("/procore/row/change", payment_row_id=rows[changed], amount="48.00")
    town.do("/procore/row/change", payment_row_id=rows[numbered], check_number="9")
    for one, place, amount in ((beside, 3, "483.00"), (elsewhere, 9, "484.00")):
        same = {"amount": amount, "origin_id": f"{one.prefix}:1", "duplicate_origin": True}
        town.do("/procore/row", commitment_id=town.commitments[place], **same)
    assert town.sync()["state"] == "NothingToDo"
    held = {"drift_in_procore": 3, "duplicate_in_procore": 2}
    before = len(town.rows())
    for mode in ("reconcile", "sync"):
        summary = town.sync(mode)
        assert (summary["state"], summary["held"]) == ("Held", held), summary
    assert len(town.rows()) == before


def test_rule_4_5_a_payment_that_somebody_typed_once_more_is_told(town: Town) -> None:
    [one] = quiet(town, 1)
    typed = {"amount": "480.00", "requisition_id": one.application}
    town.do("/procore/row", commitment_id=town.commitments[0], **typed)
    assert town.sync()["state"] == "NothingToDo"
    town.do("/calls/reset")
    summary = reconciled(town, state="NothingToDo", posted=0, held={})
    assert town.calls("GET /rest/v1.0/contract_payments") == len(town.commitments)
    assert "More in Procore than the ERP says is paid" in page(town)
    assert "960.00 USD in Payments Issued" in page(town)
    assert (Path(summary["folder"]) / "decided.parquet").exists()


def test_what_stops_a_run_is_found_on_commitments_that_no_sync_looks_at(town: Town) -> None:
    one = town.paid("480.00")
    town.settled(posted=1)
    for stop, origin in (
        ("other_integration_active", "other-tool:7"),  # money-rules 4.4
        ("ledger_behind", f"{one.prefix}:9"),  # 4.2
    ):
        row = {"amount": "7.00", "origin_id": origin}
        made = town.do("/procore/row", commitment_id=town.commitments[8], **row)
        assert town.sync()["state"] == "NothingToDo"
        summary = town.sync("reconcile")
        assert summary["state"] == "Refused", summary
        assert summary["message"].startswith(f"{stop}: "), summary
        town.do("/procore/row/remove", payment_row_id=made["payment_row_id"])


# An ordinary night


def test_with_nothing_to_find_it_leaves_what_a_sync_leaves(city: Town) -> None:
    later(city)
    kept, keys = left_by(city, city.settled(state="NothingToDo"))
    later(city)
    summary = reconciled(city, state="NothingToDo", found=0, posted=0, already_right=1)
    assert left_by(city, summary) == (kept, keys)
    control = manifest(summary["folder"])["summary"]["control"]
    assert control["payments"]["ours"] == control["payments"]["theirs"] == 1


def left_by(town: Town, summary: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Files in the run folder, and artifacts."""
    files = sorted(path.name for path in Path(summary["folder"]).iterdir())
    return files, [each["key"] for each in town.artifacts]


def test_the_first_run_of_all_may_be_a_reconcile(build: Callable[..., Town]) -> None:
    town = build("demo")
    truth = town.see("/truth")
    later(town)
    reconciled(town, state="Held", posted=truth["matched"], found=0)


@pytest.mark.parametrize("asked", [{"since": "2026-01-01"}, {"projects": ["562949953000001"]}])
def test_it_takes_neither_a_day_nor_projects(town: Town, asked: dict[str, Any]) -> None:
    summary = town.sync("reconcile", **asked)
    assert summary["state"] == "Refused"
    assert "wrong_request" in summary["message"]
