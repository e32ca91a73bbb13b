"""What the tests of a rebuild share: a ledger is lost, made anew, restored, rebuilt."""

import json
import shutil
from typing import Any

import pytest
from town import Paid, Said, Town

LINK = 'typed_rows = "link"'
POST = {"route": "/rest/v1.0/contract_payments", "method": "POST"}
# What an entry is about; the rest says when and by which run it was sent or read.
FACTS = (
    "origin_id", "allocation_id", "n", "kind", "reverses", "links", "payment_id", "bill_id",
    "project_id", "commitment_id", "application_id", "application_number", "amount_minor",
    "currency", "date", "invoice_number", "invoice_date", "check_number", "payment_method",
    "notes", "gross_minor", "tax_minor", "policy_version", "state", "plan_hash",
    "contract_payment_id",
)  # fmt: skip


def entries(town: Town) -> list[dict[str, Any]]:
    ledger = town.ledger
    found = ledger.entries.of_connection(town.name)
    ledger.close()
    return [{name: found[key][name] for name in FACTS} for key in sorted(found)]


def installation(town: Town) -> str:
    ledger = town.ledger
    found = ledger.connections.installation_id()
    ledger.close()
    return found


def lose(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger's files are gone; the rotated token with them."""
    town.ledger.close()
    for file in town.data_dir.glob("ledger.sqlite3*"):
        file.unlink()
    monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])


def new_ledger(town: Town, policy: str = "", *, start_date: str = "2000-01-01") -> None:
    """A person makes a new one, from the same connection file."""
    file = town.file(policy, start_date=start_date)
    for arguments in (["ledger", "upgrade"], ["connect", str(file)]):
        assert town.paidsync(*arguments).code == 0


def back_up(town: Town) -> None:
    town.ledger.close()
    shutil.copy(town.data_dir / "ledger.sqlite3", town.data_dir / "backup")


def restore(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(town, monkeypatch)
    shutil.copy(town.data_dir / "backup", town.data_dir / "ledger.sqlite3")


def rebuild(town: Town) -> Said:
    """A rebuild that works; it writes nothing to Procore."""
    before = repr(town.rows())
    said = town.paidsync("ledger", "rebuild", town.name)
    assert said.code == 0, said.err
    assert repr(town.rows()) == before
    return said


def stops_behind(town: Town) -> None:
    """A sync sees that Procore knows more than the ledger, and writes nothing."""
    town.do("/calls/reset")
    summary = town.sync()
    assert summary["state"] == "Refused"
    assert summary["message"].startswith("ledger_behind")
    assert town.posts == 0


def settled_without_posting(town: Town, **expected: Any) -> dict[str, Any]:
    return town.settled(posted=0, reversed=0, **expected)


def eventful(town: Town) -> dict[str, Paid]:
    """Payments, a part payment, a void, an edited amount and a check over three bills; synced."""
    story = {
        "plain": town.paid("500.00"),
        "voided": town.paid("750.00", date=town.day(10)),
        "edited": town.paid("80.00", 3),
    }
    part = town.billed("900.00", 1)
    pay = town.do("/erp/pay", bills=[{"bill_id": part["bill_id"], "amount": "300.00"}])
    story["part"] = town.pair(pay, part)
    bills = [town.billed(amount, place) for amount, place in (("10", 0), ("20", 0), ("30", 3))]
    check = town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])
    story |= {f"check {k}": town.pair(check, bill) for k, bill in enumerate(bills)}
    town.settled(posted=7)
    town.do("/erp/void", payment_id=story["voided"].payment)
    less = [{"bill_id": story["edited"].bill, "amount": "60.00"}]
    town.do("/erp/edit", payment_id=story["edited"].payment, bills=less)
    town.settled(posted=1, reversed=2)
    return story


def type_row(town: Town, **row: Any) -> int:
    place = town.commitments[0]
    return int(town.do("/procore/row", commitment_id=place, **row)["payment_row_id"])


def written_elsewhere(town: Town, installation_id: str) -> int:
    """A row under the ids of an allocation, that another installation says it posted."""
    one = town.paid("20.00", 3)
    row = type_row(town, amount="20.00", origin_id=f"{one.prefix}:1")
    data = json.dumps({"installation": installation_id, "kind": "payment"})
    next(each for each in town.rows() if each.id == row).origin_data = data
    return row
