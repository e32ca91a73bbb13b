"""Approval by a second person, over HTTP: what waits, who may decide, and what is sent."""

from collections.abc import Callable
from pathlib import Path

from approving import ACCOUNTANT, CONTROLLER, answer, controller, enrol, kept, trail
from town import Town


def waits(town: Town) -> set[str]:
    """The allocations of which Procore differs from the truth: it tells what must stand once
    everything is approved."""
    return {each["origin_prefix"] for each in town.differences()}


def test_rule_6_1_reversals_wait_for_approval_and_the_rest_is_posted(
    build: Callable[..., Town],
) -> None:
    town = build(policy='approval = "reversals"')
    phone = controller(town)
    old, other = town.paid("100.00"), town.paid("40.00", 1)
    town.settled(state="Completed", posted=2)
    town.do("/erp/edit", payment_id=old.payment, bills=[{"bill_id": old.bill, "amount": "90.00"}])
    new = town.paid("7.00", 2)
    asked = town.sync(requested_by=ACCOUNTANT)
    assert (asked["state"], asked["posted"]) == ("AwaitingApproval", 1), asked
    assert asked["held"] == {"awaiting_approval": 1}
    assert town.amounts(old.prefix) == ["100.00"]  # neither the reversal nor its replacement
    assert town.amounts(new.prefix) == ["7.00"]
    assert waits(town) == {old.prefix}
    assert town.sync()["held"] == {"awaiting_approval": 1}  # and it goes on waiting

    done = answer(town, asked["awaiting_plan"][:12], code=phone.code(), note="seen in the ERP")
    assert (done["state"], done["posted"], done["reversed"]) == ("Completed", 1, 1), done
    assert town.amounts(old.prefix) == ["100.00", "-100.00", "90.00"]
    assert town.amounts(other.prefix) == ["40.00"]
    town.settled(state="NothingToDo")

    decision, approval = kept(done, "decision"), kept(done, "approval")
    assert (decision["by"], decision["proof"], decision["note"]) == (
        CONTROLLER, "code", "seen in the ERP",
    )  # fmt: skip
    assert approval["plan_hash"] == decision["plan"] == asked["awaiting_plan"]
    assert approval["makers"] == [ACCOUNTANT]
    assert {f"{old.prefix}:2", f"{old.prefix}:3"} == set(approval["contents"])
    steps = [event["state"] for event in trail(town, "plan")]
    assert steps == ["open", "approved", "carried_out"]


def test_rule_5_3_what_relies_on_a_waiting_reversal_waits_with_it(
    build: Callable[..., Town],
) -> None:
    town = build(policy='approval = "reversals"')
    phone = controller(town)
    voided = town.paid("100.00")
    town.settled(posted=1)
    town.do("/erp/void", payment_id=voided.payment)
    again = town.do("/erp/pay", bills=[{"bill_id": voided.bill}])
    asked = town.sync()
    assert asked["held"] == {"awaiting_approval": 2}, asked
    assert town.amounts() == ["100.00"]  # else 200.00 would stand for a bill of 100.00
    done = answer(town, asked["awaiting_plan"], code=phone.code())
    assert (done["state"], done["posted"], done["reversed"]) == ("Completed", 1, 1), done
    assert town.amounts() == ["100.00", "-100.00", "100.00"]
    assert again["payment_id"] != voided.payment
    town.settled(state="NothingToDo")


def test_only_what_is_over_the_amount_waits(build: Callable[..., Town]) -> None:
    town = build(policy='approval = { over = "100.00" }')
    phone = controller(town)
    small, large = town.paid("100.00"), town.paid("100.01", 1)
    asked = town.sync()
    assert (asked["posted"], asked["held"]) == (1, {"awaiting_approval": 1}), asked
    assert (town.amounts(small.prefix), town.amounts(large.prefix)) == (["100.00"], [])
    [table] = [each for each in town.artifacts if each["key"] == f"awaiting-{town.name}"]
    assert [row["amount"] for row in table["content"]] == ["100.01 USD"]
    page = (Path(asked["folder"]) / "summary.md").read_text(encoding="utf-8")
    assert asked["awaiting_plan"] in page
    answer(town, asked["awaiting_plan"], code=phone.code())
    town.settled(state="NothingToDo")


def test_with_always_nothing_is_posted_without_an_approval(build: Callable[..., Town]) -> None:
    town = build(policy='approval = "always"')
    phone = controller(town)
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    assert town.sync("preview")["held"] == {"awaiting_approval": 3}
    assert town.ledger.plans.undecided(town.name) == []  # looking asks nobody
    asked = town.sync()
    assert (asked["state"], asked["posted"], town.posts) == ("AwaitingApproval", 0, 0)
    done = answer(town, asked["awaiting_plan"], code=phone.code())
    assert (done["state"], done["posted"]) == ("Completed", 3), done
    town.settled(state="NothingToDo")


def test_a_plan_that_changed_is_not_carried_out_but_asked_anew(build: Callable[..., Town]) -> None:
    town = build(policy='approval = "always"')
    phone = controller(town)
    town.paid("100.00")
    first = town.sync(requested_by=ACCOUNTANT)
    town.paid("50.00", 1)
    shown = answer(town, first["awaiting_plan"], code=phone.code())
    assert (shown["state"], shown["posted"]) == ("AwaitingApproval", 0), shown
    assert "no longer what is due" in shown["message"]
    assert shown["awaiting_plan"] not in (None, first["awaiting_plan"])
    assert town.posts == 0
    [open_] = town.ledger.plans.undecided(town.name)
    assert (open_["state"], open_["makers"]) == ("open", [ACCOUNTANT])
    gone = answer(town, first["awaiting_plan"], code=phone.code())
    assert gone["message"].startswith("wrong_request"), gone
    assert shown["awaiting_plan"][:12] in gone["message"]
    done = answer(town, shown["awaiting_plan"], code=phone.next_code())
    assert (done["state"], done["posted"]) == ("Completed", 2), done


def test_a_rejected_plan_stays_held_until_it_changes_or_is_approved(
    build: Callable[..., Town],
) -> None:
    town = build(policy='approval = "always"')
    phone = controller(town)
    other = enrol(town, ACCOUNTANT)
    one = town.paid("100.00")
    plan = town.sync()["awaiting_plan"]
    said = answer(town, plan, "reject", approver=ACCOUNTANT, code=other.code(), note="wrong vendor")
    assert (said["state"], town.posts) == ("Completed", 0), said
    assert kept(said, "decision")["decision"] == "reject"
    again = town.sync()
    assert (again["state"], again["held"]) == ("Held", {"awaiting_approval": 1}), again
    [hold] = town.ledger.holds.open(town.name)
    assert "wrong vendor" in hold["detail"]
    town.do("/erp/edit", payment_id=one.payment, number="4712")
    changed = town.sync()
    assert changed["state"] == "AwaitingApproval"
    assert changed["awaiting_plan"] != plan
    answer(town, changed["awaiting_plan"], "reject", code=phone.code())
    done = answer(town, changed["awaiting_plan"], code=phone.next_code())
    assert (done["state"], done["posted"]) == ("Completed", 1), done


def test_what_an_approved_plan_left_unsent_needs_no_second_approval(
    build: Callable[..., Town],
) -> None:
    town = build(policy='approval = "always"')
    phone = controller(town)
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    plan = town.sync()["awaiting_plan"]
    town.fault("status", status=503, route="contract_payments", method="POST", after=1, rate=1)
    cut = answer(town, plan, code=phone.code())
    assert (cut["state"], cut["posted"]) != ("Completed", 3), cut
    assert len(town.rows()) == 1
    town.mend()
    assert town.sync()["held"] == {}
    assert len(town.rows()) == 3
    town.settled(state="NothingToDo")
    assert [event["state"] for event in trail(town, "plan")][-1] == "carried_out"


def test_an_approval_that_is_not_carried_out_in_time_expires(build: Callable[..., Town]) -> None:
    town = build(policy='approval = "always"\napproval_hours = 1')
    phone = controller(town)
    town.paid("100.00")
    plan = town.sync()["awaiting_plan"]
    said = town.paidsync(
        "approve", town.name, plan[:12], "--by", CONTROLLER, "--code", phone.code()
    )
    assert said.code == 0, said.err
    ledger = town.ledger
    with ledger.engine.begin() as db:  # the time passes
        db.exec_driver_sql("UPDATE plan SET expires_at = '2000-01-01T00:00:00+00:00'")
    asked = town.sync()
    assert (asked["state"], asked["awaiting_plan"], town.posts) == ("AwaitingApproval", plan, 0)
    steps = [event["state"] for event in trail(town, "plan")]
    assert steps == ["open", "approved", "expired", "open"]
    done = answer(town, plan, code=phone.next_code())
    assert done["posted"] == 1
