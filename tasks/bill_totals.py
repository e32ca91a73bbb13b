"""Whether a bill is what its payment application says is due (money-rules 3.4). Pure."""

from paidsync import money
from paidsync.policy import Policy
from tasks.splits import part_of
from tasks.strategies import Book, Row

_TOLERANCE = 1  # minor unit


def total_differs(row: Row, application: Row, book: Book, policy: Policy) -> str | None:
    """What differs, for a person; None where it does not, or cannot be told.

    ``row`` is records.ALLOCATIONS, ``application`` records.PAYMENT_APPLICATIONS.
    """
    total = _billed(row, book, policy)
    due = application["due_minor"]
    if total is None or due is None:
        return None
    if any(abs(total - expected) <= _TOLERANCE for expected in _expected(application, policy)):
        return None
    currency = row["currency"]
    return (
        f"Bill {row['bill_number']} is {money.shown(total, currency)}; application "
        f"{application['invoice_number']} says {money.shown(due, currency)} is due, with "
        f"{money.shown(application['retainage_minor'] or 0, currency)} retainage and "
        f"{money.shown(application['tax_minor'] or 0, currency)} tax."
    )


def _billed(row: Row, book: Book, policy: Policy) -> int | None:
    """What of bills belongs to the application, in minor units: the bill, its part, or all bills
    that the policy maps to it."""
    total: int | None = row["bill_total_minor"]
    if total is None:
        return None
    if row["split_application"]:
        split = policy.split_of(row["bill_id"])
        return part_of(total, split, row["split_application"]) if split else None
    mapped = [bill for bill, to in book.mapped.items() if to == book.mapped.get(row["bill_id"])]
    if row["bill_id"] not in book.mapped:
        return total
    totals = [book.bills[bill]["total_minor"] if bill in book.bills else None for bill in mapped]
    known = [each for each in totals if each is not None]
    return sum(known) if len(known) == len(totals) else None


def _expected(application: Row, policy: Policy) -> list[int]:
    """The totals that a bill may have: what is due, with or without retainage and tax.

    Procore's due contains the tax as a rule; public documents do not say so for sure.
    """
    due: int = application["due_minor"]
    retainage = max(application["retainage_minor"] or 0, 0)
    tax = application["tax_minor"] or 0
    bases = {"either": (due, due + retainage), "included": (due + retainage,), "left_out": (due,)}
    taxes = {"either": (0, tax, -tax), "included": (0, tax), "left_out": (0, -tax)}
    return [base + more for base in bases[policy.bill_retainage] for more in taxes[policy.bill_tax]]
