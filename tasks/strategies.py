"""How an allocation finds its payment application: an ordered list of small strategies.

The first that recognises the bill decides; ties and misses are never guessed (money-rules 3).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from paidsync.numbers import normalised
from paidsync.policy import Policy
from paidsync.reasons import Hold, Pending, Remark

Row = Mapping[str, Any]

_RELEASE = "retainage_release"  # Procore: requisitions, invoice_type


@dataclass(frozen=True, slots=True)
class Match:
    """What a strategy found. Without ``hold`` and ``pending`` it is a match."""

    strategy: str
    application: Row | None
    hold: Hold | None = None
    pending: Pending | None = None
    detail: str | None = None
    amber: tuple[str, ...] = ()
    commitment: Row | None = None  # where no application is known: project_id, commitment_id

    @property
    def is_clean(self) -> bool:
        """A match without a question."""
        return self.hold is None and self.pending is None

    @property
    def application_id(self) -> str | None:
        """The application found, if any."""
        return self.application["application_id"] if self.application else None

    @property
    def commitment_id(self) -> str | None:
        """The commitment found, through an application or without one."""
        place = self.application or self.commitment
        return place["commitment_id"] if place else None

    @property
    def project_id(self) -> str | None:
        """The commitment's project."""
        place = self.application or self.commitment
        return place["project_id"] if place else None


@dataclass(slots=True)
class Book:
    """Payment applications and bills, as strategies look them up."""

    by_id: dict[str, Row] = field(default_factory=dict)
    by_origin: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    by_number: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    releases: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    bills: dict[str, Row] = field(default_factory=dict)
    bills_by_number: dict[tuple[str, str], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )
    mapped: dict[str, str] = field(default_factory=dict)  # bill -> application, by policy
    shared: dict[str, set[str]] = field(default_factory=dict)  # split bill -> its applications

    @classmethod
    def of(cls, applications: Iterable[Row], bills: Iterable[Row], policy: Policy) -> "Book":
        """``applications`` as records.PAYMENT_APPLICATIONS, ``bills`` as records.BILLS; missing
        cells are None."""
        book = cls()
        for application in applications:
            book.by_id[application["application_id"]] = application
            if application["origin_id"]:
                book.by_origin[application["origin_id"]].append(application)
            if application["invoice_type"] == _RELEASE:
                book.releases[application["commitment_id"]].append(application)
            key = number_key(application["vendor_origin_id"], application["invoice_number"])
            if key:
                book.by_number[key].append(application)
        for bill in bills:
            book.bills[bill["bill_id"]] = bill
            key = number_key(bill["vendor_id"], bill["number"])
            if key:
                book.bills_by_number[key].add(bill["bill_id"])
        book.mapped = {bill: each.application for each in policy.map for bill in each.bills}
        book.shared = {
            each.bill: {part.application for part in each.parts} for each in policy.split
        }
        return book

    def given_by_policy(self, application: Row) -> bool:
        """Whether the policy gives the application to bills that it names."""
        named = application["application_id"]
        return named in self.mapped.values() or any(named in each for each in self.shared.values())


def number_key(vendor: str | None, number: str | None) -> tuple[str, str] | None:
    """The ERP's vendor id and a number, normalised; None where either is missing."""
    plain = normalised(number)
    return (vendor, plain) if vendor and plain else None


def by_policy(row: Row, book: Book) -> Match | None:
    """3.2: the policy names the application of the bill, or of this part of it. Where the bill's
    id leads elsewhere as well, neither is guessed."""
    named = row["split_application"] or book.mapped.get(row["bill_id"])
    if named is None:
        return None
    application = book.by_id.get(named)
    if application is None:
        return Match(
            "by_policy",
            None,
            hold=Hold.AMBIGUOUS_MATCH,
            detail=(
                f"The policy gives bill {row['bill_number'] or row['bill_id']} to payment "
                f"application {named}, which Procore does not show."
            ),
        )
    elsewhere = by_bill_id(row, book)
    if elsewhere is not None and elsewhere.is_clean:
        allowed = book.shared.get(row["bill_id"], set()) | {named}
        if elsewhere.application_id not in allowed:
            return Match(
                "by_policy",
                None,
                hold=Hold.AMBIGUOUS_MATCH,
                detail=(
                    f"The policy gives bill {row['bill_number'] or row['bill_id']} to payment "
                    f"application {application['invoice_number'] or named}, but application "
                    f"{(elsewhere.application or {}).get('invoice_number')} names it."
                ),
            )
    return Match("by_policy", application)


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
        seen = (
            f"is number {row['bill_number']} of {row['vendor_name'] or row['vendor_id']}"
            if row["bill_id"] in book.bills
            else "no reading of the ERP finds"
        )
        return Match(
            "by_bill_id",
            application,
            hold=Hold.VENDOR_DIFFERS,
            detail=f"Application {application['invoice_number']} names bill {row['bill_id']}, "
            f"which {seen}.",
        )
    amber = () if number_agrees else (Remark.BILL_NUMBER_DIFFERS,)
    return Match("by_bill_id", application, amber=amber)


def by_released_retainage(row: Row, book: Book) -> Match | None:
    """3.6: a retainage bill follows its original bill to that commitment's release application:
    the only one there that no other known bill has."""
    if not row["retainage_of"]:
        return None
    original = book.bills.get(row["retainage_of"])
    found = _of_original(row, original, book)
    if found is None or not found.is_clean or found.application is None:
        return None
    free = [
        each
        for each in book.releases.get(found.application["commitment_id"], [])
        if not each["origin_id"] or each["origin_id"] not in book.bills
    ]
    if len(free) == 1:
        return _synced(Match("by_released_retainage", free[0]))
    number = (original or {}).get("number") or row["retainage_of"]
    if free:
        return Match(
            "by_released_retainage",
            None,
            hold=Hold.AMBIGUOUS_MATCH,
            detail=f"Commitment of bill {number} has {len(free)} release applications.",
        )
    return Match(
        "by_released_retainage",
        None,
        hold=Hold.RETAINAGE_WITHOUT_APPLICATION,
        detail=f"It releases the retainage of bill {number}, whose commitment has no release "
        "application in Procore.",
        commitment=found.application,
    )


def _of_original(row: Row, original: Row | None, book: Book) -> Match | None:
    """The match of the bill whose retainage is released."""
    if original is None:
        return None
    as_if_paid = {
        "bill_id": original["bill_id"],
        "bill_number": original["number"],
        "vendor_id": original["vendor_id"],
        "vendor_name": row["vendor_name"],
        "split_application": None,
        "retainage_of": None,
    }
    return find(as_if_paid, book)


def by_vendor_and_number(row: Row, book: Book) -> Match | None:
    """3.3: vendor and normalised number, unique among all bills and applications, and never an
    application whose origin_id, or the policy, names another known bill. One that is not synced
    yet is pending."""
    key = number_key(row["vendor_id"], row["bill_number"])
    if key is None:
        return None
    found = book.by_number.get(key, [])
    if all(each["origin_id"] in book.bills or book.given_by_policy(each) for each in found):
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
    return _synced(Match("by_vendor_and_number", found[0]))


def _synced(match: Match) -> Match:
    """The match itself, or a pending one where its application is not synced with the ERP yet."""
    application = match.application
    if application is None or application["origin_id"]:
        return match
    return Match(
        match.strategy,
        application,
        pending=Pending.APPLICATION_NOT_SYNCED,
        detail=f"Application {application['invoice_number']} is not synced with the ERP.",
    )


STRATEGIES: tuple[Callable[[Row, Book], Match | None], ...] = (
    by_policy,
    by_bill_id,
    by_released_retainage,
    by_vendor_and_number,
)


def find(row: Row, book: Book) -> Match | None:
    """The first strategy that recognises the bill decides."""
    for strategy in STRATEGIES:
        match = strategy(row, book)
        if match is not None:
            return match
    return None


def by_decision(application_id: str, book: Book) -> Match | None:
    """A person linked the allocation to this application; None where Procore does not show it."""
    application = book.by_id.get(application_id)
    return Match("by_decision", application) if application is not None else None
