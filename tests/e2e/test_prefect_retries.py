"""A run of the deployment that fails in load, and what Retry in the Prefect UI then does."""

from typing import Any

import pytest
from orchestra import Orchestra
from prefect.logging import disable_run_logger
from town import Town, folders, manifest

from flows.handle import load_handle
from flows.sync_payments import SyncOptions, sync_payments
from paidsync.evidence.folder import read_frame, read_json
from paidsync.reasons import RunStopped
from paidsync.records import ENTRIES
from paidsync.settings import settings
from tasks.desk import Run
from tasks.load import load_batch

_REUSED = ("extract", "validate", "match_payments", "plan_entries")
_NEVER = ("preflight", "take_lease", "load_batch", "verify_batch", "report")


def _start(prefect: Orchestra, town: Town) -> str:
    return prefect.start(
        "sync",
        environment=town.environment,
        connection=prefect.handle(town.name),
        options={"mode": "sync", "requested_by": "accountant@bluebird.example"},
    )


def _break_load(town: Town, commitments: int) -> None:
    """Plan reads each commitment's payments; from load's second reading on Procore says 403."""
    town.fault(
        "status",
        status=403,
        route="contract_payments",
        method="GET",
        after=commitments + 2,  # and one batch is loaded and verified before
        rate=1,
    )


@pytest.fixture
def three(build: Any, prefect: Orchestra, monkeypatch: pytest.MonkeyPatch) -> Town:
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
    states = prefect.tasks(run_id, attempt=2)
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
    states = prefect.tasks(run_id, attempt=2, least=6)
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
