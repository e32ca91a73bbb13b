"""Payments Issued: strict writes, locked rows, one holder per origin id, totals that follow."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from procore_helpers import COMPANY_ID, PAYMENTS, Company

from sandbox.procore.origins import DuplicateOrigin

ORIGIN = "qbo:1:5:9:1"
EXTERNAL = f"/rest/v1.0/companies/{COMPANY_ID}/external_data"


def test_a_payment_is_stored_as_sent_and_hides_write_only_fields(procore: Company) -> None:
    sent: dict[str, Any] = {
        "requisition_id": procore.invoice,
        "invoice_number": "INV-9",
        "invoice_date": "2026-03-20",
        "check_number": "A100",
        "payment_method": "electronic",
        "notes": "batch 7",
        "origin_id": ORIGIN,
        "origin_data": '{"v":1}',
    }
    made = procore.post(**sent)
    assert made.status_code == 201
    shown = made.json()
    assert "payment_method" not in shown
    assert "invoice_date" not in shown
    assert Decimal(shown["amount"]) == Decimal("1250.50")
    for name in ("requisition_id", "check_number", "origin_id", "origin_data", "notes"):
        assert shown[name] == sent[name]
    assert procore.listed()[-1] == shown
    row = procore.store.payments(procore.commitment)[-1]
    assert (row.payment_method, row.invoice_date) == ("electronic", date(2026, 3, 20))


@pytest.mark.parametrize("amount", ["-1250.50", "0", "0.0", "12.3456"])
def test_amounts_that_are_legal(procore: Company, amount: str) -> None:
    made = procore.post(amount=amount)
    assert made.status_code == 201
    assert Decimal(made.json()["amount"]) == Decimal(amount)


@pytest.mark.parametrize(
    "amount", ["1,250.50", "1e3", " 1", "1.", ".5", "+5", "", "NaN", "1.23456", 1250.5, 7, None]
)
def test_amounts_that_are_not(procore: Company, amount: Any) -> None:
    refused = procore.post(amount=amount)
    assert refused.status_code == 422
    assert "amount" in refused.json()["errors"]
    assert len(procore.store.payments()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_method", "wire"),
        ("date", "31/03/2026"),
        ("date", "2026-02-30"),
        ("date", None),
        ("invoice_date", "20260320"),
        ("check_number", 100),
        ("payment_number", "1"),
        ("requisition_id", 1),
        ("origin_id", ""),
        ("origin_id", "x" * 256),
    ],
)
def test_values_that_are_refused(procore: Company, field: str, value: Any) -> None:
    refused = procore.post(**{field: value})
    assert refused.status_code == 422
    assert field in refused.json()["errors"]


def test_an_invoice_of_another_commitment_is_refused_unless_it_was_moved(
    procore: Company,
) -> None:
    assert (
        procore.post(contract_id=procore.order, requisition_id=procore.invoice).status_code == 422
    )
    procore.store.move_requisition(procore.invoice, procore.order)
    assert (
        procore.post(contract_id=procore.order, requisition_id=procore.invoice).status_code == 201
    )
    assert procore.post(requisition_id=procore.invoice).status_code == 201


def test_unknown_fields_are_406_and_named(procore: Company) -> None:
    refused = procore.post(payment_type="check")
    assert refused.status_code == 406
    assert refused.json()["fields"] == "contract_payment.payment_type"
    assert procore.post(status="paid").status_code == 406
    body = procore.scope(contract_payment={"amount": "1", "date": "2026-03-31"}, dry_run=True)
    assert procore.http.post(PAYMENTS, json=body).status_code == 406


def test_bad_bodies(procore: Company) -> None:
    as_json = {"Content-Type": "application/json"}
    assert procore.http.post(PAYMENTS, content=b"{", headers=as_json).status_code == 400
    assert procore.http.post(PAYMENTS, json=[1]).status_code == 400
    assert procore.http.post(PAYMENTS, data={"project_id": "1"}).status_code == 406
    missing = procore.http.post(PAYMENTS, json={"project_id": procore.project})
    assert missing.status_code == 400
    assert missing.json()["fields"] == "contract_id"


def test_no_payment_on_a_closed_tab_a_void_or_an_unknown_commitment(procore: Company) -> None:
    assert procore.post(contract_id=procore.no_payments).status_code == 422
    assert procore.post(contract_id=procore.void).status_code == 422
    assert procore.post(contract_id=12345).status_code == 404
    assert procore.post(contract_id=procore.order).status_code == 201
    tab = f"/rest/v1.0/commitments/{procore.no_payments}"
    assert procore.listed(tab, project_id=procore.project)["allow_payments"] is False


def test_an_origin_id_has_one_holder_in_the_company(procore: Company) -> None:
    first = procore.post(origin_id=ORIGIN).json()["id"]
    again = procore.post(origin_id=ORIGIN)
    assert again.status_code == 422
    assert again.json() == {"errors": {"origin_id": ["has already been taken"]}}
    assert procore.post(origin_id=ORIGIN, contract_id=procore.order).status_code == 422
    assert procore.patch(procore.typed, origin_id=ORIGIN).status_code == 422
    assert len(procore.store.payments()) == 2
    assert procore.patch(first, origin_id=None).status_code == 200
    assert procore.patch(procore.typed, origin_id=ORIGIN).status_code == 200


def test_origin_ids_of_other_object_types_do_not_clash(procore: Company) -> None:
    assert procore.post(origin_id="bill-9").status_code == 201


def test_concurrent_posts_of_one_origin_id_make_one_row(procore: Company) -> None:
    statuses: list[int] = []

    def post() -> None:
        statuses.append(procore.post(origin_id=ORIGIN).status_code)

    threads = [Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [422] * 7


def test_a_synced_row_is_locked(procore: Company) -> None:
    made = procore.post(origin_id=ORIGIN, payment_method="check", notes="a").json()["id"]
    for name, value in (
        ("amount", "1250.51"),
        ("date", "2026-04-01"),
        ("payment_method", "electronic"),
        ("notes", None),
        ("payment_number", 4),
        ("requisition_id", procore.invoice),
    ):
        refused = procore.patch(made, **{name: value})
        assert refused.status_code == 422, name
        assert list(refused.json()["errors"]) == [name]
    same = procore.patch(made, amount="1250.5", payment_method="check", notes="a")
    assert same.status_code == 200
    assert procore.patch(made, origin_data="new", prostore_file_ids=[5]).status_code == 200
    assert procore.delete(made).status_code == 422
    assert procore.patch(made, origin_id=None, amount="1").status_code == 422
    assert procore.patch(made, origin_id=None).status_code == 200
    assert procore.patch(made, amount="1").status_code == 200
    assert procore.delete(made).status_code == 200
    assert procore.http.get(f"{PAYMENTS}/{made}", params=procore.scope()).status_code == 404


def test_a_row_is_found_only_in_its_own_scope(procore: Company) -> None:
    path = f"{PAYMENTS}/{procore.typed}"
    other = {"project_id": procore.project, "contract_id": procore.order}
    assert procore.http.get(path, params=other).status_code == 404
    wrong_project = procore.scope(project_id=procore.other_project)
    assert procore.http.get(path, params=wrong_project).status_code == 404
    assert procore.http.delete(path, params=other).status_code == 404


def test_the_commitment_follows_its_payments(procore: Company) -> None:
    made = procore.post(amount="899.50").json()["id"]
    path = f"/rest/v1.0/work_order_contracts/{procore.commitment}"
    shown = procore.listed(path, project_id=procore.project)
    assert Decimal(shown["total_payments"]) == Decimal("999.50")
    assert Decimal(shown["remaining_balance_outstanding"]) == Decimal("99000.50")
    assert Decimal(shown["percentage_paid"]) == Decimal("1.00")
    assert [row["id"] for row in shown["payments_issued"]] == [procore.typed, made]
    procore.patch(made, amount="-100")
    procore.store.remove_payment(procore.typed)
    v2 = f"/rest/v2.0/companies/{COMPANY_ID}/projects/{procore.project}/commitment_contracts"
    summary = procore.http.get(f"{v2}/{procore.commitment}/summary").json()["data"]
    assert Decimal(summary["total_payments_amount"]) == Decimal(-100)


def test_external_data_mirrors_origin_and_unlinks(procore: Company) -> None:
    item = {"item_type": "contract_payment", "item_id": procore.typed}
    updates = [
        item | {"origin_id": ORIGIN, "origin_code": "5"},
        {"item_type": "contract_payment", "item_id": 1, "origin_id": "other"},
        {"item_type": "contract_payment", "item_id": procore.typed, "origin_id": ""},
    ]
    answer = procore.http.patch(f"{EXTERNAL}/sync", json={"updates": updates})
    assert answer.status_code == 200
    assert [e["item_id"] for e in answer.json()["entities"]] == [procore.typed]
    assert [list(e["errors"]) for e in answer.json()["errors"]] == [["item_id"], ["origin_id"]]
    (row,) = procore.listed()
    assert (row["origin_id"], row["origin_code"]) == (ORIGIN, "5")
    assert procore.patch(procore.typed, notes="x").status_code == 422
    listed = procore.listed(EXTERNAL, item_type="contract_payment")
    assert [r["origin_id"] for r in listed] == [ORIGIN]
    nulls = item | {"origin_id": None, "origin_code": None, "origin_data": None}
    assert procore.http.patch(f"{EXTERNAL}/sync", json={"updates": [nulls]}).status_code == 200
    assert procore.listed(EXTERNAL, item_type="contract_payment") == []
    assert procore.patch(procore.typed, notes="x").status_code == 200


def test_the_partner_route_is_closed(procore: Company) -> None:
    path = f"/rest/v1.0/companies/{COMPANY_ID}/invoice_payments/sync"
    assert procore.http.patch(path, json={"updates": []}).status_code == 403


def test_rows_of_others_carry_their_marks(procore: Company) -> None:
    procore.store.type_payment(
        commitment_id=procore.commitment,
        amount=Decimal(5),
        date=date(2026, 3, 2),
        external_payment_id="0b54c9f2-6d0e-4b6b-9b0b-0d6a5f3c1d11",
    )
    procore.store.type_payment(
        commitment_id=procore.commitment,
        amount=Decimal(6),
        date=date(2026, 3, 2),
        origin_id="other-tool:6",
    )
    typed, pay, foreign = procore.listed()
    assert (typed["origin_id"], typed["external_payment_id"], typed["status"]) == (None,) * 3
    assert (pay["status"], bool(pay["external_payment_id"])) == ("paid", True)
    assert foreign["origin_id"] == "other-tool:6"


def test_a_planted_duplicate_is_listed_twice_and_goes_with_its_row(procore: Company) -> None:
    first = procore.post(origin_id=ORIGIN).json()["id"]
    twin: dict[str, Any] = {"amount": Decimal(1), "date": date(2026, 3, 2)}
    twin["commitment_id"] = procore.commitment
    with pytest.raises(DuplicateOrigin):
        procore.store.type_payment(**twin, origin_id=ORIGIN)
    procore.store.type_payment(**twin, origin_id=ORIGIN, duplicate_origin=True)
    assert [r["origin_id"] for r in procore.listed()] == [None, ORIGIN, ORIGIN]
    procore.store.remove_payment(first)
    assert procore.post(origin_id=ORIGIN).status_code == 422
