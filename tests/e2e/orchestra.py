"""A Prefect server as an administrator and the UI see it: its command line and its HTTP API."""

import subprocess
import sys
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow

ROOT = Path(__file__).resolve().parents[2]
_ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def until(done: Callable[[], Any], *, seconds: float, what: str) -> Any:
    """What ``done`` answers as soon as it is true; fails after some seconds."""
    end = time.monotonic() + seconds
    while not (answer := done()):
        assert time.monotonic() < end, f"In {seconds:g} s it never was so that {what}."
        time.sleep(0.05)
    return answer


class Orchestra:
    """One Prefect server."""

    def __init__(
        self,
        home: Path,
        environment: dict[str, str],
        http: httpx.Client,
        processes: Callable[..., subprocess.Popen[bytes]],
    ) -> None:
        self.home = home
        self.environment = environment
        self.url = environment["PREFECT_API_URL"]
        self.deploy_output = ""
        self._http = http
        self._processes = processes

    def healthy(self) -> bool:
        """Whether it answers."""
        try:
            return self._http.get(f"{self.url}/health").status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str) -> Any:
        """Ask the API."""
        reply = self._ask("GET", path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, **body: Any) -> Any:
        """Tell the API something, as the UI does."""
        reply = self._ask("POST", path, body)
        assert reply.status_code < 300, reply.text
        return reply.json() if reply.content else None

    def patch(self, path: str, **body: Any) -> None:
        """Change a part of something."""
        reply = self._ask("PATCH", path, body)
        assert reply.status_code < 300, reply.text

    def delete(self, path: str) -> None:
        """Remove something."""
        reply = self._ask("DELETE", path)
        assert reply.status_code < 300, reply.text

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Once more where the server is busy: its SQLite was locked and nothing was done, which
        every client of Prefect meets with patience."""
        reply = self._http.request(method, self.url + path, json=body)
        end = time.monotonic() + 60
        while reply.status_code == 503 and time.monotonic() < end:
            time.sleep(0.2)
            reply = self._http.request(method, self.url + path, json=body)
        return reply

    def command(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Prefect's command line."""
        return subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def deploy(self, checkout: Path) -> None:
        """What prefect.yaml says to do once, then its deployments, then a worker."""
        once = (
            ("work-pool", "create", "paidsync", "--type", "process"),
            ("variable", "set", "paidsync_home", str(checkout)),
        )
        with ThreadPoolExecutor() as pool:
            made = list(pool.map(lambda arguments: self.command(*arguments, cwd=checkout), once))
        for done in (*made, self.command("--no-prompt", "deploy", "--all", cwd=checkout)):
            assert done.returncode == 0, done.stdout + done.stderr
            self.deploy_output = done.stdout
        self._processes(
            "worker", "-m", "prefect", "worker", "start", "--pool", "paidsync",
            environment=self.environment,
        )  # fmt: skip

    def deployment(self, name: str) -> dict[str, Any]:
        """A deployment; those of the main job bear other names than their flow."""
        flow = "sync-payments" if name in ("sync", "preview") else name
        return self.get(f"/deployments/name/{flow}/{name}")

    def give_environment(self, deployment: str, environment: dict[str, str]) -> None:
        """What an administrator sets in a deployment's job variables."""
        ident = self.deployment(deployment)["id"]
        variables = {"job_variables": {"env": environment}}
        reply = self._ask("PATCH", f"/deployments/{ident}", variables)
        assert reply.status_code == 204, reply.text

    def handle(self, connection: str) -> dict[str, Any]:
        """What the run form sends for a connection chosen in its drop-down."""
        block = self.get(f"/block_types/slug/paidsync-connection/block_documents/name/{connection}")
        return {"$ref": {"block_document_id": block["id"]}}

    def start(self, deployment: str, *, environment: dict[str, str], **parameters: Any) -> str:
        """A run of a deployment, as the UI's form starts it; its id."""
        ident = self.deployment(deployment)["id"]
        run = self.post(
            f"/deployments/{ident}/create_flow_run",
            parameters=parameters,
            job_variables={"env": environment},
        )
        return str(run["id"])

    def retry(self, run_id: str) -> None:
        """What the UI's Retry does."""
        answer = self.post(
            f"/flow_runs/{run_id}/set_state",
            state={"type": "SCHEDULED", "name": "AwaitingRetry", "message": "Retry from the UI"},
            force=True,
        )
        assert answer["status"] == "ACCEPT", answer

    def carry_out(self, run_id: str, flow: Any, **parameters: Any) -> dict[str, Any]:
        """Runs a scheduled run here, as a worker's process does; the run as it ended."""
        with get_client(sync_client=True) as client:
            run = client.read_flow_run(UUID(run_id))
        run_flow(flow, flow_run=run, parameters=parameters, return_type="state")
        found: dict[str, Any] = self.get(f"/flow_runs/{run_id}")
        return found

    def ended(self, run_id: str, *, attempt: int = 1) -> dict[str, Any]:
        """A run, once its attempt has ended."""

        def look() -> dict[str, Any] | None:
            run = self.get(f"/flow_runs/{run_id}")
            return run if run["run_count"] >= attempt and run["state_type"] in _ENDED else None

        found: dict[str, Any] = until(look, seconds=90, what=f"attempt {attempt} ended")
        return found

    def tasks(
        self, run_id: str, *, named: Collection[str], attempt: int = 1
    ) -> dict[str, list[str]]:
        """State names of a run's task runs by task, of one attempt, once those ``named`` are
        there: they are recorded a little after the run has ended."""

        def look() -> dict[str, list[str]] | None:
            rows = self.post(
                "/task_runs/filter",
                flow_runs={"id": {"any_": [run_id]}},
                sort="EXPECTED_START_TIME_ASC",
            )
            mine = [row for row in rows if row["flow_run_run_count"] == attempt]
            if any(row["state_type"] not in _ENDED for row in mine):
                return None
            found: dict[str, list[str]] = {}
            for row in mine:
                found.setdefault(row["task_key"].rsplit("-", 1)[0], []).append(row["state_name"])
            return found if found.keys() >= set(named) else None

        answer: dict[str, list[str]] = until(look, seconds=60, what="the tasks are recorded")
        return answer

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        """A run's artifacts by key."""
        rows = self.post("/artifacts/filter", flow_runs={"id": {"any_": [run_id]}})
        return {row["key"]: row for row in rows}
