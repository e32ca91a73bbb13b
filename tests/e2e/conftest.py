"""The town of the end-to-end tests, and one real Prefect server for those that need Prefect."""

import functools
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import httpx
import pytest
from cryptography.fernet import Fernet
from orchestra import ROOT, Orchestra, until
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker, PrefectConsoleHandler
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOCAL_STORAGE_PATH,
    PREFECT_LOGGING_LEVEL,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)
from town import STAGES, Town

import flows.sync_payments as flow_module
from connectors.quickbooks_online import quota
from connectors.xero import quota as xero_quota
from expectations import bill_payments, payment_applications
from paidsync.settings import settings
from sandbox.demo.processes import free_port
from sandbox.erps import FIRST
from sandbox.server import start


@pytest.fixture(scope="session", autouse=True)
def _brisk() -> Iterator[None]:
    """What would only cost time here: a context for TLS that nobody speaks, questions put together
    anew for each run, waits before a stage is tried again."""
    shared = httpx.create_ssl_context()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", lambda **_: shared)
        for module in (bill_payments, payment_applications):
            patch.setattr(module, "suite", functools.cache(module.suite))
        for stage in STAGES:
            task = getattr(flow_module, stage)
            if task.retries:
                patch.setattr(task, "retry_delay_seconds", [0] * task.retries)
        yield


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses that spare a cloud cost time here; the connectors' own tests see to them."""
    for pace in (quota, xero_quota):
        monkeypatch.setattr(pace, "LIMITS", ((1000, 1.0),))


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """A client for the sandbox's control API and for Prefect's."""
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture
def build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, http: httpx.Client
) -> Iterator[Callable[..., Town]]:
    """Builds a town; its environment stands until the test ends."""
    with ExitStack() as running:

        def make(
            size: str = "empty",
            *,
            seed: int = 7,
            erp: str = FIRST,
            policy: str = "",
            connect: bool = True,
        ) -> Town:
            served = running.enter_context(
                start(size, seed, erp=erp, procore_hourly=1_000_000, procore_spike=1_000_000)
            )
            monkeypatch.chdir(tmp_path)  # no .env of the checkout
            monkeypatch.delenv("PAIDSYNC_DATABASE_URL", raising=False)
            monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_ENABLED", "false")
            town = Town(served, tmp_path / "data", http)
            town.environment["PAIDSYNC_SECRET_KEY"] = Fernet.generate_key().decode()
            for name, value in town.environment.items():
                monkeypatch.setenv(name, value)
            settings.cache_clear()
            if connect:
                town.connect(policy)
            return town

        yield make
    settings.cache_clear()


@pytest.fixture
def town(build: Callable[..., Town]) -> Town:
    """Projects, vendors and commitments; no bills yet. Connected."""
    return build()


@pytest.fixture(scope="session")
def processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts processes that end with the session; what they say is kept beside."""
    folder = tmp_path_factory.mktemp("processes")
    started: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def begin(name: str, *arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        log = (folder / f"{name}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        started.append((process, log))
        return process

    yield begin
    for process, log in reversed(started):
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()


@pytest.fixture(scope="session")
def _server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    processes: Callable[..., subprocess.Popen[bytes]],
    http: httpx.Client,
) -> Orchestra:
    """A Prefect server of its own, begun; it takes a while until it answers."""
    port = free_port()
    home = tmp_path_factory.mktemp("prefect")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1.5",
        "DO_NOT_TRACK": "1",
    }
    if sys.dont_write_bytecode:  # else every process would compile half of the environment anew
        cache = getattr(request.config, "cache", None)  # pytest may run without
        folder = cache.mkdir("bytecode") if cache else home / "bytecode"
        environment |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}
    server = ("-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    processes("server", *server, "--no-ui", environment=environment)
    return Orchestra(home, environment, http, processes)


@pytest.fixture(scope="session", autouse=True)
def _early(request: pytest.FixtureRequest) -> None:
    """The server starts beside the first tests, where one process runs them all."""
    if hasattr(request.config, "workerinput"):
        return
    if any("orchestra" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("_server")


@pytest.fixture(scope="session")
def orchestra(_server: Orchestra) -> Iterator[Orchestra]:
    """The Prefect server, ready."""
    until(_server.healthy, seconds=90, what="the Prefect server answers")
    yield _server
    # What this process still wants to tell it goes out before it ends.
    EventsWorker.drain_all(timeout=10)
    APILogWorker.drain_all(timeout=10)


@pytest.fixture
def prefect(orchestra: Orchestra, monkeypatch: pytest.MonkeyPatch) -> Iterator[Orchestra]:
    """This process works with the Prefect server, without the second that a heartbeat costs."""
    monkeypatch.setenv("PREFECT_API_URL", orchestra.url)
    # Prefect's console keeps the stream of whichever test it was set up in, which is closed since.
    named = (logging.getLogger(name) for name in list(logging.root.manager.loggerDict))
    for handler in [each for logger in (logging.root, *named) for each in logger.handlers]:
        if isinstance(handler, PrefectConsoleHandler):
            handler.console.file = sys.stderr
    with temporary_settings(
        {
            PREFECT_API_URL: orchestra.url,
            PREFECT_HOME: orchestra.home,
            PREFECT_LOCAL_STORAGE_PATH: orchestra.home / "storage",
            PREFECT_SERVER_EPHEMERAL_ENABLED: False,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_LEVEL: "WARNING",
        }
    ):
        yield orchestra


@pytest.fixture(scope="session")
def deployed(orchestra: Orchestra) -> Orchestra:
    """The deployments of prefect.yaml, and a worker that runs them."""
    orchestra.deploy(ROOT)
    return orchestra
