"""Money-rules 6 over HTTP: exactly once, whatever happens on the way."""

import pytest
from town import Town, call_log, on_payments

from paidsync.settings import settings

_POST = {"route": "contract_payments", "method": "POST"}


def test_rule_6_1_reversals_go_first_and_n_in_order(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("200.00")
    town.settled(posted=2)
    before = len(town.rows())
    new = town.paid("300.00")
    for each, amount in ((one, "90.00"), (two, "190.00")):
        bills = [{"bill_id": each.bill, "amount": amount}]
        town.do("/erp/edit", payment_id=each.payment, bills=bills)
    summary = town.settled(posted=3, reversed=2)
    sent = town.rows()[before:]
    assert [row.amount < 0 for row in sent] == [True, True, False, False, False]
    assert {row.origin_id for row in sent[:2]} == {f"{one.prefix}:2", f"{two.prefix}:2"}
    assert f"{new.prefix}:1" in {row.origin_id for row in sent[2:]}
    calls = on_payments(call_log(summary["folder"]))
    at = calls.index("POST")
    assert calls[at : at + 4] == ["POST", "GET", "POST", "GET"]  # each read back before its next


def test_rule_6_2_a_lost_reply_after_the_commit_is_adopted(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("200.00", 1)
    town.fault("lost_reply", **_POST)
    summary = town.sync()
    assert summary["state"] == "Completed", summary
    assert town.amounts(one.prefix) == ["100.00"]
    assert town.amounts(two.prefix) == ["200.00"]
    assert town.differences() == []
    assert town.posts == 2
    town.settled(state="NothingToDo")


def test_rule_6_2_a_row_that_is_not_what_was_sent_is_never_adopted(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("status", status=503, **_POST)
    town.sync()
    town.mend()
    town.do(
        "/procore/row",
        commitment_id=town.commitments[0],
        requisition_id=one.application,
        amount="70.00",
        origin_id=f"{one.prefix}:1",
    )
    summary = town.sync()
    assert summary["held"] == {"origin_id_conflict": 1}
    assert town.amounts(one.prefix) == ["70.00"]
    assert town.sync()["held"] == {"origin_id_conflict": 1}


@pytest.mark.parametrize("status", [500, 503])
def test_rule_6_3_an_error_before_the_commit_is_resolved_by_reading(
    town: Town, status: int
) -> None:
    one = town.paid("100.00")
    town.fault("status", status=status, **_POST)
    summary = town.sync()
    if summary["state"] != "Completed":
        assert summary["state"] == "Partial", summary
        town.settled(posted=1)
    assert town.amounts(one.prefix) == ["100.00"]
    assert [row.origin_id for row in town.rows()] == [f"{one.prefix}:1"]
    town.settled(state="NothingToDo")


def test_rule_6_3_a_late_commit_is_waited_for_and_adopted(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "600")
    settings.cache_clear()
    one = town.paid("100.00")
    town.fault("late_commit", seconds=300, **_POST)
    for _ in range(2):
        summary = town.sync()
        assert (summary["state"], summary["left"], summary["posted"]) == ("Partial", 1, 0)
    assert town.rows() == []
    assert town.posts == 1
    town.do("/clock", advance_seconds=300)
    summary = town.settled(state="Completed", posted=1, verified=1)
    assert town.amounts(one.prefix) == ["100.00"]
    assert town.posts == 1


def test_rule_6_3_an_unanswered_write_is_never_sent_twice_within_the_grace(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "600")
    settings.cache_clear()
    town.paid("5.00", 2)
    town.settled(posted=1)
    one, two = town.paid("100.00"), town.paid("200.00", 1)
    town.fault("status", status=503, **_POST)
    first = town.sync()
    assert first["state"] == "Partial", first
    for _ in range(2):
        summary = town.sync()
        assert (summary["state"], summary["left"]) == ("Partial", 1), summary
    assert town.posts == 3  # the first, the one without an answer, and the other payment
    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "0")
    settings.cache_clear()
    town.settled(state="Completed", posted=1)
    assert town.amounts(one.prefix) == ["100.00"]
    assert town.amounts(two.prefix) == ["200.00"]


def test_rule_6_3_voided_while_the_answer_is_out(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", "600")
    settings.cache_clear()
    one = town.paid("100.00")
    town.fault("late_commit", seconds=300, **_POST)
    assert town.sync()["state"] == "Partial"
    town.do("/erp/void", payment_id=one.payment)
    assert town.sync()["left"] == 1
    town.do("/clock", advance_seconds=300)
    for _ in range(3):
        summary = town.sync()
    assert town.net(one.prefix) == 0, (summary, town.amounts())
    assert town.differences() == []


def test_rule_6_3_voided_before_it_ever_arrived(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("status", status=503, count=2, **_POST)
    town.sync()
    town.do("/erp/void", payment_id=one.payment)
    town.mend()
    for _ in range(3):
        summary = town.sync()
    assert town.net(one.prefix) == 0, (summary, town.amounts())
    assert town.differences() == []
    assert summary["state"] in ("NothingToDo", "Completed")


def test_rule_6_3_edited_while_the_answer_is_out(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("lost_reply", **_POST)
    town.fault("status", status=403, route="contract_payments", method="GET", after=1, rate=1)
    assert town.sync()["state"] in ("Failed", "Partial")
    town.mend()
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "60.00"}])
    for _ in range(3):
        summary = town.sync()
        assert summary["state"] in ("Completed", "Partial", "NothingToDo"), summary
    assert town.net(one.prefix) == 60
    assert town.differences() == []
    assert len({row.origin_id for row in town.rows()}) == len(town.rows())


def test_rule_6_refused_by_procore_is_held_and_may_be_sent_again(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("status", status=422, **_POST)
    summary = town.sync()
    assert summary["held"] == {"refused_by_procore": 1}, summary
    assert town.rows() == []
    town.do("/erp/edit", payment_id=one.payment, note="again")
    summary = town.sync()
    assert town.amounts(one.prefix) == ["100.00"], summary
    assert town.differences() == []


def test_rule_8_a_429_is_obeyed_and_nothing_is_sent_twice(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("429", retry_after=1, **_POST)
    summary = town.sync()
    if summary["state"] != "Completed":
        summary = town.sync()
    assert town.amounts(one.prefix) == ["100.00"], summary
    assert town.differences() == []
    stamps = [c for c in call_log(summary["folder"]) if c["method"] == "POST"]
    assert all(call["status"] in (201, 200, 429) for call in stamps if "contract" in call["route"])


def test_a_rate_limit_longer_than_a_run_may_wait_leaves_the_rest(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_LONGEST_WAIT_SECONDS", "1")
    settings.cache_clear()
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    town.fault("429", retry_after=900, after=1, **_POST)
    summary = town.sync()
    assert summary["state"] == "Partial", summary
    assert (summary["posted"], summary["left"]) == (1, 2)
    town.mend()
    town.settled(state="Completed", posted=2)


def test_rule_6_5_one_writer_per_procore_company(town: Town) -> None:
    town.paid("100.00")
    held = town.ledger.leases.take(
        str(town.world.procore.company_id), run_id="another", connection="sister", seconds=300
    )
    summary = town.sync()
    assert summary["state"] == "Busy"
    assert "another of sister" in summary["message"]
    assert town.rows() == []
    assert town.sync("preview")["planned"] == 1  # looking is free
    town.ledger.leases.release(held)
    town.settled(posted=1)


def test_rule_6_5_a_writer_that_lost_its_lease_sends_nothing_more(town: Town) -> None:
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    town.sync("preview")
    ledger, check = town.ledger, type(town.ledger.leases).check
    seen: list[int] = []

    def steal(self, lease, *, seconds):  # type: ignore[no-untyped-def]
        seen.append(1)
        if len(seen) == 2:
            town.let_the_lease_end()
            ledger.leases.take(lease.procore_company, run_id="thief", connection="x", seconds=60)
        return check(self, lease, seconds=seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ledger.leases), "check", steal)
        summary = town.sync()
    assert summary["state"] == "Busy", summary
    assert len(town.rows()) == 1
    town.let_the_lease_end()
    town.settled(state="Completed", posted=2)
