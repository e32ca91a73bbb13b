"""The records a Procore company holds, as far as bill payments touch them.

Money is ``decimal.Decimal`` here and a decimal string in JSON (reference 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypedDict

# A record with a field called ``date`` cannot also name the type.
Day: TypeAlias = date
CommitmentKind = Literal["work_order", "purchase_order"]
ToolScope = Literal["company", "project"]

PAYMENT_METHODS: tuple[str, ...] = ("check", "credit_card", "electronic")
WORK_ORDER_STATUSES: tuple[str, ...] = (
    "Draft",
    "Out For Bid",
    "Out For Signature",
    "Approved",
    "Complete",
    "Terminated",
    "Void",
)
PURCHASE_ORDER_STATUSES: tuple[str, ...] = (
    "Draft",
    "Processing",
    "Submitted",
    "Partially Received",
    "Received",
    "Approved",
    "Closed",
)
REQUISITION_STATUSES: tuple[str, ...] = (
    "draft",
    "under_review",
    "revise_and_resubmit",
    "approved",
    "approved_as_noted",
    "pending_owner_approval",
)
INVOICE_TYPES: tuple[str, ...] = (
    "progress",
    "retainage_release",
    "progress_and_retainage_release",
)
# Access levels in the product, lowest first; the published JSON has only their names.
LEVELS: tuple[str, ...] = ("None", "Read Only", "Standard", "Admin")


def statuses_of(kind: CommitmentKind) -> tuple[str, ...]:
    """The statuses published for this kind of commitment (reference 6)."""
    return WORK_ORDER_STATUSES if kind == "work_order" else PURCHASE_ORDER_STATUSES


class Stamps(TypedDict):
    """Both stamps of a record, as keyword arguments."""

    created_at: datetime
    updated_at: datetime


@dataclass(slots=True, kw_only=True)
class Record:
    """What every synced object carries: its id, its origin and its stamps."""

    id: int
    created_at: datetime
    updated_at: datetime
    origin_id: str | None = None
    origin_code: str | None = None
    origin_data: str | None = None


@dataclass(slots=True, kw_only=True)
class Project(Record):
    """A project; ``hidden`` ones are not on the app's list of permitted projects."""

    name: str
    number: str
    active: bool = True
    currency: str = "USD"
    hidden: bool = False


@dataclass(slots=True, kw_only=True)
class Vendor(Record):
    """A company of the directory."""

    name: str
    is_active: bool = True


@dataclass(slots=True, kw_only=True)
class Commitment(Record):
    """A subcontract (work order contract) or a purchase order contract."""

    project_id: int
    vendor_id: int
    kind: CommitmentKind
    number: str
    title: str
    status: str
    grand_total: Decimal
    currency: str = "USD"
    allow_payments: bool = True
    allow_payment_applications: bool = True
    executed: bool = True
    private: bool = False
    accounting_method: str = "amount"
    retainage_percent: Decimal = Decimal(0)
    deleted_at: datetime | None = None
    # Documented attributes without a rule of their own, kept as they were written.
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def item_type(self) -> str:
        """Its object type in External Data, where origin ids are unique per type."""
        return f"{self.kind}_contract"

    @property
    def type_name(self) -> str:
        """Its class name as ``type`` and ``commitment_type`` show it."""
        return "WorkOrderContract" if self.kind == "work_order" else "PurchaseOrderContract"


@dataclass(slots=True, kw_only=True)
class Requisition(Record):
    """A subcontractor invoice, called requisition in paths and fields (reference 7).

    ``due`` is its net payable, ``retainage`` what it holds back (negative when it releases),
    ``tax`` the part of ``due`` that is tax.
    """

    project_id: int
    commitment_id: int
    period_id: int
    invoice_number: str | None
    billing_date: date
    requisition_start: date
    requisition_end: date
    due: Decimal
    retainage: Decimal
    tax: Decimal
    status: str
    invoice_type: str
    currency: str | None = None
    erp_status: str | None = None
    payment_date: date | None = None
    due_date: date | None = None
    submitted_at: date | None = None
    comment: str | None = None
    final: bool = False
    file_ids: tuple[int | str, ...] = ()
    # Commitments it stood on before a move; their payments still name it.
    former_commitment_ids: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class ContractPayment(Record):
    """A row of Payments Issued (reference 8)."""

    project_id: int
    contract_id: int
    amount: Decimal
    date: Day
    requisition_id: int | None = None
    invoice_number: str | None = None
    invoice_date: Day | None = None
    check_number: str | None = None
    payment_method: str | None = None
    payment_number: int | None = None
    draw_request_number: int | None = None
    notes: str | None = None
    external_payment_id: str | None = None
    status: str | None = None
    file_ids: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class User(Record):
    """A person, or the app's service account, in the company directory."""

    login: str
    name: str
    permission_template: str
    erp_integrated_accountant: bool = False
    is_active: bool = True


@dataclass(slots=True, kw_only=True)
class BillingPeriod:
    """A month of a project in which subcontractors bill."""

    id: int
    project_id: int
    position: int
    start_date: date
    end_date: date
    due_date: date
    created_at: datetime
    updated_at: datetime
    status: str = "open"


@dataclass(slots=True, kw_only=True)
class Tool:
    """A tool and the caller's level in it; ``overrides`` hold single projects."""

    name: str
    friendly_name: str
    scope: ToolScope
    enabled: bool = True
    level: str = "Admin"
    overrides: dict[int, tuple[bool, str]] = field(default_factory=dict)

    def at(self, project_id: int | None) -> tuple[bool, str]:
        """Whether it is on, and the level, in that project (or in the company)."""
        if project_id is not None and project_id in self.overrides:
            return self.overrides[project_id]
        return self.enabled, self.level


@dataclass(slots=True, kw_only=True)
class ErpRequest:
    """What the ERP tool asks of an integrator (reference 9.2)."""

    id: int
    request_name: str
    request_data: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    integration_app_name: str | None = None


@dataclass(slots=True, kw_only=True)
class ErpRequestDetail:
    """The line of the ERP tab that an integrator closes (reference 9.4)."""

    id: int
    item_id: int
    status: str = "in_progress"
    messages: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Trigger:
    """One resource and event of a webhook."""

    id: int
    hook_id: int
    resource_name: str
    event_type: str


@dataclass(slots=True, kw_only=True)
class Hook:
    """A webhook; ``project_id`` is None for a company hook."""

    id: int
    version: str
    namespace: str
    destination_url: str
    created_at: datetime
    updated_at: datetime
    authorization: str | None = None
    project_id: int | None = None
    user_id: int | None = None
    status: str = "active"
    triggers: dict[int, Trigger] = field(default_factory=dict)
