"""Procore's JSON as records, and a new payment as Procore's JSON.

Every field may be missing or null. What is there but cannot be read (an amount with a comma, an
instant without a date) is Garbled and names row and field: a number that we cannot read is a
changed interface, and taking it for a missing one could pay a bill twice.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.errors import Garbled
from connectors.procore.judge import SYSTEM
from connectors.procore.records import (
    Caller,
    Commitment,
    CommitmentKind,
    CommitmentState,
    ContractPayment,
    Level,
    NewContractPayment,
    PaymentApplication,
    ProcoreUser,
    Project,
    ToolAccess,
    Vendor,
)

Json = Mapping[str, Any]

_AMOUNT = re.compile(r"[+-]?[0-9]{1,24}(\.[0-9]{0,12})?([eE][+-]?[0-9]{1,2})?")
_LEVELS: Mapping[str, Level] = {
    "none": "none",
    "readonly": "read_only",
    "standard": "standard",
    "admin": "admin",
}


def row_id(row: object, what: str) -> str:
    """The id of a row as text. Raises Garbled where the row is none or has no id."""
    if not isinstance(row, Mapping):
        raise _garbled(f"A {what} is not a JSON object.")
    found = reference(row, "id", what)
    if found is None:
        raise _garbled(f"A {what} has no id.")
    return found


def plain_name(value: object) -> str:
    """Letters and digits in lower case, so that names compare loosely (Procore: permissions)."""
    return re.sub(r"[^a-z0-9]", "", str(value or "").lower())


def caller(row: Json) -> Caller:
    """From ``/me``."""
    return Caller(user_id=row_id(row, "user"), login=_text(row, "login"), name=_text(row, "name"))


def user(row: Json) -> ProcoreUser:
    """From the company's users list, the only place that shows the approver's flag."""
    template = _object(row, "company_permission_template") or _object(row, "permission_template")
    active = row.get("is_active") is not False
    return ProcoreUser(
        user_id=row_id(row, "user"),
        email=_text(row, "email_address") or _text(row, "login"),
        name=_text(row, "name"),
        is_active=active,
        is_accounting_approver=row.get("erp_integrated_accountant") is True and active,
        permission_template=_text(template, "name"),
    )


def goes_by(row: Json, email: str) -> bool:
    """Whether a users row has exactly this e-mail address or login, whatever the case."""
    wanted = email.strip().casefold()
    names = (_text(row, "email_address"), _text(row, "login"))
    return any(name is not None and name.strip().casefold() == wanted for name in names)


def tool(row: Json) -> ToolAccess:
    """From the permissions of the caller. Level names are not published, so they compare loosely;
    a tool that is not available for the user counts as none."""
    level = plain_name(_object(row, "user_access_level").get("name"))
    available = row.get("available_for_user") is not False
    return ToolAccess(
        name=_text(row, "name"),
        friendly_name=_text(row, "friendly_name"),
        level=_LEVELS.get(level, "unknown") if available else "none",
    )


def is_erp_tool(access: ToolAccess) -> bool:
    """Whether this is ERP Integrations, by key or by title (Procore: permissions)."""
    return plain_name(access.name) == "erpintegrations" or "erpintegrations" in plain_name(
        access.friendly_name
    )


def project(row: Json) -> Project:
    """From the projects list."""
    return Project(
        project_id=row_id(row, "project"),
        name=_text(row, "display_name") or _text(row, "name"),
        number=_text(row, "project_number"),
        active=row.get("active") is not False,
        origin_id=_text(row, "origin_id"),
        updated_at=instant(row, "updated_at", "project"),
    )


def vendor(row: Json) -> Vendor:
    """From the vendors list."""
    return Vendor(
        vendor_id=row_id(row, "vendor"),
        name=_text(row, "name") or _text(row, "company"),
        origin_id=_text(row, "origin_id"),
        updated_at=instant(row, "updated_at", "vendor"),
    )


def commitment(row: Json, *, project_id: str, kind: CommitmentKind) -> Commitment:
    """From the list of its kind in a project."""
    return Commitment(
        commitment_id=row_id(row, "commitment"),
        project_id=reference(_object(row, "project"), "id", "project") or project_id,
        kind=kind,
        number=_text(row, "number"),
        title=_text(row, "title"),
        status=_text(row, "status"),
        vendor_id=reference(_object(row, "vendor"), "id", "vendor"),
        currency=_currency(row),
        origin_id=_text(row, "origin_id"),
        updated_at=instant(row, "updated_at", "commitment"),
    )


def commitment_state(row: Json, *, commitment_id: str) -> CommitmentState:
    """From the show of either version; v2's answer is not published, so it is read leniently."""
    allowed = row.get("allow_payments")
    return CommitmentState(
        commitment_id=commitment_id,
        status=_text(row, "status"),
        allow_payments=allowed if isinstance(allowed, bool) else None,
        total_payments=_amount(row, "total_payments", "commitment"),
    )


def application(row: Json, *, project_id: str, retainage: Decimal | None) -> PaymentApplication:
    """From the requisitions list, v1.1; ``retainage`` is worked out by ``retainage.held``."""
    summary = _object(row, "summary")
    return PaymentApplication(
        application_id=row_id(row, "payment application"),
        project_id=reference(row, "project_id", "payment application") or project_id,
        commitment_id=reference(row, "commitment_id", "payment application"),
        number=_text(row, "number"),
        invoice_number=_text(row, "invoice_number"),
        invoice_type=_text(row, "invoice_type"),
        status=_text(row, "status"),
        erp_status=_text(row, "erp_status"),
        origin_id=_text(row, "origin_id"),
        vendor_id=reference(row, "vendor_id", "payment application"),
        due=_amount(summary, "current_payment_due", "payment application", row),
        retainage=retainage,
        tax=_amount(summary, "tax_applicable_to_this_payment", "payment application", row),
        currency=_currency(row),
        updated_at=instant(row, "updated_at", "payment application"),
    )


def application_total_retainage(row: Json) -> Decimal | None:
    """What is held back on the commitment to date, this application included."""
    return _amount(_object(row, "summary"), "total_retainage", "payment application", row)


def contract_payment(row: Json, *, project_id: str, commitment_id: str) -> ContractPayment:
    """From list, show or the answer to a POST. Where the row itself does not say where it
    stands, it stands where it was asked for."""
    what = "contract payment"
    return ContractPayment(
        contract_payment_id=row_id(row, what),
        project_id=reference(row, "project_id", what) or project_id,
        commitment_id=reference(row, "contract_id", what) or commitment_id,
        application_id=reference(row, "requisition_id", what),
        amount=_amount(row, "amount", what),
        date=_text(row, "date"),
        invoice_number=_text(row, "invoice_number"),
        check_number=_text(row, "check_number"),
        payment_number=_text(row, "payment_number"),
        notes=_text(row, "notes"),
        origin_id=_text(row, "origin_id"),
        origin_data=_text(row, "origin_data"),
        external_payment_id=_text(row, "external_payment_id"),
        status=_text(row, "status"),
        created_at=instant(row, "created_at", what),
    )


def payment_body(project_id: str, commitment_id: str, new: NewContractPayment) -> dict[str, Any]:
    """The body of a POST: v1 takes ids as whole numbers, money as text (Procore: conventions)."""
    fields = {
        "requisition_id": _number(new.application_id),
        "draw_request_number": _number(new.draw_request_number),
        "amount": new.amount,
        "date": new.date,
        "invoice_number": new.invoice_number,
        "invoice_date": new.invoice_date,
        "check_number": new.check_number,
        "payment_method": new.payment_method,
        "notes": new.notes,
        "origin_id": new.origin_id,
        "origin_data": new.origin_data,
    }
    return {
        "project_id": _number(project_id),
        "contract_id": _number(commitment_id),
        "contract_payment": {name: value for name, value in fields.items() if value is not None},
    }


def link_body(
    project_id: str, commitment_id: str, *, origin_id: str, origin_data: str | None
) -> dict[str, Any]:
    """The body of a PATCH that sets the origin fields of a row and nothing else."""
    return {
        "project_id": _number(project_id),
        "contract_id": _number(commitment_id),
        "contract_payment": {"origin_id": origin_id, "origin_data": origin_data},
    }


def _number(value: str | None) -> int | str | None:
    # Anything but digits goes out as it is, for Procore to refuse: guessing would hide a fault.
    return int(value) if value is not None and re.fullmatch("[0-9]{1,19}", value) else value


def _text(row: Json, field: str) -> str | None:
    value = row.get(field)
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return str(value)
    return None


def _object(row: Json, field: str) -> Json:
    value = row.get(field)
    return value if isinstance(value, Mapping) else {}


def reference(row: Json, field: str, what: str) -> str | None:
    """An id in a field of a row, as text. Raises Garbled for what cannot be one."""
    value = row.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise _garbled(f"The {field} of a {what} is not an id.")


def _amount(row: Json, field: str, what: str, of: Json | None = None) -> Decimal | None:
    value = row.get(field)
    if value is None or value == "":
        return None
    if not isinstance(value, bool) and isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    raise _unreadable(of or row, field, what, "an amount")


def instant(row: Json, field: str, what: str) -> datetime | None:
    """An instant in a field of a row, aware UTC. Raises Garbled for what cannot be one."""
    value = row.get(field)
    if value is None or value == "":
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _unreadable(row, field, what, "an instant") from None
    # Procore: instants are ISO 8601 in UTC.
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _currency(row: Json) -> str | None:
    return _text(_object(row, "currency_configuration"), "currency_iso_code")


def _unreadable(row: Json, field: str, what: str, kind: str) -> Garbled:
    return _garbled(f"The {field} of {what} {row.get('id')} cannot be read as {kind}.")


def _garbled(message: str) -> Garbled:
    return Garbled(message, system=SYSTEM)
