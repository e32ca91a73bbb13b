"""Preflight: whether this run may start, looked up live, before anything is read."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from paidsync import origin
from paidsync.reasons import RunStopped, Stop
from tasks.alone import require_alone
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Run, desk, may_try_again
from tasks.ours import require_known
from tasks.payments_issued import read_everything
from tasks.people import require_requester
from tasks.restored import knows_less_than_its_folders

# Procore: ERP Integrations; what an integration's service account needs.
_ENOUGH = ("standard", "admin", "unknown")


@task(
    name="preflight",
    task_run_name="check both systems",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def preflight(run: Run) -> dict[str, Any]:
    """Check both companies, the permissions of both accounts, and what the run was asked for by
    whom.

    Before the first write, and where the ledger is of an older day than the run folders, it also
    reads every commitment: nothing of ours may stand there that the ledger never sent (4.2), and
    nobody else may post payments there (4.4). Other runs see to that in what they read for the
    plan.

    Answers what was found, for the run folder. Raises RunStopped (company_changed, erp_tool_off,
    not_permitted, wrong_request, ledger_behind, other_integration_active) or an OutsideError that
    says what to do.
    """
    with desk(run) as at:
        found = look(at.erp, at.procore, at.connection.erp_company)
        found["requested_by"] = require_requester(
            at.procore,
            found,
            run.requested_by,
            trigger=run.trigger,
            needed=at.policy.requester == "required",
        )
        _require_sound(at, found)
        if not at.ledger.entries.any_sent(run.connection) or knows_less_than_its_folders(at):
            _look_everywhere(at, found)
        at.folder.put_json("preflight", found)
    get_run_logger().info(
        "%s, %s and Procore company %s answer.",
        found["erp"],
        found["erp_company_name"],
        found["procore_company_name"],
    )
    return found


def _look_everywhere(at: Desk, found: dict[str, Any]) -> None:
    """Every row of every commitment: whether the ledger sent what is ours, and whose the rest is.
    Raises RunStopped (ledger_behind, other_integration_active)."""
    rows = list(read_everything(at.procore, found["home_currency"]))
    prefix = origin.company_prefix(at.connection.erp_name, at.connection.erp_company)
    require_known(rows, prefix, at.ledger.entries.known_ids(at.run.connection))
    require_alone(at, rows, found["time_zone"])


def _require_sound(at: Desk, found: dict[str, Any]) -> None:
    """What the run was asked for is there: its day has come, its projects exist."""
    run = at.run
    today = datetime.now(UTC).astimezone(ZoneInfo(found["time_zone"])).date()
    if run.since_date is not None and run.since_date > today:
        raise RunStopped(
            Stop.WRONG_REQUEST,
            f"Since {run.since_date} is in the future; in the calendar of "
            f"{found['erp_company_name']} it is {today}. Name a day up to today, or none.",
        )
    if run.sweeps and (run.since or run.projects):
        raise RunStopped(
            Stop.WRONG_REQUEST,
            "A reconcile reads everything in every project; name neither a day nor projects.",
        )
    if not run.projects:
        return
    known = {project.project_id: project.name or "" for project in at.procore.projects()}
    unknown = [each for each in run.projects if each not in known]
    if unknown:
        some = sorted(known.items())[:10]
        listed = ", ".join(f"{key} ({name})" for key, name in some) or "none"
        more = f" and {len(known) - len(some)} more" if len(known) > len(some) else ""
        raise RunStopped(
            Stop.WRONG_REQUEST,
            f"Procore company {found['procore_company_name']} shows no project "
            f"{' or '.join(unknown)} to the service account; it shows {listed}{more}.",
        )


def look(erp: Any, procore: Any, expected_company: str) -> dict[str, Any]:
    """Who the credentials are and what they may do, in both systems."""
    company = erp.company()
    if company.company_id != expected_company:
        raise RunStopped(
            Stop.COMPANY_CHANGED,
            f"The credentials open {company.name} ({company.company_id}); the connection is for "
            f"{expected_company}.",
        )
    caller = procore.caller()
    company_name = procore.company_name()
    tool = procore.erp_tool()
    if tool is None or tool.level == "none":
        raise RunStopped(
            Stop.ERP_TOOL_OFF,
            f"Procore company {company_name} shows no ERP Integrations tool to "
            f"{caller.name or caller.login}.",
        )
    if tool.level not in _ENOUGH:
        raise RunStopped(
            Stop.NOT_PERMITTED,
            f"{caller.name or caller.login} has {tool.level.replace('_', ' ')} on ERP Integrations "
            f"in Procore company {company_name}; Standard or Admin is needed.",
        )
    return {
        "erp": erp.title,
        "erp_company_name": company.name,
        "erp_company": company.company_id,
        "home_currency": company.home_currency,
        "time_zone": company.time_zone,
        "procore_company_name": company_name,
        "procore_caller": caller.name or caller.login,
        "procore_caller_id": caller.user_id,
        "erp_tool_level": tool.level,
    }
