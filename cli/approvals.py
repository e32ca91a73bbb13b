"""``paidsync plans``, ``approve`` and ``reject``: plans that wait for a second person."""

from cli.faults import WrongUse
from connectors.http import Call
from connectors.procore.client import Procore
from paidsync.ledger import Ledger
from paidsync.reasons import RunStopped, Stop
from paidsync.settings import settings
from tasks.approving import Office, Person, Verdict, decide
from tasks.desk import stored_connection
from tasks.pages import shown_money


def plans(name: str) -> int:
    """List the plans of a connection that may be decided about, the newest first."""
    ledger = Ledger(settings().ledger_url).require_current()
    stored_connection(ledger, name)
    waiting = ledger.plans.undecided(name)
    for plan in waiting:
        makers = ", ".join(plan["makers"]) or "the service account"
        print(f"{plan['plan_hash'][:12]}  {plan['state']}, planned {plan['at'][:16]} for {makers}")
        print(
            f"    {plan['entries']} entries, {plan['reversals']} of them reversals, "
            f"{shown_money(plan['money'])} in all: {plan['why']}"
        )
        if plan["decided_by"]:
            until = f" until {plan['expires_at'][:16]} UTC" if plan["expires_at"] else ""
            print(f"    by {plan['decided_by']} ({plan['proof']}){until}: {plan['note'] or '-'}")
    print(f"{len(waiting)} plans of {name} may be decided about.")
    ledger.close()
    return 0


def answer(
    name: str, plan: str, verdict: Verdict, *, by_whom: str, code: str | None, note: str | None
) -> int:
    """Approve or reject a plan; the next sync carries out what is approved and still the same."""
    own = settings()
    ledger = Ledger(own.ledger_url).require_current()
    connection = stored_connection(ledger, name)

    def not_logged(_call: Call) -> None:
        """No run, no run folder, no call log."""

    procore = Procore(connection.procore, on_call=not_logged, longest_wait=own.longest_wait_seconds)
    key = own.secret_key.get_secret_value() if own.secret_key else None
    office = Office(ledger, procore, name, connection.policy, key)
    try:
        kept = decide(office, plan, verdict, Person(by_whom, code), note=note)
    except RunStopped as wrong:
        if wrong.reason is Stop.WRONG_REQUEST:
            raise WrongUse(wrong.message) from None
        raise
    finally:
        procore.close()
        ledger.close()
    done = {"approve": "approved", "reject": "rejected"}[verdict]
    print(f"Plan {kept['plan_hash'][:12]} is {done} by {kept['decided_by']} ({kept['proof']}).")
    print(_next(name, verdict, kept["asked"], kept["expires_at"]))
    return 0


def _next(name: str, verdict: Verdict, asked: dict[str, object], expires: str | None) -> str:
    if verdict == "reject":
        return "Its payments stay held until they change in the ERP, or somebody approves it."
    restate = f' --restate "{asked["restate"]}"' if asked.get("restate") else ""
    projects = asked.get("projects")
    only = "".join(f" --project {each}" for each in projects) if isinstance(projects, list) else ""
    return f"Run `paidsync sync {name}{restate}{only}` before {str(expires)[:16]} UTC."
