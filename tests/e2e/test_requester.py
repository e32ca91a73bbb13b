"""Who may ask for a run, and for what, looked up before anything is read, over HTTP."""

from collections.abc import Callable

from approving import kept
from town import Town, manifest


def test_a_run_from_the_ui_names_an_accounting_approver_who_asks(town: Town) -> None:
    town.paid("100.00")
    nobody = town.sync(tag="")
    assert nobody["state"] == "Refused"
    assert "Nobody is named as asking" in nobody["message"]
    for email, says in (
        ("ghost@bluebird.example", "is no user of Procore company Bluebird Construction"),
        ("site@bluebird.example", "Site Desk (site@bluebird.example) may not ask for a run"),
    ):
        refused = town.sync(tag="", requested_by=email)
        assert refused["state"] == "Refused"
        assert says in refused["message"]
        assert manifest(refused["folder"])["run"]["requested_by"] == email
        assert [each["key"] for each in town.artifacts] == [f"summary-{town.name}"]
    assert (town.posts, town.calls("GET /rest/v1.1/requisitions")) == (0, 0)  # nothing was read
    done = town.sync(tag="", requested_by="Accountant@bluebird.example")
    assert (done["state"], done["posted"]) == ("Completed", 1), done
    assert kept(done, "preflight")["requested_by"]["name"] == "Ledger Desk"


def test_a_policy_may_let_anybody_run_it_from_the_ui(build: Callable[..., Town]) -> None:
    town = build(policy='requester = "optional"')
    town.paid("100.00")
    assert town.sync(tag="")["posted"] == 1
    assert town.sync(tag="", requested_by="site@bluebird.example")["state"] == "Refused"


def test_the_command_line_and_schedules_act_as_the_service_account(town: Town) -> None:
    assert town.sync()["state"] == "NothingToDo"
    assert town.sync(tag="auto-scheduled")["state"] == "NothingToDo"
    assert town.sync(requested_by="site@bluebird.example")["state"] == "Refused"
    account = "paid-sync-dmsa@procore.example"  # of itself it can read its level: Admin
    assert town.sync(tag="", requested_by=account)["state"] == "NothingToDo"
    town.do("/procore/tool", name="erp_integrations", enabled=True, level="standard")
    assert town.sync(tag="", requested_by=account)["state"] == "Refused"


def test_whoever_presses_procores_button_was_let_through_by_procore(town: Town) -> None:
    pressed = town.sync(tag="trigger: procore button", requested_by="Procore user 5")
    assert pressed["state"] == "NothingToDo", pressed


def test_what_is_asked_for_must_be_there_before_anything_is_read(town: Town) -> None:
    future = town.sync(since=town.day(-2))
    assert future["message"].startswith("wrong_request"), future
    assert "is in the future" in future["message"]
    project = next(iter(town.world.procore.projects))
    unknown = town.sync(projects=["99", str(project), "98"])
    assert "no project 99 or 98" in unknown["message"], unknown
    assert str(project) in unknown["message"]
    assert town.calls("GET /rest/v1.1/requisitions") == 0
    assert town.sync(projects=[str(project)], since=town.day(0))["state"] == "NothingToDo"
