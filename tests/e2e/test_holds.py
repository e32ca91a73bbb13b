"""Holds are worked: `paidsync holds` and `paidsync decide`, and what the next runs make of it."""

import json
from typing import Any

import pytest
from town import Paid, Town

WHO = ("--by", "controller@bluebird.example")
WHY = ("--note", "seen with the project manager")


def number_of(town: Town, about: Paid) -> int:
    """The number of an allocation's newest hold."""
    ledger = town.ledger
    (hold,) = ledger.holds.newest_of(town.name, [about.prefix])
    ledger.close()
    return int(hold["hold_id"])


def told(town: Town, about: Paid, reason: str, decision: str) -> None:
    """The truth is told what a person decided."""
    ids = {"payment_id": about.payment, "bill_id": about.bill}
    town.do("/decide", **ids, reason=reason, decision=decision)


def drifted(town: Town, amount: str | None = "300.00") -> Paid:
    """A payment of 333.00 whose row somebody changed, or removed, in Procore; it is held."""
    one = town.paid("333.00")
    town.settled(posted=1)
    row = town.rows(of=one.prefix)[0].id
    if amount is None:
        town.do("/procore/row/remove", payment_row_id=row)
    else:
        town.do("/procore/row/change", payment_row_id=row, amount=amount)
    town.do("/erp/edit", payment_id=one.payment, note="seen by the auditor")
    town.settled(posted=0, held={"drift_in_procore": 1})
    return one


def audit(town: Town, kind: str) -> list[dict[str, Any]]:
    """Bodies of the audit trail's events of a kind; the trail is whole."""
    ledger = town.ledger
    assert ledger.audit.broken_at() is None
    with ledger.engine.connect() as db:
        rows = db.exec_driver_sql(
            f"SELECT body FROM audit_event WHERE kind = '{kind}' ORDER BY number"
        ).all()
    ledger.close()
    return [json.loads(row[0]) for row in rows]


def test_rule_5_an_accepted_drift_is_never_repaired_and_later_changes_follow(town: Town) -> None:
    one = drifted(town)
    town.decide(one, "accept")
    accepted = audit(town, "decision")[-1]["accepted"]
    assert [(row["removed"], row["amount_minor"]) for row in accepted] == [(False, 300_00)]
    town.settled(posted=0, reversed=0, held={}, outside={"drift_accepted": 1})
    town.settled(posted=0, reversed=0, outside={"drift_accepted": 1})
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "290.00"}])
    town.settled(posted=1, reversed=1, held={})
    assert town.amounts(one.prefix) == ["300.00", "-300.00", "290.00"]
    town.settled(state="NothingToDo")


def test_rule_5_an_accepted_row_is_taken_back_when_the_payment_is_voided(town: Town) -> None:
    one = drifted(town)
    town.decide(one, "accept")
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1, held={})
    assert town.amounts(one.prefix) == ["300.00", "-300.00"]


def test_rule_5_nothing_is_posted_in_the_place_of_a_row_accepted_as_removed(town: Town) -> None:
    one = drifted(town, None)
    town.decide(one, "accept")
    town.settled(posted=0, held={}, outside={"drift_accepted": 1})
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "290.00"}])
    town.settled(posted=0, held={"drift_in_procore": 1})
    assert "That was accepted; since then the payment has changed" in held_detail(town)
    town.decide(one, "accept")
    town.settled(posted=0, held={}, outside={"drift_accepted": 1})
    town.do("/erp/void", payment_id=one.payment)
    town.settled(posted=0, reversed=0, held={})
    assert town.rows(of=one.prefix) == []


def held_detail(town: Town) -> str:
    """What was seen of the one open hold."""
    ledger = town.ledger
    (hold,) = ledger.holds.open(town.name)
    ledger.close()
    return str(hold["detail"])


def test_rule_5_a_row_that_changes_again_is_not_what_was_accepted(town: Town) -> None:
    one = drifted(town)
    town.do("/procore/row/change", payment_row_id=town.rows(of=one.prefix)[0].id, amount="5.00")
    said = town.paidsync("decide", town.name, str(number_of(town, one)), "accept", *WHO, *WHY)
    assert said.code == 0, said.err
    assert "30000 instead of 33300" in said.out  # what the last run saw, and the person with it
    assert town.sync()["held"] == {"drift_in_procore": 1}
    assert "500 instead of 33300" in held_detail(town)
    town.decide(one, "accept")
    town.settled(posted=0, reversed=0, held={}, outside={"drift_accepted": 1})
    assert town.amounts(one.prefix) == ["5.00"]


def test_rule_5_a_row_that_is_changed_back_needs_no_acceptance(town: Town) -> None:
    one = drifted(town)
    town.decide(one, "accept")
    town.settled(outside={"drift_accepted": 1})
    town.do("/procore/row/change", payment_row_id=town.rows(of=one.prefix)[0].id, amount="333.00")
    town.settled(posted=0, reversed=0, held={}, outside={})


def test_rule_5_a_reversal_accepted_as_removed_does_not_stop_what_follows(town: Town) -> None:
    one = town.paid("333.00")
    town.settled(posted=1)
    town.do("/erp/void", payment_id=one.payment)
    town.settled(reversed=1)
    town.do("/procore/row/remove", payment_row_id=town.rows(of=one.prefix)[1].id)
    town.do("/erp/edit", payment_id=one.payment, note="seen by the auditor")
    town.settled(reversed=0, held={"drift_in_procore": 1})
    town.decide(one, "accept")
    town.settled(reversed=0, held={}, outside={"drift_accepted": 1})
    town.do("/erp/edit", payment_id=one.payment, bills=[{"bill_id": one.bill, "amount": "290.00"}])
    town.settled(posted=1, reversed=1, held={})
    assert town.amounts(one.prefix) == ["333.00", "-333.00", "290.00"]


def test_rule_2_a_decision_is_taken_back_by_trying_again(town: Town) -> None:
    one = town.paid("100.00")
    row = town.do("/procore/row", commitment_id=town.commitments[0], amount="100.00")
    town.settled(held={"looks_like_manual_payment": 1})
    town.decide(one, "leave")
    town.settled(posted=0, held={}, outside={"left_by_decision": 1})
    listed = town.paidsync("holds", town.name).out
    assert "1 put aside by a decision; `retry` takes it back:" in listed
    assert "leave, decided by controller@bluebird.example: seen" in listed
    number = str(number_of(town, one))
    closed = town.paidsync("decide", town.name, number, "post", *WHO, *WHY)
    assert (closed.code, "is decided already and closed" in closed.err) == (2, True)
    assert town.paidsync("decide", town.name, number, "retry", *WHO).code == 0
    told(town, one, "looks_like_manual_payment", "retry")
    town.settled(posted=0, held={"looks_like_manual_payment": 1}, outside={})
    town.do("/procore/row/remove", payment_row_id=row["payment_row_id"])
    town.settled(posted=1, held={})


def test_rule_2_what_procore_refused_is_tried_again_in_the_next_run(town: Town) -> None:
    one = town.paid("100.00")
    town.fault("status", status=422, route="/rest/v1.0/contract_payments", method="POST", rate=1)
    assert town.sync()["held"] == {"refused_by_procore": 1}
    town.decide(one, "leave")
    assert town.sync()["outside"] == {"left_by_decision": 1}
    town.mend()
    assert town.sync()["posted"] == 0
    assert town.paidsync("decide", town.name, str(number_of(town, one)), "retry", *WHO).code == 0
    told(town, one, "refused_by_procore", "retry")
    town.settled(posted=1, held={}, outside={})


def test_holds_are_listed_with_totals_and_with_what_is_decided(town: Town) -> None:
    one, two = town.paid("100.00"), town.paid("50.50", 3)
    for place, amount in ((0, "100.00"), (3, "50.50")):
        town.do("/procore/row", commitment_id=town.commitments[place], amount=amount)
    town.settled(held={"looks_like_manual_payment": 2})
    said = town.paidsync("holds")
    assert said.code == 0, said.err
    assert f"2 held in {town.name}: 150.50 USD (looks_like_manual_payment 2)." in said.out
    assert "2 held in 1 connections: 150.50 USD (looks_like_manual_payment 2)." in said.out
    assert "post | leave | retry" in said.out
    town.decide(one, "post")
    said = town.paidsync("holds", town.name)
    assert "post, decided by controller@bluebird.example: seen; the next run acts on it" in said.out
    town.settled(posted=1, held={"looks_like_manual_payment": 1})
    town.do("/erp/void", payment_id=two.payment)
    town.settled(held={})
    assert f"0 held in {town.name}." in town.paidsync("holds", town.name).out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("reverse", *WHO, *WHY), 2, "post, leave, retry can be decided, not 'reverse'"),
        (("accept", *WHO, *WHY), 2, "post, leave, retry can be decided, not 'accept'"),
        (("link", *WHO), 2, "post, leave, retry can be decided, not 'link'"),
        (("shrug", *WHO), 2, "There is no decision 'shrug'"),
        (("leave", *WHO), 2, "`leave` needs a note that says why"),
        (("post", *WHO, *WHY, "--application", "5"), 2, "no other decision takes one"),
        (("leave", "--by", "site@bluebird.example", *WHY), 1, "may not decide about holds"),
        (("leave", "--by", "nobody@bluebird.example", *WHY), 1, "is no user of Procore company"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_decision_that_does_not_fit_is_refused_and_recorded(
    town: Town, arguments: tuple[str, ...], code: int, says: str
) -> None:
    one = town.paid("100.00")
    town.do("/procore/row", commitment_id=town.commitments[0], amount="100.00")
    town.settled(held={"looks_like_manual_payment": 1})
    said = town.paidsync("decide", town.name, str(number_of(town, one)), *arguments)
    assert (said.code, says in said.err) == (code, True), said
    assert len(said.err.strip().splitlines()) == 1
    if "shrug" not in arguments:
        (refused,) = audit(town, "decision_refused")
        assert (refused["decision"], bool(refused["why"])) == (arguments[0], True)
    assert audit(town, "decision") == []
    town.settled(posted=0, held={"looks_like_manual_payment": 1})


def test_a_link_to_an_application_that_nobody_has_seen_is_refused(town: Town) -> None:
    bill = town.billed("100.00", synced=False, number="TWIN")
    twin = {"invoice_number": "TWIN", "due": "100.00", "origin_id": "gateway:1"}
    town.do("/procore/application/add", commitment_id=town.commitments[0], **twin)
    one = town.pair(town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}]), bill)
    town.paid("9.00", 3)
    assert town.sync()["held"] == {"ambiguous_match": 1}
    number = str(number_of(town, one))
    said = town.paidsync("decide", town.name, number, "link", *WHO, "--application", "987654321")
    assert (said.code, "has seen no payment application 987654321" in said.err) == (2, True), said
    said = town.paidsync("decide", town.name, number, "link", *WHO)
    assert (said.code, "`link` needs a payment application" in said.err) == (2, True), said
