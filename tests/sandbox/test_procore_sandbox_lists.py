"""Reading: strict parameters, pages, filters, and invoices that are locked once synced."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from procore_helpers import COMPANY_ID, PAYMENTS, Company

INVOICES = "/rest/v1.1/requisitions"


def pages(http: httpx.Client, path: str, query: dict[str, Any]) -> list[httpx.Response]:
    """Every page, following the next link as it is."""
    got = [http.get(path, params=query)]
    while "next" in got[-1].links:
        got.append(http.get(got[-1].links["next"]["url"]))
    return got


def rels(response: httpx.Response) -> set[str | None]:
    return set(response.links)


def test_pages_carry_total_per_page_and_link(procore: Company) -> None:
    for n in range(6):
        assert procore.post(check_number=str(n)).status_code == 201
    got = pages(procore.http, PAYMENTS, procore.scope(per_page=3))
    assert [len(page.json()) for page in got] == [3, 3, 1]
    assert {page.headers["total"] for page in got} == {"7"}
    assert {page.headers["per-page"] for page in got} == {"3"}
    assert [rels(page) for page in got] == [
        {"next", "last"},
        {"first", "prev", "next", "last"},
        {"first", "prev"},
    ]
    ids = [row["id"] for page in got for row in page.json()]
    assert ids == sorted(set(ids))
    beyond = procore.http.get(PAYMENTS, params=procore.scope(page=9, per_page=3))
    assert (beyond.json(), beyond.headers["total"], "next" in beyond.links) == ([], "7", False)


def test_a_page_size_over_the_cap_is_lowered_and_said(procore: Company) -> None:
    response = procore.http.get(PAYMENTS, params=procore.scope(per_page=1000))
    assert response.headers["per-page"] == "100"
    projects = {"company_id": COMPANY_ID, "per_page": 1000}
    response = procore.http.get("/rest/v1.1/projects", params=projects)
    assert response.headers["per-page"] == "300"
    response = procore.http.get(INVOICES, params={"project_id": procore.project})
    assert response.headers["per-page"] == "30"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page", "0"),
        ("per_page", "-1"),
        ("per_page", "many"),
        ("filters[updated_at]", "2026-03-31T00:00:00Z"),
        ("filters[updated_at]", "yesterday...today"),
        ("filters[id][]", "x"),
        ("filters[status]", "paid"),
        ("filters[is_last]", "perhaps"),
        ("filters[erp_status]", "synced"),
        ("view", "full"),
        ("origin_id", "bill-9"),
    ],
)
def test_parameters_that_are_refused_and_named(procore: Company, name: str, value: str) -> None:
    query = {"project_id": str(procore.project), name: value}
    response = procore.http.get(INVOICES, params=query)
    assert response.status_code == 400
    assert response.json()["fields"].removesuffix("[]") == name.removesuffix("[]")


def test_payments_cannot_be_filtered(procore: Company) -> None:
    query = procore.scope(**{"filters[origin_id]": "x"})
    assert procore.http.get(PAYMENTS, params=query).status_code == 400


def invoice(procore: Company, **more: Any) -> int:
    values: dict[str, Any] = {
        "commitment_id": procore.commitment,
        "invoice_number": "INV-10",
        "due": Decimal(4500),
        "retainage": Decimal(500),
        "billing_date": date(2026, 4, 20),
    }
    return procore.store.add_requisition(**(values | more))


def test_invoice_filters(procore: Company) -> None:
    procore.clock.move(minutes=40)
    later = invoice(procore)
    elsewhere = invoice(procore, commitment_id=procore.order, status="draft")

    def ids(**filters: Any) -> list[int]:
        query = {f"filters[{name}]": value for name, value in filters.items()}
        return [r["id"] for r in procore.listed(INVOICES, project_id=procore.project, **query)]

    assert ids() == [procore.invoice, later, elsewhere]
    assert ids(commitment_id=procore.commitment) == [procore.invoice, later]
    assert ids(status="draft") == [elsewhere]
    assert ids(origin_id="bill-9") == [procore.invoice]
    assert ids(is_last="true") == [later, elsewhere]
    assert ids(updated_at="2026-03-31T09:30:00Z...2026-03-31T10:00:00Z") == [later, elsewhere]
    assert ids(updated_at="2026-03-01...2026-03-31") == [procore.invoice, later, elsewhere]
    assert ids(commitment_id=procore.commitment, is_last="false") == [procore.invoice]
    both = f"filters[id][]={later}&filters[id][]={procore.invoice}"
    found = procore.http.get(f"{INVOICES}?project_id={procore.project}&{both}").json()
    assert [r["id"] for r in found] == [procore.invoice, later]
    procore.clock.move(minutes=40)
    procore.store.link_requisition(later, "bill-10")
    assert ids(updated_at="2026-03-31T10:10:00Z...2026-03-31T14:00:00Z") == [later]


def test_the_summary_of_an_invoice_ties(procore: Company) -> None:
    later = invoice(procore, tax=Decimal(400))
    shown = procore.listed(f"{INVOICES}/{later}", project_id=procore.project)
    summary = {name: shown["summary"][name] for name in shown["summary"]}
    due = (
        Decimal(summary["total_earned_less_retainage"])
        - Decimal(summary["less_previous_certificates_for_payment"])
        + Decimal(summary["tax_applicable_to_this_payment"])
    )
    assert due == Decimal(summary["current_payment_due"]) == Decimal(4500)
    assert Decimal(summary["total_retainage"]) == Decimal(1500)
    assert (shown["number"], shown["previous_requisition_id"]) == (2, procore.invoice)


def patch_invoice(procore: Company, invoice_id: int, **values: Any) -> int:
    body = {
        "project_id": procore.project,
        "commitment_id": procore.commitment,
        "requisition": values,
    }
    return procore.http.patch(f"{INVOICES}/{invoice_id}", json=body).status_code


def test_a_synced_invoice_is_locked_as_a_whole(procore: Company) -> None:
    shown = procore.listed(f"{INVOICES}/{procore.invoice}", project_id=procore.project)
    assert (shown["origin_id"], shown["erp_status"]) == ("bill-9", "synced")
    assert patch_invoice(procore, procore.invoice, invoice_number="INV-9") == 200
    assert patch_invoice(procore, procore.invoice, invoice_number="X") == 422
    assert patch_invoice(procore, procore.invoice, payment_date="2026-03-31") == 422
    assert patch_invoice(procore, procore.invoice, upload_ids=["u1"]) == 200
    assert patch_invoice(procore, procore.invoice, amount="1") == 406
    procore.store.unlink_requisition(procore.invoice)
    assert patch_invoice(procore, procore.invoice, invoice_number="X") == 200
    query = {"project_id": procore.project}
    path = f"/rest/v1.0/requisitions/{procore.invoice}"
    assert procore.http.delete(path, params=query).status_code == 200
    assert procore.http.get(path, params=query).status_code == 404


def test_project_filters(procore: Company) -> None:
    def ids(version: str, **query: Any) -> list[int]:
        path = f"/rest/{version}/projects"
        return [p["id"] for p in procore.listed(path, company_id=COMPANY_ID, **query)]

    assert ids("v1.0") == [procore.project]
    assert ids("v1.0", **{"filters[by_status]": "All"}) == [procore.project, procore.other_project]
    assert ids("v1.1", **{"filters[by_status]": "Inactive"}) == [procore.other_project]
    assert ids("v1.1", **{"filters[synced]": "true"}) == [procore.project]
    assert ids("v1.1", view="ids") == [procore.project, procore.other_project]


def test_commitments_come_by_kind_and_deleted_ones_on_request(procore: Company) -> None:
    path = "/rest/v1.0/work_order_contracts"

    def ids(**query: Any) -> list[int]:
        return [c["id"] for c in procore.listed(path, project_id=procore.project, **query)]

    assert procore.order not in ids()
    assert ids(**{"filters[origin_id]": "sc-1"}) == [procore.commitment]
    assert ids(**{"filters[status]": "Void"}) == [procore.void]
    procore.store.set_commitment(procore.void, deleted_at=procore.clock.now)
    assert procore.void not in ids()
    assert ids(**{"filters[include_deleted]": "only"}) == [procore.void]
    shown = procore.http.get(f"{path}/{procore.order}", params={"project_id": procore.project})
    assert shown.status_code == 404


def test_v2_has_an_envelope_and_words_for_ids(procore: Company) -> None:
    path = f"/rest/v2.0/companies/{COMPANY_ID}/projects/{procore.project}/commitment_contracts"
    rows = procore.http.get(path).json()["data"]
    assert rows[0]["id"] == str(procore.commitment)
    assert "origin_id" not in rows[0]
    refused = procore.http.get(path, params={"filters[origin_id]": "sc-1"})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "BAD_REQUEST"
    switched = procore.http.patch(f"{path}/{procore.commitment}", json={"allow_payments": False})
    assert switched.json()["data"]["allow_payments"] is False
    assert procore.post().status_code == 422


def test_a_sync_answers_200_with_what_worked_and_what_did_not(procore: Company) -> None:
    updates = [
        {"origin_id": "sc-1", "title": "Found by origin"},
        {"id": procore.void, "origin_id": "sc-3"},
        {"id": 5, "title": "Nobody"},
        {"id": procore.no_payments, "origin_id": "sc-1"},
        {"vendor_id": procore.vendor, "number": "SC-9", "title": "New", "origin_id": "sc-9"},
        {"id": procore.commitment, "colour": "blue"},
    ]
    body = {"project_id": procore.project, "updates": updates}
    answer = procore.http.patch("/rest/v1.0/work_order_contracts/sync", json=body)
    assert answer.status_code == 200
    entities, errors = answer.json()["entities"], answer.json()["errors"]
    assert [e["origin_id"] for e in entities] == ["sc-1", "sc-3", "sc-9"]
    assert [next(iter(e["errors"])) for e in errors] == ["id", "origin_id", "colour"]
    assert errors[0]["title"] == "Nobody"


def test_an_approved_commitment_keeps_its_vendor(procore: Company) -> None:
    other = procore.store.add_vendor(name="Else")
    body = {"project_id": procore.project, "work_order_contract": {"vendor_id": other}}
    path = f"/rest/v1.0/work_order_contracts/{procore.commitment}"
    assert procore.http.patch(path, json=body).status_code == 422
    procore.store.set_commitment(procore.commitment, status="Draft")
    assert procore.http.patch(path, json=body).status_code == 200
