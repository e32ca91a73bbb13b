"""Everything that needs a real Prefect server: deployments, the run form, artifacts, the command
line's runs, a killed run, and what Retry in the UI does. In one file, so that there is one server.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import yaml
from orchestra import ROOT, Orchestra, until
from prefect.logging import disable_run_logger
from town import Town, call_log, folders, manifest

from flows.handle import load_handle
from flows.reconcile import is_owed, reconcile
from flows.sync_all import is_due, sync_all
from flows.sync_payments import SyncOptions, sync_payments
from paidsync.evidence.folder import read_frame, read_json
from paidsync.ledger.tables import SyncRun
from paidsync.reasons import RunStopped
from paidsync.records import ENTRIES
from paidsync.settings import settings
from tasks.desk import Run
from tasks.load import load_batch

_REUSED = ("extract", "validate", "match_payments", "plan_entries")
_NEVER = ("preflight", "take_lease", "load_batch", "verify_batch", "report")


@contextmanager
def scheduled(
    prefect: Orchestra, deployed: Orchestra
) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """No worker takes up what is started meanwhile; answers syncs that wait for one."""

    def waiting() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = prefect.post(
            "/flow_runs/filter",
            flow_runs={"state": {"name": {"any_": ["Scheduled"]}}},
            deployments={"id": {"any_": [deployed.deployment("sync")["id"]]}},
        )
        return found

    prefect.patch("/work_pools/paidsync", is_paused=True)
    try:
        yield waiting
    finally:
        prefect.patch("/work_pools/paidsync", is_paused=False)


# Deployments, the run form and what a run shows


def test_deploy_all_works_before_any_connection_exists(deployed: Orchestra) -> None:
    assert "sync-payments/sync" in deployed.deploy_output
    for name in (
        "sync",
        "preview",
        "decide-plan",
        "decide-hold",
        "sync-all",
        "reconcile",
        "answer-sync-request",
        "answer-open-requests",
    ):
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
    nightly = deployed.deployment("reconcile")["schedules"]
    assert [(each["slug"], each["schedule"]["timezone"]) for each in nightly] == [
        ("nightly", "America/Los_Angeles")
    ]
    poll = deployed.deployment("answer-open-requests")["schedules"]
    assert [(each["slug"], each["schedule"]["timezone"]) for each in poll] == [
        ("every-five-minutes", "Etc/UTC")
    ]


def test_every_entrypoint_imports() -> None:
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    for deployment in document["deployments"]:
        file, name = deployment["entrypoint"].split(":")
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert getattr(module, name).name in (
            "sync-payments",
            "sync-all",
            "reconcile",
            "decide-plan",
            "decide-hold",
            "answer-sync-request",
            "answer-open-requests",
        )


def test_the_run_form_offers_a_mode_and_titles(deployed: Orchestra) -> None:
    schema = deployed.deployment("sync")["parameter_openapi_schema"]
    assert schema["required"] == ["connection"]
    options = schema["definitions"]["SyncOptions"]
    assert options["properties"]["mode"]["enum"] == ["preview", "sync", "reconcile"]
    titles = [each["title"] for each in options["properties"].values()]
    assert titles == ["Mode", "Since", "Projects", "Requested by", "Restate"]
    assert all(each["description"] for each in options["properties"].values())
    assert options["additionalProperties"] is False
    assert deployed.deployment("sync")["parameters"] == {"options": {"mode": "sync"}}
    assert deployed.deployment("preview")["parameters"] == {"options": {"mode": "preview"}}


def test_a_form_with_a_wrong_mode_is_refused_before_a_run_exists(
    build: Callable[..., Town], prefect: Orchestra, deployed: Orchestra, http: httpx.Client
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
    build: Callable[..., Town], prefect: Orchestra
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


def ended_sync(mode: str, began: datetime, state: str = "NothingToDo") -> SyncRun:
    """A run as the ledger keeps it."""
    return SyncRun(
        run_id="r", connection="c", mode=mode, trigger="schedule", attempt=1, folder="f",
        started_at=began.isoformat(), state=state,
    )  # fmt: skip


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
    last = None if minutes is None else ended_sync("sync", now - timedelta(minutes=minutes))
    assert is_due(schedule, last, now) is due


def test_sync_all_starts_only_the_connections_that_are_due(
    build: Callable[..., Town],
    prefect: Orchestra,
    deployed: Orchestra,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town: Town = build(policy='schedule = "hourly"')
    for name, schedule in (("idle", "never"), ("rested", "daily")):
        file = town.file(f'schedule = "{schedule}"', name=name)
        monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])
        assert town.paidsync("connect", str(file)).code == 0
    with scheduled(prefect, deployed) as started:
        assert sync_all(return_state=True).message == f"Started {town.name}, rested."
        runs = started()
        for run in runs:
            prefect.delete(f"/flow_runs/{run['id']}")
    tags = {tag for run in runs for tag in run["tags"]}
    assert tags & {town.name, "idle", "rested"} == {town.name, "rested"}
    assert [run["parameters"]["options"] for run in runs] == [{"mode": "sync"}] * 2


@pytest.mark.parametrize(
    ("schedule", "ended", "hours", "owed"),
    [
        ("hourly", None, 0, True),
        ("never", None, 0, False),
        ("daily", "NothingToDo", 24, True),
        ("daily", "Held", 5, False),
        ("daily", "TotalsDiffer", 1, False),  # somebody has to look first
        ("hourly", "Refused", 1, False),
        ("hourly", "Busy", 1, True),
        ("hourly", "Failed", 1, True),
        ("hourly", "Partial", 1, True),
        ("hourly", "crashed", 1, True),
        ("never", "Failed", 24, False),
    ],
)
def test_what_a_night_owes(schedule: str, ended: str | None, hours: int, owed: bool) -> None:
    now = datetime(2026, 3, 8, 10, tzinfo=UTC)
    began = now - timedelta(hours=hours)
    last = None if ended is None else ended_sync("reconcile", began, ended)
    assert is_owed(schedule, last, now) is owed


def test_a_night_starts_a_reconcile_for_each_connection_that_is_ever_synced(
    build: Callable[..., Town],
    prefect: Orchestra,
    deployed: Orchestra,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town: Town = build(connect=False)
    file = town.file('schedule = "never"', name="idle")
    for arguments in (["ledger", "upgrade"], ["connect", str(file)]):
        assert town.paidsync(*arguments).code == 0
    monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])
    town.connect('schedule = "4h"')
    one = town.paid("480.00")
    with scheduled(prefect, deployed) as started:
        assert reconcile(return_state=True).message == f"Started {town.name}."
        [run] = started()
        assert run["parameters"]["options"] == {"mode": "reconcile"}
        asked = {"connection": load_handle(town.name), "options": SyncOptions(mode="reconcile")}
        ended = prefect.carry_out(run["id"], sync_payments, **asked)
    assert (ended["name"], ended["state_name"]) == (f"{town.name} reconcile", "Completed")
    assert town.amounts(one.prefix) == ["480.00"]
    assert town.ledger.runs.last(town.name, mode="reconcile").trigger == "schedule"
    assert reconcile(return_state=True).message == "Started none."


# Runs of the command line


def test_the_exit_codes_of_sync(town: Town, prefect: Orchestra) -> None:
    one = town.paid("1250.00")
    preview = town.paidsync("sync", town.name, "--preview")
    assert (preview.code, town.rows()) == (0, [])
    assert "would post" in preview.out
    held = town.ledger.leases.take(
        str(town.world.procore.company_id), run_id="another", connection="sister", seconds=300
    )
    busy = town.paidsync("sync", town.name)
    assert busy.code == 1
    assert "Busy" in busy.out
    town.ledger.leases.release(held)
    done = town.paidsync("sync", town.name)
    assert done.code == 0
    assert "1,250.00 USD" in done.out
    assert town.amounts(one.prefix) == ["1250.00"]
    night = town.paidsync("sync", town.name, "--reconcile")
    assert (night.code, "reconcile: NothingToDo" in night.out) == (0, True)
    town.paid("99.00", date=town.day(-5))
    assert town.paidsync("sync", town.name).code == 3
    town.fault("status", status=403, route="/me", rate=1)
    failed = town.paidsync("sync", town.name)
    assert failed.code == 1
    assert "Failed" in failed.out
    assert "Traceback" not in failed.out + failed.err


def test_a_killed_run_is_sealed_by_the_next_and_nothing_is_posted_twice(
    town: Town, prefect: Orchestra
) -> None:
    for place in range(4):
        town.paid(f"{100 + place}.00", place)
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "sync", town.name],
        cwd=ROOT,
        env={**prefect.environment, **town.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    town.fault(
        "kill", pid=process.pid, route="contract_payments", method="POST", after=2, when="after"
    )
    until(lambda: process.poll() is not None, seconds=90, what="the run was killed")
    assert process.returncode == -9
    assert len(town.rows()) == 3
    [dead] = folders(town)
    assert not (dead / "manifest.json").exists()

    assert town.sync()["state"] == "Busy"  # the dead writer's lease lasts a while
    town.let_the_lease_end()
    summary = town.settled(state="Completed")
    assert len(town.rows()) == 4
    assert len({row.origin_id for row in town.rows()}) == 4
    assert town.posts == 4
    sealed = manifest(dead)
    assert sealed["state"] == "crashed"
    assert set(sealed["files"]) == {path.name for path in dead.iterdir()} - {"manifest.json"}
    assert len(call_log(dead)) > 10
    assert summary["verified"] >= 1
    town.settled(state="NothingToDo")


# Retry in the UI


def _start(prefect: Orchestra, town: Town) -> str:
    return prefect.start(
        "sync",
        environment=town.environment,
        connection=prefect.handle(town.name),
        options={"mode": "sync", "requested_by": "accountant@bluebird.example"},
    )


def _break_load(town: Town, commitments: int) -> None:
    """Before the first write every commitment's payments are read, and the plan reads them again;
    from load's second reading on Procore says 403."""
    town.fault(
        "status",
        status=403,
        route="contract_payments",
        method="GET",
        after=len(town.commitments) + commitments + 2,  # one batch is loaded and verified before
        rate=1,
    )


@pytest.fixture
def three(build: Callable[..., Town], prefect: Orchestra, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Three payments on three commitments, one commitment a batch."""
    town: Town = build()
    town.environment["PAIDSYNC_BATCH_COMMITMENTS"] = "1"
    monkeypatch.setenv("PAIDSYNC_BATCH_COMMITMENTS", "1")
    settings.cache_clear()
    for place in range(3):
        town.paid(f"{100 + place}.00", place)
    return town


def test_a_retry_reuses_what_was_read_and_posts_the_rest(
    three: Town, prefect: Orchestra, deployed: Orchestra
) -> None:
    town = three
    _break_load(town, 3)
    run_id = _start(prefect, town)
    failed = prefect.ended(run_id)
    assert (failed["state_type"], failed["state_name"]) == ("FAILED", "Failed"), failed["state"]
    assert len(town.rows()) == 1
    assert town.name in failed["tags"]
    assert failed["name"] == f"{town.name} sync"
    erp_calls = town.see("/calls")["systems"]["quickbooks_online"]

    town.mend()
    prefect.retry(run_id)
    done = prefect.ended(run_id, attempt=2)
    assert (done["state_name"], done["run_count"]) == ("Completed", 2), done["state"]
    states = prefect.tasks(run_id, named=(*_REUSED, *_NEVER), attempt=2)
    assert {name: states[name] for name in _REUSED} == {name: ["Cached"] for name in _REUSED}
    for name in _NEVER:
        assert set(states[name]) == {"Completed"}, name
    feed = {key: count for key, count in erp_calls.items() if key.endswith(("/query", "/cdc"))}
    after = town.see("/calls")["systems"]["quickbooks_online"]
    assert {key: after[key] for key in feed} == feed
    assert len(town.rows()) == 3
    assert len({row.origin_id for row in town.rows()}) == 3
    assert town.posts == 3
    assert town.differences() == []

    first, second = folders(town)
    assert manifest(first)["state"] == "Failed"
    reused = manifest(second)["reused"]
    assert {"allocations", "faults", "dispositions", "planned", "procore_before"} <= set(reused)
    for name, ref in reused.items():
        assert ref["path"].startswith(str(first)), name
        file = ref["path"].rsplit("/", 1)[1]
        assert manifest(first)["files"][file]["sha256"] == ref["sha256"]
    assert manifest(second)["previous_manifest"] is not None


def test_a_retry_never_carries_out_a_plan_that_another_run_has_overtaken(
    three: Town, prefect: Orchestra
) -> None:
    town = three
    _break_load(town, 3)
    assert town.paidsync("sync", town.name).code == 1
    run_id = town.ledger.runs.last(town.name).run_id
    assert prefect.get(f"/flow_runs/{run_id}")["state_type"] == "FAILED"
    old = folders(town)[0]
    town.mend()

    unposted = [
        payment
        for payment in town.world.erp.payments.rows.values()
        if not any(f":{payment.id}:" in (row.origin_id or "") for row in town.rows())
    ]
    victim = unposted[0].id
    town.do("/erp/void", payment_id=victim)
    between = town.paidsync("sync", town.name)
    assert between.code == 0, between.err + between.out
    assert len(town.rows()) == 2
    posts = town.posts

    prefect.retry(run_id)
    handle, options = load_handle(town.name), SyncOptions(mode="sync")
    done = prefect.carry_out(run_id, sync_payments, connection=handle, options=options)
    assert (done["state_name"], done["run_count"]) == ("NothingToDo", 2), done["state"]
    states = prefect.tasks(run_id, named=_REUSED, attempt=2)
    assert "Cached" not in {*states["extract"], *states["plan_entries"]}
    assert town.posts == posts
    assert not any(f":{victim}:" in (row.origin_id or "") for row in town.rows())
    assert town.differences() == []

    _load_refuses(town, old, run_id)
    assert town.posts == posts


def _load_refuses(town: Town, old: Any, run_id: str) -> None:
    """Load itself refuses the stale plan, whoever hands it over."""
    files = manifest(old)["files"]

    def ref(name: str, file: str) -> dict[str, Any]:
        return {"name": name, "path": str(old / file), "sha256": files[file]["sha256"]}

    context = ref("context", "context.json")
    plan = {
        "entries": ref("planned", "planned.parquet"),
        "contract_payments": ref("procore_before", "procore_before.parquet"),
        "generation": read_json(context)["generation"],
        "hash": "of the old plan",
        "stopped": None,
        "approved": None,
    }
    ids = [str(each) for each in read_frame(plan["entries"], ENTRIES)["origin_id"]]
    lease = town.ledger.leases.take(
        str(town.world.procore.company_id), run_id=run_id, connection=town.name, seconds=60
    )
    run = Run(
        connection=town.name, run_id=run_id, attempt=3, mode="sync", folder=str(old),
        policy_version=1, procore_company=lease.procore_company,
    ).with_lease(lease)  # fmt: skip
    with disable_run_logger(), pytest.raises(RunStopped) as stopped:
        load_batch.fn(run, plan=plan, origin_ids=ids, context=context, batch=1, batches=1)
    assert stopped.value.reason == "plan_stale"
    town.ledger.leases.release(lease)
