"""What the tests of the truth share: its opinion on an allocation, and a poster that follows it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from quickbooks_helpers import Player


def opinions(player: Player, payment: str, bill: str) -> list[dict[str, Any]]:
    """What the truth says of a payment on a bill: one item, or one for each part."""
    found = player.see(f"/truth?payment_id={payment}&bill_id={bill}")["allocations"]
    assert isinstance(found, list)
    return found


def opinion(player: Player, payment: str, bill: str) -> dict[str, Any]:
    """What the truth says of one allocation."""
    (found,) = opinions(player, payment, bill)
    assert isinstance(found, dict)
    return found


def is_now(player: Player, payment: str, bill: str) -> tuple[str, str | None, int]:
    """Disposition, reason, and what must stand."""
    one = opinion(player, payment, bill)
    return one["disposition"], one["reason"], one["expected_minor"]


def pay(player: Player, bill: str, amount: str, **more: Any) -> str:
    """Pay a part of a bill; the payment's id."""
    paid = player.do("/erp/pay", bills=[{"bill_id": bill, "amount": amount}], **more)
    return str(paid["payment_id"])


def day(player: Player, ago: int) -> str:
    """A calendar day some days ago."""
    return (player.world.today - timedelta(days=ago)).isoformat()


def write(player: Player, prefix: str, commitment: int, application: int | None, minor: int) -> int:
    """Type one row of ours, under the next n of its allocation."""
    procore = player.world.procore
    n = 1 + sum((row.origin_id or "").startswith(f"{prefix}:") for row in procore.payments())
    payment = player.world.erp.payments.rows.get(prefix.split(":")[2])
    return procore.type_payment(
        commitment_id=commitment,
        amount=Decimal(minor) / 100,
        date=payment.txn_date if payment else player.world.today,
        check_number=payment.number if payment else None,
        requisition_id=application,
        origin_id=f"{prefix}:{n}",
    )


def agree(player: Player) -> None:
    """Make Procore what the truth wants; afterwards there is no difference left."""
    found = player.see("/differences")
    linked = {one["origin_prefix"] for one in found if one["kind"] == "not_linked"}
    for one in found:
        if one["kind"] == "not_linked":
            player.world.procore.edit_payment(
                one["payment_row_id"], origin_id=f"{one['origin_prefix']}:1"
            )
        elif one["kind"] == "amount" and one["origin_prefix"] not in linked:
            missing = one["expected_minor"] - one["standing_minor"]
            place = one["commitment_id"], one["requisition_id"]
            write(player, one["origin_prefix"], *place, missing)
    assert player.see("/differences") == []
