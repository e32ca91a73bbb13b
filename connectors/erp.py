"""What every ERP delivers: the contract that each connector meets.

Amounts here are Decimal as the ERP states them; the extract stage turns them into minor units.
Where an ERP cannot say something, the field is None, and ``Capabilities`` says so in advance.
How each of the nine ERPs fills each field: docs/decisions/0003-the-erp-contract.md.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from paidsync.reasons import Hold


class PaymentMethod(StrEnum):
    """The three that Procore takes (Procore: contract payments); ACH and wire are electronic."""

    CHECK = "check"
    CREDIT_CARD = "credit_card"
    ELECTRONIC = "electronic"


class PaymentStatus(StrEnum):
    """Where a bill payment stands in the ERP.

    Left out are only states that come before issue: drafts, unreleased, awaiting approval. VOIDED
    also says declined, rejected, failed or cancelled after issue; it may come without allocations,
    and the last ones known are then meant.
    """

    LIVE = "live"
    NOT_ISSUED = "not_issued"  # queued, unprinted, in transit (money-rules 1.6)
    VOIDED = "voided"


class VoidStyle(StrEnum):
    """How a void shows in an ERP."""

    ZEROED_IN_PLACE = "zeroed_in_place"  # the record stays, its amounts and lines go
    STATUS = "status"  # the record stays whole and says so
    REVERSING_DOCUMENT = "reversing_document"  # a second document takes it back
    NEGATIVE_TWIN = "negative_twin"  # a second payment with negative amounts
    REMOVED = "removed"  # the record goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What of a bill payment is applied to one bill now, summed over lines (money-rules 1.1).

    All amounts are in the bill's ``currency`` and not negative; ``settled = cash + discount +
    credit + withheld``. ``fault`` is a hold that the connector itself has to state, because only
    it sees why an amount or a currency is missing. ``split_in_proportion`` says that the ERP gives
    credits per payment only and that ``cash`` and ``credit`` are a share in proportion to
    ``settled``: right where all bills of the payment are on one commitment, otherwise
    ``cash_split_unknown`` (money-rules 1.3).
    """

    bill_id: str
    currency: str | None
    settled: Decimal | None
    cash: Decimal | None
    discount: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    withheld: Decimal = Decimal(0)
    applied_on: dt.date | None = None  # the latest day a prepayment was applied (money-rules 1.5)
    is_prepayment: bool = False  # or an overpayment
    fault: Hold | None = None
    split_in_proportion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPayment:
    """One payment document. Where it was read whole, a bill that it no longer names is no longer
    paid by it."""

    payment_id: str
    status: PaymentStatus
    number: str | None  # check number, or the reference of an electronic payment
    date: dt.date | None  # in the ERP company's own calendar
    method: PaymentMethod | None
    currency: str | None  # what the payment itself is in
    # total = sum(settled - discount - withheld) - credits + unapplied, in the payment's currency;
    # compared only where every allocation is in it.
    total: Decimal | None
    credits: Decimal | None  # credits that this payment uses up, in its currency
    unapplied: Decimal | None
    home_per_foreign: Decimal | None
    payee_id: str | None
    allocations: tuple[Allocation, ...]
    modified_at: dt.datetime | None  # UTC; None where the ERP keeps no such stamp
    version: str  # differs with each edit: the ERP's own, or a digest of the content
    reversed_on: dt.date | None = None  # the reversing document's date, where the ERP has one
    reversed_by: str | None = None  # the reversing document's number or id
    entity: str | None = None  # in a tenant-wide query, the entity the bill belongs to
    whole: bool = True  # False: only part was read, so a bill that is absent proves nothing
    fault: Hold | None = None  # the document cannot be judged: all that is known of it is held


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The payable that a payment application became in the ERP."""

    bill_id: str
    number: str | None
    vendor_id: str | None
    vendor_name: str | None
    date: dt.date | None
    currency: str | None
    total: Decimal | None  # gross
    net: Decimal | None  # without tax; None where the ERP does not part them
    tax: Decimal | None
    # As the ERP itself says, to date: controls of their own. Settled is by whatever, total less
    # balance; paid in cash is without credits and discounts, with prepayments and overpayments that
    # were applied. None where it does not part them.
    settled: Decimal | None
    paid_cash: Decimal | None
    payment_ids: frozenset[str] | None  # payments that the bill itself names; None if it names none
    retainage_of: str | None = None  # on a retainage bill: the id of its original bill
    commitments: frozenset[str] = frozenset()  # external ids of commitments named on lines
    modified_at: dt.datetime | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The ERP's change feed says that a payment was deleted: evidence, not yet proof."""

    payment_id: str
    deleted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a stream was read: everything changed before ``until`` (UTC, the ERP's clock).

    ``mark`` is the connector's own, where an instant is not enough.
    """

    until: dt.datetime
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Payments that changed; ``cursor`` is set on the last page only, when all were delivered."""

    payments: tuple[BillPayment, ...]
    gone: tuple[Gone, ...] = ()
    cursor: Cursor | None = None
    complete_feed: bool = True  # False: deletes may have been missed, sweep for them


@dataclass(frozen=True, slots=True)
class ControlTotal:
    """What the ERP itself counts for payments dated in a range, apart from the extract.

    Documents of the kinds that are delivered, with or without allocations: voided ones included,
    reversing and deleted ones not.
    """

    first: dt.date
    last: dt.date
    count: int
    sums: Mapping[str, Decimal] | None  # by payment currency; None where it cannot sum
    bounded: bool = True  # False: ``until`` could not be honoured


@dataclass(frozen=True, slots=True)
class ErpCompany:
    """The ERP company that the credentials open."""

    company_id: str  # the space in which the ERP's ids are unique (money-rules 1.7)
    name: str
    home_currency: str
    time_zone: str  # IANA; dates are judged in it
    now: dt.datetime  # UTC, the ERP's own clock; the Date header where the API has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this connection's ERP can and cannot tell; read after ``company()``, because
    permissions and modes may decide."""

    change_feed: bool
    sees_deletes: bool
    direct_read: bool  # a payment can be read by its id
    void_styles: frozenset[VoidStyle]  # all that may occur; empty means unknown
    gives_payment_method: bool
    parts_tax: bool  # bills come with net and tax
    bill_names_payments: bool
    control_count: bool
    control_sum: bool
    look_back_days: int | None  # of the change feed; None: no limit
    id_namespace: str  # what ids are unique in, in words
    refreshes: frozenset[str] = field(default_factory=frozenset)  # tokens that rotate


class Erp(Protocol):
    """A connector. Every method may raise the errors of ``connectors.errors``."""

    name: str  # as in origin ids and the registry
    title: str  # as people write it
    capabilities: Capabilities

    def company(self) -> ErpCompany:
        """Who the credentials open; read anew at each call."""
        ...

    def changed_payments(
        self, after: Cursor | None, *, since: dt.date | None = None
    ) -> Iterator[Page]:
        """Pages of payments changed at or after the cursor, with some overlap; all of them without
        one. ``since`` asks for those changed on or after that day instead. Nothing that changed
        before the last page's cursor may be missing."""
        ...

    def payments(self, ids: Collection[str]) -> dict[str, BillPayment]:
        """Direct reads; an id that is not found is not in the answer, which proves nothing."""
        ...

    def changed_bills(self, after: Cursor | None) -> tuple[list[Bill], Cursor]:
        """Bills changed at or after the cursor, and how far that is. Without a cursor there is
        nothing to catch up with: no bills, and where to begin."""
        ...

    def bills(self, ids: Collection[str]) -> dict[str, Bill]:
        """Direct reads, as for payments."""
        ...

    def control_total(
        self, first: dt.date, last: dt.date, *, until: dt.datetime
    ) -> ControlTotal | None:
        """The ERP's own count (and sum) of payments dated first..last, both included, that last
        changed before ``until``; None where it cannot tell."""
        ...

    def payment_link(self, payment_id: str) -> str | None:
        """Where a person sees the payment in the ERP."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...
