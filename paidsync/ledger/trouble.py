"""A ledger that cannot be used, in words that say what to do about it."""

from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InternalError, OperationalError

# What databases say of their surroundings, and what a person can do about it.
_REMEDIES = (
    (
        ("disk is full", "no space left", "disk i/o error"),
        "Its disk is full or broken. Make room there; the next run goes on where this one stopped.",
    ),
    (
        ("readonly", "read-only", "permission denied"),
        "Let the user that runs PaidSync write to it, in SQLite to the file and to its folder.",
    ),
    (("locked",), "Another process holds it. Wait until that one ends, or end it."),
)
_OTHERWISE = (
    "Check that it is there and that this user may write to it; `paidsync settings` shows where "
    "it is."
)


class LedgerUnusable(Exception):
    """The database is missing, not upgraded, newer than this PaidSync, full, not to be written, or
    cannot be opened."""


def unusable(
    ledger: str, said: object, *, cannot: str = "be used", otherwise: str = _OTHERWISE
) -> LedgerUnusable:
    """What the database ``said``, with what helps against it."""
    words = " ".join(str(said).split()).rstrip(".")
    remedy = next(
        (each for causes, each in _REMEDIES if any(cause in words.lower() for cause in causes)),
        otherwise,
    )
    return LedgerUnusable(f"The ledger {ledger} cannot {cannot}: {words}. {remedy}")


def tell(ledger: str, context: ExceptionContext) -> None:
    """Called by SQLAlchemy where a statement failed: what the surroundings are to blame for becomes
    a sentence, without the statement and its values."""
    if isinstance(context.sqlalchemy_exception, OperationalError | InternalError):
        raise unusable(ledger, context.original_exception) from context.original_exception
