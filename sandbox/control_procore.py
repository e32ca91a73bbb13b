"""The control API's side of Procore: what people, tools and Support do there."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from .asking import Asked, ControlError
from .company import World
from .memory import Drifted
from .procore.model import Commitment, ContractPayment, Requisition
from .procore.open_points import OpenPoints
from .procore.origins import DuplicateOrigin
from .remember import remember_commitment
from .rows import foreign_row, prefix_of


def _application(world: World, ident: int) -> Requisition:
    found = world.procore.requisitions.get(ident)
    if found is None:
        raise ControlError(f"There is no payment application {ident}.")
    return found


def _commitment(world: World, ident: int) -> Commitment:
    found = world.procore.commitments.get(ident)
    if found is None:
        raise ControlError(f"There is no commitment {ident}.")
    return found


def _row(world: World, ident: int) -> ContractPayment:
    found = world.procore.payment_rows.by_id.get(ident)
    if found is None:
        raise ControlError(f"There is no contract payment {ident}.")
    return found


def unlink(world: World, asked: Asked) -> dict[str, Any]:
    """Unlink a payment application from the ERP."""
    application = _application(world, asked.number("requisition_id"))
    asked.done()
    remember_commitment(world, application.commitment_id)
    world.procore.unlink_requisition(application.id)
    return {"requisition_id": application.id, "origin_id": None}


def export(world: World, asked: Asked) -> dict[str, Any]:
    """Export a payment application: link it to a bill, or move it to another commitment."""
    application = _application(world, asked.number("requisition_id"))
    bill_id = asked.text("bill_id")
    target = asked.number("commitment_id") if asked.has("commitment_id") else None
    asked.done()
    if bill_id is None and target is None:
        raise ControlError("The request needs 'bill_id', 'commitment_id' or both.")
    remember_commitment(world, application.commitment_id)
    if target is not None:
        _commitment(world, target)
        remember_commitment(world, target)
        world.procore.move_requisition(application.id, target)
    if bill_id is not None:
        try:
            world.procore.link_requisition(application.id, bill_id)
        except DuplicateOrigin:
            raise ControlError(f"Another application carries the bill id {bill_id}.") from None
    return {
        "requisition_id": application.id,
        "origin_id": application.origin_id,
        "commitment_id": application.commitment_id,
    }


def row(world: World, asked: Asked) -> dict[str, Any]:
    """Type a row of Payments Issued, as a person, another integration or Procore Pay."""
    commitment = _commitment(world, asked.number("commitment_id"))
    amount = asked.amount("amount")
    if amount is None:
        raise ControlError("The request needs 'amount'.")
    typed: dict[str, Any] = {
        "commitment_id": commitment.id,
        "amount": amount,
        "date": asked.day("date") or world.today,
        "payment_method": asked.get("payment_method", "check"),
        "duplicate_origin": bool(asked.get("duplicate_origin", False)),
        "created_at": asked.instant("created_at"),
    }
    for name in ("check_number", "invoice_number", "origin_id", "external_payment_id", "notes"):
        typed[name] = asked.text(name)
    if asked.has("requisition_id"):
        typed["requisition_id"] = _application(world, asked.number("requisition_id")).id
    asked.done()
    remember_commitment(world, commitment.id)
    try:
        ident = world.procore.type_payment(**typed)
    except ValueError as error:
        raise ControlError(f"Procore does not take that row: {error}.") from None
    if prefix_of(world, typed["origin_id"]) is None:
        world.memory.foreign[ident] = foreign_row(_row(world, ident))
    return {"payment_row_id": ident}


def change_row(world: World, asked: Asked) -> dict[str, Any]:
    """Change a row behind everybody's back."""
    found = _row(world, asked.number("payment_row_id"))
    changes: dict[str, Any] = {}
    if asked.has("amount"):
        changes["amount"] = asked.amount("amount")
    if asked.has("date"):
        changes["date"] = asked.day("date")
    for name in ("check_number", "invoice_number", "origin_id", "notes"):
        if asked.has(name):
            changes[name] = asked.text(name)
    asked.done()
    remember_commitment(world, found.contract_id)
    _drift(world, found)
    world.procore.edit_payment(found.id, **changes)
    if prefix_of(world, found.origin_id) is None:
        world.memory.foreign[found.id] = foreign_row(found)
    return {"payment_row_id": found.id}


def remove_row(world: World, asked: Asked) -> dict[str, Any]:
    """Remove a row, as Procore Support can."""
    found = _row(world, asked.number("payment_row_id"))
    asked.done()
    remember_commitment(world, found.contract_id)
    _drift(world, found)
    world.procore.remove_payment(found.id)
    world.memory.foreign.pop(found.id, None)
    return {"removed": found.id}


def _drift(world: World, found: ContractPayment) -> None:
    """Note what one of our rows is before somebody else changes it: until it is that again, its
    allocation is held drift_in_procore."""
    prefix = prefix_of(world, found.origin_id)
    if prefix is not None:
        drifted = Drifted(prefix, foreign_row(found))
        world.memory.drifted.setdefault(found.id, drifted)


def commitment(world: World, asked: Asked) -> dict[str, Any]:
    """Change a commitment's status, or switch its Payments tab."""
    found = _commitment(world, asked.number("id"))
    changes: dict[str, Any] = {}
    if asked.has("status"):
        changes["status"] = asked.text("status")
    if asked.has("allow_payments"):
        changes["allow_payments"] = asked.get("allow_payments") is True
    asked.done()
    remember_commitment(world, found.id)
    try:
        world.procore.set_commitment(found.id, **changes)
    except ValueError as error:
        raise ControlError(f"Procore does not take that: {error}.") from None
    return {"id": found.id, "status": found.status, "allow_payments": found.allow_payments}


def project(world: World, asked: Asked) -> dict[str, Any]:
    """Close or reopen a project."""
    ident = asked.number("id")
    if ident not in world.procore.projects:
        raise ControlError(f"There is no project {ident}.")
    active = asked.need("active") is True
    asked.done()
    for commitment_id in world.procore.commitment_ids(ident):
        remember_commitment(world, commitment_id)
    world.procore.set_project(ident, active=active)
    return {"id": ident, "active": active}


def add_application(world: World, asked: Asked) -> dict[str, Any]:
    """Add a payment application that has no bill, or one of another tool's."""
    found = _commitment(world, asked.number("commitment_id"))
    due = asked.amount("due")
    if due is None:
        raise ControlError("The request needs 'due'.")
    named: dict[str, Any] = {
        "invoice_number": asked.text("invoice_number"),
        "due": due,
        "retainage": asked.amount("retainage") or Decimal(0),
        "tax": asked.amount("tax") or Decimal(0),
        "invoice_type": asked.text("invoice_type") or "progress",
        "origin_id": asked.text("origin_id"),
    }
    asked.done()
    remember_commitment(world, found.id)
    try:
        ident = world.procore.add_requisition(
            commitment_id=found.id, billing_date=world.today, currency=found.currency, **named
        )
    except ValueError as error:
        raise ControlError(f"Procore does not take that: {error}.") from None
    return {"requisition_id": ident, "origin_id": named["origin_id"], "commitment_id": found.id}


def application(world: World, asked: Asked) -> dict[str, Any]:
    """Change a payment application's number or amounts."""
    found = _application(world, asked.number("requisition_id"))
    changes: dict[str, Any] = {}
    for name in ("due", "retainage", "tax"):
        if asked.has(name):
            changes[name] = asked.amount(name) or Decimal(0)
    for name in ("invoice_number", "status"):
        if asked.has(name):
            changes[name] = asked.text(name)
    asked.done()
    remember_commitment(world, found.commitment_id)
    try:
        world.procore.set_requisition(found.id, **changes)
    except ValueError as error:
        raise ControlError(f"Procore does not take that: {error}.") from None
    return {"requisition_id": found.id}


def rates(world: World, asked: Asked) -> dict[str, Any]:
    """Change Procore's two rate limits."""
    limits = {
        name: asked.number(name) for name in ("hourly", "spike", "spike_seconds") if asked.has(name)
    }
    asked.done()
    world.procore_rates.set(**limits)
    return {"hourly": world.procore_rates.hourly, "spike": world.procore_rates.spike}


def tool(world: World, asked: Asked) -> dict[str, Any]:
    """Switch a Procore tool, and the level of the app in it."""
    name, enabled = str(asked.need("name")), asked.need("enabled") is True
    level = asked.get("level", "admin")
    project_id = asked.number("project_id") if asked.has("project_id") else None
    asked.done()
    try:
        world.procore.set_tool(name, enabled, level, project_id=project_id)
    except ValueError as error:
        raise ControlError(f"Procore does not take that: {error}.") from None
    return {"name": name, "enabled": enabled, "level": level}


def user(world: World, asked: Asked) -> dict[str, Any]:
    """Put a person into the directory, or change what is shown of them there."""
    login, name = str(asked.need("login")), asked.text("name")
    found = next((u for u in world.procore.users.values() if u.login == login), None)
    if found is None:
        ident = world.procore.add_user(login=login, name=name or login)
        found = world.procore.users[ident]
    if asked.has("approver"):
        found.erp_integrated_accountant = asked.get("approver", False) is True
    if asked.has("active"):
        found.is_active = asked.get("active", True) is True
    asked.done()
    return {
        "user_id": found.id,
        "approver": found.erp_integrated_accountant,
        "active": found.is_active,
    }


def open_points(world: World, asked: Asked) -> dict[str, Any]:
    """Answer otherwise to what Procore's documentation leaves open."""
    answers = {name: asked.get(name) for name in OpenPoints.__slots__ if asked.has(name)}
    asked.done()
    try:
        world.procore.points.change(**answers)
    except ValueError as error:
        raise ControlError(f"Procore cannot be like that: {error}.") from None
    return asdict(world.procore.points)


ACTIONS = {
    "/procore/application": application,
    "/procore/application/add": add_application,
    "/procore/application/unlink": unlink,
    "/procore/application/export": export,
    "/procore/open-points": open_points,
    "/procore/row": row,
    "/procore/row/change": change_row,
    "/procore/row/remove": remove_row,
    "/procore/commitment": commitment,
    "/procore/project": project,
    "/procore/rates": rates,
    "/procore/tool": tool,
    "/procore/user": user,
}
