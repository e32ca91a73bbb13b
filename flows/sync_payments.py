"""The main job: bill payments of one connection, from the ERP to Procore's Payments Issued."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger, runtime
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import OutsideError, RateLimited, WrongSettings
from flows.forms import OptionalDay, OptionalEmail, OptionalName, optional
from flows.handle import PaidsyncConnection
from flows.triggers import beginning, trigger_of
from paidsync.evidence.folder import read_records
from paidsync.ledger import Ledger
from paidsync.ledger.leases import Lease
from paidsync.reasons import RunStopped
from paidsync.records import ENTRIES
from paidsync.settings import settings
from tasks.batches import in_batches
from tasks.desk import Ref, Run
from tasks.extract import extract
from tasks.load import is_first_write, load_batch
from tasks.match import match_payments
from tasks.opening import LONGEST_RUN, open_run, seal_interrupted, take_lease
from tasks.plan import plan_entries
from tasks.preflight import preflight
from tasks.progress import Progress
from tasks.report import Came, report
from tasks.summary import STATES
from tasks.validate import validate
from tasks.verify import seen_red, verify_batch
from tasks.waiting import require_loadable

# What the run form refuses by itself; whether such a project is there, the preflight asks Procore.
ProjectId = Annotated[str, Field(pattern=r"^[0-9]+$", max_length=20)]


class SyncOptions(BaseModel):
    """What a person may choose for a run."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["preview", "sync", "reconcile"] = Field(
        "preview",
        title="Mode",
        description="Preview shows the plan and writes nothing. Sync posts it to Procore. "
        "Reconcile, which runs every night, is a sync that reads both systems from the beginning.",
        json_schema_extra={"position": 0},
    )
    since: OptionalDay = Field(
        None,
        title="Since",
        description="Read again everything that changed in the ERP on or after this day, which is "
        "not in the future. Leave empty to go on where the last run ended.",
        json_schema_extra=optional(1),
    )
    projects: list[ProjectId] = Field(
        default_factory=list,
        title="Projects",
        description="Only these projects are planned: the number behind /projects/ in Procore's "
        "address. Leave empty for all.",
        json_schema_extra={"position": 2},
    )
    requested_by: OptionalEmail = Field(
        None,
        title="Requested by",
        description="Your e-mail address in Procore, where you must be an accounting approver. It "
        "is kept in the evidence.",
        json_schema_extra=optional(3),
    )
    restate: OptionalName = Field(
        None,
        title="Restate",
        description="Judge what is posted already by the present policy, too: give the restatement "
        "a name. Nothing is posted before its plan is approved. Leave empty otherwise.",
        json_schema_extra=optional(4),
    )


_A_PREVIEW = SyncOptions()
# How many first writes a run tries where Procore refuses them.
_CANARIES = 3


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    return f"{parameters['connection'].connection} {parameters['options'].mode}"


@flow(
    name="sync-payments",
    flow_run_name=_run_name,
    timeout_seconds=LONGEST_RUN.total_seconds(),
    retries=0,
    persist_result=False,
    validate_parameters=True,
)
def sync_payments(connection: PaidsyncConnection, options: SyncOptions = _A_PREVIEW) -> State:
    """Bring bill payments of one connection back to Procore.

    Args:
        connection: The ERP company and the Procore company that belong together.
        options: What to do; without them a preview.
    """
    own = settings()
    ledger = Ledger(own.ledger_url).require_current()
    try:
        try:
            run = open_run(
                own,
                ledger,
                connection=connection.connection,
                run_id=str(runtime.flow_run.id),
                attempt=int(runtime.flow_run.run_count or 1),
                mode=options.mode,
                since=options.since.isoformat() if options.since else None,
                projects=tuple(options.projects),
                restate=options.restate,
                requested_by=options.requested_by,
                trigger=trigger_of(runtime.flow_run.tags, beginning()),
            )
        except WrongSettings as unknown:
            return refused(ledger, connection.connection, unknown)
        return carry_out(run, ledger)
    finally:
        ledger.close()


def carry_out(
    run: Run, ledger: Ledger, *, first: Callable[[Run], dict[str, Any]] | None = None
) -> State:
    """The stages of a run that was opened, and its state; ``first`` takes a decision before."""
    _tag(run)
    summary = _attempt(run, Came(), ledger, first)
    name = summary["state"]
    return State(type=StateType(STATES[name]), name=name, message=summary["message"])


def refused(ledger: Ledger, name: str, why: WrongSettings) -> State:
    """A run of a connection that the ledger does not know has no run folder; the audit trail and
    an artifact tell of it."""
    ledger.runs.refused(str(runtime.flow_run.id), name, str(why))
    try:
        create_markdown_artifact(str(why), key="refused", description="This run was refused.")
    except Exception:  # noqa: BLE001 - it is only a view
        get_run_logger().warning("Prefect does not show why.", exc_info=True)
    return State(type=StateType.FAILED, name="Refused", message=str(why))


def _attempt(
    run: Run, came: Came, ledger: Ledger, first: Callable[[Run], dict[str, Any]] | None
) -> dict[str, Any]:
    """The stages, one after the other; whatever happens, the lease is given back. Who is ended from
    outside (cancelled, or out of time) has no time for a report, and leaves a sealed folder."""
    lease: Lease | None = None
    try:
        try:
            if run.mode != "decide":
                preflight(run)
            if first is not None:
                came.decision = first(run)
            if run.posts:
                run = take_lease(run)
                lease = run.lease
            if run.mode != "decide":
                _stages(run, came)
        except Exception as trouble:  # noqa: BLE001 - whatever happened, the evidence is sealed
            came.trouble = trouble
            if not isinstance(trouble, OutsideError | RunStopped):
                get_run_logger().exception("This is a fault of PaidSync, or of its surroundings.")
        return report(run, came)
    except BaseException as end:
        if not isinstance(end, Exception):
            seal_interrupted(ledger, run.run_id)
        raise
    finally:
        if lease is not None:
            ledger.leases.release(lease)


def _stages(run: Run, came: Came) -> None:
    extracted, plan = _read_and_plan(run, came)
    if run.posts:
        require_loadable(plan)
        # Who approves has seen that plan alone: where it is another one now, nothing is sent.
        if run.carries in (None, plan["approved"]):
            _load(run, came, plan, context=extracted["context"])


def _tag(run: Run) -> None:
    """The connection's name as a tag, so that its runs are found together."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(runtime.flow_run.id, tags={*runtime.flow_run.tags, run.connection})


def _read_and_plan(run: Run, came: Came) -> tuple[dict[str, Ref], dict[str, Any]]:
    came.extract = extracted = extract(run)
    came.validate = validated = validate(run, extract=extracted)
    came.match = matched = match_payments(run, extract=extracted, validate=validated)
    came.plan = plan = plan_entries(run, extract=extracted, match=matched)
    return extracted, plan


def _load(run: Run, came: Came, plan: dict[str, Any], *, context: Ref) -> None:
    """Batch by batch: send, then read back. A batch that fails leaves the others to be done."""
    entries = read_records(plan["entries"], ENTRIES)
    size = settings().batch_commitments
    version = run.policy_version
    canary = version if is_first_write(run, entries) else None
    batches = in_batches(entries, size, canary_of=canary)
    progress = Progress(run, entries=len(entries), batches=len(batches))
    first_trouble: OutsideError | None = None
    number = 0
    while batches:
        batch, *batches = batches
        number += 1
        ids = [entry["origin_id"] for entry in batch]
        of = number + len(batches)
        sent: dict[str, Any] = {"states": {}, "calls": 0, "windows": []}
        try:
            sent = load_batch(
                run, plan=plan, origin_ids=ids, context=context, batch=number, batches=of
            )
        except RateLimited:
            raise
        except OutsideError as trouble:
            first_trouble = first_trouble or trouble
        seen = verify_batch(run, origin_ids=ids, batch=number, batches=of)
        came.verified.append(seen)
        progress.batch(batch, sent["calls"], sent["windows"])
        if seen_red(seen):
            break  # nothing more is sent while something does not stand as it was sent
        rest = [entry for each in batches for entry in each]
        if canary is not None and rest and is_first_write(run, [*batch, *rest]):
            # No canary stands green yet, so the rest waits (money-rules 5.4). One that Procore
            # refused is another matter: that is a plain answer, and the next may be taken.
            if sent["states"] != {"refused": 1} or number == _CANARIES:
                break
            batches = in_batches(rest, size, canary_of=version)
    progress.end()
    came.loaded = first_trouble is None
    if first_trouble is not None:
        raise first_trouble
