"""People, as Procore knows them: who may ask for a run, and who may approve a plan.

Procore lets Admins on ERP Integrations and accounting approvers sync payments on demand. Of other
users its API shows the approver's flag (``erp_integrated_accountant``) and no level in a tool, so
the flag is what counts; only the service account's own level can be read.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from connectors.procore.records import ProcoreUser
from paidsync.reasons import RunStopped, Stop

# How a run was started, as `Run.trigger` has it.
ON_DEMAND = "on demand"  # in Prefect's UI, or through its API
COMMAND_LINE = "command line"
SCHEDULE = "schedule"
BUTTON = "procore button"
WEBHOOK = "webhook"
APPROVAL = "approval"


class Directory(Protocol):
    """Where people are looked up: Procore."""

    def user(self, email: str) -> ProcoreUser | None:
        """The directory user with exactly this e-mail address."""


def require_requester(
    procore: Directory, found: Mapping[str, Any], email: str | None, *, trigger: str, needed: bool
) -> dict[str, Any] | None:
    """Who asked for the run, as Procore knows them; None where nobody is named, and a schedule,
    the command line or a webhook acts as the service account.

    ``found`` is what the preflight found of both companies. Whoever presses the button in Procore
    was let through by Procore itself. Raises RunStopped (not_permitted).
    """
    if trigger == BUTTON:
        return None
    if not email:
        if trigger == ON_DEMAND and needed:
            raise RunStopped(
                Stop.NOT_PERMITTED,
                "Nobody is named as asking for this run. Enter your e-mail address in Procore "
                'under Requested by; a connection whose policy says requester = "optional" needs '
                "none.",
            )
        return None
    user = require_user(procore, email, company=found["procore_company_name"])
    own = user.user_id == found["procore_caller_id"] and found["erp_tool_level"] == "admin"
    if not own:
        require_approver(user, company=found["procore_company_name"], what="ask for a run")
    return {"user_id": user.user_id, "email": user.email, "name": user.name}


def require_user(procore: Directory, email: str, *, company: str) -> ProcoreUser:
    """The active user of that address. Raises RunStopped (not_permitted)."""
    user = procore.user(email)
    if user is None:
        raise RunStopped(
            Stop.NOT_PERMITTED,
            f"{email} is no user of Procore company {company}. Check the address in the company's "
            "directory.",
        )
    if not user.is_active:
        raise RunStopped(
            Stop.NOT_PERMITTED, f"{shown(user)} is deactivated in Procore company {company}."
        )
    return user


def require_approver(user: ProcoreUser, *, company: str, what: str) -> None:
    """Raises RunStopped (not_permitted) unless Procore calls them an accounting approver."""
    if not user.is_accounting_approver:
        raise RunStopped(
            Stop.NOT_PERMITTED,
            f"{shown(user)} may not {what}: Procore company {company} does not list them as "
            "accounting approver. In Procore, a directory Admin grants it in the user's profile; "
            "an Admin on ERP Integrations needs it too, because Procore's API shows no other "
            "user's level.",
        )


def shown(user: ProcoreUser) -> str:
    """``Ada Moss (ada@hallam.example)``."""
    return f"{user.name} ({user.email})" if user.name else str(user.email)
