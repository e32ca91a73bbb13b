"""Tokens, consent, connections and scopes of Xero."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import httpx
import pytest
from xero_helpers import Player, playing

MINUTES = 60
DAY = 86400


@pytest.fixture
def xero() -> Iterator[Player]:
    with playing() as player:
        yield player


def error(reply: httpx.Response) -> str:
    assert reply.status_code == 400, reply.text
    return reply.json()["error"]


def status(player: Player, path: str = "Payments") -> int:
    return player.call("GET", path).status_code


def test_every_refresh_rotates_and_the_token_before_may_be_retried(xero: Player) -> None:
    before = xero.refresh_token
    fresh = xero.refreshed(before).json()
    assert fresh["refresh_token"] != before
    assert (fresh["expires_in"], fresh["token_type"]) == (1800, "Bearer")
    xero.do("/clock", advance_seconds=29 * MINUTES)
    assert xero.refreshed(before).json()["refresh_token"] == fresh["refresh_token"]
    xero.do("/clock", advance_seconds=2 * MINUTES)
    assert error(xero.refreshed(before)) == "invalid_grant"
    assert xero.refreshed(fresh["refresh_token"]).status_code == 200


def test_only_the_last_token_but_one_has_a_grace(xero: Player) -> None:
    first = xero.refresh_token
    second = xero.refreshed(first).json()["refresh_token"]
    xero.refreshed(second)
    assert error(xero.refreshed(first)) == "invalid_grant"
    assert xero.refreshed(second).status_code == 200


def test_a_refresh_token_ends_after_sixty_days_without_use(xero: Player) -> None:
    xero.do("/clock", advance_seconds=60 * DAY - MINUTES)
    xero.refresh()
    xero.do("/clock", advance_seconds=60 * DAY + MINUTES)
    assert error(xero.refreshed(xero.refresh_token)) == "invalid_grant"


def test_a_client_may_say_its_secret_in_the_body(xero: Player) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": xero.refresh_token}
    form |= {name: xero.xero[f"app_{name}"] for name in ("client_id", "client_secret")}
    assert xero.http.post(xero.xero["token_url"], data=form).status_code == 200
    wrong = form | {"client_secret": "guess"}
    assert error(xero.http.post(xero.xero["token_url"], data=wrong)) == "invalid_client"
    assert error(xero.http.post(xero.xero["token_url"], json=form)) == "invalid_request"


def test_each_client_has_its_own_grants(xero: Player) -> None:
    assert error(xero.token(grant_type="client_credentials")) == "unauthorized_client"
    refresh = {"grant_type": "refresh_token", "refresh_token": xero.refresh_token}
    assert error(xero.token(custom=True, **refresh)) == "unauthorized_client"
    assert error(xero.token(grant_type="password")) == "unsupported_grant_type"


def test_a_custom_connection_has_no_refresh_token_and_need_not_name_its_tenant(
    xero: Player,
) -> None:
    asked = {"grant_type": "client_credentials", "scope": "accounting.payments.read"}
    reply = xero.token(custom=True, **asked)
    assert set(reply.json()) == {"access_token", "expires_in", "token_type", "scope"}
    xero.access = reply.json()["access_token"]
    assert xero.call("GET", "Payments", headers={"xero-tenant-id": None}).status_code == 200
    assert xero.call("GET", "Payments").status_code == 200
    assert status(xero, "Invoices") == 403
    more = asked | {"scope": "accounting.payments.read accounting.payments"}
    assert error(xero.token(custom=True, **more)) == "invalid_scope"


def test_consent_with_a_proof_key(xero: Player) -> None:
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
    back = xero.consent(**proof)
    assert back["state"] == "s1"
    assert error(xero.exchange(back["code"], code_verifier="w" * 43)) == "invalid_grant"
    assert error(xero.exchange(back["code"], code_verifier=verifier)) == "invalid_grant"
    fresh = xero.exchange(xero.consent(**proof)["code"], code_verifier=verifier)
    xero.take(fresh)
    assert status(xero) == 200
    assert xero.refreshed(xero.refresh_token).status_code == 200


def test_consent_is_refused_for_what_does_not_fit(xero: Player) -> None:
    assert xero.consent(scope="accounting.everything")["error"] == "invalid_scope"
    assert xero.consent(response_type="token")["error"] == "unsupported_response_type"
    assert xero.consent(code_challenge="x")["error"] == "invalid_request"
    asked = {"client_id": xero.xero["app_client_id"], "redirect_uri": "http://localhost:8765/other"}
    reply = xero.http.get(xero.xero["authorize_url"], params=asked)
    assert (reply.status_code, "redirect_uri" in reply.text) == (400, True)
    code = xero.consent()["code"]
    other = "http://localhost:8765/other"
    assert error(xero.exchange(code, redirect_uri=other)) == "invalid_grant"
    late = xero.consent()["code"]
    xero.do("/clock", advance_seconds=6 * MINUTES)
    assert error(xero.exchange(late)) == "invalid_grant"


def test_without_offline_access_there_is_no_refresh_token(xero: Player) -> None:
    code = xero.consent(scope="accounting.payments.read")["code"]
    assert "refresh_token" not in xero.exchange(code).json()


def test_a_new_consent_ends_the_tokens_of_the_one_before(xero: Player) -> None:
    before = xero.refresh_token
    xero.may("offline_access accounting.payments.read")
    assert error(xero.refreshed(before)) == "invalid_grant"


def test_an_access_token_lives_thirty_minutes(xero: Player) -> None:
    xero.do("/clock", advance_seconds=31 * MINUTES)
    reply = xero.call("GET", "Payments")
    body = reply.json()
    assert reply.status_code == 401
    assert (body["Title"], body["Status"]) == ("Unauthorized", 401)
    assert body["Detail"].startswith("TokenExpired: token expired at ")
    assert set(body) == {"Type", "Title", "Status", "Detail", "Instance", "Extensions"}
    xero.refresh()
    assert status(xero) == 200


def test_tokens_can_be_ended_from_outside(xero: Player) -> None:
    xero.do("/erp/tokens", expire_access=True)
    assert xero.call("GET", "Payments").json()["Detail"].startswith("TokenExpired")
    xero.access = "made-up"
    assert xero.call("GET", "Payments").json()["Detail"] == "AuthenticationUnsuccessful"
    xero.refresh()
    xero.do("/erp/tokens", revoked=True)
    assert status(xero) == 401
    assert error(xero.refreshed(xero.refresh_token)) == "invalid_grant"
    assert error(xero.token(custom=True, grant_type="client_credentials")) == "unauthorized_client"


def test_revoking_ends_the_connection_until_a_new_consent(xero: Player) -> None:
    auth = (xero.xero["app_client_id"], xero.xero["app_client_secret"])
    url = xero.xero["revocation_url"]
    (before,) = xero.connections()
    assert xero.http.post(url, data={"token": "unknown"}, auth=auth).status_code == 200
    assert status(xero) == 200
    assert error(xero.http.post(url, data={"token": xero.refresh_token})) == "invalid_client"
    done = xero.http.post(url, data={"token": xero.refresh_token}, auth=auth)
    assert (done.status_code, done.text) == (200, "")
    assert error(xero.refreshed(xero.refresh_token)) == "invalid_grant"
    xero.may("offline_access accounting.payments.read")
    assert status(xero) == 200
    (after,) = xero.connections()
    assert after["id"] != before["id"]


def test_a_deleted_connection_leaves_nothing_to_read(xero: Player) -> None:
    (one,) = xero.connections()
    assert one["tenantId"] == xero.xero["tenant_id"]
    assert one["tenantType"] == "ORGANISATION"
    assert one["tenantName"] == "Bluebird Construction"
    headers = {"Authorization": f"Bearer {xero.access}"}
    url = xero.xero["connections_url"]
    gone = xero.http.delete(f"{url}/{one['id']}", headers=headers)
    assert (gone.status_code, gone.content) == (204, b"")
    assert xero.connections() == []
    reply = xero.call("GET", "Payments")
    assert (reply.status_code, reply.json()["Title"]) == (403, "Forbidden")
    assert reply.json()["Detail"] == "AuthenticationUnsuccessful"
    assert xero.http.delete(f"{url}/{one['id']}", headers=headers).status_code == 404
    assert xero.http.get(url).status_code == 401


@pytest.mark.parametrize("tenant", [None, "11111111-2222-4333-8444-555555555555", "x"])
def test_a_web_app_must_name_the_tenant(xero: Player, tenant: str | None) -> None:
    reply = xero.call("GET", "Payments", headers={"xero-tenant-id": tenant})
    assert (reply.status_code, reply.json()["Status"]) == (403, 403)


@pytest.mark.parametrize(
    ("scope", "open_to"),
    [
        ("accounting.payments.read", {"Payments", "BatchPayments", "Prepayments", "Overpayments"}),
        ("accounting.payments", {"Payments", "BatchPayments", "Prepayments", "Overpayments"}),
        ("accounting.invoices.read", {"Invoices", "CreditNotes"}),
        ("accounting.contacts.read", {"Contacts"}),
        ("accounting.settings.read", {"Accounts", "Organisation"}),
        (
            "accounting.transactions.read",
            {"Payments", "BatchPayments", "Prepayments", "Overpayments", "Invoices", "CreditNotes"},
        ),
    ],
)
def test_each_scope_opens_its_own_lists(xero: Player, scope: str, open_to: set[str]) -> None:
    xero.may(f"offline_access {scope}")
    lists = {"Payments", "BatchPayments", "Prepayments", "Overpayments", "Invoices"}
    lists |= {"CreditNotes", "Contacts", "Accounts", "Organisation"}
    statuses = {name: status(xero, name) for name in lists}
    assert {name for name, code in statuses.items() if code == 200} == open_to
    assert set(statuses.values()) == {200, 403}


def test_a_reading_scope_does_not_write(xero: Player) -> None:
    body = {"Status": "DELETED"}
    (payment,) = xero.paid(xero.billed("10.00"))
    assert xero.call("POST", f"Payments/{payment}", json=body).status_code == 403
    xero.may("offline_access accounting.transactions")
    assert xero.call("POST", f"Payments/{payment}", json=body).status_code == 200
