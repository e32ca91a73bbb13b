"""Answers that are none, on writes: nothing is posted twice, nothing is lost, a refusal is held."""

import json
from typing import Any

import pytest
from bad_input import impatient, short_of_time
from town import Town

_POST = {"route": "contract_payments", "method": "POST"}
_PAGE = "<html><body>Who are you?</body></html>"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)
    short_of_time(monkeypatch)


def _once_each(town: Town, *amounts: str) -> None:
    """What stands is right, and no id of ours stands twice."""
    assert town.differences() == []
    assert sorted(town.amounts()) == sorted(amounts)
    assert len({row.origin_id for row in town.rows()}) == len(amounts)


# What Procore says when it refuses (Procore: errors), and what of it a person has to read.
REFUSALS: list[tuple[int, Any, str]] = [
    (
        400,
        {"code": 400, "message": "date is missing", "fields": "date", "error": "Bad Request"},
        "date is missing",
    ),
    (403, {"code": 403, "message": "No permission", "reason": "x"}, "No permission"),
    (403, {"errors": "This app is not connected"}, "not connected"),
    (404, {"message": "Couldn't find it", "exception": "Gone"}, "Couldn't find it"),
    (404, _PAGE, "page for browsers"),
    (409, {"message": "Conflict with another record"}, "Conflict with another record"),
    (
        422,
        {"errors": {"amount": ["is too large", "is odd"], "base": ["no"]}},
        "amount is too large; amount is odd; no",
    ),
    (422, {"errors": ["Payment is locked"]}, "Payment is locked"),
    (422, {"errors": "Period is closed"}, "Period is closed"),
    (
        422,
        {"error": {"code": "UNPROCESSABLE", "message": "Refused", "details": [{"source": "date"}]}},
        "Refused; date",
    ),
    (422, "", "Answered 422 without a reason"),
    (422, "<!DOCTYPE html><p>Oops", "page for browsers"),
    (200, {"errors": {"base": ["could not be saved"]}}, "could not be saved"),
]


def test_rule_6_a_refusal_is_held_in_procores_words_and_tried_again(town: Town) -> None:
    """The other payments are posted all the same; the next run posts what was refused."""
    town.paid("5.00")
    town.settled(posted=1)  # the canary stands
    for status, body, _ in REFUSALS:
        town.fault("answer", status=status, body=body, **_POST)
    amounts = [f"{100 + 10 * place}.00" for place in range(len(REFUSALS) + 2)]
    for place, amount in enumerate(amounts):
        town.paid(amount, place % 8)
    summary = town.sync()
    assert summary["state"] == "Held", json.dumps(summary, indent=1)
    assert (summary["posted"], sum(summary["held"].values())) == (2, len(REFUSALS))
    told = [hold["detail"] for hold in town.ledger.holds.open(town.name)]
    for _, _, says in REFUSALS:
        assert any(says in each for each in told), (says, told)
    town.settled(state="Completed", posted=len(REFUSALS), held={})
    _once_each(town, "5.00", *amounts)


# What leaves open whether the write happened; ``when`` it is carried out first, or not at all.
UNKNOWN: list[dict[str, Any]] = [
    {"kind": "500"},
    {"kind": "503"},
    {"kind": "status", "status": 408},
    {"kind": "html_error"},
    {"kind": "answer", "body": _PAGE, "content_type": "text/html"},
    {"kind": "answer", "status": 201},
    {"kind": "answer", "status": 201, "body": []},
    {"kind": "answer", "status": 201, "body": 7},
    {"kind": "answer", "status": 201, "body": {"amount": "1.00"}},
    {"kind": "answer", "status": 201, "body": '{"id": 12'},
    {"kind": "answer", "status": 303, "headers": {"Location": "http://127.0.0.1:9/"}},
    {"kind": "reset"},
    {"kind": "slow", "seconds": 1.2},
    {"kind": "truncated"},
]


def test_rule_6_3_a_write_that_was_carried_out_is_found_by_reading(town: Town) -> None:
    town.paid("5.00")
    town.settled(posted=1)
    for fault in UNKNOWN:
        town.fault(**{**fault, "when": "after"}, **_POST)
    amounts = [f"{100 + 10 * place}.00" for place in range(len(UNKNOWN))]
    for place, amount in enumerate(amounts):
        town.paid(amount, place % 8)
    town.settled(state="Completed", posted=len(UNKNOWN))
    assert town.posts == 1 + len(UNKNOWN)
    _once_each(town, "5.00", *amounts)


def test_rule_6_3_a_write_that_was_not_carried_out_is_sent_again_after_reading(
    town: Town,
) -> None:
    town.paid("5.00")
    town.settled(posted=1)
    lost = [fault for fault in UNKNOWN if fault["kind"] not in ("truncated", "slow")]
    for fault in lost:
        town.fault(**fault, **_POST)
    amounts = [f"{100 + 10 * place}.00" for place in range(len(lost))]
    for place, amount in enumerate(amounts):
        town.paid(amount, place % 8)
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["held"]) == ("Partial", 0, {}), summary
    assert summary["left"] == len(lost)
    town.settled(state="Completed", posted=len(lost))
    _once_each(town, "5.00", *amounts)
    town.settled(state="NothingToDo", posted=0)


def test_a_token_refused_once_is_renewed(town: Town) -> None:
    town.paid("100.00")
    town.fault("status", status=401, **_POST)
    town.settled(state="Completed", posted=1)
    _once_each(town, "100.00")


def test_a_token_refused_always_posts_nothing_and_loses_nothing(town: Town) -> None:
    for place in range(3):
        town.paid(f"{10 + place}.00", place)
    town.fault("status", status=401, rate=1, **_POST)
    summary = town.sync()
    assert summary["state"] in ("Failed", "Held", "Partial"), summary
    assert town.rows() == []
    town.mend()
    town.settled(state="Completed", posted=3, held={})
    _once_each(town, "10.00", "11.00", "12.00")


@pytest.mark.parametrize(
    "limit",
    [
        {"retry_after": 900},
        {},
        {"headers": {"X-Rate-Limit-Reset": "4102444800", "X-Rate-Limit-Remaining": "0"}},
    ],
    ids=["time", "no time", "reset"],
)
def test_a_limited_write_is_left_for_the_next_run(town: Town, limit: dict[str, Any]) -> None:
    for place in range(3):
        town.paid(f"{10 + place}.00", place)
    town.fault("429", after=1, **limit, **_POST)
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["left"]) == ("Partial", 1, 2), summary
    assert town.posts == 2  # nothing is sent while it is limited
    town.settled(state="Completed", posted=2)
    _once_each(town, "10.00", "11.00", "12.00")


def test_rule_6_a_conflict_about_a_row_that_is_ours_is_adopted(town: Town) -> None:
    """Procore took the payment, lost its answer, and calls the second try a duplicate."""
    town.paid("100.00")
    taken = {"errors": {"origin_id": ["has already been taken"]}}
    town.fault("answer", status=422, body=taken, when="after", **_POST)
    town.settled(state="Completed", posted=1)
    _once_each(town, "100.00")
    assert town.posts == 1
