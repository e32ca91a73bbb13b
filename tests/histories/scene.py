"""One invented company in this process: both its systems on a wire, and installations of PaidSync.

Nothing of the product is replaced but what stands around it: Prefect's server, sockets, and the
waiting that a slow world asks for. The command line, the ledger, the run folders and the
connectors are the real ones.
"""

import functools
import io
import logging
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from prefect.logging import disable_run_logger

import flows.sync_payments as flow_module
import tasks.report
from benchmarks.year.place import policy_as_toml
from cli.main import main
from connectors.procore.client import Procore
from connectors.quickbooks_online import quota
from connectors.quickbooks_online.client import QuickBooksOnline
from connectors.xero import quota as xero_quota
from connectors.xero.client import Xero
from expectations import bill_payments, payment_applications
from flows.handle import PaidsyncConnection
from flows.sync_payments import SyncOptions
from flows.triggers import COMMAND_LINE, Beginning, tag_of
from paidsync.ledger import Ledger
from paidsync.settings import settings
from sandbox.calls import Calls
from sandbox.demo.place import CONNECTION, connection_text
from sandbox.faults import Faults
from sandbox.server import described, doors
from sandbox.world import build
from tests import empty_ledger
from tests.e2e import quick_rules
from tests.histories.wire import Wire

Json = dict[str, Any]

STAGES = (
    "preflight", "take_lease", "extract", "validate", "match_payments", "plan_entries",
    "load_batch", "verify_batch", "report",
)  # fmt: skip
_NOON = datetime(2026, 3, 4, 20, tzinfo=UTC)  # in the company's own zone
_NO_LIMIT = 10**8
_KEY = Fernet.generate_key().decode()


class CannotBe(Exception):
    """The sandbox refuses an act; the message says why."""


class Scene:
    """The two systems, and the ledgers of those who sync them; one ledger is in use at a time."""

    def __init__(self, erp: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.erp = erp
        self._folder = folder
        self._patch = patch
        self._runs = 0
        self.told: set[str] = set()  # bills that the truth knows from the ledger in use alone
        self.world = build("empty", erp=erp, procore_hourly=_NO_LIMIT, procore_spike=_NO_LIMIT)
        self.world.clock.set(_NOON)
        self.faults = Faults(self.world.clock, self.world.seed, ("procore", erp))
        apps = doors(self.world, Calls(), self.faults)
        urls = [f"http://127.0.0.1:{port}" for port in range(1, len(apps) + 1)]
        self._ready = described(self.world, urls)
        self.wire = Wire(dict(zip(urls, apps, strict=True)))
        self._control = httpx.Client(base_url=self._ready["control"], transport=self.wire)
        self.do("/erp/rates", **dict.fromkeys(self.do("/erp/rates"), 0))
        self.policy: Json = {"start_date": "2000-01-01"}
        for client in (Procore, QuickBooksOnline, Xero):
            for name, value in (("transport", self.wire), ("sleep", self._time_passes)):
                patch.setitem(client.__init__.__kwdefaults__, name, value)

    def _time_passes(self, seconds: float) -> None:
        """Whoever waits finds the outside world later, not this test."""
        self.world.clock.advance(seconds)

    # The outside systems

    def do(self, path: str, **body: Any) -> Any:
        """Move the world. Raises CannotBe."""
        return self._answer(self._control.post(path, json=body))

    def see(self, path: str) -> Any:
        """Look at the world."""
        return self._answer(self._control.get(path))

    def lift(self) -> None:
        """Nothing goes wrong any more."""
        self._answer(self._control.delete("/faults"))

    @staticmethod
    def _answer(reply: httpx.Response) -> Any:
        if reply.status_code != 200:
            raise CannotBe(reply.json()["error"])
        return reply.json()

    def rows(self) -> list[Json]:
        """Every row of Payments Issued with all its fields, oldest first."""
        rows = sorted(self.world.procore.payments(), key=lambda row: row.id)
        return [{name: getattr(row, name) for name in row.__dataclass_fields__} for row in rows]

    # The product

    def use(self, installation: str, *, grace: int = 0) -> None:
        """From now on the product is this installation, with a ledger of its own."""
        self._patch.setenv("PAIDSYNC_DATA_DIR", str(self._folder / installation))
        self._patch.setenv("PAIDSYNC_SENDING_GRACE_SECONDS", str(grace))
        settings.cache_clear()

    def install(self, installation: str) -> None:
        """A new and empty ledger, connected."""
        self.use(installation)
        empty_ledger.put(settings().data_dir / "ledger.sqlite3")
        self.connect()

    def connect(self) -> None:
        """Store the connection with the present policy."""
        start = self.policy["start_date"]
        text, secrets = connection_text(CONNECTION, self.erp, self._ready, start)
        for name, value in secrets.items():
            self._patch.setenv(name, value)
        # A token that has rotated since is what the sandbox would give a person who asks anew.
        token = self.do("/erp/tokens")["refresh_token"]
        self._patch.setenv("BLUEBIRD_ERP_TOKEN", token)
        file = self._folder / "connection.toml"
        file.write_text(text + policy_as_toml(self.policy), encoding="utf-8")
        self.paidsync("connect", str(file))

    def paidsync(self, *arguments: str, fails: bool = False) -> str:
        """The command line, in this process; what it printed. Raises AssertionError where it fails,
        or does not although it should."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = main([*arguments])
        assert bool(code) == fails, f"paidsync {' '.join(arguments)}: {said.getvalue()}"
        return said.getvalue()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """The ledger in use, to look into."""
        opened = Ledger(settings().ledger_url)
        yield opened
        opened.close()

    def back_up(self, name: str) -> None:
        """A copy of the ledger in use, as it is now."""
        shutil.copy(settings().data_dir / "ledger.sqlite3", self._folder / name)

    def restore(self, name: str) -> None:
        """The copy takes the place of the ledger in use; tokens have rotated since."""
        for file in settings().data_dir.glob("ledger.sqlite3*"):
            file.unlink()
        shutil.copy(self._folder / name, settings().data_dir / "ledger.sqlite3")
        token = self.do("/erp/tokens")["refresh_token"]
        self._patch.setenv("BLUEBIRD_ERP_TOKEN", token)

    def run(self, mode: str = "sync") -> Json:
        """One run of the flow's own body; its summary."""
        self._runs += 1
        run_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"run {self._runs}"))
        here = SimpleNamespace(
            id=run_id, run_count=1, parent_flow_run_id=None, tags=[tag_of(COMMAND_LINE)]
        )
        self._patch.setattr(flow_module, "runtime", SimpleNamespace(flow_run=here))
        handle = PaidsyncConnection(connection=CONNECTION, erp="", erp_company="", procore_company="")  # fmt: skip  # noqa: E501
        flow_module.sync_payments.fn(handle, SyncOptions.model_validate({"mode": mode}))
        with self.ledger() as ledger:
            stored = ledger.runs.get(run_id)
        assert stored is not None
        return {**stored.summary, "folder": stored.folder}


@contextmanager
def without_prefect() -> Iterator[None]:
    """Stages are plain functions, nobody keeps artifacts, and the pauses that spare a cloud cost
    nothing."""
    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        patch.setattr(flow_module, "_tag", lambda _run: None)
        patch.setattr(flow_module, "beginning", Beginning)
        patch.setattr(flow_module, "get_run_logger", lambda: logging.getLogger("histories"))
        for stage in STAGES:
            patch.setattr(flow_module, stage, getattr(flow_module, stage).fn)
        quick_rules.use(patch)
        for module in (flow_module, tasks.report):
            patch.setattr(module, "create_markdown_artifact", lambda *_, **__: None)
        patch.setattr(tasks.report, "create_table_artifact", lambda *_, **__: None)
        for rules in (bill_payments, payment_applications):
            patch.setattr(rules, "suite", functools.cache(rules.suite))
        for pace in (quota, xero_quota):
            patch.setattr(pace, "LIMITS", ((10_000, 1.0),))
        patch.setenv("PAIDSYNC_SECRET_KEY", _KEY)
        patch.setenv("PREFECT_SERVER_EPHEMERAL_ENABLED", "false")
        patch.delenv("PAIDSYNC_DATABASE_URL", raising=False)
        yield
    settings.cache_clear()


@contextmanager
def opened(erp: str, folder: Path) -> Iterator[Scene]:
    """A scene whose environment stands while it is entered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # no .env of the checkout
        scene = Scene(erp, folder, patch)
        try:
            yield scene
        finally:
            scene.wire.hang_up()
            settings.cache_clear()
