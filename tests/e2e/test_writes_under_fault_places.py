"""Money-rules 6 where the place of a payment changes between the plan and its sending, or where
Procore takes less than was planned: what cannot go waits, and the rest stands."""

from datetime import datetime
from typing import Any

import pytest
from bad_input import impatient
from meanwhile import just_before
from town import Town, call_log

from paidsync.settings import settings

_POST = {"route": "contract_payments", "method": "POST"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


@pytest.fixture
def standing(town: Town) -> Town:
    """A town in which the first payment stands: no canary goes ahead any more."""
    town.paid("5.00", 4)
    town.settled(posted=1)
    return town


@pytest.mark.parametrize(
    ("change", "back", "hold"),
    [
        ({"allow_payments": False}, {"allow_payments": True}, "payments_tab_disabled"),
        ({"status": "Void"}, {"status": "Approved"}, "commitment_void"),
    ],
    ids=["tab switched off", "voided"],
)
def test_a_commitment_that_closes_after_the_plan_holds_its_payment_and_no_other(
    standing: Town,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
    back: dict[str, Any],
    hold: str,
) -> None:
    town = standing
    one, other = town.paid("100.00"), town.paid("200.00", 1)
    place = town.commitments[0]
    just_before(
        monkeypatch, "load_batch", lambda: town.do("/procore/commitment", id=place, **change)
    )
    summary = town.sync()
    assert (summary["state"], summary["posted"]) == ("Held", 1), summary
    assert summary["held"] == {"refused_by_procore": 1}
    assert town.amounts(other.prefix) == ["200.00"]
    town.settled(state="Held", posted=0, held={hold: 1})
    town.do("/procore/commitment", id=place, **back)
    town.settled(state="Completed", posted=1, held={})
    assert town.amounts(one.prefix) == ["100.00"]


def test_a_payment_application_that_is_unlinked_after_the_plan_moves_no_money_later(
    standing: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The payment goes to the commitment it was planned for; the next run asks a person."""
    town = standing
    one = town.paid("100.00")
    just_before(
        monkeypatch,
        "load_batch",
        lambda: town.do("/procore/application/unlink", requisition_id=one.application),
    )
    assert town.sync()["posted"] == 1
    summary = town.settled(posted=0, reversed=0)
    assert summary["held"] == {"application_unlinked": 1}, summary
    assert town.amounts(one.prefix) == ["100.00"]


def test_a_payment_application_that_procore_locked_after_the_plan_is_held(standing: Town) -> None:
    town = standing
    one, other = town.paid("100.00"), town.paid("200.00", 1)
    body = {"errors": {"requisition_id": ["is locked because its billing period is closed"]}}
    town.fault("answer", status=422, body=body, **_POST)
    summary = town.sync()
    assert (summary["posted"], summary["held"]) == (1, {"refused_by_procore": 1}), summary
    (hold,) = town.ledger.holds.open(town.name)
    assert "billing period is closed" in hold["detail"]
    assert len(town.rows(of=one.prefix) + town.rows(of=other.prefix)) == 1
    town.settled(state="Completed", posted=1, held={})


def test_somebody_types_the_payment_by_hand_after_the_plan(
    standing: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is read once more before the sending: nothing is posted beside what came since."""
    town = standing
    one, other = town.paid("100.00"), town.paid("200.00", 1)
    place = town.commitments[0]
    just_before(
        monkeypatch,
        "load_batch",
        lambda: town.do("/procore/row", commitment_id=place, amount="100.00"),
    )
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["left"]) == ("Partial", 1, 1), summary
    town.settled(state="Held", posted=0, held={"looks_like_manual_payment": 1})
    assert (town.rows(of=one.prefix), town.amounts(other.prefix)) == ([], ["200.00"])


@pytest.mark.parametrize(
    ("status", "hold"), [(422, "refused_by_procore"), (409, "origin_id_conflict")]
)
def test_rule_6_1_after_a_refused_reversal_its_replacement_does_not_go(
    standing: Town, status: int, hold: str
) -> None:
    town = standing
    one = town.paid("100.00")
    for place in range(1, 4):
        town.paid(f"{place}0.00", place)
    town.settled(posted=4)
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "60.00"}])
    other = town.paid("7.00")
    town.fault("status", status=status, **_POST)  # the reversal goes first
    summary = town.sync()
    assert (summary["posted"], summary["reversed"]) == (1, 0), summary
    assert summary["held"] == {hold: 1}
    assert (town.amounts(one.prefix), town.amounts(other.prefix)) == (["100.00"], ["7.00"])
    town.settled(state="Completed", posted=1, reversed=1, held={})
    assert town.amounts(one.prefix) == ["100.00", "-100.00", "60.00"]


def test_rule_6_1_after_one_of_two_reversals_was_refused_their_replacement_does_not_go(
    standing: Town,
) -> None:
    """Two rows stand, one of them late; both have to go before what is paid now may come."""
    town = standing
    for place in range(1, 4):
        town.paid(f"{place}0.00", place)
    town.settled(posted=3)
    one = town.paid("100.00")
    town.fault("late_commit", **_POST)
    assert town.sync()["left"] == 1
    less = [{"bill_id": one.bill, "amount": "60.00"}]
    town.do("/erp/edit", payment_id=one.payment, bills=less)
    assert town.sync()["posted"] == 1
    assert town.do("/faults/commit-late")["statuses"] == [201]
    less[0]["amount"] = "30.00"
    town.do("/erp/edit", payment_id=one.payment, bills=less)
    assert town.amounts(one.prefix) == ["60.00", "100.00"]
    town.fault("status", status=422, **_POST)
    summary = town.sync()
    assert (summary["posted"], summary["reversed"]) == (0, 1), summary
    assert town.amounts(one.prefix) == ["60.00", "100.00", "-60.00"]
    town.settled(state="Completed", posted=1, reversed=1, held={})


def test_rule_6_1_after_a_lost_reversal_its_replacement_waits(standing: Town) -> None:
    town = standing
    one = town.paid("100.00")
    for place in range(1, 4):
        town.paid(f"{place}0.00", place)
    town.settled(posted=4)
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "60.00"}])
    town.fault("status", status=503, **_POST)
    summary = town.sync()
    assert (summary["state"], summary["posted"], summary["reversed"]) == ("Partial", 0, 0), summary
    assert town.amounts(one.prefix) == ["100.00"]
    town.settled(state="Completed", posted=1, reversed=1)


def test_a_batch_that_cannot_be_read_leaves_the_others_to_be_done(
    standing: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batch is planned; when its turn comes, Procore does not answer for it any more."""
    town = standing
    monkeypatch.setenv("PAIDSYNC_BATCH_COMMITMENTS", "1")
    settings.cache_clear()
    paid = [town.paid(f"{place + 1}00.00", place) for place in range(3)]
    just_before(
        monkeypatch,
        "load_batch",
        lambda: town.fault("500", route="contract_payments", method="GET", count=5),
    )
    summary = town.sync()
    assert (summary["state"], summary["posted"]) == ("Failed", 2), summary
    assert "Procore" in summary["message"]
    assert len([each for each in paid if town.rows(of=each.prefix)]) == 2
    town.settled(state="Completed", posted=1)


def test_the_hourly_window_shrinks_in_the_middle_and_the_rest_waits(
    standing: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another app uses the hour up: nothing is sent into the limit, and the next run goes on."""
    town = standing
    for place in range(6):
        town.paid(f"{place + 1}00.00", place)
    town.do("/calls/reset")
    just_before(monkeypatch, "load_batch", lambda: _shrink(town, "hourly", 7))
    summary = town.sync()
    sent = town.posts
    assert (summary["state"], 0 < sent < 6) == ("Partial", True), summary
    assert "The rate limit is used up until" in summary["message"]
    assert "429" not in town.see("/calls")["statuses"]["procore"]
    town.do("/procore/rates", hourly=1_000_000)
    town.settled(state="Completed", posted=6 - sent)
    assert town.posts == 6


def test_the_window_of_seconds_shrinks_in_the_middle_and_the_run_keeps_to_it(
    standing: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = standing
    monkeypatch.setenv("PAIDSYNC_LONGEST_WAIT_SECONDS", "5")
    settings.cache_clear()
    for place in range(3):
        town.paid(f"{place + 1}00.00", place)
    town.do("/calls/reset")
    just_before(monkeypatch, "load_batch", lambda: _shrink(town, "spike", 6))
    summary = town.settled(state="Completed", posted=3)
    assert "429" not in town.see("/calls")["statuses"]["procore"]
    times = [
        datetime.fromisoformat(call["at"])
        for call in call_log(summary["folder"])
        if call["system"] == "Procore" and call["method"] == "POST"
    ]
    assert (times[-1] - times[0]).total_seconds() > 0.3, times


def _shrink(town: Town, window: str, calls: int) -> None:
    """A window is nearly full: only so many more calls fit into it."""
    more: dict[str, int] = {"spike_seconds": 2} if window == "spike" else {}
    town.do("/procore/rates", **{window: calls}, **more)
