"""One sync of a stored connection, stage by stage as plain functions, in a process of its own.

`python -m benchmarks.one_run CONNECTION RESULT.json [PROFILE]`, called by `benchmarks.sync`. The
order is that of `flows/sync_payments.py`. Prefect keeps no record of it; the report makes its
artifacts' tables and sends none.
"""

import cProfile
import json
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class Measured:
    """Seconds and the highest memory of each stage; a stage entered again adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        _forget_peak()
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
            self.peak_mib[name] = max(self.peak_mib.get(name, 0.0), _peak_mib())


def _forget_peak() -> None:
    """Begin a new peak (Linux: 5 resets VmHWM)."""
    _CLEAR.write_text("5")


def _peak_mib() -> float:
    lines = _STATUS.read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def main(connection: str, result: Path, profile: Path | None) -> None:
    """Run, and write what was measured."""
    measured = Measured()
    with measured.stage("imports"):
        import great_expectations  # noqa: F401 - or validate would be blamed for it

        import flows.sync_payments  # noqa: F401
    profiler = cProfile.Profile() if profile else None
    if profiler:
        profiler.enable()
    summary = _run(connection, measured.stage)
    if profiler and profile:
        profiler.disable()
        profiler.dump_stats(profile)
    answer = {"summary": summary, "seconds": measured.seconds, "peak_mib": measured.peak_mib}
    result.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


def _run(connection: str, stage: Callable[[str], Any]) -> dict[str, Any]:
    from prefect.logging import disable_run_logger

    from paidsync.evidence.folder import read_records
    from paidsync.ledger import Ledger
    from paidsync.records import ENTRIES
    from paidsync.settings import settings
    from tasks.batches import in_batches
    from tasks.extract import extract
    from tasks.load import is_first_write, load_batch
    from tasks.match import match_payments
    from tasks.opening import open_run, take_lease
    from tasks.people import COMMAND_LINE
    from tasks.plan import plan_entries
    from tasks.preflight import preflight
    from tasks.report import Came, report
    from tasks.validate import validate
    from tasks.verify import verify_batch
    from tasks.waiting import require_loadable

    own = settings()
    came = Came()
    with ExitStack() as around:
        ledger = around.enter_context(closing(Ledger(own.ledger_url).require_current()))
        around.enter_context(disable_run_logger())
        for artifact in ("create_markdown_artifact", "create_table_artifact"):
            around.enter_context(patch(f"tasks.report.{artifact}"))
        with stage("preflight"):
            run = open_run(
                own,
                ledger,
                connection=connection,
                run_id=str(uuid.uuid4()),
                attempt=1,
                mode="sync",
                since=None,
                projects=(),
                restate=None,
                requested_by=None,
                trigger=COMMAND_LINE,
            )
            preflight.fn(run)
            run = take_lease.fn(run)
        with stage("extract"):
            came.extract = extracted = extract.fn(run)
        with stage("validate"):
            came.validate = validate.fn(run, extract=extracted)
        with stage("match"):
            came.match = match_payments.fn(run, extract=extracted, validate=came.validate)
        with stage("plan"):
            came.plan = plan = plan_entries.fn(run, extract=extracted, match=came.match)
            require_loadable(plan)
            entries = read_records(plan["entries"], ENTRIES)
            canary = run.policy_version if is_first_write(run, entries) else None
            batches = in_batches(entries, own.batch_commitments, canary_of=canary)
        for number, batch in enumerate(batches, start=1):
            ids = [entry["origin_id"] for entry in batch]
            place = {"batch": number, "batches": len(batches)}
            with stage("load"):
                load_batch.fn(run, plan=plan, origin_ids=ids, context=extracted["context"], **place)
            with stage("verify"):
                came.verified.append(verify_batch.fn(run, origin_ids=ids, **place))
        came.loaded = True
        with stage("report"):
            summary: dict[str, Any] = report.fn(run, came)
        if run.lease is not None:
            ledger.leases.release(run.lease)
    return summary


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
