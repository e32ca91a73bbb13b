"""Tokens, realms and request limits of QuickBooks Online."""

from __future__ import annotations

from quickbooks_helpers import Player

QUERY = {"query": "SELECT COUNT(*) FROM Bill"}


def test_the_refresh_token_rotates_at_every_refresh(sandbox_empty: Player) -> None:
    used = sandbox_empty.qbo["refresh_token"]
    stale = sandbox_empty.token(used)
    assert (stale.status_code, stale.json()["error"]) == (400, "invalid_grant")
    fresh = sandbox_empty.token(sandbox_empty.refresh_token)
    assert fresh.json()["expires_in"] == 3600
    assert fresh.json()["token_type"] == "bearer"


def test_rotation_may_wait_a_day(sandbox_empty: Player) -> None:
    sandbox_empty.do("/erp/tokens", rotate_seconds=86400)
    token = sandbox_empty.refresh_token
    assert sandbox_empty.token(token).json()["refresh_token"] == token
    sandbox_empty.do("/clock", advance_seconds=86400)
    assert sandbox_empty.token(token).json()["refresh_token"] != token


def test_the_previous_token_has_a_grace_if_set(sandbox_empty: Player) -> None:
    sandbox_empty.do("/erp/tokens", grace_seconds=60)
    token = sandbox_empty.refresh_token
    newest = sandbox_empty.token(token).json()["refresh_token"]
    assert sandbox_empty.token(token).json()["refresh_token"] == newest
    sandbox_empty.do("/clock", advance_seconds=61)
    assert sandbox_empty.token(token).status_code == 400


def test_wrong_credentials_are_told_apart_from_wrong_tokens(sandbox_empty: Player) -> None:
    wrong = sandbox_empty.token(sandbox_empty.refresh_token, secret="guess")
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    assert sandbox_empty.token("AB1-made-up").json()["error"] == "invalid_grant"


def test_a_revoked_connection_answers_nothing(sandbox_empty: Player) -> None:
    sandbox_empty.do("/erp/tokens", revoked=True)
    assert sandbox_empty.token(sandbox_empty.refresh_token).json()["error"] == "invalid_grant"
    assert sandbox_empty.call("GET", "query", params=QUERY).status_code == 401


def test_an_access_token_lives_an_hour(sandbox_empty: Player) -> None:
    assert sandbox_empty.call("GET", "query", params=QUERY).status_code == 200
    sandbox_empty.do("/clock", advance_seconds=3601)
    reply = sandbox_empty.call("GET", "query", params=QUERY)
    assert reply.status_code == 401
    error = reply.json()["fault"]["error"][0]
    assert error["code"] == "3200"
    assert "errorCode=003200" in error["message"]
    assert isinstance(reply.json()["time"], int)
    sandbox_empty.refresh()
    assert sandbox_empty.call("GET", "query", params=QUERY).status_code == 200


def test_another_realm_is_forbidden(sandbox_empty: Player) -> None:
    reply = sandbox_empty.call("GET", "query", params=QUERY, realm="1234567890")
    assert reply.status_code == 403
    assert reply.json()["fault"]["error"][0]["code"] == "3100"


def test_the_request_limits(sandbox_empty: Player) -> None:
    sandbox_empty.do("/erp/rates", per_minute=3)
    codes = [sandbox_empty.call("GET", "query", params=QUERY).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    sandbox_empty.do("/clock", advance_seconds=61)
    reply = sandbox_empty.call("GET", "query", params=QUERY)
    assert reply.status_code == 200
    sandbox_empty.do("/erp/rates", per_minute=500, per_second=1)
    sandbox_empty.call("GET", "query", params=QUERY)
    reply = sandbox_empty.call("GET", "query", params=QUERY)
    assert reply.json()["fault"]["error"][0]["code"] == "3001"
