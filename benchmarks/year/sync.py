"""One run of the flow's own body, its stages as plain functions in this process."""

import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from prefect.logging import disable_run_logger

import flows.sync_payments as flow_module
from flows.handle import PaidsyncConnection
from flows.sync_payments import SyncOptions
from flows.triggers import COMMAND_LINE, Beginning, tag_of
from paidsync.ledger import Ledger
from paidsync.settings import settings

Json = dict[str, Any]

_STAGES = (
    "preflight", "take_lease", "extract", "validate", "match_payments", "plan_entries",
    "load_batch", "verify_batch", "report",
)  # fmt: skip
_TAG = tag_of(COMMAND_LINE)  # nobody asks for it by name
_GOOD = ("Completed", "Held", "NothingToDo")


class RunFailed(Exception):
    """A run did not come to what every run of the year must come to."""


class Runs:
    """Runs of one connection; CPU seconds by stage add up."""

    def __init__(self, connection: str) -> None:
        self._handle = PaidsyncConnection(
            connection=connection, erp="", erp_company="", procore_company=""
        )
        self.seconds: dict[str, float] = {}
        self.count = 0

    def run(self, mode: str = "sync", **options: Any) -> Json:
        """One run; its summary. Raises RunFailed unless it ended well and its totals tie.

        ``Partial`` is for the caller to judge.
        """
        chosen = SyncOptions.model_validate({"mode": mode, **options})
        run_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"run {self.count}"))
        self.count += 1
        with self._around(run_id):
            flow_module.sync_payments.fn(self._handle, chosen)
        ledger = Ledger(settings().ledger_url)
        stored = ledger.runs.get(run_id)
        ledger.close()
        if stored is None:
            raise RunFailed(f"The {mode} left nothing in the ledger.")
        summary: Json = {**stored.summary, "folder": stored.folder}
        if summary["state"] not in (*_GOOD, "Partial") or summary["totals_differ"]:
            raise RunFailed(f"The {mode} ended {summary['state']}: {summary['message']}")
        return summary

    @contextmanager
    def _around(self, run_id: str) -> Iterator[None]:
        """Prefect stands aside: no server, no task records, and artifacts that nobody keeps."""
        here = SimpleNamespace(id=run_id, run_count=1, parent_flow_run_id=None, tags=[_TAG])
        with ExitStack() as stack:
            stack.enter_context(disable_run_logger())
            logging.disable(logging.INFO)  # Great Expectations tells of its temporary folders
            stack.callback(logging.disable, logging.NOTSET)
            replaced = {
                "runtime": SimpleNamespace(flow_run=here),
                "_tag": lambda _run: None,
                "beginning": Beginning,
                "get_run_logger": lambda: logging.getLogger("year"),
            }
            for stage in _STAGES:
                replaced[stage] = self._timed(stage, getattr(flow_module, stage).fn)
            for name, instead in replaced.items():
                stack.enter_context(patch.object(flow_module, name, instead))
            for artifact in ("create_markdown_artifact", "create_table_artifact"):
                stack.enter_context(patch(f"tasks.report.{artifact}"))
            yield

    def _timed(self, name: str, stage: Any) -> Any:
        def run(*arguments: Any, **named: Any) -> Any:
            begun = time.process_time()
            try:
                return stage(*arguments, **named)
            finally:
                spent = time.process_time() - begun
                self.seconds[name] = self.seconds.get(name, 0.0) + spent

        return run
