"""Procore's records as PaidSync reads and writes them.

Ids and numbers are strings, amounts Decimal in the commitment's currency, instants aware UTC,
calendar dates ISO 8601 text. Procore publishes no nullability, so that every field but a row's
own id may be None (Procore: conventions).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

CommitmentKind = Literal["work_order", "purchase_order"]
Level = Literal["none", "read_only", "standard", "admin", "unknown"]
Row = TypeVar("Row")

_DOT_NOTATION = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The directory user that the credentials act as."""

    user_id: str
    login: str | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcoreUser:
    """A person of the company directory.

    ``is_accounting_approver`` is the published flag ``erp_integrated_accountant`` of a user who
    is not deactivated; that it is the badge which people see is our reading (Procore:
    permissions).
    """

    user_id: str
    email: str | None
    name: str | None
    is_active: bool  # False only where Procore says so
    is_accounting_approver: bool
    permission_template: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAccess:
    """A company tool and the caller's level in it; a level of another name is ``unknown``."""

    name: str | None
    friendly_name: str | None
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project that the service account may see."""

    project_id: str
    name: str | None
    number: str | None
    active: bool  # False only where Procore says so: silence is no reason to hold payments
    origin_id: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """A company of the directory."""

    vendor_id: str
    name: str | None
    origin_id: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A subcontract (work order) or a purchase order."""

    commitment_id: str
    project_id: str
    kind: CommitmentKind
    number: str | None
    title: str | None
    status: str | None
    vendor_id: str | None
    currency: str | None  # given for companies with several currencies only
    origin_id: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentState:
    """What decides whether a payment may be posted now."""

    commitment_id: str
    status: str | None
    allow_payments: bool | None  # the Payments Issued tab; None where Procore does not say
    total_payments: Decimal | None  # Procore's own sum of the rows


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentApplication:
    """A subcontractor invoice; synced where it has an ``origin_id``."""

    application_id: str
    project_id: str
    commitment_id: str | None
    number: str | None  # its place on the commitment
    invoice_number: str | None
    invoice_type: str | None  # progress, retainage_release, progress_and_retainage_release
    status: str | None
    erp_status: str | None
    origin_id: str | None
    vendor_id: str | None
    due: Decimal | None  # summary.current_payment_due
    retainage: Decimal | None  # held back by this one alone; negative where it releases
    tax: Decimal | None  # summary.tax_applicable_to_this_payment
    currency: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPayment:
    """A row of Payments Issued, anyone's."""

    contract_payment_id: str
    project_id: str
    commitment_id: str
    application_id: str | None
    amount: Decimal | None  # None only where Procore has none; what cannot be read is an error
    date: str | None
    invoice_number: str | None
    check_number: str | None
    payment_number: str | None
    notes: str | None
    origin_id: str | None
    origin_data: str | None
    external_payment_id: str | None  # set on payments made with Procore Pay
    status: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContractPayment:
    """A row to post, with every final field: once it has an ``origin_id`` Procore locks all but
    attachments and the origin fields (Procore: contract payments).

    ``amount`` is in the commitment's currency, dot notation, negative on a reversal; dates are
    ISO 8601; ``payment_method`` is check, credit_card or electronic. A field that is None is not
    sent. Raises ValueError for an amount in another notation.
    """

    application_id: str | None
    draw_request_number: str | None  # the payment application's number
    amount: str
    date: str
    invoice_number: str | None
    invoice_date: str | None
    check_number: str | None
    payment_method: str | None
    notes: str | None
    origin_id: str
    origin_data: str | None

    def __post_init__(self) -> None:
        if not _DOT_NOTATION.fullmatch(self.amount):
            raise ValueError(f"{self.amount!r} is not an amount in plain dot notation")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpRequest:
    """What somebody asks of the integrator in the ERP tool."""

    request_id: str
    company_id: str | None
    name: str | None
    detail_id: str | None  # the line of the ERP tab that is to be answered
    user_id: str | None  # who asks, where the request says so
    created_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetail:
    """A line of the ERP tab: its status, and the request that it names, where it names one."""

    detail_id: str
    status: str | None
    request_id: str | None

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered it; words that are not published count as open."""
        return self.status not in ("success", "failed", "stale", "rejected")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """Rows of a paged list, none twice. Only a ``complete`` one proves that a row is absent: no
    row came twice, Procore's ``Total`` never shrank on the way, and it is what was read."""

    rows: tuple[Row, ...]
    complete: bool
