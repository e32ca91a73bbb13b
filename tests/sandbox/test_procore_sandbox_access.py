"""Who gets in: tokens, the company header, permissions, and the two rate windows."""

from __future__ import annotations

import httpx
import pytest
from procore_helpers import CLIENT, COMPANY_ID, PAYMENTS, Company, token

from sandbox.procore.rates import REFUSAL

ME = "/rest/v1.0/me"
OOB = "urn:ietf:wg:oauth:2.0:oob"


def test_a_service_account_token_lives_90_minutes_and_has_no_refresh_token(
    procore: Company,
) -> None:
    answer = token(procore.http)
    assert answer["expires_in"] == 5400
    assert "refresh_token" not in answer
    procore.clock.move(minutes=89, seconds=59)
    assert procore.http.get(ME).status_code == 200
    procore.clock.move(seconds=1)
    refused = procore.http.get(ME)
    assert refused.status_code == 401
    assert refused.json()["message"] == "The access token expired"
    assert "x-rate-limit-limit" in refused.headers
    assert refused.headers["x-request-id"]


@pytest.mark.parametrize("kind", ["json", "form", "multipart"])
def test_token_bodies_may_be_json_form_or_form_data(procore: Company, kind: str) -> None:
    fields = CLIENT | {"grant_type": "client_credentials"}
    if kind == "multipart":
        files = {name: (None, value) for name, value in fields.items()}
        response = procore.http.post("/oauth/token", files=files)
    elif kind == "json":
        response = procore.http.post("/oauth/token", json=fields)
    else:
        response = procore.http.post("/oauth/token", data=fields)
    assert response.status_code == 200, response.text


def test_wrong_client_credentials_are_refused(procore: Company) -> None:
    form = CLIENT | {"grant_type": "client_credentials", "client_secret": "wrong"}
    response = procore.http.post("/oauth/token", data=form)
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_client"


def authorise(procore: Company) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": CLIENT["client_id"],
        "redirect_uri": OOB,
        "state": "s1",
    }
    sent = procore.http.get("/oauth/authorize", params=query)
    assert sent.status_code == 302
    answer = dict(httpx.URL(sent.headers["location"]).params)
    assert answer["state"] == "s1"
    return answer


def test_an_authorization_code_works_once_and_for_ten_minutes(procore: Company) -> None:
    code = authorise(procore)["code"]
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": OOB}
    assert token(procore.http, **grant)["refresh_token"]
    assert procore.http.post("/oauth/token", data=CLIENT | grant).status_code == 401
    late = grant | {"code": authorise(procore)["code"]}
    procore.clock.move(minutes=11)
    assert procore.http.post("/oauth/token", data=CLIENT | late).status_code == 401


def test_a_refresh_token_works_once(procore: Company) -> None:
    code = authorise(procore)["code"]
    first = token(procore.http, grant_type="authorization_code", code=code, redirect_uri=OOB)
    grant = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token(procore.http, **grant)
    assert second["refresh_token"] != first["refresh_token"]
    again = procore.http.post("/oauth/token", data=CLIENT | grant)
    assert again.status_code == 401
    assert again.json()["error_description"] == "The refresh token is invalid"


def test_revoking_kills_both_tokens_and_an_unknown_token_is_no_error(procore: Company) -> None:
    code = authorise(procore)["code"]
    pair = token(procore.http, grant_type="authorization_code", code=code, redirect_uri=OOB)
    for value in (pair["access_token"], "unknown"):
        sent = procore.http.post("/oauth/revoke", data=CLIENT | {"token": value})
        assert sent.status_code == 200
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    assert procore.http.get(ME, headers=bearer).status_code == 401
    grant = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    assert procore.http.post("/oauth/token", data=CLIENT | grant).status_code == 401


def test_the_company_header_is_required_of_a_service_account_even_on_me(procore: Company) -> None:
    del procore.http.headers["Procore-Company-Id"]
    for path in (ME, "/rest/v1.0/companies", "/rest/v1.1/projects?company_id=900100"):
        refused = procore.http.get(path)
        assert refused.status_code == 400
        assert refused.json()["message"].startswith("Missing Procore-Company-Id header!")
    code = authorise(procore)["code"]
    person = token(procore.http, grant_type="authorization_code", code=code, redirect_uri=OOB)
    bearer = {"Authorization": f"Bearer {person['access_token']}"}
    assert procore.http.get(ME, headers=bearer).json()["login"] == "ada@hallam.example"


def test_another_company_is_not_connected(procore: Company) -> None:
    foreign = procore.http.get(ME, headers={"Procore-Company-Id": "5"})
    assert foreign.status_code == 403
    assert foreign.json()["message"] == "App is not connected to this company"
    assert procore.http.get("/rest/v1.0/companies/5/me").status_code == 403
    assert procore.http.get("/rest/v1.1/projects?company_id=5").status_code == 403


def test_a_project_that_is_not_permitted_does_not_exist(procore: Company) -> None:
    hidden = procore.hidden_project
    query = {"project_id": hidden, "contract_id": procore.commitment}
    assert procore.http.get(PAYMENTS, params=query).status_code == 404
    assert procore.http.get("/rest/v1.1/requisitions", params=query).status_code == 400
    shown = procore.http.get(f"/rest/v1.0/projects/{hidden}?company_id={COMPANY_ID}")
    assert shown.status_code == 404
    ids = [p["id"] for p in procore.listed("/rest/v1.1/projects", company_id=COMPANY_ID)]
    assert ids == [procore.project, procore.other_project]


def test_the_tool_level_decides_between_reading_and_writing(procore: Company) -> None:
    procore.store.set_tool("commitments", enabled=True, level="read_only")
    assert procore.http.get(PAYMENTS, params=procore.scope()).status_code == 200
    assert procore.post().status_code == 403
    procore.store.set_tool("commitments", enabled=False, level="Admin")
    assert procore.http.get(PAYMENTS, params=procore.scope()).status_code == 403


def test_a_tool_switched_off_is_absent_from_the_permissions(procore: Company) -> None:
    path = "/rest/v1.0/settings/permissions"
    tools = procore.listed(path, company_id=COMPANY_ID)["tools"]
    levels = {tool["name"]: tool["user_access_level"]["name"] for tool in tools}
    assert levels["erp_integrations"] == "Admin"
    procore.store.set_tool("erp_integrations", enabled=False, level="Admin")
    tools = procore.listed(path, company_id=COMPANY_ID)["tools"]
    assert "erp_integrations" not in {tool["name"] for tool in tools}
    data = procore.http.get(
        f"/rest/v1.0/companies/{COMPANY_ID}/external_data", params={"item_type": "project"}
    )
    assert data.status_code == 403
    tools = procore.listed(path, project_id=procore.project)["tools"]
    assert "commitments" in {tool["name"] for tool in tools}


def test_the_approver_flag_is_on_the_list_and_not_on_the_single_user(procore: Company) -> None:
    users = f"/rest/v1.3/companies/{COMPANY_ID}/users"
    (ada,) = procore.listed(users, **{"filters[search]": "ADA@hallam"})
    assert ada["erp_integrated_accountant"] is True
    shown = procore.http.get(f"/rest/v1.0/companies/{COMPANY_ID}/users/{ada['id']}").json()
    assert "erp_integrated_accountant" not in shown


def limits(response: httpx.Response) -> tuple[int, int, int]:
    names = ("limit", "remaining", "reset")
    limit, remaining, reset = (int(response.headers[f"x-rate-limit-{n}"]) for n in names)
    return limit, remaining, reset


def test_the_spike_window_slides(procore: Company) -> None:
    procore.rates.set(spike=3)
    start = int(procore.clock.now.timestamp())
    assert limits(procore.http.get(ME)) == (3, 2, start + 10)
    procore.clock.move(seconds=4)
    procore.http.get(ME)
    assert limits(procore.http.get(ME)) == (3, 0, start + 10)
    refused = procore.http.get(ME)
    assert refused.status_code == 429
    assert refused.text == REFUSAL
    assert limits(refused) == (3, 0, start + 10)
    assert "retry-after" not in refused.headers
    procore.clock.move(seconds=6)
    assert limits(procore.http.get(ME)) == (3, 0, start + 14)
    assert procore.http.get(ME).status_code == 429


def test_the_hourly_window_shows_when_it_is_nearer(procore: Company) -> None:
    procore.rates.set(hourly=2, spike=50)
    start = int(procore.clock.now.timestamp())
    assert limits(procore.http.get(ME)) == (2, 1, start + 3600)
    procore.clock.move(seconds=60)
    assert procore.http.get(ME).status_code == 200
    refused = procore.http.get(ME)
    assert refused.status_code == 429
    assert limits(refused) == (2, 0, start + 3600)
    procore.rates.set(hourly=3)
    assert procore.http.get(ME).status_code == 200


def test_rates_are_counted_per_token(procore: Company) -> None:
    procore.rates.set(spike=1)
    assert procore.http.get(ME).status_code == 200
    assert procore.http.get(ME).status_code == 429
    fresh = {"Authorization": f"Bearer {token(procore.http)['access_token']}"}
    assert procore.http.get(ME, headers=fresh).status_code == 200


def test_an_unknown_path_is_404_and_a_wrong_method_405(procore: Company) -> None:
    for method, path, status in (
        ("GET", "/rest/v1.1/contract_payments", 404),
        ("PUT", PAYMENTS, 405),
        ("GET", "/rest/v2.0/nothing", 404),
    ):
        response = procore.http.request(method, path)
        assert response.status_code == status
        assert response.headers["x-request-id"]
        assert "x-rate-limit-remaining" in response.headers
