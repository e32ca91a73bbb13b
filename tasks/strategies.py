"""How an allocation finds its payment application: an ordered list of small strategies.

The first that recognises the bill decides; ties and misses are never guessed (money-rules 3).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paidsync.numbers import normalised
from paidsync.reasons import Hold, Pending

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """What a strategy found. Without ``hold`` and ``pending`` it is a match."""

    strategy: str
    application: Row | None
    hold: Hold | None = None
    pending: Pending | None = None
    detail: str | None = None
    amber: tuple[str, ...] = ()


@dataclass(slots=True)
class Book:
    """Payment applications and bills, as strategies look them up."""

    by_origin: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    by_number: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    bills: dict[str, Row] = field(default_factory=dict)
    bills_by_number: dict[tuple[str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )

    @classmethod
    def of(cls, applications: Iterable[Row], bills: Iterable[Row]) -> "Book":
        """``applications`` as records.PAYMENT_APPLICATIONS, ``bills`` with bill_id, vendor_id and
        number; missing cells are None."""
        book = cls()
        for application in applications:
            if application["origin_id"]:
                book.by_origin[application["origin_id"]].append(application)
            key = number_key(application["vendor_origin_id"], application["invoice_number"])
            if key:
                book.by_number[key].append(application)
        for bill in bills:
            book.bills[bill["bill_id"]] = bill
            key = number_key(bill["vendor_id"], bill["number"])
            if key:
                book.bills_by_number[key].add(bill["bill_id"])
        return book


def number_key(vendor: str | None, number: str | None) -> tuple[str, str] | None:
    """The ERP's vendor id and a number, normalised; None where either is missing."""
    plain = normalised(number)
    return (vendor, plain) if vendor and plain else None


def by_bill_id(row: Row, book: Book) -> Match | None:
    """3.1: the application's origin_id is the bill's id, and its vendor or the number agrees.

    3.5: where only the ids agree on the number, it is a match with a remark.
    """
    found = book.by_origin.get(row["bill_id"], [])
    if not found:
        return None
    if len(found) > 1:
        numbers = ", ".join(str(each["invoice_number"]) for each in found)
        return Match(
            "by_bill_id",
            None,
            hold=Hold.AMBIGUOUS_MATCH,
            detail=f"Payment applications {numbers} all name bill {row['bill_id']}.",
        )
    application = found[0]
    vendor_agrees = bool(row["vendor_id"]) and row["vendor_id"] == application["vendor_origin_id"]
    ours, theirs = normalised(row["bill_number"]), normalised(application["invoice_number"])
    number_agrees = ours is not None and ours == theirs
    if not vendor_agrees and not number_agrees:
        return Match(
            "by_bill_id",
            application,
            hold=Hold.VENDOR_DIFFERS,
            detail=(
                f"Application {application['invoice_number']} names bill {row['bill_id']}, which "
                f"is number {row['bill_number']} of {row['vendor_name'] or row['vendor_id']}."
            ),
        )
    amber = () if number_agrees else ("bill_number_differs",)
    return Match("by_bill_id", application, amber=amber)


def by_vendor_and_number(row: Row, book: Book) -> Match | None:
    """3.3: vendor and normalised number, unique among all bills and applications, and never an
    application whose origin_id names another known bill. One that is not synced yet is pending."""
    key = number_key(row["vendor_id"], row["bill_number"])
    if key is None:
        return None
    found = book.by_number.get(key, [])
    if all(application["origin_id"] in book.bills for application in found):
        return None
    bills = book.bills_by_number.get(key, set()) | {row["bill_id"]}
    if len(found) > 1 or len(bills) > 1:
        return Match(
            "by_vendor_and_number",
            None,
            hold=Hold.AMBIGUOUS_MATCH,
            detail=(
                f"Number {row['bill_number']} of this vendor stands on {len(bills)} bill(s) and "
                f"{len(found)} payment application(s)."
            ),
        )
    application = found[0]
    if not application["origin_id"]:
        return Match(
            "by_vendor_and_number",
            application,
            pending=Pending.APPLICATION_NOT_SYNCED,
            detail=f"Application {application['invoice_number']} is not synced with the ERP.",
        )
    return Match("by_vendor_and_number", application)


STRATEGIES: tuple[Callable[[Row, Book], Match | None], ...] = (by_bill_id, by_vendor_and_number)


def find(row: Row, book: Book) -> Match | None:
    """The first strategy that recognises the bill decides."""
    for strategy in STRATEGIES:
        match = strategy(row, book)
        if match is not None:
            return match
    return None
