"""What started a run: it travels as a tag, so that the run form has no field for it."""

from collections.abc import Iterable

from tasks import people

_MARK = "trigger: "
BUTTON = people.BUTTON
COMMAND_LINE = people.COMMAND_LINE
WEBHOOK = people.WEBHOOK
_BY_A_SCHEDULE = "auto-scheduled"  # Prefect's own tag, of runs that a deployment's schedule made


def tag_of(trigger: str) -> str:
    """The tag of a run that was started in this way."""
    return f"{_MARK}{trigger}"


def trigger_of(tags: Iterable[str], *, child: bool) -> str:
    """How a run was started; ``child`` of another run is the schedule's, unless a tag says else."""
    known = sorted(tags)
    told = (tag.removeprefix(_MARK) for tag in known if tag.startswith(_MARK))
    scheduled = child or _BY_A_SCHEDULE in known
    return next(told, people.SCHEDULE if scheduled else people.ON_DEMAND)
