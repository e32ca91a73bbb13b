"""What a stage works with: the run it belongs to, the ledger, both systems, the run folder."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from connectors.connection import ConnectionFile, checked
from connectors.erp import Erp
from connectors.errors import OutsideError, WrongSettings, is_transient
from connectors.http import Call, is_loopback
from connectors.procore.client import Procore
from connectors.registry import open_erp
from paidsync.evidence import RunFolder
from paidsync.evidence.folder import SealBroken
from paidsync.ledger import Ledger
from paidsync.ledger.leases import Lease, lost
from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from paidsync.settings import Settings, settings
from tasks.decisions import Decided, Decisions

Mode = Literal["preview", "sync", "reconcile", "rebuild", "decide"]
Ref = dict[str, Any]

# Stages that are tried again by Prefect wait like this between tries.
RETRY_SECONDS = list(settings().retry_seconds)
RETRIES = len(RETRY_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One attempt of one run; small, plain JSON, handed to every stage."""

    connection: str
    run_id: str
    attempt: int
    mode: Mode
    folder: str
    policy_version: int
    since: str | None = None  # ISO date
    projects: tuple[str, ...] = ()
    restate: str | None = None  # why old entries are judged by the present policy, too
    requested_by: str | None = None
    trigger: str = "on demand"
    carries: str | None = None  # hash of the plan whose approval this run acts on
    fencing: int | None = None  # of the lease, once taken
    procore_company: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def with_lease(self, lease: Lease) -> "Run":
        """The same run, holding the right to write."""
        return replace(self, fencing=lease.fencing)

    @property
    def lease(self) -> Lease:
        """The right to write. Only a sync that took it has one."""
        if self.fencing is None:
            raise RuntimeError("this run never took the lease, so it may not write")
        return Lease(self.procore_company, self.run_id, self.fencing)

    @property
    def posts(self) -> bool:
        """Whether it keeps what it reads and sends what is due."""
        return self.mode in ("sync", "reconcile")

    @property
    def sweeps(self) -> bool:
        """Whether it reads everything anew, whatever the feeds tell."""
        return self.mode == "reconcile"

    @property
    def since_date(self) -> date | None:
        """From which day on changes are read again, instead of from the cursor."""
        return date.fromisoformat(self.since) if self.since else None


class Desk:
    """Opens what a stage asks for, and no more."""

    def __init__(self, run: Run, ledger: Ledger, own: Settings) -> None:
        self.run = run
        self.ledger = ledger
        self.settings = own
        self.folder = RunFolder(Path(run.folder))
        self.calls = 0  # that were made from here
        self._renew_at = 0.0  # monotonic: whoever reads for long keeps its lease

    @cached_property
    def connection(self) -> ConnectionFile:
        """The connection, with the policy version of this run."""
        return stored_connection(self.ledger, self.run.connection, self.run.policy_version)

    @property
    def policy(self) -> Policy:
        """The policy of this run."""
        return self.connection.policy

    @cached_property
    def policies(self) -> dict[int, Policy]:
        """Every version of the policy: an entry is judged by the one it was posted under."""
        stored = self.ledger.connections.policies(self.run.connection)
        return {version: Policy.model_validate(document) for version, document in stored.items()}

    @cached_property
    def decisions(self) -> Decisions:
        """What people decided about holds."""
        stored = self.ledger.holds.decisions(self.run.connection)
        return {
            allocation: [
                Decided(
                    Hold(row["reason"]),
                    row["state"],
                    Decision(row["decision"]),
                    row["application_id"],
                    tuple(row["accepted"]),
                )
                for row in rows
            ]
            for allocation, rows in stored.items()
        }

    @cached_property
    def procore(self) -> Procore:
        """Procore, its calls counted."""
        return Procore(
            self.connection.procore,
            on_call=self._log,
            longest_wait=self.settings.longest_wait_seconds,
        )

    @cached_property
    def erp(self) -> Erp:
        """The ERP, its calls counted."""
        key = self.settings.secret_key
        return open_erp(
            self.connection.erp,
            tokens=self.ledger.tokens.keeper(
                self.run.connection, key.get_secret_value() if key else None
            ),
            on_call=self._log,
            longest_wait=self.settings.longest_wait_seconds,
        )

    @property
    def sending_grace(self) -> int:
        """Seconds before an unanswered write is judged absent: ten minutes, unless every host of
        the connection is a loopback address (money-rules 6.3)."""
        shorter = self.settings.sending_grace_seconds
        if shorter >= 600 or all(is_loopback(host) for host in self.connection.hosts):
            return shorter
        return 600

    def hold_lease(self) -> None:
        """Before what was read is kept, or acted on: no other run took the lease meanwhile; it
        lasts from now on again. Raises RunStopped(lease_held)."""
        if not self._renew_lease():
            raise lost(self.run.lease)

    def _renew_lease(self) -> bool:
        seconds = self.settings.lease_seconds
        self._renew_at = time.monotonic() + seconds / 3
        return self.ledger.leases.renew(self.run.lease, seconds=seconds)

    def _log(self, call: Call) -> None:
        self.calls += 1
        # Sealed by a run that took over: the answer reaches its caller all the same, because it may
        # be a token that cannot be had twice.
        with suppress(SealBroken):
            self.folder.log_call(call.as_dict())
        if self.run.fencing is not None and time.monotonic() >= self._renew_at:
            self._renew_lease()

    def close(self) -> None:
        """Give back what was opened."""
        for name in ("procore", "erp"):
            if name in self.__dict__:
                self.__dict__[name].close()


def stored_connection(
    ledger: Ledger, name: str, policy_version: int | None = None
) -> ConnectionFile:
    """A connection as the ledger keeps it. Raises WrongSettings where there is none."""
    row = ledger.connections.get(name)
    if row is None:
        known = ", ".join(each.name for each in ledger.connections.all()) or "none yet"
        raise WrongSettings(
            f"There is no connection {name!r} (known: {known}).",
            system="ledger",
            action="Connect it with `paidsync connect FILE.toml`.",
        )
    policy = ledger.connections.policy(name, policy_version or row.policy_version)
    return checked({**row.config, "policy": policy}, f"the stored connection {name}")


@contextmanager
def desk(run: Run) -> Iterator[Desk]:
    """Open a desk for a stage; closes whatever was opened."""
    own = settings()
    ledger = Ledger(own.ledger_url)
    opened = Desk(run, ledger, own)
    try:
        yield opened
    except OutsideError as error:
        error.connection = run.connection
        raise
    finally:
        opened.close()
        ledger.close()


def may_try_again(_task: object, _task_run: object, state: Any) -> bool:
    """Prefect's condition for a stage's retries: only what trying again can help."""
    try:
        state.result()
    except Exception as error:  # noqa: BLE001 - whatever it was, it is only classified here
        return is_transient(error)
    return False


def same_extract(stage: str) -> Any:
    """A cache key by which a retried run reuses a stage's reference, unless a later run of the
    connection has extracted since (money-rules 6.4)."""

    def key(_context: Any, parameters: dict[str, Any]) -> str:
        run: Run = parameters["run"]
        inputs = [
            ref["sha256"]
            for name, value in sorted(parameters.items())
            if name != "run"
            for ref in value.values()
            if isinstance(ref, dict) and "sha256" in ref
        ]
        ledger = Ledger(settings().ledger_url)
        try:
            last = ledger.runs.last_reader_but(run.connection, run.run_id)
        finally:
            ledger.close()
        return "-".join([run.run_id, stage, last, *(digest[:16] for digest in inputs)])

    return key
