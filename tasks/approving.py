"""A person's decision about a plan: who they are, whether they may, and that it is kept.

The run form, the command line and the listener come through here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from connectors.procore.client import Procore
from connectors.procore.records import ProcoreUser
from paidsync.ledger import Ledger
from paidsync.ledger.approvers import CodeRefused, known_as
from paidsync.policy import Policy
from paidsync.reasons import RunStopped, Stop
from tasks.desk import Run, desk
from tasks.people import require_approver, require_user, shown

Proof = Literal["code", "proxy", "claimed"]
Verdict = Literal["approve", "reject"]
SHORTEST_HASH = 12


@dataclass(frozen=True, slots=True)
class Person:
    """Who says that they decide."""

    email: str
    code: str | None = None
    by_proxy: bool = False  # the listener's sign-on proxy vouches for them; no form can say so


@dataclass(frozen=True, slots=True)
class Office:
    """Where a decision is taken: one connection, its ledger and its Procore company."""

    ledger: Ledger
    procore: Procore
    connection: str
    policy: Policy
    secret_key: str | None
    run_id: str | None = None


def find(ledger: Ledger, connection: str, plan: str) -> dict[str, Any]:
    """The plan that a hash, or its beginning, names among those to decide about. Raises RunStopped
    (wrong_request)."""
    waiting = ledger.plans.undecided(connection)
    named = plan.strip().lower()
    found = [row for row in waiting if row["plan_hash"].startswith(named)]
    if len(named) >= SHORTEST_HASH and len(found) == 1:
        return found[0]
    known = ", ".join(f"{row['plan_hash'][:12]} ({row['state']})" for row in waiting) or "none"
    raise RunStopped(
        Stop.WRONG_REQUEST,
        f"{plan!r} names no single plan of {connection} that may be decided about; give at least "
        f"{SHORTEST_HASH} characters of its hash. There are: {known}.",
    )


def decide(
    office: Office, plan: str, verdict: Verdict, person: Person, *, note: str | None
) -> dict[str, Any]:
    """Check who decides, and keep what they decided; answers the plan as it is now.

    Raises RunStopped (wrong_request, not_permitted, not_proven, plan_stale); a decision that was
    not taken is in the audit trail.
    """
    try:
        found = find(office.ledger, office.connection, plan)
        user = _permitted(office, found, verdict, person)
        proof = _proof(office, person, _address(user, person))
    except RunStopped as refused:
        office.ledger.plans.note_refusal(
            office.connection,
            plan,
            decision=verdict,
            by_whom=known_as(person.email),
            why=refused.message,
            run_id=office.run_id,
        )
        raise
    expires = datetime.now(UTC) + timedelta(hours=office.policy.approval_hours)
    return office.ledger.plans.decide(
        office.connection,
        found["plan_hash"],
        decision=verdict,
        by_whom=_address(user, person),
        proof=proof,
        note=note,
        expires_at=expires if verdict == "approve" else None,
        run_id=office.run_id,
    )


def _permitted(
    office: Office, plan: Mapping[str, Any], verdict: Verdict, person: Person
) -> ProcoreUser:
    """The user of Procore, who may decide; who approves made neither the plan nor its policy."""
    company = office.procore.company_name()
    user = require_user(office.procore, person.email, company=company)
    if user.user_id == office.procore.caller().user_id:
        raise RunStopped(
            Stop.NOT_PERMITTED,
            f"{shown(user)} is PaidSync's own service account; a person decides about plans.",
        )
    require_approver(user, company=company, what="decide about plans")
    if verdict == "approve":
        _require_another(office, plan, user, person)
    return user


def _require_another(
    office: Office, plan: Mapping[str, Any], user: ProcoreUser, person: Person
) -> None:
    """Maker is not checker."""
    for maker in plan["makers"]:
        known = office.procore.user(maker)
        if known_as(maker) == _address(user, person) or (known and known.user_id == user.user_id):
            raise RunStopped(
                Stop.NOT_PERMITTED,
                f"{shown(user)} asked for the run that made plan {plan['plan_hash'][:12]}; "
                "somebody else has to approve it.",
            )
    author = office.ledger.connections.policy_author(office.connection)
    if _is_same(author, _address(user, person)):
        raise RunStopped(
            Stop.NOT_PERMITTED,
            f"{shown(user)} wrote the present policy of {office.connection}; somebody else has to "
            "approve its plans.",
        )


def _is_same(author: str, email: str) -> bool:
    """Whether the policy's author is the person: by e-mail, or by the name of their account."""
    name = known_as(author)
    return name == (email if "@" in name else email.partition("@")[0])


def _address(user: ProcoreUser, person: Person) -> str:
    """One address for one person: Procore's, whatever they typed."""
    return known_as(user.email or person.email)


def _proof(office: Office, person: Person, address: str) -> Proof:
    """How the person's identity is proven."""
    if person.by_proxy:
        return "proxy"
    if person.code:
        try:
            office.ledger.approvers.accept(address, person.code, key=office.secret_key)
        except CodeRefused as refused:
            raise RunStopped(Stop.NOT_PROVEN, str(refused)) from None
        return "code"
    if office.policy.needs_proof:
        raise RunStopped(
            Stop.NOT_PROVEN,
            f"The policy of {office.connection} asks for proof of who decides, and {address} "
            "gave no one-time code.",
        )
    return "claimed"


@task(
    name="decide",
    task_run_name="take the decision about a plan",
    cache_policy=NO_CACHE,
    persist_result=False,
)
def take_decision(
    run: Run, plan: str, verdict: Verdict, person: Person, note: str | None
) -> dict[str, Any]:
    """Take what a run form says, once for a run: a retry goes on with what it has decided."""
    with desk(run) as at:
        before = at.ledger.plans.get(run.connection, run.carries) if run.carries else None
        if before is None or before["decided_run"] != run.run_id:
            key = at.settings.secret_key
            office = Office(
                at.ledger,
                at.procore,
                run.connection,
                at.policy,
                key.get_secret_value() if key else None,
                run.run_id,
            )
            before = decide(office, plan, verdict, person, note=note)
        kept = {
            "plan": before["plan_hash"],
            "decision": verdict,
            "by": before["decided_by"],
            "proof": before["proof"],
            "note": before["note"],
            "at": before["decided_at"],
            "expires_at": before["expires_at"],
            "makers": before["makers"],
            "entries": before["entries"],
            "reversals": before["reversals"],
            "money": before["money"],
        }
        at.folder.put_json("decision", kept)
    get_run_logger().info("%s", said(kept))
    return kept


def said(kept: Mapping[str, Any]) -> str:
    """A decision in a sentence."""
    done = {"approve": "approved", "reject": "rejected"}[kept["decision"]]
    return f"Plan {kept['plan'][:12]} was {done} by {kept['by']} ({kept['proof']})."
