"""A person decides about a hold, in a form of the Prefect UI."""

from typing import Literal, cast

from prefect import flow, get_run_logger, runtime
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import Completed, Failed
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import OutsideError
from flows.forms import EMAIL, OptionalNumber, OptionalText, optional
from flows.handle import PaidsyncConnection
from flows.starting import SYNC
from paidsync.ledger import Ledger
from paidsync.reasons import Decision, RunStopped
from paidsync.settings import settings
from tasks.deciding import WORDS, CannotDecide, Done, Wish, decide, directory, page
from tasks.desk import stored_connection

# As `tasks.deciding.WORDS` has them; a form needs them written out.
Choice = Literal[
    "Link it to this payment application",
    "Ignore it: leave everything as it is",
    "Try again: judge it anew in the next run",
    "Accept the drift: what stands in Procore is right",
    "Post it: this reason does not hold it",
    "Post it without an invoice",
    "Reverse it: take back what stands in Procore",
]
_MEANT: dict[str, Decision] = {words: decision for decision, words in WORDS.items()}


class HoldDecision(BaseModel):
    """What a person decides about a hold."""

    model_config = ConfigDict(extra="forbid")

    hold: int = Field(
        title="Hold",
        ge=1,
        description="The number of the hold, as the table of held payments of a run shows it.",
        json_schema_extra={"position": 0},
    )
    decision: Choice = Field(
        title="Decision",
        description="What is to become of the payment; the same table says what may be decided "
        "about each hold.",
        json_schema_extra={"position": 1},
    )
    application: OptionalNumber = Field(
        None,
        title="Payment application",
        description="Procore's id of the payment application, from the address of its page; only "
        "to link one.",
        json_schema_extra=optional(2),
    )
    decided_by: str = Field(
        title="Decided by",
        pattern=EMAIL,
        max_length=254,
        description="Your e-mail address in Procore, where you must be an accounting approver.",
        json_schema_extra={"position": 3},
    )
    note: OptionalText = Field(
        None,
        title="Note",
        description="Why; it is kept in the audit trail, and needed unless you link or try again.",
        json_schema_extra=optional(4),
    )
    sync_now: bool = Field(
        default=False,
        title="Run a sync now",
        description="Start a sync of the connection at once; otherwise the next run acts on it.",
        json_schema_extra={"position": 5},
    )


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    answer = parameters["answer"]
    return f"{parameters['connection'].connection} {_MEANT[answer.decision]} {answer.hold}"


@flow(
    name="decide-hold",
    flow_run_name=_run_name,
    timeout_seconds=600,
    retries=0,
    persist_result=False,
    validate_parameters=True,
)
def decide_hold(connection: PaidsyncConnection, answer: HoldDecision) -> State:
    """Decide about a payment that is held. The next run acts on it.

    Args:
        connection: The ERP company and the Procore company that belong together.
        answer: Which hold, what is decided, by whom and why.
    """
    name = connection.connection
    ledger = Ledger(settings().ledger_url).require_current()
    try:
        stored = stored_connection(ledger, name)
        _tag(name)
        with directory(stored, settings()) as procore:
            done = decide(ledger, procore, name, _wish(answer))
    except (CannotDecide, RunStopped) as refused:
        return Failed(name="Refused", message=str(refused))
    except OutsideError as trouble:
        return Failed(message=str(trouble))
    finally:
        ledger.close()
    get_run_logger().info("%s", done.sentence)
    started = _start_sync(connection, done) if answer.sync_now else None
    create_markdown_artifact(
        page(done, started=started),
        key=f"decision-{name}",
        description=done.sentence[:200],
    )
    return Completed(message=done.sentence)


def _wish(answer: HoldDecision) -> Wish:
    return Wish(
        hold=answer.hold,
        decision=_MEANT[answer.decision],
        by_whom=answer.decided_by,
        application_id=answer.application,
        note=answer.note,
    )


def _start_sync(connection: PaidsyncConnection, done: Done) -> str:
    """A sync of its own, asked for by the person who decided; its name in Prefect."""
    options = {"mode": "sync", "requested_by": done.wish.by_whom}
    run = cast(
        FlowRun,
        run_deployment(
            SYNC,
            parameters={"connection": connection, "options": options},
            timeout=0,
            as_subflow=False,
            tags=[connection.connection],
        ),
    )
    return run.name


def _tag(connection: str) -> None:
    """The connection's name as a tag, so that its runs are found together."""
    with get_client(sync_client=True) as client:
        client.update_flow_run(runtime.flow_run.id, tags={*runtime.flow_run.tags, connection})
