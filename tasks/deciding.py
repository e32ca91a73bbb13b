"""A person's decision about a hold: checked, kept in the ledger, told in words. The command line
and the deployment `decide-hold` share it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.connection import ConnectionFile
from connectors.http import Call
from connectors.procore.client import Procore
from connectors.procore.records import ProcoreUser
from paidsync.ledger import Ledger
from paidsync.reasons import Decision, Hold, RunStopped
from paidsync.settings import Settings
from tasks.drift import Drift, drifts
from tasks.held import about
from tasks.pages import escaped
from tasks.people import require_approver, require_user, shown
from tasks.strategies import Row

# How an accountant says it in the form.
WORDS: Mapping[Decision, str] = {
    Decision.LINK: "Link it to this payment application",
    Decision.LEAVE: "Ignore it: leave everything as it is",
    Decision.RETRY: "Try again: judge it anew in the next run",
    Decision.ACCEPT: "Accept the drift: what stands in Procore is right",
    Decision.POST: "Post it: this reason does not hold it",
    Decision.POST_WITHOUT_APPLICATION: "Post it without an invoice",
    Decision.REVERSE: "Reverse it: take back what stands in Procore",
}
# These put a protection aside, so that they need a reason that an auditor can read.
_NEEDS_NOTE = frozenset(Decision) - {Decision.LINK, Decision.RETRY}


class CannotDecide(Exception):
    """The decision is refused; the message is a sentence for the person who made it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants to decide, as it was typed."""

    hold: int
    decision: Decision
    by_whom: str
    application_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A decision as it was kept."""

    connection: str
    wish: Wish
    reason: Hold
    about: str
    person: str  # whom Procore knows under that address
    accepted: list[str] = field(default_factory=list)  # what stands differently, a sentence each

    @property
    def sentence(self) -> str:
        """What was decided and what follows."""
        wish = self.wish
        what = f"{wish.decision} {wish.application_id}" if wish.application_id else wish.decision
        return (
            f"Hold {wish.hold} ({self.reason}): {what}, by {self.person} (claimed). "
            f"{wish.decision.plain} It takes effect in the next run."
        )


@contextmanager
def directory(connection: ConnectionFile, own: Settings) -> Iterator[Procore]:
    """Procore, where the person is looked up."""

    def not_logged(_call: Call) -> None:
        """No run, no run folder, no call log."""

    procore = Procore(connection.procore, on_call=not_logged, longest_wait=own.longest_wait_seconds)
    try:
        yield procore
    finally:
        procore.close()


def decide(ledger: Ledger, procore: Procore, connection: str, wish: Wish) -> Done:
    """Keep the decision, bound to the allocation as it is now.

    Raises CannotDecide where it does not fit the hold, RunStopped(not_permitted) where Procore
    does not let the person decide, and an OutsideError where Procore cannot be asked. What is
    refused is in the audit trail, too.
    """
    wish = _tidied(wish)
    try:
        return _decide(ledger, procore, connection, wish)
    except (CannotDecide, RunStopped) as refused:
        why = refused.message if isinstance(refused, RunStopped) else str(refused)
        ledger.holds.note_refusal(
            connection,
            wish.hold,
            decision=wish.decision.value,
            by_whom=wish.by_whom,
            note=wish.note,
            why=why,
        )
        raise


def _decide(ledger: Ledger, procore: Procore, connection: str, wish: Wish) -> Done:
    hold = _hold(ledger, connection, wish)
    reason = Hold(hold["reason"])
    _require_fitting(reason, wish)
    if wish.application_id is not None:
        _require_application(ledger, connection, wish.application_id)
    drifted = _drifted(ledger, connection, hold) if wish.decision is Decision.ACCEPT else []
    person = _person(procore, wish.by_whom)
    wish = replace(wish, by_whom=person.email or wish.by_whom)
    ledger.holds.decide(
        connection,
        subject="hold",
        subject_id=hold["allocation_id"],
        reason=reason.value,
        state=hold["state"],
        decision=wish.decision.value,
        application_id=wish.application_id,
        by_whom=wish.by_whom,
        note=wish.note,
        accepted={each.entry["origin_id"]: each.there for each in drifted},
    )
    read_back = [each.entry["origin_id"] for each in drifted if each.there is not None]
    ledger.entries.verified(connection, read_back, hold["opened_run"])
    if wish.decision is Decision.RETRY:
        with ledger.engine.begin() as db:
            ledger.allocations.judge_anew(db, connection, [hold["allocation_id"]])
    return Done(
        connection=connection,
        wish=wish,
        reason=reason,
        about=about(_allocation(ledger, connection, hold["allocation_id"])),
        person=shown(person),
        accepted=[each.sentence for each in drifted],
    )


def _person(procore: Procore, email: str) -> ProcoreUser:
    company = procore.company_name()
    user = require_user(procore, email, company=company)
    require_approver(user, company=company, what="decide about holds")
    return user


def _tidied(wish: Wish) -> Wish:
    """Without the blanks that a form leaves around what was typed."""
    return Wish(
        hold=wish.hold,
        decision=wish.decision,
        by_whom=wish.by_whom.strip(),
        application_id=(wish.application_id or "").strip() or None,
        note=(wish.note or "").strip() or None,
    )


def _hold(ledger: Ledger, connection: str, wish: Wish) -> dict[str, Any]:
    """The open hold of that number; one that a person put aside may be taken up again."""
    hold = ledger.holds.get(connection, wish.hold)
    listed = f"List them with `paidsync holds {connection}`."
    if hold is None:
        raise CannotDecide(f"{connection} has no open hold {wish.hold}. {listed}")
    if hold["closed_at"] is None:
        return hold
    if hold["allocation_id"] not in ledger.allocations.put_aside(connection):
        raise CannotDecide(
            f"{connection} has no open hold {wish.hold}: it was closed on "
            f"{hold['closed_at'][:10]}, because its cause was gone or changed. {listed}"
        )
    newest = ledger.holds.newest_of(connection, [hold["allocation_id"]])[0]
    if newest["hold_id"] != wish.hold:
        raise CannotDecide(
            f"{connection} has no open hold {wish.hold}: hold {newest['hold_id']} took its place."
        )
    if wish.decision is not Decision.RETRY:
        raise CannotDecide(
            f"Hold {wish.hold} is decided already and closed. Decide `{Decision.RETRY}` to take "
            "that back; the next run then asks again."
        )
    return hold


def _require_fitting(reason: Hold, wish: Wish) -> None:
    """The decision is one of those that the hold offers, and has what it needs."""
    if wish.decision not in reason.decisions:
        choices = ", ".join(reason.decisions) or "nothing"
        raise CannotDecide(
            f"About {reason} {choices} can be decided, not {wish.decision.value!r}. {reason.action}"
        )
    if (wish.decision is Decision.LINK) != (wish.application_id is not None):
        raise CannotDecide(
            "`link` needs a payment application: give its id in Procore (--application on the "
            "command line); no other decision takes one."
        )
    if wish.decision in _NEEDS_NOTE and wish.note is None:
        raise CannotDecide(
            f"`{wish.decision}` needs a note that says why (--note on the command line); it is "
            "kept in the audit trail."
        )


def _allocation(ledger: Ledger, connection: str, allocation_id: str) -> Row:
    rows = ledger.allocations.by_id(connection, [allocation_id])
    return rows[0] if rows else {}


def _require_application(ledger: Ledger, connection: str, application_id: str) -> None:
    known = ledger.mirror.applications(connection)
    if not any(row["application_id"] == application_id for row in known):
        raise CannotDecide(
            f"PaidSync has seen no payment application {application_id} in Procore. Take the id "
            "from the address of its page; if it is new, run a sync first."
        )


def _drifted(ledger: Ledger, connection: str, hold: Row) -> list[Drift]:
    """What stands differently, as the last sync read it in Procore."""
    allocation = hold["allocation_id"]
    entries = ledger.entries.of_allocations(connection, [allocation]).get(allocation, [])
    read = ledger.mirror.contract_payments(connection, {each["commitment_id"] for each in entries})
    found = [
        each
        for each in drifts(entries, read)
        if each.there is not None or each.entry["state"] == "missing_in_procore"
    ]
    if not found:
        raise CannotDecide(
            "What stands in Procore for this payment is not what the hold says any more. Run a "
            "sync, and decide about what it finds."
        )
    return found


def page(done: Done, *, started: str | None) -> str:
    """The decision as people see it afterwards, Markdown; ``started`` is the run that was
    started at once."""
    wish = done.wish
    lines = [
        f"# {done.connection}: hold {wish.hold} is decided",
        "",
        f"**{WORDS[wish.decision]}.** {wish.decision.plain}",
        "",
        "| | |",
        "|---|---|",
        f"| payment | {escaped(done.about)} |",
        f"| held for | {done.reason.plain} (`{done.reason}`) |",
        *(
            [f"| payment application | {escaped(wish.application_id)} |"]
            if wish.application_id
            else []
        ),
        f"| decided by | {escaped(done.person)} (claimed) |",
        f"| why | {escaped(wish.note or '–')} |",
        "",
        *(f"- {escaped(each)}" for each in done.accepted),
        *([""] if done.accepted else []),
        f"It takes effect in the run {started}, which was started with it."
        if started
        else "It takes effect in the next run.",
        "",
        "It counts for the payment as it is now; a change opens the question again.",
    ]
    return "\n".join(lines) + "\n"
