"""What accountants meet in Prefect: forms and what they refuse, a plan that waits, and a bar."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from approving import ACCOUNTANT, CONTROLLER, controller
from orchestra import Orchestra
from town import Town

from flows.handle import PaidsyncConnection
from flows.starting import start_approved
from flows.sync_payments import SyncOptions, sync_payments
from flows.triggers import APPROVAL, Beginning, trigger_of
from paidsync.settings import settings
from tasks.people import ON_DEMAND

_NEXT_CENTURY = {"scheduled_time": "2126-01-01T00:00:00Z"}  # no worker takes it up
ALWAYS = 'approval = "always"'


def fields(deployment: dict[str, Any], model: str) -> dict[str, dict[str, Any]]:
    """The fields of a form's nested part, in the order in which they are shown."""
    found = deployment["parameter_openapi_schema"]["definitions"][model]["properties"]
    return dict(sorted(found.items(), key=lambda field: int(field[1]["position"])))


def test_every_field_of_the_forms_has_a_title_and_a_sentence(deployed: Orchestra) -> None:
    for name, model, names in (
        ("sync", "SyncOptions", ["mode", "since", "projects", "requested_by", "restate"]),
        ("decide-plan", "PlanDecision", ["plan", "decision", "approver", "code", "note"]),
    ):
        deployment = deployed.deployment(name)
        schema = deployment["parameter_openapi_schema"]
        connection = schema["properties"]["connection"]
        reference = json.dumps(connection)
        assert "PaidsyncConnection" in reference  # Prefect makes a drop-down of it
        block = schema["definitions"]["PaidsyncConnection"]
        assert block["block_type_slug"] == "paidsync-connection"
        assert connection["description"].endswith(".")
        shown = fields(deployment, model)
        assert list(shown) == names
        for each in shown.values():
            assert each["title"]
            assert each["description"].endswith(".")
            assert "anyOf" not in each  # else a person would have to choose *str* before typing


def test_what_was_left_empty_was_not_said(
    build: Callable[..., Town], prefect: Orchestra, deployed: Orchestra, http: httpx.Client
) -> None:
    empty = {"since": "", "requested_by": "", "restate": "", "projects": []}
    reply = http.post(
        f"{prefect.url}/deployments/{deployed.deployment('sync')['id']}/create_flow_run",
        json={
            "parameters": {"connection": prefect.handle(build().name), "options": empty},
            "state": {"type": "SCHEDULED", "state_details": _NEXT_CENTURY},
        },
    )
    assert reply.status_code == 201, reply.text
    options = SyncOptions.model_validate(empty)
    assert (options.since, options.requested_by, options.restate) == (None, None, None)


def test_an_approval_at_the_listener_starts_a_sync_as_it_was_asked_for(
    build: Callable[..., Town], prefect: Orchestra, deployed: Orchestra
) -> None:
    town: Town = build()
    plan = {
        "plan_hash": "ab" * 32,
        "decided_at": "2026-11-26T12:00:00+00:00",
        "asked": {"projects": ["11"], "restate": None},
    }
    for _ in range(2):  # one approval starts one run
        start_approved(town.name, plan)
    key = {"idempotency_key": {"any_": [f"approved-{town.name}-{'ab' * 6}-{plan['decided_at']}"]}}
    [run] = prefect.post("/flow_runs/filter", flow_runs=key)
    prefect.delete(f"/flow_runs/{run['id']}")
    assert run["parameters"]["options"] == {"mode": "sync", "projects": ["11"]}
    began = Beginning(deployed=True, key=run["idempotency_key"])
    assert trigger_of(run["tags"], began) == APPROVAL
    assert trigger_of(run["tags"], Beginning(deployed=True)) == ON_DEMAND  # a tag can be typed


@pytest.mark.parametrize(
    "options",
    [
        {"since": "yesterday"},
        {"projects": ["Pier 9"]},
        {"requested_by": "the accountant"},
        {"mode": "sync", "speed": "fast"},
    ],
    ids=["since", "projects", "requested by", "unknown"],
)
def test_the_run_form_refuses_what_cannot_be_meant(
    build: Callable[..., Town],
    prefect: Orchestra,
    deployed: Orchestra,
    http: httpx.Client,
    options: dict[str, Any],
) -> None:
    reply = http.post(
        f"{prefect.url}/deployments/{deployed.deployment('sync')['id']}/create_flow_run",
        json={"parameters": {"connection": prefect.handle(build().name), "options": options}},
    )
    assert reply.status_code == 409, reply.text


@pytest.mark.parametrize(
    "change",
    [{"plan": "abc"}, {"code": "12345"}, {"decision": "maybe"}, {"approver": "me"}],
    ids=lambda change: next(iter(change)),
)
def test_the_plan_form_refuses_what_cannot_be_meant(
    build: Callable[..., Town],
    prefect: Orchestra,
    deployed: Orchestra,
    http: httpx.Client,
    change: dict[str, Any],
) -> None:
    answer = {"plan": "0" * 12, "decision": "approve", "approver": CONTROLLER, "code": "123456"}
    reply = http.post(
        f"{prefect.url}/deployments/{deployed.deployment('decide-plan')['id']}/create_flow_run",
        json={
            "parameters": {
                "connection": prefect.handle(build().name),
                "answer": answer | change,
            }
        },
    )
    assert reply.status_code == 409, reply.text


def test_a_handle_of_no_connection_is_refused_with_a_sentence(
    town: Town, prefect: Orchestra
) -> None:
    ghost = PaidsyncConnection(connection="ghost", erp="", erp_company="", procore_company="")
    state = sync_payments(ghost, SyncOptions(mode="sync"), return_state=True)
    assert (state.name, state.type.value) == ("Refused", "FAILED")
    assert f"no connection 'ghost' (known: {town.name})" in (state.message or "")
    run_id = str(state.state_details.flow_run_id)
    assert "ghost" in prefect.artifacts(run_id)["refused"]["data"]
    with town.ledger.engine.begin() as db:
        kinds = db.exec_driver_sql("SELECT kind FROM audit_event").scalars().all()
    assert "run_refused" in kinds


def test_a_plan_is_made_by_one_person_and_carried_out_by_another_in_the_ui(
    build: Callable[..., Town], prefect: Orchestra, deployed: Orchestra
) -> None:
    town: Town = build(policy=ALWAYS)
    phone = controller(town)
    town.paid("1250.50")
    form = {"environment": town.environment, "connection": prefect.handle(town.name)}

    nobody = prefect.ended(prefect.start("sync", options={"mode": "sync"}, **form))
    assert nobody["state_name"] == "Refused", nobody["state"]
    assert "Nobody is named as asking" in nobody["state"]["message"]

    options = {"mode": "sync", "requested_by": ACCOUNTANT}
    made = prefect.ended(prefect.start("sync", options=options, **form))
    assert made["state_name"] == "AwaitingApproval", made["state"]
    artifacts = prefect.artifacts(made["id"])
    [row] = json.loads(artifacts[f"awaiting-{town.name}"]["data"])
    assert row["amount"] == "1,250.50 USD"
    [plan] = town.ledger.plans.undecided(town.name)
    assert plan["plan_hash"] in artifacts[f"summary-{town.name}"]["data"]
    assert plan["makers"] == [ACCOUNTANT]
    assert town.rows() == []

    answer = {
        "plan": plan["plan_hash"][:12],
        "decision": "approve",
        "approver": CONTROLLER,
        "code": phone.code(),
        "note": "seen",
    }
    done = prefect.ended(prefect.start("decide-plan", answer=answer, **form))
    assert done["state_name"] == "Completed", done["state"]
    assert done["name"] == f"{town.name} approve {answer['plan']}"
    assert town.amounts() == ["1250.50"]
    assert town.differences() == []
    assert town.name in done["tags"]

    assert town.posts == 1


def test_a_long_run_shows_how_far_it_is(
    build: Callable[..., Town], prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    town: Town = build()
    monkeypatch.setenv("PAIDSYNC_BATCH_COMMITMENTS", "1")
    settings.cache_clear()
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    said = town.paidsync("sync", town.name)
    assert said.code == 0, said.err + said.out
    run = town.ledger.runs.last(town.name)
    assert run is not None
    bar = prefect.artifacts(run.run_id)[f"progress-{town.name}"]
    assert (bar["type"], bar["data"]) == ("progress", 100.0)
    assert bar["description"] == "Loaded 3 of 3 entries."
