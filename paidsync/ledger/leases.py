"""One writer per Procore company: a lease with a fencing number (house plan 6, money-rules 6.5)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, select, update

from paidsync.ledger.sql import insert_missing
from paidsync.ledger.tables import Lease as LeaseRow
from paidsync.reasons import RunStopped, Stop

_lease = LeaseRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Lease:
    """A right to write, as it was given."""

    procore_company: str
    run_id: str
    fencing: int
    before: str | None = None  # the run that held it until now and never gave it back


def lost(lease: Lease) -> RunStopped:
    """What ends a run whose lease is not its own any more."""
    return RunStopped(
        Stop.LEASE_HELD,
        f"This run's lease on Procore company {lease.procore_company} ended while it worked; "
        "another run may be writing. Nothing more was kept or sent.",
    )


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


class Leases:
    """Gives, renews and takes back the right to write to a Procore company."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, procore_company: str, *, run_id: str, connection: str, seconds: int) -> Lease:
        """The lease, for this run. Raises RunStopped(lease_held) naming who holds it.

        The same run may take it again (a retry); the fencing number grows each time, so that an
        earlier attempt that wakes up finds its own outdated.
        """
        now = datetime.now(UTC)
        at = _lease.c.procore_company == procore_company
        ends = _stamp(now + timedelta(seconds=seconds))
        with self._engine.begin() as db:
            # No lease lasts longer: the clock was set back since. A holder that lives renews it.
            db.execute(update(_lease).where(at, _lease.c.expires_at > ends).values(expires_at=ends))
        with self._engine.begin() as db:
            insert_missing(
                db,
                _lease,
                {"procore_company": procore_company, "fencing": 0, "expires_at": _stamp(now)},
            )
            # Locked, so that of two runs the second one reads who the first one is.
            row = db.execute(select(_lease).where(at).with_for_update()).mappings().one()
            fencing = int(row["fencing"])
            before = row["run_id"] if row["run_id"] != run_id else None
            if before is not None and row["expires_at"] > _stamp(now):
                raise RunStopped(
                    Stop.LEASE_HELD,
                    f"Run {before} of {row['connection']} is writing to Procore company "
                    f"{procore_company} until {row['expires_at'][:19]} UTC at the latest.",
                )
            taken = db.execute(
                update(_lease)
                .where(at, _lease.c.fencing == fencing)
                .values(
                    holder=f"{connection}:{run_id}",
                    run_id=run_id,
                    connection=connection,
                    fencing=fencing + 1,
                    expires_at=ends,
                )
            )
            if taken.rowcount != 1:
                raise RunStopped(Stop.LEASE_HELD, "Another run took the lease at this moment.")
        return Lease(procore_company, run_id, fencing + 1, before)

    def check(self, lease: Lease, *, seconds: int) -> None:
        """Before every send: the lease is still ours, and lasts from now on again.

        Raises RunStopped(lease_held) where another run took it, and where it ran out: what was
        read while it lasted is then too old to be acted on.
        """
        now = datetime.now(UTC)
        if not self._extend(lease, now, seconds, _lease.c.expires_at > _stamp(now)):
            raise lost(lease)

    def renew(self, lease: Lease, *, seconds: int) -> bool:
        """While reading: the lease lasts from now on again, even if it had run out. Answers whether
        it is still ours: its number is, until another run takes it."""
        return self._extend(lease, datetime.now(UTC), seconds)

    def _extend(
        self, lease: Lease, now: datetime, seconds: int, *also: ColumnElement[bool]
    ) -> bool:
        with self._engine.begin() as db:
            renewed = db.execute(
                update(_lease)
                .where(
                    _lease.c.procore_company == lease.procore_company,
                    _lease.c.fencing == lease.fencing,
                    _lease.c.run_id == lease.run_id,
                    *also,
                )
                .values(expires_at=_stamp(now + timedelta(seconds=seconds)))
            )
        return renewed.rowcount == 1

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        with self._engine.begin() as db:
            db.execute(
                update(_lease)
                .where(
                    _lease.c.procore_company == lease.procore_company,
                    _lease.c.fencing == lease.fencing,
                )
                .values(
                    holder=None,
                    run_id=None,
                    connection=None,
                    expires_at=_stamp(datetime.now(UTC)),
                )
            )
