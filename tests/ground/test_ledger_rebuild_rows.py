"""Entries made again from rows in Procore (money-rules 4.2). Pure."""

import json
from typing import Any

import pytest

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import RunStopped, Stop
from tasks.ours import ours
from tasks.rebuild_installation import taken_over, writers
from tasks.rebuild_rows import Entry, Known, entries_of, unread
from tasks.strategies import Row

PREFIX = origin.company_prefix("quickbooks_online", "1")
ALLOCATION = origin.allocation_id("quickbooks_online", "1", "100", "200")
LONG = origin.allocation_id("quickbooks_online", "1", "p" * 200, "200")
PLAIN = Policy.model_validate({"start_date": "2026-01-01"})
DIVIDED = Policy.model_validate(
    {
        "start_date": "2026-01-01",
        "split": [
            {
                "bill": "200",
                "parts": [
                    {"application": "7", "percent": "60"},
                    {"application": "8", "percent": "40"},
                ],
            }
        ],
    }
)
OWN = "0" * 16


def row(
    n: int, amount: int | None = 5000, data: object = None, *, of: str = ALLOCATION, **more: Any
) -> dict[str, Any]:
    """A row of Payments Issued under our ids."""
    return {
        "contract_payment_id": f"cp-{n}",
        "project_id": "p1",
        "commitment_id": "c1",
        "application_id": "a1",
        "amount_minor": amount,
        "currency": "USD",
        "date": "2026-03-02",
        "invoice_number": "INV-1",
        "check_number": "4711",
        "notes": None,
        "origin_id": f"{of}:{n}",
        "origin_data": data if data is None or isinstance(data, str) else json.dumps(data),
        "external_payment_id": None,
        "created_at": "2026-03-02T10:00:00+00:00",
    } | more


def rebuilt(*rows: dict[str, Any], **policies: Policy) -> list[Entry]:
    """Their entries; policies by version, as ``v1``."""
    versions = {int(name[1:]): policy for name, policy in policies.items()} or {1: PLAIN}
    known = Known(
        erp="quickbooks_online",
        erp_company="1",
        policies=versions,
        policy_version=max(versions),
    )
    return list(entries_of(ours(rows, PREFIX), known))


def test_rule_4_2_what_was_written_beside_the_row_comes_back() -> None:
    said = {
        "installation": OWN, "kind": "payment", "reverses": None, "plan": "h", "policy": 1,
        "payment": "100", "bill": "200", "method": "check", "invoice_date": "2026-02-01",
        "links": "cp-1", "gross": 6000, "tax": 1000, "currency": "USD",
    }  # fmt: skip
    (entry,) = rebuilt(row(1, data=said))
    facts = {
        "n": 1, "kind": "payment", "payment_id": "100", "bill_id": "200", "gross_minor": 6000,
        "tax_minor": 1000, "links": "cp-1", "payment_method": "check", "plan_hash": "h",
        "invoice_date": "2026-02-01", "policy_version": 1, "state": "verified",
        "contract_payment_id": "cp-1", "amount_minor": 5000, "date": "2026-03-02",
        "check_number": "4711", "invoice_number": "INV-1", "application_id": "a1",
    }  # fmt: skip
    assert {name: entry[name] for name in facts} == facts


@pytest.mark.parametrize(
    "data",
    [
        None, "", "no JSON", "[1]", '"text"', "null",
        {"kind": "reversal", "reverses": f"{ALLOCATION}:1"},
        {"policy": "x", "gross": "5", "tax": True, "method": 5, "plan": [], "payment": 9},
        {"policy": 0, "gross": 2**70},
    ],
)  # fmt: skip
def test_rule_4_2_what_cannot_be_believed_is_left_out(data: object) -> None:
    (entry,) = rebuilt(row(1, data=data))
    told = (entry["kind"], entry["reverses"], entry["payment_id"], entry["bill_id"])
    assert told == ("payment", None, "100", "200")
    assert (entry["gross_minor"], entry["tax_minor"], entry["policy_version"]) == (None, None, 1)
    assert (entry["payment_method"], entry["plan_hash"]) == (None, "")


def test_rule_4_2_a_negative_row_takes_back_the_newest_of_its_amount_that_stands() -> None:
    found = rebuilt(row(1), row(2, -5000), row(3), row(4), row(5, -5000), row(6, -5000))
    assert [each["reverses"] and each["reverses"][-1] for each in found] == [
        None, "1", None, None, "4", "3",
    ]  # fmt: skip


def test_rule_4_2_what_another_row_says_it_takes_back_is_taken() -> None:
    said = {"kind": "reversal", "reverses": f"{ALLOCATION}:2"}
    found = rebuilt(row(1), row(2), row(3, -5000), row(4, -5000, said))
    assert [each["reverses"] and each["reverses"][-1] for each in found] == [None, None, "1", "2"]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([row(1, -5000)], "neither origin_data nor the rows before it say what"),
        ([row(1), row(2, -4999)], "neither origin_data nor the rows before it say what"),
        ([row(1, -5000, {"reverses": f"{ALLOCATION}:2"})], "neither origin_data nor the rows"),
        ([row(1, None)], "it has no amount in whole minor units"),
        ([row(1, of=LONG)], "its id ends in a hash"),
        ([row(1, data={"payment": "p", "bill": "200"}, of=LONG)], "its id ends in a hash"),
        ([row(1, of=f"{ALLOCATION}@7")], "no policy in this ledger divides that bill so"),
    ],
)
def test_rule_4_2_an_unclear_row_is_refused_by_name(rows: list[dict[str, Any]], why: str) -> None:
    with pytest.raises(RunStopped, match=why) as stopped:
        rebuilt(*rows)
    assert stopped.value.reason is Stop.LEDGER_BEHIND
    assert f"Row {rows[-1]['contract_payment_id']} on commitment c1" in str(stopped.value)
    assert "paidsync ledger rebuild" not in str(stopped.value)  # that is what was just tried


def test_rule_1_7_and_4_2_a_hashed_id_is_told_by_what_was_written_beside_it() -> None:
    data = {"payment": "p" * 200, "bill": "200"}
    (entry,) = rebuilt(row(1, data=data, of=LONG))
    assert (entry["payment_id"], entry["bill_id"]) == ("p" * 200, "200")
    part = origin.allocation_id("quickbooks_online", "1", "p" * 200, "200", application_id="8")
    (entry,) = rebuilt(row(1, data=data, of=part), v1=DIVIDED)
    assert entry["allocation_id"] == part
    with pytest.raises(RunStopped, match="its id ends in a hash"):
        rebuilt(row(1, data=data, of=part))


@pytest.mark.parametrize(
    ("said", "policies", "known"),
    [
        (1, {"v1": DIVIDED}, True),
        (1, {"v1": DIVIDED, "v2": PLAIN}, True),
        (2, {"v1": DIVIDED, "v2": PLAIN}, False),
        (1, {"v1": PLAIN, "v2": DIVIDED}, True),
        (9, {"v1": DIVIDED}, True),
    ],
)
def test_rule_3_2_and_4_2_a_part_needs_the_policy_it_was_posted_under(
    said: int, policies: dict[str, Policy], known: bool
) -> None:
    part = row(1, data={"policy": said}, of=f"{ALLOCATION}@8")
    if known:
        assert [each["policy_version"] for each in rebuilt(part, **policies)] == [said]
        return
    with pytest.raises(RunStopped, match="no policy in this ledger divides"):
        rebuilt(part, **policies)


def test_rule_4_6_two_rows_of_one_id_are_one_entry() -> None:
    found = rebuilt(row(1), row(1, contract_payment_id="cp-9"))
    assert [each["contract_payment_id"] for each in found] == ["cp-1"]


def test_rule_4_2_a_removed_payment_is_known_by_its_reversal() -> None:
    said = {"kind": "reversal", "reverses": f"{ALLOCATION}:1", "gross": -5000, "tax": -10}
    found = {each["n"]: each for each in rebuilt(row(2, -5000, said))}
    lost = found[1]
    told = (lost["state"], lost["kind"], lost["amount_minor"], lost["gross_minor"])
    assert told == ("missing_in_procore", "payment", 5000, 5000)
    assert (lost["reverses"], lost["contract_payment_id"]) == (None, None)
    assert found[2]["reverses"] == lost["origin_id"]


def test_rule_4_2_rows_of_others_are_none_of_ours() -> None:
    other = row(1, of=ALLOCATION.replace(":1:", ":2:"))
    assert rebuilt(other, row(1, origin_id=None), row(1, origin_id="gateway:5")) == []


def test_rule_4_2_what_stands_without_the_erp_is_kept_to_be_looked_for() -> None:
    other = origin.allocation_id("quickbooks_online", "1", "101", "201")
    gone = origin.allocation_id("quickbooks_online", "1", "102", "202")
    rows = [row(1), row(1, of=other), row(1, of=gone), row(2, -5000, of=gone)]
    stubs = unread(ours(rows, PREFIX), rebuilt(*rows), {other})
    (stub,) = stubs
    told = (stub["allocation_id"], stub["standing"], stub["cash_minor"], stub["payment_date"])
    assert told == (ALLOCATION, "disappeared", 5000, "2026-03-02")


def written_by(*installations: str | None) -> dict[str, list[Row]]:
    rows = [
        row(n, data={"installation": each} if each else None)
        for n, each in enumerate(installations, 1)
    ]
    return writers(ours(rows, PREFIX))


@pytest.mark.parametrize(
    ("wrote", "has_sent", "takes"),
    [
        ([], False, None),
        ([None, None], False, None),
        ([None], True, None),
        ([OWN, OWN], True, None),
        ([OWN, None], False, None),
        (["x", "x", None], False, "x"),
    ],
)
def test_rule_4_2_the_one_installation_that_wrote_is_taken_over(
    wrote: list[str | None], has_sent: bool, takes: str | None
) -> None:
    assert taken_over(written_by(*wrote), OWN, has_sent=has_sent) == takes


@pytest.mark.parametrize(
    ("wrote", "has_sent"), [(["x"], True), (["x", OWN], False), (["x", "y"], False)]
)
def test_rule_4_2_only_one_installation_writes(wrote: list[str], has_sent: bool) -> None:
    with pytest.raises(RunStopped, match="Only one installation may write") as stopped:
        taken_over(written_by(*wrote), OWN, has_sent=has_sent)
    assert "installation x wrote 1: row cp-1 on commitment c1" in str(stopped.value)
    assert OWN in str(stopped.value)
