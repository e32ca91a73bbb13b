"""A town: one sandbox, one empty ledger, one connection, and people who do things in both systems.

Two ways to run a sync. ``Town.sync`` calls the flow's own body with its stages as plain functions,
for scenarios about money. ``Town.paidsync`` is the command line, through Prefect.
"""

import io
import json
import logging
import os
import tomllib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import quick_rules
from prefect.logging import disable_run_logger

import flows.sync_payments as flow_module
import tasks.report
from cli.main import main
from flows.handle import PaidsyncConnection
from flows.sync_payments import SyncOptions
from flows.triggers import BUTTON, Beginning, tag_of
from paidsync.ledger import Ledger
from paidsync.settings import settings
from sandbox.erps import connection_section
from sandbox.server import RunningSandbox
from tests import empty_ledger

NAME = "bluebird"
STAGES = (
    "preflight",
    "take_lease",
    "extract",
    "validate",
    "match_payments",
    "plan_entries",
    "load_batch",
    "verify_batch",
    "report",
)
# They say when a run starts, who asks for it and who approves it, never what must stand.
_NOT_OF_THE_TRUTH = ("schedule", "approval", "approval_hours", "require_proof", "requester")
_FILE = """
name = "{name}"

[procore]
company_id = {company_id}
api_url = "{api_url}"
auth_url = "{auth_url}"
client_id = "{client_id}"
client_secret = {{ env = "TOWN_PROCORE_SECRET" }}

{erp}
{policy}
"""


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Paid:
    """A payment of one bill, in both systems' ids."""

    payment: str
    bill: str
    application: int
    prefix: str


class Town:
    """Everything that a test does, it does as an outsider: HTTP, files, the command line."""

    def __init__(self, running: RunningSandbox, data_dir: Path, http: httpx.Client) -> None:
        self.running = running
        self.world = running.world
        self.erp = running.world.face.name
        self.data_dir = data_dir
        self.name = NAME
        self.artifacts: list[dict[str, Any]] = []
        self.environment = {
            "PAIDSYNC_DATA_DIR": str(data_dir),
            "PAIDSYNC_SENDING_GRACE_SECONDS": "0",
            "PAIDSYNC_RETRY_SECONDS": "[0, 0]",
            "TOWN_PROCORE_SECRET": running.ready["procore"]["client_secret"],
            **connection_section(self.erp, running.ready[self.erp])[1],
        }
        self._http = http

    # The outside systems

    def do(self, path: str, **body: Any) -> Any:
        """Move the world."""
        reply = self._http.post(self.running.ready["control"] + path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def see(self, path: str) -> Any:
        """Look at the world."""
        reply = self._http.get(self.running.ready["control"] + path)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def fault(self, kind: str, *, system: str = "procore", **more: Any) -> int:
        """Something goes wrong from now on."""
        return int(self.do("/faults", system=system, kind=kind, **more)["id"])

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        reply = self._http.request("DELETE", self.running.ready["control"] + "/faults")
        assert reply.status_code == 200

    @property
    def commitments(self) -> list[int]:
        """Ids of the commitments; the vendor of the first has the sixth and seventh too."""
        return list(self.world.procore.commitments)

    @property
    def today(self) -> date:
        """The present day in the ERP company's calendar."""
        return self.world.today

    def day(self, ago: int) -> str:
        """A calendar day some days ago."""
        return (self.today - timedelta(days=ago)).isoformat()

    def vendor_of(self, commitment: int) -> str:
        """The ERP's id of a commitment's vendor."""
        row = self.world.procore.commitments[self.commitments[commitment]]
        return str(self.world.procore.vendors[row.vendor_id].origin_id)

    def billed(self, amount: str, commitment: int = 0, **more: Any) -> dict[str, Any]:
        """A bill with its payment application."""
        return self.do(
            "/erp/bill", commitment_id=self.commitments[commitment], amount=amount, **more
        )

    def paid(self, amount: str, commitment: int = 0, **more: Any) -> Paid:
        """A bill with its payment application, paid in full."""
        bill = self.billed(amount, commitment)
        payment = self.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}], **more)
        return self.pair(payment, bill)

    def pair(self, payment: dict[str, Any], bill: dict[str, Any]) -> Paid:
        """The ids of one allocation."""
        ids = payment["payment_id"], bill["bill_id"]
        return Paid(*ids, bill["requisition_id"], self.world.prefix(*ids))

    # What stands

    def rows(self, *, of: str | None = None) -> list[Any]:
        """Rows of Payments Issued in the order in which Procore made them; ``of`` an allocation."""
        rows = sorted(self.world.procore.payments(), key=lambda row: row.id)
        return [row for row in rows if of is None or (row.origin_id or "").startswith(f"{of}:")]

    def amounts(self, of: str | None = None) -> list[str]:
        """The amounts of ``rows``."""
        return [str(row.amount) for row in self.rows(of=of)]

    def net(self, of: str) -> Decimal:
        """What stands for an allocation."""
        return sum((row.amount for row in self.rows(of=of)), Decimal(0))

    def differences(self) -> list[dict[str, Any]]:
        """How Procore differs from the truth."""
        return self.see("/differences")

    def calls(self, route: str, system: str = "procore") -> int:
        """How often a route was called since the last reset."""
        return int(self.see("/calls")["systems"].get(system, {}).get(route, 0))

    @property
    def posts(self) -> int:
        """How many contract payments were sent since the last reset."""
        return self.calls("POST /rest/v1.0/contract_payments")

    # The product

    @property
    def ledger(self) -> Ledger:
        """The ledger, to look into."""
        return Ledger(settings().ledger_url)

    def entries(self, of: str) -> list[dict[str, Any]]:
        """The ledger's entries of an allocation that were, or may have been, sent."""
        return self.ledger.entries.of_allocations(self.name, [of]).get(of, [])

    def let_the_lease_end(self) -> None:
        """The time passes after which a dead writer's lease is over."""
        ledger = self.ledger
        with ledger.engine.begin() as db:
            db.exec_driver_sql("UPDATE lease SET expires_at = '2000-01-01T00:00:00'")
        ledger.close()

    def file(
        self,
        policy: str = "",
        *,
        start_date: str = "2000-01-01",
        erp: Mapping[str, Any] | None = None,
        **changed: Any,
    ) -> Path:
        """The connection file; ``erp`` is what differs from the ERP's part of the ready file."""
        ready = self.running.ready
        section, _ = connection_section(self.erp, {**ready[self.erp], **(erp or {})})
        values = {
            "name": self.name,
            **ready["procore"],
            "erp": section,
            "policy": _policy(policy, start_date),
            **changed,
        }
        path = self.data_dir.parent / f"{values['name']}.toml"
        path.write_text(_FILE.format(**values), encoding="utf-8")
        return path

    def paidsync(self, *arguments: str) -> Said:
        """The command line, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = main([*arguments])
            except SystemExit as end:
                code = int(end.code or 0)
        return Said(code, out.getvalue(), err.getvalue())

    def connect(self, policy: str = "", *, start_date: str = "2000-01-01") -> None:
        """Store the connection or its next policy, as a person does; the truth is told as well."""
        file = self.file(policy, start_date=start_date)
        ledger = self.data_dir / "ledger.sqlite3"
        if "PAIDSYNC_DATABASE_URL" in os.environ:
            assert self.paidsync("ledger", "upgrade").code == 0
        elif not ledger.exists():
            empty_ledger.put(ledger)
        said = self.paidsync("connect", str(file))
        assert said.code == 0, said.err
        told = tomllib.loads(_policy(policy, start_date))["policy"]
        for name in _NOT_OF_THE_TRUTH:
            told.pop(name, None)
        self.do("/policy", **json.loads(json.dumps(told, default=str)))

    def decide(self, about: Paid, decision: str, *, to: int | None = None) -> None:
        """A person decides about the hold of an allocation; the truth is told as well."""
        ledger = self.ledger
        (hold,) = (
            each for each in ledger.holds.open(self.name) if each["allocation_id"] == about.prefix
        )
        ledger.close()
        named = [] if to is None else ["--application", str(to)]
        who = ["--by", "controller@bluebird.example", "--note", "seen"]
        said = self.paidsync("decide", self.name, str(hold["hold_id"]), decision, *who, *named)
        assert said.code == 0, said.err
        ids = {"payment_id": about.payment, "bill_id": about.bill}
        more = {} if to is None else {"to_application_id": to}
        self.do("/decide", **ids, reason=hold["reason"], decision=decision, **more)

    def sync(self, mode: str = "sync", *, run_id: str | None = None, attempt: int = 1, quick: bool = True, tag: str = "trigger: command line", **options: Any) -> dict[str, Any]:  # fmt: skip  # noqa: E501
        """A run of the flow's own body, its stages as plain functions; its summary."""
        run_id = run_id or str(uuid.uuid4())
        with self.without_prefect(run_id, attempt=attempt, tag=tag, quick=quick) as handle:
            flow_module.sync_payments.fn(handle, SyncOptions(mode=mode, **options))
        return self.summary_of(run_id)

    @contextmanager
    def without_prefect(
        self, run_id: str, *, attempt: int = 1, tag: str, quick: bool = True
    ) -> Iterator[PaidsyncConnection]:
        """A flow's body may run here, its stages as plain functions; the connection's handle."""
        here = SimpleNamespace(
            id=run_id, run_count=attempt, parent_flow_run_id=None, tags=[tag] if tag else []
        )
        self.artifacts.clear()
        with pytest.MonkeyPatch.context() as patch, disable_run_logger():
            patch.setattr(flow_module, "runtime", SimpleNamespace(flow_run=here))
            patch.setattr(flow_module, "_tag", lambda _run: None)
            # As Prefect would keep it of a run that was really started in this way.
            began = Beginning(child=tag == tag_of(BUTTON), scheduled=tag == "auto-scheduled")
            patch.setattr(flow_module, "beginning", lambda: began)
            patch.setattr(flow_module, "get_run_logger", lambda: logging.getLogger("town"))
            for stage in STAGES:
                task = getattr(flow_module, stage)
                patch.setattr(flow_module, stage, getattr(task, "fn", task))
            if quick:
                quick_rules.use(patch)
            for module in (flow_module, tasks.report):
                patch.setattr(module, "create_markdown_artifact", self._artifact)
            patch.setattr(tasks.report, "create_table_artifact", self._artifact)
            yield PaidsyncConnection(
                connection=self.name, erp="", erp_company="", procore_company=""
            )

    def summary_of(self, run_id: str) -> dict[str, Any]:
        """The summary of a run that has ended."""
        run = self.ledger.runs.get(run_id)
        assert run is not None
        return {**run.summary, "folder": run.folder}

    def _artifact(self, content: Any, **more: Any) -> None:
        self.artifacts.append({"content": content, **more})

    def settled(self, **expected: Any) -> dict[str, Any]:
        """A sync after which Procore is as the money rules want it; parts of its summary."""
        summary = self.sync()
        shown = json.dumps(summary, indent=1)
        assert summary["state"] in ("Completed", "Held", "NothingToDo"), shown
        assert {name: summary[name] for name in expected} == expected, shown
        assert self.differences() == [], shown
        return summary


def _policy(choices: str, start_date: str) -> str:
    return f"[policy]\nstart_date = {start_date}\n{choices}\n"


def folders(town: Town) -> list[Path]:
    """The run folders, oldest first."""
    return sorted((town.data_dir / "runs" / town.name).iterdir())


def manifest(folder: str | Path) -> dict[str, Any]:
    """A sealed folder's manifest."""
    return json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))


def call_log(folder: str | Path) -> list[dict[str, Any]]:
    """A run's calls, in their order."""
    text = (Path(folder) / "calls.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def on_payments(calls: Iterable[dict[str, Any]]) -> list[str]:
    """The methods of the calls on contract payments, in their order."""
    return [call["method"] for call in calls if "contract_payments" in call["route"]]
