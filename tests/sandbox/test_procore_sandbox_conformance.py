"""Every answer of the Procore sandbox against the published schema of its path and status."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from procore_helpers import COMPANY_ID, Company, Published, subset

HOOK = {"namespace": "paid-sync", "destination_url": "https://hooks.example/procore"}


@pytest.fixture(scope="module")
def published() -> Published:
    return Published(subset())


def reads(procore: Company) -> list[tuple[str, dict[str, Any]]]:
    """Every GET route with parameters that hit a record."""
    store = procore.store
    c, p = {"company_id": COMPANY_ID}, {"project_id": procore.project}
    firm = f"/rest/v1.0/companies/{COMPANY_ID}"
    v2 = f"/rest/v2.0/companies/{COMPANY_ID}"
    contracts = f"{v2}/projects/{procore.project}/commitment_contracts"
    hook = procore.http.post("/rest/v1.0/webhooks/hooks", json=c | {"hook": HOOK}).json()["id"]
    trigger = {"resource_name": "ERP Requests", "event_type": "create"}
    made = procore.http.post(f"{v2}/webhooks/hooks/{hook}/triggers", json=trigger)
    assert made.status_code == 201
    request = next(iter(store.erp.requests))
    template = next(iter(store.templates.values()))
    return [
        ("/rest/v1.0/me", c),
        ("/rest/v1.0/companies", {}),
        (f"{firm}/me", {}),
        ("/rest/v1.0/settings/permissions", c),
        ("/rest/v1.0/settings/permissions", p),
        (f"/rest/v1.0/projects/{procore.project}/tools", {}),
        (f"{firm}/permission_templates", {}),
        (f"{firm}/permission_templates/{template}", {}),
        (f"{firm}/users", {}),
        (f"/rest/v1.3/companies/{COMPANY_ID}/users", {"view": "extended"}),
        (f"{firm}/users/{store.service_account_id}", {}),
        ("/rest/v1.0/projects", c),
        ("/rest/v1.1/projects", c),
        ("/rest/v1.1/projects", c | {"view": "compact"}),
        (f"/rest/v1.0/projects/{procore.project}", c),
        (f"{firm}/projects", {}),
        ("/rest/v1.0/vendors", c),
        ("/rest/v1.0/vendors", c | {"view": "compact"}),
        (f"/rest/v1.0/vendors/{procore.vendor}", c),
        ("/rest/v1.0/commitments", p),
        (f"/rest/v1.0/commitments/{procore.commitment}", p),
        (f"/rest/v1.0/commitments/{procore.order}", p),
        ("/rest/v1.0/work_order_contracts", p),
        (f"/rest/v1.0/work_order_contracts/{procore.commitment}", p),
        ("/rest/v1.0/purchase_order_contracts", p),
        (f"/rest/v1.0/purchase_order_contracts/{procore.order}", p),
        (contracts, {}),
        (f"{contracts}/{procore.commitment}", {}),
        (f"{contracts}/{procore.commitment}/summary", {}),
        ("/rest/v1.0/contract_payments", procore.scope()),
        (f"/rest/v1.0/contract_payments/{procore.typed}", procore.scope()),
        ("/rest/v1.0/requisitions", p),
        (f"/rest/v1.0/requisitions/{procore.invoice}", p),
        ("/rest/v1.1/requisitions", p),
        ("/rest/v1.1/requisitions", p | {"view": "items"}),
        ("/rest/v1.1/requisitions", p | {"view": "header_only"}),
        (f"/rest/v1.1/requisitions/{procore.invoice}", p),
        (f"/rest/v1.0/requisitions/{procore.invoice}/detail", p),
        (f"/rest/v1.0/projects/{procore.project}/billing_periods", {}),
        (f"{firm}/external_data", {"item_type": "requisition"}),
        (f"{firm}/erp_requests/{request}", {}),
        (f"{firm}/erp_request_details", {}),
        ("/rest/v1.0/webhooks/hooks", c),
        (f"/rest/v1.0/webhooks/hooks/{hook}/triggers", c),
        (f"/rest/v1.0/webhooks/hooks/{hook}/deliveries", c),
        ("/rest/v1.0/webhooks/resources", c),
        (f"{v2}/webhooks/hooks", {}),
        (f"{v2}/webhooks/hooks/{hook}", {}),
        (f"{v2}/webhooks/hooks/{hook}/triggers", {}),
        (f"{v2}/webhooks/hooks/{hook}/deliveries", {}),
        (f"{v2}/webhooks/resources", {"payload_version": "v2.0"}),
        ("/oauth/token/info", {}),
    ]


def test_the_check_itself_refuses_a_wrong_answer(published: Published) -> None:
    request = httpx.Request("GET", "http://x/rest/v1.0/me")
    rates = {f"X-Rate-Limit-{name}": "1" for name in ("Limit", "Remaining", "Reset")}
    answer = httpx.Response(200, json={"id": "7"}, headers=rates, request=request)
    with pytest.raises(AssertionError, match=r"\$\.id"):
        published.check(answer)


def test_every_published_read_is_answered_as_published(
    procore: Company, published: Published
) -> None:
    seen = set()
    for path, query in reads(procore):
        response = procore.http.get(path, params=query)
        assert response.status_code == 200, f"{path}: {response.text}"
        seen.add(published.check(response)[1])
        assert response.headers["x-request-id"]
        body = response.json()
        rows = body["data"] if isinstance(body, dict) and "data" in body else body
        if isinstance(rows, list) and "deliveries" not in path:
            assert rows, f"{path} shows nothing to check"
    every = {path for path, methods in published.paths.items() if "get" in methods}
    assert every - seen == {"/oauth/authorize"}


def test_refused_reads_are_answered_as_published(procore: Company, published: Published) -> None:
    bare = httpx.Client(base_url=procore.http.base_url, timeout=5)
    with bare:
        for path, query in reads(procore):
            if path.startswith("/oauth"):
                continue
            response = bare.get(path, params=query)
            assert response.status_code == 401, path
            published.check(response)
            response = procore.http.get(path, params=query | {"colour": "blue"})
            assert response.status_code == 400, path
            assert "colour" in response.text
            if "400" in published.paths[published.template("get", path)]["get"]["responses"]:
                published.check(response)


def test_contract_payment_writes_are_answered_as_published(
    procore: Company, published: Published
) -> None:
    def check(response: httpx.Response, status: int) -> httpx.Response:
        assert response.status_code == status, response.text
        published.check(response)
        return response

    made = check(procore.post(origin_id="qbo:1:5:9:1", requisition_id=procore.invoice), 201).json()
    check(procore.post(origin_id="qbo:1:5:9:1"), 422)
    check(procore.post(amount="12,50"), 422)
    check(procore.post(contract_id=procore.no_payments), 422)
    check(procore.http.post("/rest/v1.0/contract_payments", json={"project_id": 1}), 400)
    check(procore.post(colour="blue"), 406)
    check(procore.post(contract_id=1), 404)
    check(procore.patch(made["id"], amount="1250.5"), 200)
    check(procore.patch(made["id"], amount="1"), 422)
    check(procore.patch(procore.typed, notes="seen"), 200)
    check(procore.delete(made["id"]), 422)
    check(procore.delete(procore.typed), 200)
    procore.store.set_tool("commitments", enabled=True, level="Read Only")
    check(procore.post(), 403)
    check(procore.patch(made["id"], notes="x"), 403)
    check(procore.delete(made["id"]), 403)
    procore.store.tokens.revoke_all()
    check(procore.post(), 401)


def test_other_writes_are_answered_as_published(procore: Company, published: Published) -> None:
    firm = f"/rest/v1.0/companies/{COMPANY_ID}"
    v2 = f"/rest/v2.0/companies/{COMPANY_ID}"
    project = {"project_id": procore.project}
    detail = next(iter(procore.store.erp.details))
    contract = f"/rest/v1.0/work_order_contracts/{procore.commitment}"
    order = f"/rest/v1.0/purchase_order_contracts/{procore.order}"
    contract_v2 = f"{v2}/projects/{procore.project}/commitment_contracts/{procore.commitment}"
    due = f"{v2}/projects/{procore.project}/requisitions/{procore.invoice}/payment_details"
    invoice = project | {"commitment_id": procore.order}
    linked = {"item_type": "contract_payment", "item_id": procore.typed, "origin_id": "x:1"}
    items = {"item_type": "contract_payment", "item_ids": [procore.typed]}
    hook_v2 = HOOK | {"payload_version": "v4.0"}
    calls: list[tuple[str, str, Any, int]] = [
        ("PATCH", contract, project | {"work_order_contract": {"title": "New"}}, 200),
        ("PATCH", order, project | {"purchase_order_contract": {"title": "New"}}, 200),
        ("PATCH", "/rest/v1.0/work_order_contracts/sync", project | {"updates": [{}]}, 200),
        ("PATCH", "/rest/v1.0/purchase_order_contracts/sync", project | {"updates": []}, 200),
        ("PATCH", contract_v2, {"allow_payments": False}, 200),
        ("POST", "/rest/v1.0/requisitions", invoice | {"requisition": {"comment": "x"}}, 201),
        ("POST", "/rest/v1.1/requisitions", invoice | {"requisition": {"final": True}}, 201),
        ("PATCH", due, {"due_date": "2026-05-01"}, 200),
        ("PATCH", f"{firm}/external_data/sync", {"updates": [linked]}, 200),
        ("DELETE", f"{firm}/external_data/bulk_destroy", items, 200),
        (
            "PATCH",
            f"{firm}/erp_request_details/{detail}",
            {"request_detail": {"status": "success", "messages": ["2 payments"]}},
            200,
        ),
        (
            "PATCH",
            f"{firm}/erp_request_details/sync",
            [{"id": detail, "status": "failed"}, {"id": 1, "status": "failed"}],
            200,
        ),
        ("POST", f"{firm}/erp_connections", {"connection": {"service_url": "https://x"}}, 200),
        ("PATCH", f"{firm}/invoice_payments/sync", {"updates": []}, 403),
        ("POST", "/rest/v1.0/webhooks/hooks", {"hook": HOOK, "company_id": COMPANY_ID}, 201),
        ("POST", f"{v2}/webhooks/hooks", hook_v2, 201),
    ]
    for method, path, body, status in calls:
        response = procore.http.request(method, path, json=body)
        assert response.status_code == status, f"{method} {path}: {response.text}"
        published.check(response)
