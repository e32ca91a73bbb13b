"""A press of *Sync Payments for Synced Payment applications* in Procore, from button to green."""

import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from button import answered, listening, shown
from orchestra import ROOT, Orchestra, until
from town import Town, call_log, folders

from flows import answer_open_requests as poll_module
from flows.answer_open_requests import answer_open_requests
from flows.starting import StartedInVain
from sandbox.demo.processes import free_port


@pytest.fixture
def at_the_button(
    build: Callable[..., Town], prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> Town:
    """A town that answers the button, told of presses by the poll alone."""
    town = _own(build)
    listening(town, monkeypatch)
    return town


def _own(build: Callable[..., Town]) -> Town:
    """A town with a name of its own: all share the Prefect server, and their requests' numbers."""
    town: Town = build(connect=False)
    town.name = f"bluebird-{uuid.uuid4().hex[:8]}"
    return town


def test_from_the_button_to_green(
    build: Callable[..., Town],
    prefect: Orchestra,
    deployed: Orchestra,
    monkeypatch: pytest.MonkeyPatch,
    processes: Callable[..., Any],
    http: httpx.Client,
) -> None:
    town = _own(build)
    port = free_port()
    listening(town, monkeypatch, port=port)
    one = town.paid("1250.00")
    environment = {**prefect.environment, **town.environment, "PYTHONPATH": str(ROOT)}
    prefect.give_environment("answer-sync-request", town.environment)
    processes("listener", "-m", "cli.main", "listen", "--port", str(port), environment=environment)
    until(lambda: _lives(http, port), seconds=60, what="the listener answers")

    began = time.monotonic()
    pressed = town.do("/procore/button")
    (told,) = pressed["deliveries"]
    assert told["answered"] == [204]
    assert told["seconds"][0] < 5
    found = until(
        lambda: _closed(town, pressed["request_id"]), seconds=60, what="the request is closed"
    )
    assert time.monotonic() - began < 60
    assert found["status"] == "success"
    assert found["messages"][0] == "Posted 1 payment, 1,250.00 USD together."
    assert town.amounts(one.prefix) == ["1250.00"]
    assert town.differences() == []
    run = town.ledger.runs.last(town.name)
    assert (run.trigger, run.state) == ("procore button", "Completed")
    assert run.run_id in found["messages"][-1]
    tags = prefect.get(f"/flow_runs/{run.run_id}")["tags"]
    assert {town.name, "trigger: procore button"} <= set(tags)

    posts = town.posts
    secret = town.environment["TOWN_WEBHOOK_SECRET"]
    again = _deliver(http, port, town, secret, pressed["request_id"], event=99)
    forged = _deliver(http, port, town, "x" * 32, pressed["request_id"] + 1, event=100)
    assert (again, forged) == (204, 401)
    until(lambda: not town.ledger.inbound.waiting(), seconds=20, what="the replay is settled")
    runs = prefect.post("/flow_runs/filter", flows={"name": {"any_": ["answer-sync-request"]}})
    mine = [run for run in runs if town.name in run["tags"]]
    assert len(mine) == 1
    assert town.posts == posts


def _lives(http: httpx.Client, port: int) -> bool:
    try:
        return http.get(f"http://127.0.0.1:{port}/health").status_code == 200
    except httpx.TransportError:
        return False


def _closed(town: Town, request_id: int) -> dict[str, Any] | None:
    found = shown(town, request_id)
    return found if found["status"] != "in_progress" else None


def _deliver(
    http: httpx.Client, port: int, town: Town, secret: str, request_id: int, *, event: int
) -> int:
    told = {
        "id": event,
        "company_id": town.world.procore.company_id,
        "resource_name": "ERP Requests",
        "event_type": "create",
        "resource_id": request_id,
    }
    url = f"http://127.0.0.1:{port}/procore/{town.name}"
    reply = http.post(url, json=told, headers={"authorization": f"Bearer {secret}"})
    return reply.status_code


def test_what_is_held_is_told_with_its_reason_and_what_to_do(
    at_the_button: Town, prefect: Orchestra
) -> None:
    town = at_the_button
    town.paid("1250.00")
    town.paid("99.00", 1, date=town.day(-5))  # in the future
    person = next(iter(town.world.procore.users.values()))
    pressed = town.do("/procore/button", user_id=person.id)
    assert answered(town, prefect, pressed["request_id"])[0] == "Completed"
    found = shown(town, pressed["request_id"])
    assert found["status"] == "success"
    assert any(line.startswith("Held: 1 payment. ") for line in found["messages"])
    run = town.ledger.runs.last(town.name)
    assert (run.trigger, run.requested_by) == ("procore button", person.login)


def test_a_request_is_answered_once(at_the_button: Town, prefect: Orchestra) -> None:
    town = at_the_button
    town.paid("1250.00")
    pressed = town.do("/procore/button")["request_id"]
    assert answered(town, prefect, pressed)[0] == "Completed"
    runs = len(folders(town))
    name, message = answered(town, prefect, pressed)
    assert name == "NothingToDo"
    assert "has its answer already" in message
    closed = town.do("/procore/button")
    town.world.procore.erp.details[closed["request_detail_id"]].status = "stale"
    assert "is closed in Procore (stale)" in answered(town, prefect, closed["request_id"])[1]
    assert len(folders(town)) == runs
    assert town.posts == 1


def test_a_request_of_another_kind_starts_nothing_and_stays_open(
    at_the_button: Town, prefect: Orchestra
) -> None:
    town = at_the_button
    other = town.do("/procore/button", request_name="sync_vendors")["request_id"]
    assert answered(town, prefect, other)[0] == "NothingToDo"
    assert shown(town, other)["status"] == "in_progress"
    assert not (town.data_dir / "runs").exists()


def test_a_run_that_fails_is_told_as_failed_and_without_a_traceback(
    at_the_button: Town, prefect: Orchestra
) -> None:
    town = at_the_button
    town.paid("1250.00")
    town.fault("status", status=403, route="/me", rate=1)
    pressed = town.do("/procore/button")["request_id"]
    assert answered(town, prefect, pressed)[0] == "Completed"
    found = shown(town, pressed)
    assert found["status"] == "failed"
    said = " ".join(found["messages"])
    assert "Procore, GET /rest/v1.0/me" in said
    assert "Traceback" not in said
    assert town.rows() == []


def test_a_busy_company_is_told_with_who_is_at_work(
    at_the_button: Town, prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = at_the_button
    monkeypatch.setenv("PAIDSYNC_BUTTON_PATIENCE_SECONDS", "0")
    poll_module.settings.cache_clear()
    company = str(town.world.procore.company_id)
    held = town.ledger.leases.take(company, run_id="another", connection="sister", seconds=300)
    pressed = town.do("/procore/button")["request_id"]
    assert answered(town, prefect, pressed)[0] == "Completed"
    found = shown(town, pressed)
    assert found["status"] == "failed"
    assert "Run another of sister is writing" in found["messages"][0]
    assert "Press the button again" in found["messages"][1]
    town.ledger.leases.release(held)


def test_an_answer_that_procore_did_not_take_is_told_by_the_poll(
    at_the_button: Town, prefect: Orchestra
) -> None:
    town = at_the_button
    town.paid("1250.00")
    pressed = town.do("/procore/button")["request_id"]
    town.fault("status", status=500, route="erp_request_details", method="PATCH", rate=1)
    assert answered(town, prefect, pressed)[0] == "Failed"
    assert shown(town, pressed)["status"] == "in_progress"
    town.mend()
    runs = len(folders(town))
    answer_open_requests()
    assert shown(town, pressed)["status"] == "success"
    assert len(folders(town)) == runs
    assert town.posts == 1


def test_the_poll_starts_what_nobody_told_of_and_never_twice(
    at_the_button: Town, prefect: Orchestra, deployed: Orchestra
) -> None:
    town = at_the_button
    lost = town.do("/procore/button", lose=True)["request_id"]
    town.do("/procore/button", request_name="sync_vendors")
    for _ in range(3):
        answer_open_requests()
    runs = prefect.post("/flow_runs/filter", flows={"name": {"any_": ["answer-sync-request"]}})
    (mine,) = [run for run in runs if town.name in run["tags"]]
    assert mine["parameters"]["request_id"] == str(lost)
    assert "trigger: procore button" in mine["tags"]


def test_a_press_over_which_run_after_run_dies_is_answered_in_the_end(
    at_the_button: Town, prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = at_the_button
    pressed = town.do("/procore/button", lose=True)["request_id"]

    def die(*_: Any) -> None:
        raise StartedInVain("every run died")

    monkeypatch.setattr(poll_module, "start_answer", die)
    answer_open_requests()
    found = shown(town, pressed)
    assert found["status"] == "failed"
    assert "tried 5 times" in found["messages"][0]


@pytest.mark.parametrize("fate", ["CANCELLED", "CRASHED", "RUNNING"])
def test_what_became_of_the_run_that_took_a_press_up_decides(
    at_the_button: Town, prefect: Orchestra, deployed: Orchestra, fate: str
) -> None:
    town = at_the_button
    flow = prefect.get("/flows/name/answer-sync-request")["id"]
    run = prefect.post("/flow_runs/", flow_id=flow, state={"type": fate})["id"]
    pressed = town.do("/procore/button", lose=True)
    ids = {"detail_id": str(pressed["request_detail_id"]), "run_id": run}
    request = str(pressed["request_id"])
    assert town.ledger.inbound.claim(town.name, request, **ids, seen=None, asked_by=None)
    answer_open_requests()
    found = shown(town, pressed["request_id"])
    runs = prefect.post("/flow_runs/filter", flows={"id": {"any_": [flow]}})
    again = [run for run in runs if town.name in run["tags"]]
    assert (found["status"], len(again)) == {
        "CANCELLED": ("failed", 0),
        "CRASHED": ("in_progress", 1),
        "RUNNING": ("in_progress", 0),
    }[fate]


def test_the_poll_costs_one_call_where_nobody_pressed(
    at_the_button: Town, prefect: Orchestra
) -> None:
    town = at_the_button
    town.do("/calls/reset")
    answer_open_requests()
    calls = town.see("/calls")["systems"]["procore"]
    assert sum(calls.values()) == 2, calls  # and the login
    assert not call_log_exists(town)


def call_log_exists(town: Town) -> bool:
    """Whether any run folder was made."""
    return (town.data_dir / "runs").exists() and any(map(call_log, folders(town)))
