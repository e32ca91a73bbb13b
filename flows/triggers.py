"""What started a run: it travels as a tag, so that the run form has no field for it.

A tag can be typed by whoever starts a run, so it is believed only where Prefect itself says the
same of how the run came about. Otherwise a person could leave out who asks, and approve what they
asked for themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from prefect import runtime
from prefect.client.orchestration import get_client

from tasks import people

_MARK = "trigger: "
BUTTON = people.BUTTON
COMMAND_LINE = people.COMMAND_LINE
WEBHOOK = people.WEBHOOK
APPROVAL = people.APPROVAL
_EARLY = "early-"
_APPROVED = "approved-"


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run came about, as Prefect keeps it; no form has a field for any of this."""

    child: bool = False  # another run started it and waits for it, or is the schedule's
    deployed: bool = False  # from a deployment; the command line's runs are from none
    scheduled: bool = False  # by a deployment's schedule
    key: str | None = None  # by which Prefect knew whether it had been started before


def early_key(connection: str, event: str) -> str:
    """The key of a run that an ERP's webhook starts before its time."""
    return f"{_EARLY}{connection}-{event}"


def approved_key(connection: str, plan: str) -> str:
    """The key of a run that carries out what was approved at the listener."""
    return f"{_APPROVED}{connection}-{plan}"


def tag_of(trigger: str) -> str:
    """The tag of a run that was started in this way."""
    return f"{_MARK}{trigger}"


def beginning() -> Beginning:
    """How the present run came about."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_run(runtime.flow_run.id)
    return Beginning(
        child=bool(runtime.flow_run.parent_flow_run_id),
        deployed=found.deployment_id is not None,
        scheduled=bool(found.auto_scheduled),
        key=found.idempotency_key,
    )


def trigger_of(tags: Iterable[str], began: Beginning) -> str:
    """How a run was started, as a word of ``tasks.people``."""
    told = {tag.removeprefix(_MARK) for tag in tags if tag.startswith(_MARK)}
    if BUTTON in told and began.child:
        return BUTTON
    if WEBHOOK in told and (began.key or "").startswith(_EARLY):
        return WEBHOOK
    if APPROVAL in told and (began.key or "").startswith(_APPROVED):
        return APPROVAL
    if COMMAND_LINE in told and not began.deployed:
        return COMMAND_LINE
    return people.SCHEDULE if began.child or began.scheduled else people.ON_DEMAND
