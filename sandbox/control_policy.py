"""The control API's policy and decisions: what the truth is told that both programs are told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from .asking import Asked, ControlError, to_amount
from .company import World
from .decisions import DRIFT, HOLDS, KINDS, UNSEEN
from .judge import Judge, Verdict, seen_now
from .memory import Decision
from .policy import CHOICES, Part, Policy
from .remember import remember_everything
from .rows import foreign_row
from .truth import tell
from .view import View

_WHOLE = Decimal(100)
DECIDED = ("left_by_decision", "drift_accepted")


def policy(world: World, asked: Asked) -> dict[str, Any]:
    """Make a policy the connection's next version; what is not named has its default.

    Only `start_date`, once given, stays. With the first one, what the ERP holds is the opening
    scan (money-rules 7.1).
    """
    current = world.policies.current
    named = {name: _choice(asked, name) for name in CHOICES}
    start, cut_over = asked.day("start_date"), asked.day("cut_over")
    mapped, split = _map(asked), _split(asked)
    asked.done()
    twice = sorted(set(mapped) & set(split))
    if twice:
        raise ControlError(f"Bill {twice[0]} is in the map and in the split.")
    remember_everything(world)
    chosen = Policy(
        version=current.version + 1,
        start_date=start or current.start_date,
        cut_over=cut_over,
        mapped=mapped,
        split=split,
        **named,
    )
    if chosen.start_date is not None and world.memory.opening is None:
        _scan(world, chosen)
    world.policies.add(chosen)
    return chosen.as_json()


def _choice(asked: Asked, name: str) -> str:
    allowed = CHOICES[name]
    found = asked.get(name, allowed[0])
    if found not in allowed:
        raise ControlError(f"'{name}' is one of {', '.join(allowed)}.")
    return str(found)


def _map(asked: Asked) -> dict[str, int]:
    mapped: dict[str, int] = {}
    applications = set()
    for item in asked.items("map"):
        application, bills = item.number("application"), item.need("bills")
        item.done()
        if not isinstance(bills, list) or not bills:
            raise ControlError("'bills' must be a list of bill ids.")
        if application in applications or any(str(bill) in mapped for bill in bills):
            raise ControlError("The map names an application or a bill twice.")
        applications.add(application)
        mapped.update({str(bill): application for bill in bills})
    return mapped


def _split(asked: Asked) -> dict[str, tuple[Part, ...]]:
    split: dict[str, tuple[Part, ...]] = {}
    for item in asked.items("split"):
        bill, parts = str(item.need("bill")), []
        for part in item.items("parts"):
            percent = to_amount(part.need("percent"), "percent")
            parts.append(Part(part.number("application"), percent))
            part.done()
        item.done()
        if bill in split:
            raise ControlError(f"Bill {bill} is split twice.")
        if sum((part.percent for part in parts), Decimal(0)) != _WHOLE:
            raise ControlError(f"The parts of bill {bill} must be 100 percent together.")
        if len({part.application for part in parts}) < len(parts):
            raise ControlError(f"Bill {bill} names an application twice.")
        split[bill] = tuple(parts)
    return split


def _scan(world: World, chosen: Policy) -> None:
    """Remember what opening history looks like."""
    shares = Judge(View(world)).shares
    bills = world.erp.bills.rows
    world.memory.opening = {
        world.prefix(payment.id, bill_id): seen_now(shares, payment, bills[bill_id])
        for payment in world.erp.payments.rows.values()
        for bill_id in shares.cash(payment)
        if bill_id in bills
        and chosen.start_date is not None
        and payment.dated(bill_id) < chosen.start_date
    }


def restate(world: World, asked: Asked) -> dict[str, Any]:
    """From now on everything is judged by the current version, what stands already too (5.5)."""
    asked.done()
    remember_everything(world)
    stood, version = world.memory.stood, world.policies.current.version
    for one in stood.values():
        one.version, one.frozen = version, False
    truth = tell(world)
    changed = 0
    for prefix, one in stood.items():
        expected = truth.expected.get(prefix)
        one.frozen = expected is not None and expected.amount == one.amount
        changed += not one.frozen
    return {"version": version, "standing": len(stood), "changed": changed}


def decide(world: World, asked: Asked) -> dict[str, Any]:
    """Note a person's decision on a hold, bound to the allocation's state at this moment."""
    payment_id, bill_id = str(asked.need("payment_id")), str(asked.need("bill_id"))
    part = asked.number("application_id") if asked.has("application_id") else None
    reason, decision = str(asked.need("reason")), str(asked.need("decision"))
    to = asked.number("to_application_id") if asked.has("to_application_id") else None
    asked.done()
    if decision not in KINDS:
        raise ControlError(f"'decision' is one of {', '.join(KINDS)}.")
    if reason not in HOLDS:
        raise ControlError(f"There is no hold reason {reason!r}.")
    if (decision == "link") != (to is not None):
        raise ControlError("'to_application_id' goes with the decision 'link', and only with it.")
    if to is not None and to not in world.procore.requisitions:
        raise ControlError(f"There is no payment application {to}.")
    if decision == "accept" and reason != DRIFT:
        raise ControlError(f"'accept' is about {DRIFT}, and about nothing else.")
    remember_everything(world)
    verdict = _held(world, payment_id, bill_id, part, reason, again=decision == "retry")
    world.memory.decisions[verdict.prefix, reason] = Decision(decision, verdict.state, to)
    if reason == DRIFT:
        _accept(world, verdict.prefix, anything=decision == "accept")
    return {"origin_prefix": verdict.prefix, "reason": reason, "decision": decision}


def _accept(world: World, prefix: str, *, anything: bool) -> None:
    """Note how the drifted rows of an allocation stand now, or that nothing of it is accepted."""
    memory, rows = world.memory, world.procore.payment_rows.by_id
    for ident, drifted in memory.drifted.items():
        if drifted.prefix != prefix:
            continue
        memory.accepted.pop(ident, None)
        if anything:
            row = rows.get(ident)
            memory.accepted[ident] = foreign_row(row) if row else None


def _held(
    world: World, payment_id: str, bill_id: str, part: int | None, reason: str, *, again: bool
) -> Verdict:
    """Return the one allocation that is meant, if it is held for that reason; or, to be judged
    `again`, put outside by a decision on it."""
    named = f"Payment {payment_id} on bill {bill_id}"
    found = [
        one
        for one in tell(world).verdicts
        if (one.payment_id, one.bill_id) == (payment_id, bill_id)
        and part in (None, one.application)
    ]
    if not found:
        raise ControlError(f"{named} is no allocation.")
    held = [
        one
        for one in found
        if reason in UNSEEN
        or (one.disposition, one.reason) == ("held", reason)
        or (again and one.reason in DECIDED and (one.prefix, reason) in world.memory.decisions)
    ]
    if not held:
        is_now = f"{found[0].disposition}, {found[0].reason}"
        raise ControlError(f"{named} is not held for {reason}; it is {is_now}.")
    if len(held) > 1:
        raise ControlError(f"{named} is split; say which part with 'application_id'.")
    return held[0]


ACTIONS = {"/policy": policy, "/policy/restate": restate, "/decide": decide}
