"""Money-rules 6 where writes go wrong at random: nothing is doubled and nothing missing, whatever
share of the answers is lost, whatever else breaks meanwhile, and however late one commits."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bad_input import impatient
from town import Paid, Town, call_log

from paidsync.settings import settings

_POST = {"route": "contract_payments", "method": "POST"}
# What Procore's answers can be like, on reads and writes; of a hundred calls so many of each.
_WEATHER: list[dict[str, Any]] = [
    {"kind": "lost_reply", "rate": 0.05},
    {"kind": "status", "status": 503, "rate": 0.05},
    {"kind": "status", "status": 500, "rate": 0.05, "when": "after"},
    {"kind": "reset", "rate": 0.05},
    {"kind": "truncated", "rate": 0.03},
    {"kind": "html_error", "rate": 0.03, "when": "after"},
]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets after how many seconds an unanswered write counts as absent."""

    def wait(seconds: int) -> None:
        monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", str(seconds))
        settings.cache_clear()

    return wait


def _checks(town: Town, bills: int, wave: int = 0) -> list[list[Paid]]:
    """One check to each of four commitments, each paying so many bills."""
    made = []
    for place in range(4):
        first = 1000 * wave + 100 * place + 10
        billed = [town.billed(f"{first + nth}.00", place) for nth in range(bills)]
        check = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in billed])
        made.append([town.pair(check, bill) for bill in billed])
    return made


def _less_of_one(town: Town, check: list[Paid]) -> None:
    """A person changes a check: its first bill is paid less."""
    less = {"bill_id": check[0].bill, "amount": "1.50"}
    rest = [{"bill_id": each.bill} for each in check[1:]]
    town.do("/erp/edit", payment_id=check[0].payment, bills=[less, *rest])


def _synced(town: Town, *, runs: int) -> dict[str, Any]:
    """Syncs, at most so many, until Procore is as it should be; after none an id stands twice."""
    for _ in range(runs):
        summary = town.sync()
        _once_each(town)
        if summary["state"] in ("Completed", "NothingToDo") and town.differences() == []:
            return summary
    raise AssertionError((summary, town.differences()))


def _once_each(town: Town) -> None:
    ids = [row.origin_id for row in town.rows()]
    assert len(set(ids)) == len(ids)


def test_rule_6_2_of_eighty_writes_lost_replies_double_none_and_lose_none(
    build: Callable[..., Town],
) -> None:
    """Of the first wave one answer in a hundred is lost, then one in twenty, then one in five."""
    town = build(seed=41)
    for wave, rate in enumerate((0.01, 0.05, 0.2)):
        lost = town.fault("lost_reply", rate=rate, **_POST)
        checks = _checks(town, 6, wave)
        _synced(town, runs=1)
        _less_of_one(town, checks[0])
        _synced(town, runs=1)
        fired = [each["id"] for each in town.see("/faults")["fired"]]
        assert fired.count(lost) >= rate * 24
        town.mend()
    assert len(town.rows()) == town.posts == 3 * (24 + 2)  # each was sent once
    town.settled(state="NothingToDo", posted=0)


def test_rule_6_whatever_the_weather_everything_stands_once_in_the_end(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads and writes are lost, refused, cut and answered with pages, before and after the
    commit."""
    town = build(seed=41)
    monkeypatch.setenv("PAIDSYNC_BATCH_COMMITMENTS", "1")
    settings.cache_clear()
    for weather in _WEATHER:
        town.fault(**weather, route="/rest/")
    checks, single = _checks(town, 4), town.paid("3.00", 4)
    _synced(town, runs=6)
    _less_of_one(town, checks[0])
    town.do("/erp/void", payment_id=single.payment)
    _synced(town, runs=6)
    assert {each["kind"] for each in town.see("/faults")["fired"]} == {
        weather["kind"] for weather in _WEATHER
    }
    town.mend()
    town.settled(state="NothingToDo", posted=0)


def test_rule_6_3_late_commits_are_waited_for_and_adopted(
    build: Callable[..., Town], patient: Callable[[int], None]
) -> None:
    """The answer timed out, the commit comes minutes later: the runs until then send nothing."""
    town = build(seed=41)
    town.paid("5.00", 4)
    town.settled(posted=1)
    patient(600)
    town.fault("late_commit", seconds=300, rate=0.3, **_POST)
    _checks(town, 4)
    first = town.sync()
    late = town.see("/faults")["late"]
    assert late > 2
    assert (first["state"], first["posted"], first["left"]) == ("Partial", 16 - late, late)
    posts = town.posts
    for _ in range(2):
        again = town.sync()
        assert (again["state"], again["posted"], again["left"]) == ("Partial", 0, late)
    assert town.posts == posts
    town.do("/clock", advance_seconds=300)
    town.settled(state="Completed", posted=late, verified=late)
    assert len(town.rows()) == town.posts == posts


def test_rule_6_3_a_commit_later_than_the_grace_finds_its_id_taken(town: Town) -> None:
    """The payment was read as absent, and sent again; what comes then is refused by Procore."""
    one = town.paid("100.00")
    town.fault("late_commit", **_POST)
    assert town.sync()["state"] == "Partial"
    town.settled(state="Completed", posted=1)  # the grace is over at once here
    assert town.do("/faults/commit-late")["statuses"] == [422]
    assert town.amounts(one.prefix) == ["100.00"]
    town.settled(state="NothingToDo")


def test_rule_4_6_a_commit_later_than_the_grace_is_found_where_ids_are_not_unique(
    town: Town,
) -> None:
    """Should Procore take one id twice, the next reading of the commitment holds the payment."""
    town.do("/procore/open-points", unique_ids=False)
    one = town.paid("100.00")
    town.fault("late_commit", **_POST)
    assert town.sync()["state"] == "Partial"
    town.settled(state="Completed", posted=1)
    assert town.do("/faults/commit-late")["statuses"] == [201]
    assert town.amounts(one.prefix) == ["100.00", "100.00"]
    town.do("/erp/edit", payment_id=one.payment, note="seen")
    summary = town.sync()
    assert (summary["held"], summary["posted"]) == ({"duplicate_in_procore": 1}, 0)


def test_rule_6_2_an_id_that_is_taken_by_our_own_row_is_adopted(town: Town) -> None:
    """Procore took the payment and calls what it answers a duplicate."""
    one = town.paid("100.00")
    body = {"errors": {"origin_id": ["has already been taken"]}}
    town.fault("answer", status=409, body=body, when="after", **_POST)
    town.settled(state="Completed", posted=1, held={})
    assert (town.amounts(one.prefix), town.posts) == (["100.00"], 1)


@pytest.mark.parametrize("taken", [422, 409])
def test_rule_6_2_an_id_that_stands_on_another_commitment_is_held(town: Town, taken: int) -> None:
    """What stands there is nothing that this run read: it is neither adopted nor posted beside."""
    town.do("/procore/open-points", taken_status=taken)
    town.paid("5.00", 2)
    town.settled(posted=1)
    one = town.paid("100.00")
    place = town.commitments[3]
    row = town.do("/procore/row", commitment_id=place, amount="100.00", origin_id=f"{one.prefix}:1")
    for _ in range(2):
        summary = town.sync()
        assert (summary["held"], summary["posted"]) == ({"origin_id_conflict": 1}, 0), summary
    town.do("/procore/row/remove", payment_row_id=row["payment_row_id"])
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["held"]) == ("Completed", 1, {}), summary
    assert [row.contract_id for row in town.rows(of=one.prefix)] == [town.commitments[0]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_rule_8_a_503_that_names_a_time_is_obeyed_before_it_is_read_back(
    town: Town, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing at all is sent for that long; then the list says whether the payment stands."""
    monkeypatch.setenv("PAIDSYNC_LONGEST_WAIT_SECONDS", "2")
    settings.cache_clear()
    one, two = town.paid("100.00"), town.paid("200.00", 1)
    town.fault("status", status=503, retry_after=1, when=when, after=1, **_POST)
    summary = town.sync()
    stands = when == "after"
    assert (summary["posted"], summary["left"]) == ((2, 0) if stands else (1, 1)), summary
    calls = [call for call in call_log(summary["folder"]) if call["system"] == "Procore"]
    refused = next(place for place, call in enumerate(calls) if call["status"] == 503)
    waited = _at(calls[refused + 1]) - _at(calls[refused]) - timedelta(seconds=1)
    assert waited >= timedelta(0), waited
    assert calls[refused + 1]["method"] == "GET"
    if not stands:
        town.settled(state="Completed", posted=1)
    assert (town.amounts(one.prefix), town.amounts(two.prefix)) == (["100.00"], ["200.00"])
    assert town.posts == (2 if stands else 3)


def test_rule_8_a_503_that_names_a_long_time_ends_the_run_and_loses_nothing(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("200.00", 1)
    town.fault("status", status=503, retry_after=900, when="after", after=1, **_POST)
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["left"]) == ("Partial", 1, 1), summary
    assert "UTC" in summary["message"]  # until when
    assert town.posts == 2
    town.settled(state="Completed", posted=1)
    assert (town.amounts(one.prefix), town.amounts(two.prefix)) == (["100.00"], ["200.00"])
    assert town.posts == 2


def _at(call: dict[str, Any]) -> datetime:
    """When it was answered or given up."""
    return datetime.fromisoformat(call["at"])
