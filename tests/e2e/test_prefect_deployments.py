"""Deployments, the run form, artifacts and the hourly flow, against a real Prefect server."""

import importlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from orchestra import ROOT, Orchestra
from town import Town

import flows.sync_all as sync_all_module
from flows.sync_all import is_due, sync_all


def test_deploy_all_works_before_any_connection_exists(deployed: Orchestra) -> None:
    assert "sync-payments/sync" in deployed.deploy_output
    for name in ("sync", "preview", "sync-all"):
        found = deployed.deployment(name)
        assert found["work_pool_name"] == "paidsync"
        assert found["enforce_parameter_schema"] is True
        assert found["pull_steps"] == [
            {
                "prefect.deployments.steps.set_working_directory": {
                    "directory": "{{ prefect.variables.paidsync_home }}"
                }
            }
        ]
    hourly = deployed.deployment("sync-all")["schedules"]
    assert [(each["slug"], each["schedule"]["cron"]) for each in hourly] == [
        ("hourly", "0 * * * *")
    ]


def test_every_entrypoint_imports() -> None:
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    for deployment in document["deployments"]:
        file, name = deployment["entrypoint"].split(":")
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert getattr(module, name).name in ("sync-payments", "sync-all")


def test_the_run_form_offers_a_mode_and_titles(deployed: Orchestra) -> None:
    schema = deployed.deployment("sync")["parameter_openapi_schema"]
    assert schema["required"] == ["connection"]
    options = schema["definitions"]["SyncOptions"]
    assert options["properties"]["mode"]["enum"] == ["preview", "sync"]
    titles = [each["title"] for each in options["properties"].values()]
    assert titles == ["Mode", "Since", "Projects", "Requested by"]
    assert all(each["description"] for each in options["properties"].values())
    assert options["additionalProperties"] is False
    assert deployed.deployment("sync")["parameters"] == {"options": {"mode": "sync"}}
    assert deployed.deployment("preview")["parameters"] == {"options": {"mode": "preview"}}


def test_a_form_with_a_wrong_mode_is_refused_before_a_run_exists(
    build: Any, prefect: Orchestra, deployed: Orchestra, http: Any
) -> None:
    town: Town = build()
    reply = http.post(
        f"{prefect.url}/deployments/{prefect.deployment('sync')['id']}/create_flow_run",
        json={
            "parameters": {
                "connection": prefect.handle(town.name),
                "options": {"mode": "post everything"},
            }
        },
    )
    assert reply.status_code == 409
    assert "mode" in reply.text


def test_artifacts_show_the_run_with_money_as_text_and_links(
    build: Any, prefect: Orchestra
) -> None:
    town: Town = build()
    one = town.paid("1250.50")
    town.paid("99.00", 1, date=town.day(-5))  # in the future: held
    said = town.paidsync("sync", town.name)
    assert said.code == 3, said.err + said.out
    run = town.ledger.runs.last(town.name)
    found = prefect.artifacts(run.run_id)
    kinds = ("summary", "planned", "posted", "held", "verified")
    assert set(found) == {f"{kind}-{town.name}" for kind in kinds}
    assert "1,250.50 USD" in found[f"summary-{town.name}"]["data"]
    for kind in ("planned", "posted", "verified"):
        [row] = json.loads(found[f"{kind}-{town.name}"]["data"])
        assert row["amount"] == "1,250.50 USD"
        assert str(town.commitments[0]) in row["in Procore"]
        assert row["in Procore"].startswith("http")
    [held] = json.loads(found[f"held-{town.name}"]["data"])
    assert (held["reason"], held["amount"]) == ("date_in_future", "99.00 USD")
    assert town.amounts(one.prefix) == ["1250.50"]


@pytest.mark.parametrize(
    ("schedule", "minutes", "due"),
    [
        ("hourly", None, True),
        ("hourly", 51, True),
        ("hourly", 49, False),
        ("2h", 90, False),
        ("4h", 235, True),
        ("daily", 23 * 60, False),
        ("never", None, False),
        ("never", 10_000, False),
    ],
)
def test_what_is_due(schedule: str, minutes: int | None, due: bool) -> None:
    now = datetime(2026, 3, 8, 10, tzinfo=UTC)
    last = None if minutes is None else now - timedelta(minutes=minutes)
    assert is_due(schedule, last, now) is due


def test_sync_all_starts_only_the_connections_that_are_due(
    build: Any, prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    town: Town = build(policy='schedule = "hourly"')
    for name, schedule in (("idle", "never"), ("rested", "daily")):
        file = town.file(f'schedule = "{schedule}"', name=name)
        monkeypatch.setenv("TOWN_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])
        assert town.paidsync("connect", str(file)).code == 0
    started: list[dict[str, Any]] = []

    def note(name: str, **more: Any) -> None:
        started.append({"name": name, **more})

    monkeypatch.setattr(sync_all_module, "run_deployment", note)
    state = sync_all(return_state=True)
    assert state.type.value == "COMPLETED", state
    names = [each["parameters"]["connection"].connection for each in started]
    assert names == [town.name, "rested"]
    assert {each["name"] for each in started} == {"sync-payments/sync"}
    assert all(each["parameters"]["options"] == {"mode": "sync"} for each in started)
