"""The town of the end-to-end tests, and one real Prefect server for those that need Prefect."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

# Before anything imports Prefect: its home is made when it is first imported.
os.environ.setdefault("DO_NOT_TRACK", "1")

from town import Town

from paidsync.settings import settings
from sandbox.server import start

ROOT = Path(__file__).resolve().parents[2]


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
    running = []

    def make(size: str = "empty", *, seed: int = 7, policy: str = "", connect: bool = True) -> Town:
        served = start(size, seed, procore_hourly=1_000_000, procore_spike=1_000_000)
        running.append(served)
        monkeypatch.chdir(tmp_path)  # no .env of the checkout
        environment = {
            "PAIDSYNC_DATA_DIR": str(tmp_path / "data"),
            "PAIDSYNC_SECRET_KEY": Fernet.generate_key().decode(),
            "PAIDSYNC_SENDING_GRACE_SECONDS": "0",
            "PAIDSYNC_RETRY_SECONDS": "[0, 0]",
            "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
            "TOWN_PROCORE_SECRET": served.ready["procore"]["client_secret"],
            "TOWN_ERP_SECRET": served.ready["quickbooks_online"]["client_secret"],
            "TOWN_ERP_TOKEN": served.ready["quickbooks_online"]["refresh_token"],
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("PAIDSYNC_DATABASE_URL", raising=False)
        settings.cache_clear()
        town = Town(served, tmp_path / "data", monkeypatch, http)
        if connect:
            town.connect(policy)
        return town

    yield make
    for served in running:
        served.stop()
    settings.cache_clear()


@pytest.fixture
def town(build: Callable[..., Town]) -> Town:
    """Projects, vendors and commitments; no bills yet. Connected."""
    return build()
