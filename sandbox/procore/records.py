"""The records of one Procore company and how they come into being.

Ids are given out in order, each type in a range of its own and beyond 32 bits, because
published ids are 64-bit (reference 3.1).
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import RLock

from sandbox.procore.erp_box import ErpBox
from sandbox.procore.model import (
    INVOICE_TYPES,
    LEVELS,
    REQUISITION_STATUSES,
    BillingPeriod,
    Commitment,
    CommitmentKind,
    Hook,
    Project,
    Requisition,
    Stamps,
    Tool,
    ToolScope,
    User,
    Vendor,
    statuses_of,
)
from sandbox.procore.open_points import OpenPoints
from sandbox.procore.origins import OriginIndex
from sandbox.procore.payment_rows import PaymentRows
from sandbox.procore.tokens import TokenRegistry

FIRST_ID = 562_949_953_000_000
RANGE = 10_000_000_000
_KINDS = (
    "project",
    "vendor",
    "commitment",
    "requisition",
    "payment",
    "user",
    "template",
    "period",
    "hook",
    "trigger",
    "erp_request",
    "erp_detail",
)
_ZERO = Decimal(0)
_TOOLS: tuple[tuple[str, str, ToolScope], ...] = (
    ("directory", "Directory", "company"),
    ("erp_integrations", "ERP Integrations", "company"),
    ("webhooks", "Webhooks API", "company"),
    ("project_directory", "Directory", "project"),
    ("commitments", "Commitments", "project"),
)


class CompanyRecords:
    """One company's projects, commitments, invoices, people and tools, as they are added."""

    def __init__(
        self, *, company_id: int, company_name: str, clock: Callable[[], datetime]
    ) -> None:
        self.company_id = company_id
        self.company_name = company_name
        self.clock = clock
        self.lock = RLock()
        self.tokens = TokenRegistry(clock, self.lock)
        self.origins = OriginIndex()
        self.payment_rows = PaymentRows(self.origins)
        self.points = OpenPoints()
        self.projects: dict[int, Project] = {}
        self.vendors: dict[int, Vendor] = {}
        self.commitments: dict[int, Commitment] = {}
        self.requisitions: dict[int, Requisition] = {}
        self.users: dict[int, User] = {}
        self.templates: dict[str, int] = {}
        self.billing_periods: dict[int, BillingPeriod] = {}
        self.hooks: dict[int, Hook] = {}
        self._next = {kind: FIRST_ID + n * RANGE for n, kind in enumerate(_KINDS)}
        self._commitments_of: dict[int, list[int]] = {}
        self._requisitions_of: dict[int, list[int]] = {}
        self._invoices_of: dict[int, list[int]] = {}
        self._periods_of: dict[int, dict[tuple[int, int], int]] = {}
        self.erp = ErpBox(self.new_id, self.now)
        self.tools = {
            name: Tool(name=name, friendly_name=friendly, scope=scope)
            for name, friendly, scope in _TOOLS
        }
        # An app with client credentials acts as a directory user made at its installation.
        self.service_account_id = self.add_user(
            login="paid-sync-dmsa@procore.example",
            name="Payments Integration",
            permission_template="Developer Managed Service Account",
        )

    def now(self) -> datetime:
        """The clock in UTC, to the second, as stamps are shown."""
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def new_id(self, kind: str) -> int:
        """The next id of a type."""
        with self.lock:
            self._next[kind] += 1
            return self._next[kind]

    def _stamps(self) -> Stamps:
        now = self.now()
        return {"created_at": now, "updated_at": now}

    def add_project(
        self,
        *,
        name: str,
        number: str,
        active: bool = True,
        origin_id: str | None = None,
        currency: str = "USD",
        hidden: bool = False,
    ) -> int:
        """A project; a hidden one answers 404 to the app."""
        with self.lock:
            record = Project(
                id=self.new_id("project"),
                name=name,
                number=number,
                active=active,
                origin_id=origin_id,
                currency=currency,
                hidden=hidden,
                **self._stamps(),
            )
            self.origins.claim("project", origin_id, record.id)
            self.projects[record.id] = record
            return record.id

    def add_vendor(self, *, name: str, origin_id: str | None = None) -> int:
        """A company of the directory."""
        with self.lock:
            record = Vendor(
                id=self.new_id("vendor"), name=name, origin_id=origin_id, **self._stamps()
            )
            self.origins.claim("vendor", origin_id, record.id)
            self.vendors[record.id] = record
            return record.id

    def add_commitment(
        self,
        *,
        project_id: int,
        vendor_id: int,
        kind: CommitmentKind,
        number: str,
        title: str,
        status: str = "Approved",
        allow_payments: bool = True,
        currency: str = "USD",
        grand_total: Decimal,
        origin_id: str | None = None,
    ) -> int:
        """A subcontract or purchase order; only the statuses published for its kind exist."""
        one_of("status", status, statuses_of(kind))
        with self.lock:
            if project_id not in self.projects or vendor_id not in self.vendors:
                raise KeyError("a commitment needs its project and its vendor")
            record = Commitment(
                id=self.new_id("commitment"),
                project_id=project_id,
                vendor_id=vendor_id,
                kind=kind,
                number=number,
                title=title,
                status=status,
                allow_payments=allow_payments,
                currency=currency,
                grand_total=grand_total,
                origin_id=origin_id,
                **self._stamps(),
            )
            self.origins.claim(record.item_type, origin_id, record.id)
            self.commitments[record.id] = record
            self._commitments_of.setdefault(project_id, []).append(record.id)
            return record.id

    def add_requisition(
        self,
        *,
        commitment_id: int,
        invoice_number: str | None,
        due: Decimal,
        status: str = "approved",
        retainage: Decimal = _ZERO,
        tax: Decimal = _ZERO,
        origin_id: str | None = None,
        billing_date: date,
        invoice_type: str = "progress",
        currency: str | None = None,
    ) -> int:
        """A subcontractor invoice; with an origin id it is one that an ERP already has."""
        one_of("status", status, REQUISITION_STATUSES)
        one_of("invoice_type", invoice_type, INVOICE_TYPES)
        with self.lock:
            commitment = self.commitments[commitment_id]
            period = self.period_of(commitment.project_id, billing_date)
            record = Requisition(
                id=self.new_id("requisition"),
                project_id=commitment.project_id,
                commitment_id=commitment_id,
                period_id=period.id,
                invoice_number=invoice_number,
                billing_date=billing_date,
                requisition_start=period.start_date,
                requisition_end=period.end_date,
                due=due,
                retainage=retainage,
                tax=tax,
                status=status,
                invoice_type=invoice_type,
                currency=currency,
                submitted_at=None if status == "draft" else billing_date,
                origin_id=origin_id,
                erp_status="synced" if origin_id is not None else None,
                **self._stamps(),
            )
            self.origins.claim("requisition", origin_id, record.id)
            self.requisitions[record.id] = record
            self._requisitions_of.setdefault(record.project_id, []).append(record.id)
            self._invoices_of.setdefault(commitment_id, []).append(record.id)
            return record.id

    def add_user(
        self,
        *,
        login: str,
        name: str,
        erp_integrated_accountant: bool = False,
        permission_template: str = "Company Accounting",
    ) -> int:
        """A directory user; the flag is what the API shows of the accounting approver badge."""
        with self.lock:
            if permission_template not in self.templates:
                self.templates[permission_template] = self.new_id("template")
            record = User(
                id=self.new_id("user"),
                login=login,
                name=name,
                permission_template=permission_template,
                erp_integrated_accountant=erp_integrated_accountant,
                **self._stamps(),
            )
            self.users[record.id] = record
            return record.id

    def set_tool(
        self, name: str, enabled: bool, level: str, *, project_id: int | None = None
    ) -> None:
        """Switch a tool, and the app's level in it, for everything or for one project."""
        plain = {known.lower().replace(" ", ""): known for known in LEVELS}
        known = plain.get(level.lower().replace(" ", "").replace("_", ""))
        if known is None:
            raise ValueError(f"level is one of {', '.join(LEVELS)}, not {level!r}")
        with self.lock:
            friendly = name.replace("_", " ").title()
            tool = self.tools.setdefault(
                name, Tool(name=name, friendly_name=friendly, scope="company")
            )
            if project_id is None:
                tool.enabled, tool.level = enabled, known
            else:
                tool.overrides[project_id] = (enabled, known)

    def period_of(self, project_id: int, day: date) -> BillingPeriod:
        """The project's billing period of that month, opened when first needed."""
        periods = self._periods_of.setdefault(project_id, {})
        key = (day.year, day.month)
        if key not in periods:
            last = calendar.monthrange(*key)[1]
            end = date(*key, last)
            period = BillingPeriod(
                id=self.new_id("period"),
                project_id=project_id,
                position=len(periods) + 1,
                start_date=date(*key, 1),
                end_date=end,
                due_date=end - timedelta(days=5),
                **self._stamps(),
            )
            self.billing_periods[period.id] = period
            periods[key] = period.id
        return self.billing_periods[periods[key]]


def one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a value that no published list contains."""
    if value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}, not {value!r}")
