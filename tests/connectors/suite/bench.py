"""What an ERP says of itself, so that the tests of this folder run against it.

One ``Bench`` per ERP, listed in ``registered.py``. How to write one: docs/adding-an-erp.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

import pytest

from connectors.erp import Erp


class Can(StrEnum):
    """What people can do in some ERPs and not in others, by the control API's names.

    The sandbox refuses the rest with a sentence, and names it in `cannot` of its world.
    ``test_registration.py`` tries each and compares.
    """

    EDIT = "edit"  # a payment's number, date and amounts, in place
    EDIT_PAID_BILL = "edit_paid_bill"  # the amounts of a bill that is paid in part
    REAPPLY = "reapply"  # move a payment from one bill to another
    LINES = "lines"  # several lines of a payment on one bill
    PRINT_QUEUE = "print_queue"  # checks that wait to be printed
    PREPAY = "prepay"  # pay a vendor ahead, in a document of its own
    APPLY = "apply"  # what was paid ahead, to a bill, later
    UNAPPLY = "unapply"  # take that back


class Deleted(StrEnum):
    """How a payment shows that was deleted."""

    GONE = "the feed names it, and it is no longer read"
    VOIDED = "its record stays and says so"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One ERP: its connector, what its people can do, and how its stand-in is aimed at."""

    name: str  # as in the registry and in `python -m sandbox --erp`
    opened: Callable[..., Erp]  # settings, tokens, on_call, longest_wait, sleep
    can: frozenset[Can]
    deleted: Deleted | None  # None: people cannot, or nothing shows it
    one_document: bool  # several bills paid at once are one payment
    gives_rate: bool  # home_per_foreign of a payment in another currency
    late: timedelta  # a payment may show up this long after the cursor passed its second
    # Parts of the routes that faults are aimed at.
    payments: str  # where changed payments are read without a cursor
    feed: str  # where they are read with a young one; may be the same
    token: str
    # What the sandbox's own limits are in `POST /erp/rates`: so low that a reading meets them.
    tight: Mapping[str, int]
    raw: tuple[str, str]  # a payment's kind in `POST /erp/raw`, and its field with the id
    token_marks: tuple[str, ...]  # what tokens of the sandbox begin with
    foreign: tuple[str, Decimal] = ("CAD", Decimal("0.73"))  # another currency and its rate


def needs(*can: Can) -> pytest.MarkDecorator:
    """The test is made only for ERPs in which people can do all of this."""
    return pytest.mark.needs(*can)


def where(fits: Callable[[Bench], bool]) -> pytest.MarkDecorator:
    """The test is made only for ERPs that fit."""
    return pytest.mark.where(fits=fits)
