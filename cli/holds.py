"""``paidsync holds`` and ``paidsync decide``: what waits for a person."""

from collections.abc import Iterable

from cli.faults import WrongUse
from paidsync.ledger import Ledger
from paidsync.reasons import Decision
from paidsync.settings import settings
from tasks.deciding import CannotDecide, Wish, directory
from tasks.deciding import decide as keep_decision
from tasks.desk import stored_connection
from tasks.held import Waiting, put_aside, reasons, sums, waiting
from tasks.pages import shown_money


def holds(name: str | None) -> int:
    """List the open holds, the oldest first, each with what may be decided; without a name those
    of every connection."""
    ledger = Ledger(settings().ledger_url).require_current()
    if name is not None:
        stored_connection(ledger, name)
    names = [name] if name is not None else [each.name for each in ledger.connections.all()]
    everything: list[Waiting] = []
    for each in names:
        everything += _list(ledger, each)
    if name is None:
        print(f"{len(everything)} held in {len(names)} connections: {_totals(everything)}.")
    ledger.close()
    return 0


def _list(ledger: Ledger, name: str) -> list[Waiting]:
    held, aside = waiting(ledger, name), put_aside(ledger, name)
    for hold in held:
        print(f"{hold.number:>6}  {hold.reason}  {hold.about}")
        print(f"        {hold.seen}")
        choices = " | ".join(hold.choices) or "nothing to decide here"
        print(f"        {hold.reason.action} ({choices})")
        if hold.decided:
            print(f"        {hold.decided}; the next run acts on it")
    print(f"{len(held)} held in {name}{f': {_totals(held)}' if held else ''}.")
    if aside:
        print(f"{len(aside)} put aside by a decision; `{Decision.RETRY}` takes it back:")
    for hold in aside:
        print(f"{hold.number:>6}  {hold.reason}  {hold.about}")
        print(f"        {hold.decided or hold.seen}")
    return held


def _totals(held: Iterable[Waiting]) -> str:
    held = list(held)
    counted = ", ".join(f"{reason} {count}" for reason, count in reasons(held).items())
    return f"{shown_money(sums(held))} ({counted or 'nothing'})"


def decide(
    name: str,
    hold_id: int,
    decision: str,
    *,
    application_id: str | None,
    by_whom: str,
    note: str | None,
) -> int:
    """Keep a person's decision about a hold, bound to the allocation as it is now."""
    if decision not in tuple(Decision):
        raise WrongUse(
            f"There is no decision {decision!r}. `paidsync holds {name}` lists what can be decided "
            "about each hold."
        )
    ledger = Ledger(settings().ledger_url).require_current()
    connection = stored_connection(ledger, name)
    wish = Wish(
        hold=hold_id,
        decision=Decision(decision),
        application_id=application_id,
        by_whom=by_whom,
        note=note,
    )
    try:
        with directory(connection, settings()) as procore:
            done = keep_decision(ledger, procore, name, wish)
    except CannotDecide as refused:
        raise WrongUse(str(refused)) from None
    print(f"{done.sentence} Run `paidsync sync {name}`.")
    for each in done.accepted:
        print(f"  accepted: {each}")
    ledger.close()
    return 0
