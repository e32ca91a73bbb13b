"""How the Xero connector signs in, whom it opens, and how it keeps below the limits."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.connection import checked
from connectors.erp import Erp
from connectors.errors import AccessRefused, Garbled, WrongSettings
from connectors.registry import open_erp
from connectors.xero.links import payment_page
from connectors.xero.zones import IANA
from tests.connectors.keeper import MemoryKeeper
from tests.connectors.xero_helpers import (
    FIRST_TOKEN,
    NOW,
    TENANT,
    Organisation,
    guid,
    organisation,
    payment,
    settings,
)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Any:
    with organisation(monkeypatch) as found:
        yield found


@pytest.fixture
def custom(monkeypatch: pytest.MonkeyPatch) -> Any:
    with organisation(monkeypatch, refresh_token=None) as found:
        yield found


def refusal(code: str) -> JSONResponse:
    return JSONResponse({"error": code}, 400)


# Signing in


def test_a_web_app_trades_its_refresh_token_and_keeps_the_new_one_first(org: Organisation) -> None:
    org.erp.company()
    (form,) = org.forms
    pair = base64.b64encode(b"a-client-id:a-client-secret").decode()
    assert form == {
        "grant_type": "refresh_token",
        "refresh_token": FIRST_TOKEN,
        "auth": f"Basic {pair}",
    }
    assert org.keeper.events[:5] == ["lock", "token", "save refresh-1", "unlock", "api"]
    assert org.erp.capabilities.refreshes == {"refresh_token"}


def test_a_custom_connection_asks_with_its_own_credentials_and_keeps_nothing(
    custom: Organisation,
) -> None:
    custom.erp.company()
    (form,) = custom.forms
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == (
        "accounting.payments.read accounting.invoices.read accounting.settings.read"
    )
    assert "refresh_token" not in form
    assert (custom.keeper.token, "lock" in custom.keeper.events) == (None, False)
    assert custom.erp.capabilities.refreshes == frozenset()


def test_the_kept_token_is_newer_than_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    with organisation(monkeypatch, keeper=MemoryKeeper("kept")) as org:
        org.erp.company()
        assert org.forms[0]["refresh_token"] == "kept"


def test_after_connecting_again_the_files_token_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with organisation(monkeypatch, keeper=MemoryKeeper("stale")) as org:
        org.token_answers = [refusal("invalid_grant")]
        org.erp.company()
        assert [form["refresh_token"] for form in org.forms] == ["stale", FIRST_TOKEN]
        assert org.keeper.token == "refresh-2"


def test_a_token_whose_answer_was_lost_is_traded_again(org: Organisation) -> None:
    org.token_answers = [Response("gateway timeout", 504)]
    org.erp.company()
    assert [form["refresh_token"] for form in org.forms] == [FIRST_TOKEN] * 2
    assert org.keeper.token == "refresh-2"


@pytest.mark.parametrize("code", ["invalid_client", "invalid_scope", "unauthorized_client"])
def test_other_refusals_are_told_at_once(custom: Organisation, code: str) -> None:
    custom.token_answers = [refusal(code)]
    with pytest.raises(AccessRefused) as error:
        custom.erp.company()
    assert error.value.code == code
    assert len(custom.forms) == 1


def test_every_call_names_the_tenant_and_asks_for_json(org: Organisation) -> None:
    org.lists["Payments"] = [payment()]
    list(org.erp.changed_payments(None))
    org.erp.company()
    assert {each.headers["xero-tenant-id"] for each in org.requests} == {TENANT}
    assert {each.headers["accept"] for each in org.requests} == {"application/json"}
    assert {each.headers["authorization"] for each in org.requests} == {"Bearer access-1"}


def unauthorized(_: Request) -> Response:
    return JSONResponse({"Title": "Unauthorized", "Status": 401, "Detail": "TokenExpired: x"}, 401)


def test_a_token_that_ended_early_is_renewed_once(org: Organisation) -> None:
    org.once(unauthorized)
    org.erp.company()
    assert len(org.forms) == 2
    assert org.requests[1].headers["authorization"] == "Bearer access-2"
    org.answers = [unauthorized]
    with pytest.raises(AccessRefused, match="TokenExpired"):
        org.erp.company()
    assert len(org.forms) == 3


# Whom it opens


def test_the_organisation_and_its_clock(org: Organisation) -> None:
    found = org.erp.company()
    assert (found.company_id, found.name, found.home_currency) == (TENANT, "Demo Builders", "NZD")
    assert (found.time_zone, found.now) == ("Pacific/Auckland", NOW)
    assert org.requests[0].url.path == "/connections"


@pytest.mark.parametrize(
    ("tenants", "says"),
    [
        ([], "but to no organisation"),
        ([{"tenantId": guid(3), "tenantName": "Other"}], f"but to Other \\({guid(3)}\\)"),
    ],
)
def test_another_tenant_is_refused_with_what_to_do(
    org: Organisation, tenants: list[dict[str, str]], says: str
) -> None:
    org.tenants = tenants
    with pytest.raises(AccessRefused, match=says) as error:
        org.erp.company()
    assert "Check `tenant_id` in the connection file" in str(error.value)


def test_a_disconnected_organisation_is_refused_with_what_to_do(org: Organisation) -> None:
    org.answers = [lambda _: JSONResponse({"Title": "Forbidden", "Detail": "x"}, 403)]
    with pytest.raises(AccessRefused, match="still connected to this organisation"):
        org.erp.company()


@pytest.mark.parametrize("body", [{"Status": "OK"}, {"Status": "OK", "Organisations": []}])
def test_an_answer_without_an_organisation_is_none(org: Organisation, body: Any) -> None:
    org.answers = [lambda r: JSONResponse(body) if "Organisation" in r.url.path else None]
    with pytest.raises(Garbled):
        org.erp.company()


def test_an_organisation_without_a_currency_is_none(org: Organisation) -> None:
    org.about["BaseCurrency"] = ""
    with pytest.raises(Garbled, match="base currency"):
        org.erp.company()


def test_a_setting_wins_over_the_organisations_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    with organisation(monkeypatch, time_zone="Pacific/Chatham") as org:
        assert org.erp.company().time_zone == "Pacific/Chatham"


@pytest.mark.parametrize("zone", ["MARSSTANDARDTIME", None])
def test_an_unknown_time_zone_needs_the_setting(org: Organisation, zone: str | None) -> None:
    org.about["Timezone"] = zone
    with pytest.raises(WrongSettings, match="Set `time_zone` in the connection file"):
        org.erp.company()


def test_every_time_zone_of_the_table_exists() -> None:
    assert all(ZoneInfo(zone).key == zone for zone in IANA.values())
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(IANA["UTC02"])).utcoffset() == timedelta(hours=-2)
    assert now.astimezone(ZoneInfo(IANA["UTC+12"])).utcoffset() == timedelta(hours=12)
    assert IANA["PACIFICSTANDARDTIME"] == "America/Los_Angeles"


def test_the_link_opens_the_payment_in_the_right_organisation() -> None:
    live = settings().model_copy(update={"api_url": None})
    erp = open_erp(live, tokens=MemoryKeeper(), on_call=lambda _: None, longest_wait=1)
    page = f"https://go.xero.com/Bank/ViewTransaction.aspx?bankTransactionID={guid(1)}"
    assert erp.payment_link(guid(1)) == page
    assert erp.payment_link(f"prepayment-{guid(1)}") == page
    assert erp.payment_link("7") is None
    erp.close()
    assert payment_page("https://go.xero.com", guid(1), "!x7YzQ") == (
        "https://go.xero.com/organisationlogin/default.aspx?shortcode=!x7YzQ"
        f"&redirecturl=/Bank/ViewTransaction.aspx?bankTransactionID={guid(1)}"
    )


def test_elsewhere_there_is_no_link(org: Organisation) -> None:
    assert org.erp.payment_link(guid(1)) is None


# Settings


def document(**erp: Any) -> dict[str, Any]:
    secret = {"env": "A"}
    return {
        "name": "acme-nz",
        "procore": {"company_id": 1, "client_id": "a", "client_secret": secret},
        "erp": {"type": "xero", "tenant_id": TENANT, "client_id": "b", "client_secret": secret}
        | erp,
        "policy": {"start_date": "2026-01-01"},
    }


def test_a_connection_file_chooses_the_connector() -> None:
    found = checked(document(tenant_id=TENANT.upper()), "a file")
    assert (found.erp_name, found.erp_company) == ("xero", TENANT)
    assert found.hosts[-2:] == ("https://api.xero.com", "https://identity.xero.com/connect/token")
    erp: Erp = open_erp(found.erp, tokens=MemoryKeeper(), on_call=print, longest_wait=1)
    assert (erp.name, erp.title) == ("xero", "Xero")
    erp.close()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"tenant_id": "7"}, "erp.tenant_id: "),
        ({"time_zone": "Mars/Olympus"}, "erp.time_zone: "),
        ({"api_url": "http://api.xero.com"}, "erp.api_url: "),
        ({"scopes": []}, "erp.scopes: "),
        ({"realm_id": "7"}, "erp.realm_id: Extra inputs"),
        ({"client_secret": "hush"}, "erp.client_secret: "),
    ],
)
def test_a_wrong_setting_is_told_by_its_key(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongSettings, match=says):
        checked(document(**wrong), "a file")
