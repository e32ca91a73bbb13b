"""How an attempt of a run begins: its folder, its place in the ledger, the right to write."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from paidsync.evidence import RunFolder
from paidsync.evidence.names import folder_name
from paidsync.ledger import Ledger
from paidsync.ledger.leases import Lease
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
    path = own.runs_dir / connection / folder_name(began, run_id, attempt)
    before = ledger.runs.get(run_id)
    if before is not None and before.ended_at is None:
        _seal_crashed(ledger, before)
    # The ledger first: a folder that it knows nothing of would never be sealed.
    ledger.runs.open(
        run_id=run_id,
        connection=connection,
        mode=mode,
        requested_by=requested_by,
        trigger=trigger,
        attempt=attempt,
        folder=str(path),
    )
    folder = RunFolder.create(path)
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

    The folders of runs that are dead are sealed as crashed.
    """
    with desk(run) as at:
        lease = at.ledger.leases.take(
            run.procore_company,
            run_id=run.run_id,
            connection=run.connection,
            seconds=at.settings.lease_seconds,
        )
        at.ledger.entries.sent_by_now(run.connection)
        for old in seal_abandoned(at.settings, at.ledger, run.connection, lease):
            get_run_logger().warning("Run %s never ended; its folder is sealed.", old)
    return run.with_lease(lease)


def seal_abandoned(own: Settings, ledger: Ledger, connection: str, lease: Lease) -> list[str]:
    """For whoever takes the lease: seal the folders of runs that never ended; answers those runs.

    Dead is who held the lease before and let it run out, and of the connection's other runs who
    was silent for so long. One that has not come to the lease yet may well be alive.
    """
    holder = ledger.runs.get(lease.before) if lease.before else None
    found = [holder] if holder is not None and holder.ended_at is None else []
    found += [
        old
        for old in ledger.runs.unfinished(connection)
        if old.run_id not in (lease.run_id, lease.before) and _is_silent(old, own.lease_seconds)
    ]
    for old in found:
        _seal_crashed(ledger, old)
    return [old.run_id for old in found]


def seal_interrupted(ledger: Ledger, run_id: str) -> None:
    """Seal the folder of a run that is being ended from outside."""
    row = ledger.runs.get(run_id)
    if row is not None and row.ended_at is None:
        _seal_crashed(ledger, row)


def _is_silent(old: SyncRun, seconds: int) -> bool:
    """Whether a run has given no sign of life for as long as a lease lasts. Where its folder is not
    to be seen from here, and for one that takes no lease and may think for long without a call,
    that is only known once no run lives any longer."""
    folder = RunFolder(Path(old.folder))
    if old.mode in ("preview", "decide") or not folder.path.exists():
        silent_since, longest = datetime.fromisoformat(old.started_at), LONGEST_RUN
    else:
        silent_since, longest = folder.written_at, timedelta(seconds=seconds)
    return datetime.now(UTC) - silent_since > longest


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
