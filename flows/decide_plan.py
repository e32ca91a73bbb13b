"""A second person approves a plan that waits, or rejects it."""

from typing import Any, Literal

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from pydantic import BaseModel, ConfigDict, Field

from connectors.errors import WrongSettings
from flows.forms import EMAIL, OptionalCode, OptionalText, optional
from flows.handle import PaidsyncConnection
from flows.sync_payments import carry_out, refused
from paidsync.ledger import Ledger
from paidsync.reasons import RunStopped
from paidsync.settings import settings
from tasks.approving import Person, find, take_decision
from tasks.desk import Run, stored_connection
from tasks.opening import LONGEST_RUN, open_run
from tasks.people import APPROVAL


class PlanDecision(BaseModel):
    """What a second person decides about a plan."""

    model_config = ConfigDict(extra="forbid")

    plan: str = Field(
        title="Plan",
        pattern=r"^[0-9a-f]+$",
        min_length=12,
        max_length=64,
        description="The hash of the plan, or its first 12 characters, as the summary of the run "
        "that asks for approval shows it.",
        json_schema_extra={"position": 0},
    )
    decision: Literal["approve", "reject"] = Field(
        title="Decision",
        description="Approve plans again and, if the plan is still the same, carries it out at "
        "once. Reject leaves its payments held.",
        json_schema_extra={"position": 1},
    )
    approver: str = Field(
        title="Approver",
        pattern=EMAIL,
        max_length=254,
        description="Your e-mail address in Procore, where you must be an accounting approver. "
        "Who asked for the plan cannot approve it.",
        json_schema_extra={"position": 2},
    )
    code: OptionalCode = Field(
        None,
        title="Code",
        description="The six digits that your authenticator app shows now. They are good for this "
        "one decision and worthless afterwards.",
        json_schema_extra=optional(3),
    )
    note: OptionalText = Field(
        None,
        title="Note",
        description="Why; it is kept in the evidence.",
        json_schema_extra=optional(4),
    )


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    answer = parameters["answer"]
    return f"{parameters['connection'].connection} {answer.decision} {answer.plan[:12]}"


@flow(
    name="decide-plan",
    flow_run_name=_run_name,
    timeout_seconds=LONGEST_RUN.total_seconds(),
    retries=0,
    persist_result=False,
    validate_parameters=True,
)
def decide_plan(connection: PaidsyncConnection, answer: PlanDecision) -> State:
    """Approve a plan that waits, and carry it out if it is still the same; or reject it.

    Args:
        connection: The ERP company and the Procore company that the plan is of.
        answer: Which plan, what is decided, and by whom.
    """
    own = settings()
    ledger = Ledger(own.ledger_url).require_current()
    name = connection.connection
    try:
        try:
            stored_connection(ledger, name)
        except WrongSettings as unknown:
            return refused(ledger, name, unknown)
        plan = _named(ledger, name, answer.plan)
        run = open_run(
            own,
            ledger,
            connection=name,
            run_id=str(runtime.flow_run.id),
            attempt=int(runtime.flow_run.run_count or 1),
            mode="sync" if answer.decision == "approve" else "decide",
            since=None,
            projects=tuple(plan["asked"].get("projects", ())),
            restate=plan["asked"].get("restate"),
            requested_by=answer.approver,
            trigger=APPROVAL,
            carries=plan["plan_hash"],
        )
        return carry_out(run, ledger, first=lambda opened: _decided(opened, answer))
    finally:
        ledger.close()


def _named(ledger: Ledger, connection: str, plan: str) -> dict[str, Any]:
    """The plan that is meant. One that is not to be decided about is refused by the run itself, so
    that the refusal is in its evidence; a retry finds the one that it has decided."""
    try:
        return find(ledger, connection, plan)
    except RunStopped:
        return ledger.plans.newest(connection, plan) or {"asked": {}, "plan_hash": plan}


def _decided(run: Run, answer: PlanDecision) -> dict[str, Any]:
    person = Person(answer.approver, answer.code)
    return take_decision(run, answer.plan, answer.decision, person, answer.note)
