"""Who may decide about a plan, and how they prove who they are, over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from approving import ACCOUNTANT, CONTROLLER, answer, controller, enrol, kept, trail
from town import Town


@pytest.fixture
def waiting(build: Callable[..., Town]) -> tuple[Town, str]:
    """A town where the accountant's run made a plan that waits; and that plan."""
    town: Town = build(policy='approval = "always"')
    town.paid("100.00")
    plan = town.sync(requested_by=ACCOUNTANT)["awaiting_plan"]
    return town, plan


def test_who_asked_for_the_plan_cannot_approve_it_but_withdraw_it(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    phone = enrol(town, ACCOUNTANT)
    town.sync()  # a schedule makes the same plan again: who asked first still asked
    refused = answer(town, plan, approver="Accountant@Bluebird.example", code=phone.code())
    assert refused["state"] == "Refused"
    assert "somebody else has to approve it" in refused["message"]
    assert town.posts == 0
    [event] = trail(town, "decision_refused")
    assert (event["by"], event["decision"]) == (ACCOUNTANT, "approve")
    assert answer(town, plan, "reject", approver=ACCOUNTANT, code=phone.code())["state"] == (
        "Completed"
    )


@pytest.mark.parametrize(
    ("user", "says"),
    [
        (None, "is no user of Procore company"),
        ({"approver": True, "active": False}, "is deactivated in Procore"),
        ({"approver": False}, "does not list them as accounting approver"),
    ],
    ids=["nobody", "deactivated", "no approver"],
)
def test_who_decides_is_an_active_accounting_approver_of_procore(
    waiting: tuple[Town, str], user: dict[str, Any] | None, says: str
) -> None:
    town, plan = waiting
    who = "treasurer@bluebird.example"
    phone = enrol(town, who)
    if user is not None:
        town.do("/procore/user", login=who, name="Treasury Desk", **user)
    refused = answer(town, plan, approver=who, code=phone.code())
    assert (refused["state"], town.posts) == ("Refused", 0)
    assert refused["message"].startswith("not_permitted")
    assert says in refused["message"]
    assert [each["key"] for each in town.artifacts] == [f"summary-{town.name}"]
    town.do("/procore/user", login=who, name="Treasury Desk", approver=True, active=True)
    done = answer(town, plan, approver=who, code=phone.code())
    assert done["posted"] == 1  # the code was not used up by the refusal


def test_the_service_account_is_no_person_and_approves_nothing(waiting: tuple[Town, str]) -> None:
    town, plan = waiting
    account = "paid-sync-dmsa@procore.example"
    town.do("/procore/user", login=account, approver=True)
    refused = answer(town, plan, approver=account, code=enrol(town, account).code())
    assert "is PaidSync's own service account" in refused["message"]
    assert town.posts == 0


def test_the_author_of_the_policy_cannot_approve(build: Callable[..., Town]) -> None:
    town = build(policy='approval = "always"')
    phone = controller(town)
    file = town.file('approval = "always"\napproval_hours = 24')
    assert town.paidsync("connect", str(file), "--by", CONTROLLER).code == 0
    town.paid("100.00")
    plan = town.sync()["awaiting_plan"]
    refused = answer(town, plan, code=phone.code())
    assert "wrote the present policy" in refused["message"]
    assert town.posts == 0


def test_a_code_is_good_for_one_decision_and_five_wrong_ones_close_the_door(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    phone = controller(town)
    none = answer(town, plan)
    assert none["message"].startswith("not_proven"), none
    good = phone.code()
    assert answer(town, plan, "reject", code=good)["state"] == "Completed"
    used = answer(town, plan, code=good)
    assert "was used already" in used["message"]
    for _ in range(4):
        wrong = answer(town, plan, code=phone.wrong())
        assert "is not the present code" in wrong["message"]
    shut = answer(town, plan, code=phone.next_code())
    assert "5 wrong codes" in shut["message"]
    assert town.posts == 0
    told = json.dumps(trail(town, "decision_refused"))
    assert good not in told


def test_without_proof_an_approval_is_only_claimed_and_the_policy_may_allow_it(
    build: Callable[..., Town],
) -> None:
    town = build(policy='approval = "always"\nrequire_proof = false')
    controller(town)
    town.paid("100.00")
    done = answer(town, town.sync()["awaiting_plan"])
    assert done["posted"] == 1
    assert kept(done, "decision")["proof"] == "claimed"
    assert "(claimed)" in done["message"]


def test_a_retry_goes_on_with_what_it_decided_and_asks_for_no_second_code(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    phone = controller(town)
    code = phone.code()
    town.fault("status", status=403, route="contract_payments", method="GET", rate=1)
    failed = answer(town, plan, code=code, run_id="0b1e9a5c-retry")
    assert failed["state"] == "Failed", failed
    town.mend()
    done = answer(town, plan, code=code, run_id="0b1e9a5c-retry", attempt=2)
    assert (done["state"], done["posted"]) == ("Completed", 1), done
    assert len(trail(town, "plan")) == 3


# The command line


def test_plans_are_listed_decided_and_carried_out_on_the_command_line(
    waiting: tuple[Town, str],
) -> None:
    town, plan = waiting
    phone = controller(town)
    listed = town.paidsync("plans", town.name)
    assert listed.code == 0
    assert plan[:12] in listed.out
    assert f"for {ACCOUNTANT}" in listed.out
    by = ["--by", CONTROLLER, "--code"]
    wrong = town.paidsync("approve", town.name, plan[:12], *by, phone.wrong())
    assert wrong.code == 1
    assert "Traceback" not in wrong.err
    assert town.paidsync("reject", town.name, plan, *by, phone.code()).code == 0
    said = town.paidsync("approve", town.name, plan[:12], *by, phone.next_code())
    assert (said.code, f"paidsync sync {town.name}" in said.out) == (0, True), said
    town.settled(state="Completed", posted=1)
    assert "0 plans" in town.paidsync("plans", town.name).out


def test_an_approvers_secret_is_shown_once_and_on_a_terminal_only(town: Town) -> None:
    said = town.paidsync("approvers", "add", CONTROLLER)
    assert (said.code, said.out) == (2, "")
    assert "on a terminal only" in said.err
    phone = enrol(town, CONTROLLER)
    twice = town.paidsync("approvers", "list")
    assert (twice.code, CONTROLLER in twice.out) == (0, True)
    with (town.data_dir / "ledger.sqlite3").open("rb") as file:
        assert phone.seed not in file.read()
    assert town.paidsync("approvers", "remove", CONTROLLER).code == 0
    assert "0 approvers" in town.paidsync("approvers", "list").out
    assert town.paidsync("approvers", "remove", CONTROLLER).code == 2
