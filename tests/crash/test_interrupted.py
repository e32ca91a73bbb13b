"""A run that is cut short by a person or by the platform it runs on, in the middle of writing."""

import os
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from orchestra import ROOT, Orchestra, until
from prefect import tags
from town import Town, folders

from flows.handle import load_handle
from flows.sync_payments import SyncOptions, sync_payments
from flows.triggers import COMMAND_LINE, tag_of
from paidsync.settings import settings

pytestmark = pytest.mark.timeout(600)
_PLACES = 4
_FOREVER = 120.0  # longer than anybody waits for an answer


@dataclass
class Pool:
    """A work pool with one worker, and the main job's deployment in it."""

    prefect: Orchestra
    deployment: str
    worker: subprocess.Popen[bytes]

    def start(self, town: Town) -> str:
        """A sync from the run form; its id."""
        run = self.prefect.post(
            f"/deployments/{self.deployment}/create_flow_run",
            parameters={
                "connection": self.prefect.handle(town.name),
                "options": {"mode": "sync", "requested_by": "accountant@bluebird.example"},
            },
            job_variables={"env": town.environment},
        )
        return str(run["id"])

    def run_processes(self) -> set[int]:
        """The processes that the worker started."""
        pid = self.worker.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return {int(child) for child in children.split()}


@pytest.fixture
def pool(deployed: Orchestra, processes: Callable[..., subprocess.Popen[bytes]]) -> Iterator[Pool]:
    """A worker that may be ended without anybody else's runs being touched."""
    name = f"interrupted-{uuid.uuid4().hex[:8]}"
    deployed.post("/work_pools/", name=name, type="process")
    known = deployed.deployment("sync")
    copied = ("flow_id", "entrypoint", "pull_steps", "parameter_openapi_schema", "tags")
    made = deployed.post(
        "/deployments/", name=name, work_pool_name=name, **{key: known[key] for key in copied}
    )
    worker = processes(
        name, "-m", "prefect", "worker", "start", "--pool", name, environment=deployed.environment
    )
    yield Pool(deployed, made["id"], worker)
    if worker.poll() is None:
        worker.terminate()


@pytest.fixture
def writing(
    build: Callable[..., Town], prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], Town]:
    """Builds a town with payments on several commitments, a batch each; Procore's third answer to
    a write takes so many seconds."""

    def make(seconds: float) -> Town:
        town = build()
        town.environment |= {"PAIDSYNC_BATCH_COMMITMENTS": "1", "PAIDSYNC_LEASE_SECONDS": "10"}
        for name, value in town.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        for place in range(_PLACES):
            town.paid(f"{100 + place}.00", place)
        writes = {"route": "contract_payments", "method": "POST"}
        town.fault("slow", **writes, after=2, when="after", seconds=seconds)
        return town

    return make


def in_the_middle(town: Town) -> None:
    """The third row stands in Procore, and the run waits for the answer."""
    until(lambda: len(town.rows()) == 3, seconds=90, what="the third row stands")


def goes_on(town: Town) -> None:
    """Once the lease is over, the next run seals what was left and does the rest, nothing twice."""
    town.mend()
    until(lambda: town.sync()["state"] != "Busy", seconds=60, what="the lease has expired")
    town.settled(state="NothingToDo")
    assert sorted(town.amounts()) == [f"{100 + place}.00" for place in range(_PLACES)]
    assert town.posts == _PLACES
    assert all((folder / "manifest.json").exists() for folder in folders(town))


def test_cancel_is_pressed_while_it_writes(writing: Callable[[float], Town], pool: Pool) -> None:
    town = writing(_FOREVER)
    run_id = pool.start(town)
    in_the_middle(town)
    state = {"type": "CANCELLING", "name": "Cancelling"}
    pool.prefect.post(f"/flow_runs/{run_id}/set_state", state=state)  # what the UI's Cancel does
    assert pool.prefect.ended(run_id)["state_name"] == "Cancelled"
    until(lambda: not pool.run_processes(), seconds=60, what="the run's process is gone")
    goes_on(town)


def test_the_worker_is_told_to_end_while_a_run_writes(
    writing: Callable[[float], Town], pool: Pool
) -> None:
    town = writing(_FOREVER)
    pool.start(town)
    in_the_middle(town)
    running = pool.run_processes()
    assert running
    pool.worker.send_signal(signal.SIGTERM)
    try:
        pool.worker.wait(30)
    except subprocess.TimeoutExpired:  # a platform waits no longer
        pool.worker.kill()
        pool.worker.wait(30)
    for pid in running:  # the worker takes its run along, else the platform does
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    goes_on(town)


def test_a_worker_is_killed_with_its_run_and_the_shipped_automation_ends_it(
    writing: Callable[[float], Town], pool: Pool, tmp_path: Path
) -> None:
    town = writing(_FOREVER)
    shipped = (ROOT / "deploy" / "automations.yaml").read_text(encoding="utf-8")
    assert "within: 540" in shipped
    soon = tmp_path / "automations.yaml"
    soon.write_text(shipped.replace("within: 540", "within: 15"), encoding="utf-8")
    assert town.paidsync("automations", "load", str(soon)).code == 0

    run_id = pool.start(town)
    in_the_middle(town)
    for pid in pool.run_processes():
        os.kill(pid, signal.SIGKILL)
    pool.worker.kill()
    pool.worker.wait(60)
    goes_on(town)
    assert pool.prefect.ended(run_id)["state_name"] == "Crashed"
    [stuck] = pool.prefect.post("/automations/filter")
    pool.prefect.delete(f"/automations/{stuck['id']}")


def test_a_run_takes_longer_than_it_may(
    writing: Callable[[float], Town], prefect: Orchestra
) -> None:
    town = writing(8)
    short = sync_payments.with_options(timeout_seconds=6)
    with tags(tag_of(COMMAND_LINE)):
        state = short(load_handle(town.name), SyncOptions(mode="sync"), return_state=True)
    assert state.name == "TimedOut"
    assert len(town.rows()) < _PLACES
    goes_on(town)
