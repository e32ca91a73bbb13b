"""What is asked of Xero's lists, and the walk over all pages of one (Xero: requests and responses).

A list is read in the order of its ids, which never change: a row that changes meanwhile can only
come into the list of what changed, so pages shift towards the end and repeat rows, but lose none.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from connectors.errors import Garbled
from connectors.xero.fields import Row, text
from connectors.xero.settings import SYSTEM

ROWS = 1000  # a page; more is cut down to it without a word
BILL_ROWS = 200  # bills come with all their lines
_TRIES = 3
_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Kind(NamedTuple):
    """A kind of document that pays bills."""

    resource: str
    key: str  # the field that holds its id
    where: str
    prefix: str  # before the id, so that every payment's id says where it is read


PAYMENTS = Kind("Payments", "PaymentID", 'PaymentType=="ACCPAYPAYMENT"', "")
PREPAYMENTS = Kind("Prepayments", "PrepaymentID", 'Type=="SPEND-PREPAYMENT"', "prepayment-")
OVERPAYMENTS = Kind("Overpayments", "OverpaymentID", 'Type=="SPEND-OVERPAYMENT"', "overpayment-")
ADVANCES = (PREPAYMENTS, OVERPAYMENTS)
KINDS = (PAYMENTS, *ADVANCES)

BILLS = Kind("Invoices", "InvoiceID", 'Type=="ACCPAY"', "")
BATCHES = Kind("BatchPayments", "BatchPaymentID", 'Type=="PAYBATCH"', "")


class Sheet(NamedTuple):
    """One page of a list."""

    rows: list[Row]
    pages: int
    items: int  # on all pages
    time: datetime  # the server's clock, UTC


Ask = Callable[[int], Sheet]  # by the number of the page, from 1


def instant(moment: datetime) -> str:
    """As ``If-Modified-Since`` is understood for sure: whole seconds, UTC, nothing behind them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def ids_of(kind: Kind, ids: Collection[str]) -> list[str]:
    """Those ids that are of a kind, as its resource knows them; what is no id of Xero's, which
    would make a whole request invalid, is none."""
    own = {one.removeprefix(kind.prefix) for one in ids if one.startswith(kind.prefix)}
    return sorted(one for one in own if _GUID.fullmatch(one))


def of_kind(kind: Kind) -> Mapping[str, str]:
    """All of a kind, in an order that does not change."""
    return {"where": kind.where, "order": kind.key}


def dated(kind: Kind, first: date, last: date) -> Mapping[str, str]:
    """Those of a kind dated first..last, both included."""
    days = f"Date>=DateTime({first:%Y,%m,%d}) AND Date<=DateTime({last:%Y,%m,%d})"
    return {"where": f"{kind.where} AND {days}"}


def by_ids(kind: Kind, ids: Collection[str]) -> Mapping[str, str]:
    """Those with these ids, which are GUIDs."""
    return {"where": " OR ".join(f'{kind.key}==guid("{one}")' for one in ids), "order": kind.key}


def walk(ask: Ask, key: str) -> Iterator[Sheet]:
    """Every row of a list, page by page; rows that were there already in the same version are left
    out. A list that grew meanwhile is read again, a few times; what comes after that is for the
    next run. Raises Garbled where rows keep missing, or have no id.
    """
    seen: dict[str, str | None] = {}
    lost = ""
    for _ in range(_TRIES):
        ids: set[str] = set()
        items = []
        for sheet in _pages(ask):
            items.append(sheet.items)
            fresh = []
            for row in sheet.rows:
                one, version = _identity(row, key), text(row, "UpdatedDateUTC")
                ids.add(one)
                if one not in seen or seen[one] != version:
                    seen[one] = version
                    fresh.append(row)
            yield sheet._replace(rows=fresh)
        lost = f"{len(ids)} of {items[0]}" if len(ids) < items[0] else ""
        if not lost and items[-1] == items[0]:
            return
    if lost:
        raise Garbled(f"A list gave {lost} rows, by {key}.", system=SYSTEM)


def _pages(ask: Ask) -> Iterator[Sheet]:
    sheet = ask(1)
    yield sheet
    number = 1
    while number < sheet.pages and sheet.rows:
        number += 1
        sheet = ask(number)
        yield sheet


def _identity(row: Row, key: str) -> str:
    found = text(row, key)
    if found is None:
        raise Garbled(f"A record is not as documented (it has no {key}).", system=SYSTEM)
    return found
