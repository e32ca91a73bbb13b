"""``paidsync probe``: asks a sandbox company what Procore's documentation leaves open."""

import getpass

from cli.faults import WrongUse
from connectors.http import Call
from connectors.procore.client import Procore
from paidsync.ledger import Ledger
from paidsync.settings import settings
from tasks.desk import stored_connection
from tasks.probe import Found
from tasks.probe import probe as ask_procore
from tasks.probe_place import CannotProbe, Place, announced, find_place, require_no_production
from tasks.probe_questions import Question

_DONE, _SOMETHING_LEFT = 0, 3


def probe(
    name: str,
    *,
    commitment: str,
    application: str | None,
    without_tab: str | None,
    yes: bool,
    known_production: bool,
) -> int:
    """Say what will be written, ask for a confirmation, write, and show what was learned."""
    ledger = Ledger(settings().ledger_url).require_current()
    connection = stored_connection(ledger, name)
    procore = Procore(
        connection.procore, on_call=_not_logged, longest_wait=settings().longest_wait_seconds
    )
    try:
        require_no_production(connection, known=known_production)
        place = find_place(
            procore, ledger, commitment=commitment, application=application, without_tab=without_tab
        )
        _announce(procore.company_name(), place)
        if not yes:
            _confirm(place)
        found = ask_procore(
            settings(), ledger, procore, place, connection=name, by_whom=getpass.getuser()
        )
    except CannotProbe as refused:
        raise WrongUse(str(refused)) from None
    finally:
        procore.close()
        ledger.close()
    _show_found(found, name)
    return _SOMETHING_LEFT if found.left else _DONE


def show(name: str) -> int:
    """Show what earlier probes learned, and what they could not take back."""
    ledger = Ledger(settings().ledger_url).require_current()
    stored_connection(ledger, name)
    known = ledger.probes.answers(name)
    for number, question in enumerate(Question, start=1):
        row = known.get(question.value)
        when = f" ({row['at'][:10]}, commitment {row['commitment_id']})" if row else ""
        _line(number, question, row["answer"] if row else "not asked yet", when)
        if row:
            print(f"    {row['seen']}")
            print(f"    {question.bears_on}")
    for row in ledger.probes.left(name):
        print(
            f"{row['origin_id']} stands on commitment {row['commitment_id']}, or may "
            f"({row['state']}): probe that commitment again, and it is taken back first."
        )
    ledger.close()
    return 0


def _announce(company: str, place: Place) -> None:
    print(f"In Procore company {company} this probe writes, one after the other:")
    for number, step in enumerate(announced(place), start=1):
        print(f"{number:>4}. {step}")


def _confirm(place: Place) -> None:
    wanted = place.commitment.number or place.commitment.commitment_id
    try:
        typed = input(f"Type the commitment's number ({wanted}) to let it write: ")
    except EOFError:
        typed = ""
    if typed.strip() != wanted:
        raise CannotProbe(
            f"Nothing was written: {typed.strip() or 'nothing'} was typed, not {wanted}. Type the "
            "number of the commitment, or give --yes."
        )


def _show_found(found: Found, name: str) -> None:
    print()
    for number, question in enumerate(Question, start=1):
        answer = found.answers[question]
        _line(number, question, answer.answer, "")
        print(f"    {answer.seen}")
        print(f"    {question.bears_on}")
    for sentence in found.changed:
        print(f"Look at this: {sentence}")
    for sentence in found.left:
        print(f"Not taken back: {sentence}")
    print(
        f"Kept; `paidsync probe {name} --show` shows it again. Nothing was set: a change of the "
        "policy is yours, in the connection file."
    )


def _line(number: int, question: Question, answer: str, when: str) -> None:
    print(f"{number}. {question.plain} {answer.upper()}{when}")


def _not_logged(_call: Call) -> None:
    """No run, no run folder, no call log."""
