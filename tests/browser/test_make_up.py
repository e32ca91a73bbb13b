"""`make up` and `make down`: what a person finds, and that nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.up.ending import MARK, bearing, end
from sandbox.up.record import Record
from tests.e2e.orchestra import ROOT, until

pytestmark = pytest.mark.timeout(900)
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
_CONNECTION = "bluebird-quickbooks-online"


@dataclass
class Up:
    """What was started, as a person meets it."""

    folder: Path
    said: str
    http: httpx.Client  # logged in

    @property
    def record(self) -> Record:
        found = Record.read(self.folder)
        assert found is not None
        return found

    def get(self, path: str) -> Any:
        return self._asked("GET", path, None)

    def post(self, path: str, **body: Any) -> Any:
        return self._asked("POST", path, body)

    def _asked(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        """With patience where its SQLite is locked, as every client of Prefect has."""

        def ask() -> httpx.Response | None:
            reply = self.http.request(method, path, json=body)
            return None if reply.status_code == 503 else reply

        reply: httpx.Response = until(ask, seconds=60, what="the server is not busy")
        assert reply.status_code < 300, reply.text
        return reply.json()

    def start_preview(self) -> str:
        """Deployments, preview, Run, Custom run, Submit."""
        block = self.get(
            f"/block_types/slug/paidsync-connection/block_documents/name/{_CONNECTION}"
        )
        found = self.get("/deployments/name/sync-payments/preview")
        filled = {
            "connection": {"$ref": {"block_document_id": block["id"]}},
            "options": {"mode": "preview", "requested_by": "accountant@bluebird.example"},
        }
        run = self.post(f"/deployments/{found['id']}/create_flow_run", parameters=filled)
        return str(run["id"])

    def once(self, run_id: str, states: set[str]) -> dict[str, Any]:
        """A run as soon as its state is one of these."""

        def look() -> dict[str, Any] | None:
            run: dict[str, Any] = self.get(f"/flow_runs/{run_id}")
            return run if run["state_type"] in states else None

        found: dict[str, Any] = until(look, seconds=300, what=f"the run is {states}")
        return found


def _command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox.up", "--folder", str(folder), "--port", "0", *arguments]


def _run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(folder, *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Everything, started once for this file."""
    folder = tmp_path_factory.mktemp("up") / "up"
    try:
        done = _run(folder, PAIDSYNC_LOG_FORMAT="json")
        assert done.returncode == 0, done.stdout + done.stderr
        record = Record.read(folder)
        assert record is not None
        user, password = (folder / "login").read_text().strip().split(":")
        with httpx.Client(
            base_url=record.shown["Prefect UI"] + "/api", auth=(user, password), timeout=60
        ) as http:
            yield Up(folder, done.stdout, http)
    finally:
        _run(folder, "--down")


def test_it_says_where_to_look_and_shows_no_password(up: Up) -> None:
    login = (up.folder / "login").read_text().strip()
    assert login.split(":")[1] not in up.said
    assert up.record.shown["Prefect UI"] in up.said
    assert str(up.folder / "login") in up.said
    assert "Deployments, preview, Run, Custom run" in up.said
    assert "accountant@bluebird.example" in up.said
    for name in ("login", "environment.sh"):
        assert (up.folder / name).stat().st_mode & 0o777 == 0o600
    for name in ("bluebird-quickbooks-online", "bluebird-xero"):
        assert name in up.said


def test_the_server_asks_for_the_password(up: Up) -> None:
    url = f"{up.http.base_url}deployments/filter"
    assert httpx.post(url, json={}).status_code == 401
    assert httpx.post(url, json={}, auth=("admin", "admin")).status_code == 401
    assert up.http.post("/deployments/filter", json={}).status_code == 200


def test_a_command_with_the_wrong_password_says_so_in_a_sentence(up: Up, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "automations", "load"],
        cwd=ROOT,
        env={
            **os.environ,
            "PREFECT_HOME": str(tmp_path),
            "PREFECT_API_URL": str(up.http.base_url).rstrip("/"),
            "PREFECT_API_AUTH_STRING": "admin:admin",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "PREFECT_API_AUTH_STRING" in done.stderr
    assert "Traceback" not in done.stderr


def test_deployments_worker_and_automations_are_there(up: Up) -> None:
    names = {each["name"] for each in up.post("/deployments/filter")}
    assert names >= {"sync", "preview", "sync-all"}
    assert "ONLINE" in {each["status"] for each in up.post("/work_pools/paidsync/workers/filter")}
    automations = {each["name"] for each in up.post("/automations/filter")}
    assert "PaidSync: end a run that is stuck" in automations


def test_a_preview_runs_and_its_log_lines_say_which_run_they_are_about(up: Up) -> None:
    run_id = up.start_preview()
    run = up.once(run_id, _ENDED)
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    assert "would post" in run["state"]["message"]
    lines = (up.folder / "logs" / "worker.log").read_text().splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{")]
    about = [each for each in told if each.get("connection") == _CONNECTION]
    assert {each["run_id"] for each in about} == {run_id}
    assert any("would post" in each["message"] for each in about)


def test_a_second_up_says_that_it_runs_already(up: Up) -> None:
    before = up.record
    again = _run(up.folder)
    assert again.returncode == 0, again.stderr
    assert "It runs already." in again.stdout
    assert before.shown["Prefect UI"] in again.stdout
    assert up.record == before


def test_down_ends_every_process_and_a_run_that_is_under_way(up: Up) -> None:
    run_id = up.start_preview()
    up.once(run_id, {"RUNNING", *_ENDED})
    record = up.record
    assert set(record.processes.values()) <= bearing(record.mark)
    done = _run(up.folder, "--down")
    assert done.returncode == 0, done.stderr
    for name in record.processes:
        assert name in done.stdout
    assert bearing(record.mark) == set()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{record.shown['Prefect UI']}/api/health")
    assert not (up.folder / "login").exists()
    assert not (up.folder / "environment.sh").exists()
    assert _run(up.folder, "--down").stdout == "Nothing runs.\n"


def test_an_up_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "up"
    done = _run(folder, PAIDSYNC_LOG_FORMAT="yaml")
    assert done.returncode == 1
    assert "PAIDSYNC_LOG_FORMAT" in done.stderr
    assert "Traceback" not in done.stderr
    assert (folder / "logs" / "prefect-server.log").exists()
    assert Record.read(folder) is None
    assert _of_folder(folder) == set()


def test_down_ends_what_an_up_had_started_before_it_was_killed(tmp_path: Path) -> None:
    folder = tmp_path / "up"
    with subprocess.Popen(
        _command(folder), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:

        def both() -> bool:
            record = Record.read(folder)
            return record is not None and len(record.processes) == 2

        until(both, seconds=120, what="the server and the sandbox are started")
        process.kill()
    record = Record.read(folder)
    assert record is not None
    assert set(record.processes.values()) <= bearing(record.mark)
    assert _run(folder).returncode == 1  # a part still runs
    assert _run(folder, "--down").returncode == 0
    assert bearing(record.mark) == set()
    assert _of_folder(folder) == set()


def test_ending_finds_what_a_killed_process_left_and_nobody_else_s(tmp_path: Path) -> None:
    record = Record(str(tmp_path))
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    parent = (
        "import subprocess, sys; "
        f"print(subprocess.Popen({sleep!r}, start_new_session=True).pid, flush=True); "
        "sys.stdin.read()"
    )
    with (
        subprocess.Popen(sleep) as stranger,
        subprocess.Popen(
            [sys.executable, "-c", parent],
            env={**os.environ, MARK: record.mark},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as killed,
    ):
        assert killed.stdout is not None
        child = int(killed.stdout.readline())
        record.started("killed", killed.pid)
        record.started("stranger", stranger.pid)  # as if the id had been given away again
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
        assert bearing(record.mark) == {child}
        assert end(record) == []
        assert bearing(record.mark) == set()
        assert stranger.poll() is None
        stranger.kill()


def _of_folder(folder: Path) -> set[int]:
    """Processes that work with this folder, however they were started."""
    named = f"={folder}/".encode()
    found = set()
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            if named in each.read_bytes():
                found.add(int(each.parent.name))
        except OSError:
            continue
    return found
