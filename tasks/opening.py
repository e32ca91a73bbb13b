"""How an attempt of a run begins: its folder, its place in the ledger, the right to write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from paidsync.evidence import RunFolder
from paidsync.ledger import Ledger
from paidsync.ledger.tables import SyncRun
from paidsync.logs import speak_of
from paidsync.settings import Settings
from tasks.desk import Mode, Run, desk, stored_connection

# No run lives longer; one that writes nothing, began earlier and never ended was abandoned.
LONGEST_RUN = timedelta(hours=4)


def open_run(
    own: Settings,
    ledger: Ledger,
    *,
    connection: str,
    run_id: str,
    attempt: int,
    mode: Mode,
    since: str | None,
    projects: tuple[str, ...],
    restate: str | None,
    requested_by: str | None,
    trigger: str,
    carries: str | None = None,
) -> Run:
    """A new attempt: a folder of its own, and its row in the ledger."""
    speak_of(connection=connection, run_id=run_id)
    stored = stored_connection(ledger, connection)
    row = ledger.connections.get(connection)
    began = datetime.now(UTC)
    path = own.runs_dir / connection / f"{began:%Y%m%dT%H%M%S%f}-{run_id[:8]}-{attempt}"
    before = ledger.runs.get(run_id)
    if before is not None and before.ended_at is None:
        _seal_crashed(ledger, before)
    folder = RunFolder.create(path)
    ledger.runs.open(
        run_id=run_id,
        connection=connection,
        mode=mode,
        requested_by=requested_by,
        trigger=trigger,
        attempt=attempt,
        folder=str(folder.path),
    )
    return Run(
        connection=connection,
        run_id=run_id,
        attempt=attempt,
        mode=mode,
        folder=str(folder.path),
        policy_version=row.policy_version if row else 1,
        since=since,
        projects=projects,
        restate=restate,
        requested_by=requested_by,
        trigger=trigger,
        carries=carries,
        procore_company=str(stored.procore.company_id),
    )


@task(
    name="lease",
    task_run_name="take the right to write",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def take_lease(run: Run) -> Run:
    """One writer per Procore company. Raises RunStopped(lease_held), saying who writes.

    Whoever holds the lease knows that an unfinished sync of the connection is dead; its folder is
    sealed as crashed.
    """
    with desk(run) as at:
        lease = at.ledger.leases.take(
            run.procore_company,
            run_id=run.run_id,
            connection=run.connection,
            seconds=at.settings.lease_seconds,
        )
        for old in seal_abandoned(at.ledger, run.connection, run.run_id):
            get_run_logger().warning("Run %s never ended; its folder is sealed.", old)
    return run.with_lease(lease)


def seal_abandoned(ledger: Ledger, connection: str, run_id: str) -> list[str]:
    """Seal the folders of other runs that never ended; answers those runs. For whoever holds the
    lease."""
    found = [
        old
        for old in ledger.runs.unfinished(connection)
        if old.run_id != run_id and _is_abandoned(old)
    ]
    for old in found:
        _seal_crashed(ledger, old)
    return [old.run_id for old in found]


def _is_abandoned(old: SyncRun) -> bool:
    began = datetime.fromisoformat(old.started_at)
    writes = old.mode not in ("preview", "decide")
    return writes or datetime.now(UTC) - began > LONGEST_RUN


def _seal_crashed(ledger: Ledger, old: SyncRun) -> None:
    folder = RunFolder(Path(old.folder))
    manifest = ""
    if folder.path.exists() and not folder.sealed:
        manifest = folder.seal(
            {
                "run": {"run_id": old.run_id, "attempt": old.attempt, "mode": old.mode},
                "state": "crashed",
                "message": "It never ended; sealed by the attempt after it.",
            }
        )
    ledger.runs.close(
        old.run_id, state="crashed", message="It never ended.", manifest=manifest, summary={}
    )
