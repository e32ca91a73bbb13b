"""How records look in JSON, field for field as the reference lists them.

Amounts are decimal strings with differing numbers of decimals, as in the published samples:
payments drop trailing zeros ("1250.5", "100.0"), invoices and commitments show two at least.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sandbox.procore.model import BillingPeriod, ContractPayment, Project, User, Vendor
from sandbox.procore.store import ProcoreStore

CENT = Decimal("0.01")
Json = dict[str, Any]


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with ``Z``."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def loose_money(value: Decimal) -> str:
    """At least one decimal and no trailing zeros beyond it."""
    text = f"{value:f}"
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"


def money(value: Decimal) -> str:
    """At least two decimals."""
    whole, _, decimals = f"{value:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def currency(code: str) -> Json:
    """The currency of a record whose project has the same base currency."""
    return {
        "currency_iso_code": code,
        "base_currency_iso_code": code,
        "currency_exchange_rate": 1.0,
    }


def files(ids: tuple[int | str, ...]) -> list[Json]:
    """Attachments; ids of direct uploads are words and get a number here."""
    return [
        {
            "id": value if isinstance(value, int) else number,
            "url": f"https://storage.procore.example/{value}",
            "filename": f"{value}.pdf",
        }
        for number, value in enumerate(ids, start=1)
    ]


def payment(row: ContractPayment) -> Json:
    """A contract payment; ``payment_method`` and ``invoice_date`` are write-only."""
    paid_at = stamp(row.created_at) if row.external_payment_id is not None else None
    return {
        "id": row.id,
        "project_id": row.project_id,
        "contract_id": row.contract_id,
        "requisition_id": row.requisition_id,
        "amount": loose_money(row.amount),
        "date": row.date.isoformat(),
        "invoice_number": row.invoice_number,
        "check_number": row.check_number,
        "payment_number": row.payment_number,
        "draw_request_number": row.draw_request_number,
        "notes": row.notes,
        "origin_id": row.origin_id,
        "origin_code": row.origin_code,
        "origin_data": row.origin_data,
        "status": row.status,
        "external_payment_id": row.external_payment_id,
        "date_payment_initiated": paid_at,
        "date_payment_settled": paid_at,
        "attachments": files(row.file_ids),
        "created_at": stamp(row.created_at),
        "updated_at": stamp(row.updated_at),
    }


def payment_issued(row: ContractPayment) -> Json:
    """The thinner row inside a commitment."""
    return {
        "id": row.id,
        "amount": loose_money(row.amount),
        "check_number": row.check_number,
        "created_at": stamp(row.created_at),
        "date": row.date.isoformat(),
        "draw_request_number": row.draw_request_number,
        "invoice_number": row.invoice_number,
        "notes": row.notes,
        "payment_number": row.payment_number,
        "attachments": files(row.file_ids),
        "origin_id": row.origin_id,
        "origin_data": row.origin_data,
    }


def project_compact(project: Project) -> Json:
    """The ``compact`` view."""
    return {
        "id": project.id,
        "name": project.name,
        "display_name": f"{project.number} - {project.name}",
        "project_number": project.number,
    }


def project(store: ProcoreStore, record: Project) -> Json:
    """A project of the lists."""
    return project_compact(record) | {
        "active": record.active,
        "is_demo": False,
        "origin_id": record.origin_id,
        "origin_code": record.origin_code,
        "origin_data": record.origin_data,
        "accounting_project_number": record.number,
        "parent_job_id": None,
        "company": {"id": store.company_id, "name": store.company_name},
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def project_shown(store: ProcoreStore, record: Project) -> Json:
    """A project by itself; only here is ``is_erp_integrated``."""
    enabled, _ = store.tools["erp_integrations"].at(None)
    return project(store, record) | {
        "template": False,
        "is_erp_integrated": enabled and record.origin_id is not None,
    }


def project_light(record: Project) -> Json:
    """A project under ``/companies/{id}/projects``."""
    return {
        "id": record.id,
        "name": record.name,
        "address": {
            "street": None,
            "city": None,
            "state_code": None,
            "zip": None,
            "country_code": None,
        },
        "stage_name": None,
        "status_name": "Active" if record.active else "Inactive",
        "type_name": None,
        "open_items": [],
        "created_by": None,
    }


def vendor(store: ProcoreStore, record: Vendor) -> Json:
    """A vendor in the default view."""
    return {
        "id": record.id,
        "name": record.name,
        "company": record.name,
        "legal_name": record.name,
        "abbreviated_name": None,
        "is_active": record.is_active,
        "company_vendor": True,
        "origin_id": record.origin_id,
        "origin_code": record.origin_code,
        "origin_data": record.origin_data,
        "synced_to_erp": record.origin_id is not None,
        "parent": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def billing_period(period: BillingPeriod) -> Json:
    """A billing period."""
    return {
        "id": period.id,
        "project_id": period.project_id,
        "position": period.position,
        "start_date": period.start_date.isoformat(),
        "end_date": period.end_date.isoformat(),
        "due_date": period.due_date.isoformat(),
        "status": period.status,
        "created_at": stamp(period.created_at),
        "updated_at": stamp(period.updated_at),
    }


def user_shown(store: ProcoreStore, record: User) -> Json:
    """A user by itself; the accountant flag is absent here (reference 4.3)."""
    first, _, last = record.name.partition(" ")
    return {
        "id": record.id,
        "name": record.name,
        "first_name": first,
        "last_name": last,
        "email_address": record.login,
        "is_active": record.is_active,
        "is_employee": True,
        "origin_id": record.origin_id,
        "origin_data": record.origin_data,
        "company_permission_template_id": store.templates[record.permission_template],
        "default_permission_template_id": None,
        "vendor": None,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
    }


def user_listed(store: ProcoreStore, record: User) -> Json:
    """A user of the company lists, with ``erp_integrated_accountant``."""
    shown = user_shown(store, record)
    del shown["company_permission_template_id"], shown["default_permission_template_id"]
    return shown | {
        "erp_integrated_accountant": record.erp_integrated_accountant,
        "permission_template": None,
        "company_permission_template": {
            "id": store.templates[record.permission_template],
            "name": record.permission_template,
            "project_specific": False,
            "type": "company_tools",
        },
    }
