"""``paidsync approvers``: who may prove by a one-time code that they decide about plans."""

import getpass
import sys

from cli.faults import WrongUse
from paidsync.ledger import Ledger
from paidsync.ledger.approvers import KnownApprover
from paidsync.settings import settings


def add(email: str) -> int:
    """Give a person a seed, and show it once, on a terminal and nowhere else."""
    if not sys.stdout.isatty():
        raise WrongUse(
            "The secret is shown on a terminal only, so that no file or log keeps it. Run this "
            "command without redirecting what it prints."
        )
    own = settings()
    ledger = Ledger(own.ledger_url).require_current()
    key = own.secret_key.get_secret_value() if own.secret_key else None
    try:
        enrolled = ledger.approvers.add(email, key=key, by_whom=getpass.getuser())
    except KnownApprover as known:
        raise WrongUse(str(known)) from None
    finally:
        ledger.close()
    print(f"For {email}, into an authenticator app. It is not shown again.")
    print(f"    {enrolled.uri}")
    print(f"    secret {enrolled.secret}, 6 digits, 30 seconds")
    print("Who may approve is asked of Procore each time; this only proves who they are.")
    return 0


def remove(email: str) -> int:
    """Forget a person's seed; their codes prove nothing from now on."""
    ledger = Ledger(settings().ledger_url).require_current()
    gone = ledger.approvers.remove(email, by_whom=getpass.getuser())
    ledger.close()
    if not gone:
        raise WrongUse(f"{email} has no one-time code. `paidsync approvers list` shows who has.")
    print(f"{email} has no one-time code any more; what they decided stays.")
    return 0


def show() -> int:
    """Who has a one-time code, and since when."""
    ledger = Ledger(settings().ledger_url).require_current()
    everybody = ledger.approvers.all()
    ledger.close()
    for each in everybody:
        used = "used" if each.last_step is not None else "never used"
        print(f"{each.email}  added {each.added_at[:10]} by {each.added_by}, {used}")
    print(f"{len(everybody)} approvers with a one-time code.")
    return 0
