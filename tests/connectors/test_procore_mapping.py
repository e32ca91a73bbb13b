"""Fields may be missing or null; what is there but cannot be read is never taken for missing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Garbled
from connectors.procore import mapping, retainage
from connectors.procore.records import ContractPayment, NewContractPayment


def payment(**fields: Any) -> ContractPayment:
    return mapping.contract_payment({"id": 1, **fields}, project_id="10", commitment_id="20")


def test_a_row_with_nothing_but_an_id_is_a_row() -> None:
    row = payment()
    assert (row.contract_payment_id, row.project_id, row.commitment_id) == ("1", "10", "20")
    assert {row.amount, row.date, row.origin_id, row.created_at, row.application_id} == {None}
    nulls = dict.fromkeys(("amount", "date", "origin_id", "requisition_id", "created_at"))
    assert payment(**nulls) == row
    project = mapping.project({"id": 1, "active": None})
    assert project.active
    state = mapping.commitment_state({}, commitment_id="5")
    assert (state.allow_payments, state.total_payments) == (None, None)
    application = mapping.application({"id": 1}, project_id="10", retainage=None)
    assert (application.due, application.currency) == (None, None)
    commitment = mapping.commitment({"id": 1}, project_id="10", kind="work_order")
    assert (commitment.project_id, commitment.vendor_id) == ("10", None)
    assert mapping.tool({}).level == "unknown"
    assert not mapping.user({"id": 1}).is_accounting_approver


def test_ids_are_64_bit_and_come_as_numbers_or_text() -> None:
    assert payment(requisition_id=2**62 + 1).application_id == str(2**62 + 1)
    assert payment(contract_id="00020").commitment_id == "00020"
    body = mapping.payment_body("562949953400001", "9223372036854775807", _new())
    assert (body["project_id"], body["contract_id"]) == (562949953400001, 9223372036854775807)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        ("1250.5", "1250.5"),
        ("1000000.0", "1000000.0"),
        ("-12", "-12"),
        ("0.1e3", "100"),
        (12, "12"),
        (Decimal("12.30"), "12.30"),
    ],
)
def test_amounts_in_every_published_notation(given: object, amount: str) -> None:
    assert payment(amount=given).amount == Decimal(amount)


@pytest.mark.parametrize(
    "given", ["1,250.50", "1.250,50", "$5", "NaN", "Infinity", "1e999", " 5", "five", True, [], {}]
)
def test_an_amount_that_cannot_be_read_names_row_and_field(given: object) -> None:
    with pytest.raises(Garbled, match="The amount of contract payment 1 cannot be read"):
        payment(amount=given)


def test_instants_become_utc_and_odd_ones_are_named() -> None:
    expected = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
    for text in ("2026-03-31T10:00:00Z", "2026-03-31T12:00:00+02:00", "2026-03-31T10:00:00"):
        assert payment(created_at=text).created_at == expected
    for odd in ("yesterday", 5):
        with pytest.raises(Garbled, match="created_at of contract payment 1"):
            payment(created_at=odd)


def test_an_empty_origin_id_is_none() -> None:
    assert payment(origin_id="").origin_id is None
    assert payment(check_number="007 ").check_number == "007 "


@pytest.mark.parametrize(
    ("name", "available", "level"),
    [
        ("Admin", True, "admin"),
        ("read-only", True, "read_only"),
        ("READ ONLY", None, "read_only"),
        ("Standard", False, "none"),
        ("Superuser", True, "unknown"),
    ],
)
def test_levels_compare_loosely(name: str, available: bool | None, level: str) -> None:
    row = {"user_access_level": {"id": 1, "name": name}, "available_for_user": available}
    assert mapping.tool(row).level == level


@pytest.mark.parametrize(
    ("row", "is_erp"),
    [
        ({"name": "erp_integrations"}, True),
        ({"name": "tool_77", "friendly_name": "ERP Integrations (Beta)"}, True),
        ({"name": "erp", "friendly_name": "Reports"}, False),
        ({}, False),
    ],
)
def test_the_erp_tool_goes_by_key_or_title(row: dict[str, str], is_erp: bool) -> None:
    assert mapping.is_erp_tool(mapping.tool(row)) is is_erp


def test_a_deactivated_user_approves_nothing() -> None:
    row = {"id": 1, "erp_integrated_accountant": True, "is_active": False}
    assert not mapping.user(row).is_accounting_approver


def test_retainage_that_cannot_be_told_is_none() -> None:
    def invoice(number: int, total: str | None, previous: int | None = None) -> dict[str, Any]:
        return {
            "id": number,
            "number": number,
            "previous_requisition_id": previous,
            "summary": {"total_retainage": total},
        }

    first, second = invoice(1, "100.00"), invoice(2, "150.00", previous=1)
    assert retainage.held(first, {}) == 100
    assert retainage.held(second, {"1": first}) == 50
    assert retainage.missing_predecessors([second]) == ["1"]
    assert retainage.held(second, {}) is None
    assert retainage.held(invoice(2, None, previous=1), {"1": first}) is None
    assert retainage.held(invoice(2, "150.00"), {}) is None
    assert retainage.held(second, {"1": invoice(1, None)}) is None


def _new() -> NewContractPayment:
    return NewContractPayment(
        application_id=None,
        draw_request_number=None,
        amount="1",
        date="2026-01-01",
        invoice_number=None,
        invoice_date=None,
        check_number=None,
        payment_method=None,
        notes=None,
        origin_id="a",
        origin_data=None,
    )
