"""Getting into QuickBooks Online and staying in: tokens, realms, limits, faults on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from connectors.errors import AccessRefused, TryLater, WrongSettings
from connectors.quickbooks_online.client import QuickBooksOnline
from connectors.quickbooks_online.quota import LIMITS, Quota
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings
from tests.connectors.quickbooks_helpers import Shop, connector_settings, delivered, open_shop


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(monkeypatch) as opened:
        yield opened


def again(shop: Shop, **changes: object) -> QuickBooksOnline:
    """Another process's connector on the same company and the same kept token."""
    settings = connector_settings(shop.box.ready["quickbooks_online"], **changes)
    return QuickBooksOnline(
        settings,
        tokens=shop.keeper,
        on_call=shop.calls.append,
        longest_wait=120,
        sleep=shop.slept.append,
    )


def test_company(shop: Shop) -> None:
    found = shop.erp.company()
    assert found.company_id == shop.box.ready["quickbooks_online"]["realm_id"]
    assert (found.name, found.home_currency) == ("Bluebird Construction", "USD")
    assert found.time_zone == "America/Los_Angeles"
    assert abs(found.now - shop.now()) < timedelta(seconds=5)
    assert found.now.tzinfo is UTC
    assert all(call.request_id for call in shop.calls if call.route.startswith("/v3/"))


def test_rotated_token_is_saved_before_the_access_token_is_used(shop: Shop) -> None:
    shop.erp.company()
    rotated = shop.box.world.face.oauth.refresh_token
    expected = ["lock", "200 bearer", f"save {rotated}", "unlock", "200 {realm}", "200 preferences"]
    assert shop.keeper.events == expected


def test_kept_token_goes_before_the_first_one(shop: Shop) -> None:
    shop.erp.company()
    shop.routes()
    other = again(shop)
    other.company()
    other.close()
    assert shop.routes() == ["bearer", "{realm}", "preferences"]


def test_expired_access_token_is_renewed_once(shop: Shop) -> None:
    shop.erp.company()
    shop.routes()
    shop.books.clock.advance(3_700)
    shop.erp.company()
    assert shop.routes() == ["{realm}", "bearer", "{realm}", "preferences"]


def test_token_rotated_by_another_process_is_tried_once(shop: Shop) -> None:
    shop.erp.company()
    newest, shop.keeper.token = shop.keeper.token, "stale"
    shop.keeper.next_loads = ["stale", newest]
    other = again(shop)
    assert other.company().name == "Bluebird Construction"
    other.close()


def test_connecting_again_by_hand_wins_over_a_refused_kept_token(shop: Shop) -> None:
    shop.keeper.token = "refused-long-ago"
    assert shop.erp.company().name == "Bluebird Construction"
    assert shop.keeper.token == shop.box.world.face.oauth.refresh_token


def test_first_token_is_not_needed_once_another_is_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.erp.company()
    monkeypatch.delenv("QBO_TEST_REFRESH")
    other = again(shop)
    assert other.company().name == "Bluebird Construction"
    other.close()
    shop.keeper.token = "refused"
    third = again(shop)
    with pytest.raises(AccessRefused):
        third.company()
    shop.keeper.token = None
    with pytest.raises(WrongSettings, match="QBO_TEST_REFRESH"):
        third.company()
    third.close()


def test_revoked_connection_says_how_to_reconnect(shop: Shop) -> None:
    shop.box.world.face.oauth.revoked = True
    with pytest.raises(AccessRefused) as caught:
        shop.erp.company()
    assert caught.value.code == "invalid_grant"
    assert "Connect QuickBooks Online again" in str(caught.value)
    assert shop.box.ready["quickbooks_online"]["refresh_token"] not in str(caught.value)
    assert shop.routes() == ["bearer"]


def test_wrong_client_secret(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QBO_TEST_SECRET", "wrong")
    with pytest.raises(AccessRefused, match="client id and secret") as caught:
        shop.erp.company()
    assert caught.value.code == "invalid_client"
    assert shop.routes() == ["bearer"]


def test_wrong_realm(shop: Shop) -> None:
    other = again(shop, realm_id="4620000000000000001")
    with pytest.raises(AccessRefused) as caught:
        other.company()
    assert (caught.value.status, caught.value.code) == (403, "3100")
    assert "realm_id" in str(caught.value)
    other.close()


@pytest.mark.parametrize("route", ["/query", "/cdc"])
def test_a_fault_inside_status_200_that_passes_loses_nothing(shop: Shop, route: str) -> None:
    cursor = shop.read()[-1].cursor if route == "/cdc" else None
    paid = shop.pay((shop.bill("50.00"), "50.00"))
    shop.fault("ok_with_errors", route=route, count=2)
    assert delivered(shop.read(cursor)).keys() == {paid.id}


def test_a_fault_that_stays_is_an_error_not_an_empty_answer(shop: Shop) -> None:
    shop.pay((shop.bill("50.00"), "50.00"))
    shop.fault("ok_with_errors", route="/query", count=50)
    with pytest.raises(TryLater):
        shop.read()


def test_direct_reads_in_chunks(shop: Shop) -> None:
    bill = shop.bill("50.00")
    shop.many([int(shop.now().timestamp())] * 450)
    paid = shop.pay((bill, "20.00"))
    ids = shop.truth() | {"999999999", "none'; of ours", "", "9" * 30}
    shop.erp.company()
    shop.routes()
    found = shop.erp.payments(ids)
    assert found.keys() == shop.truth()
    assert shop.routes() == ["query"] * 3
    assert found[paid.id].allocations[0].cash == Decimal(20)
    assert shop.erp.payments([]) == {}
    assert shop.erp.bills({bill.id, "x"})[bill.id].settled == Decimal(20)


def test_control_total_counts_by_date_and_moment(shop: Shop) -> None:
    bill = shop.bill("50.00")
    today = shop.now().date()
    kept = shop.pay((bill, "10.00"), when=1_790_000_000)
    shop.pay((bill, "10.00"), when=1_790_000_001)
    shop.pay((bill, "10.00"), when=1_790_000_000, txn_date=today - timedelta(days=1))
    shop.books.void(kept, 1_790_000_000)

    def count(until: datetime) -> int:
        found = shop.erp.control_total(today, today, until=until)
        assert found.sums is None
        return found.count

    edge = datetime.fromtimestamp(1_790_000_001, UTC)
    assert count(edge) == 1
    assert count(edge + timedelta(milliseconds=1)) == 2
    assert count(edge - timedelta(milliseconds=1)) == 1
    assert count(edge - timedelta(seconds=1)) == 0


def test_payment_links(shop: Shop) -> None:
    assert shop.erp.payment_link("812") is None  # no page of Intuit's shows the sandbox
    for environment, host in (("production", "qbo"), ("sandbox", "sandbox.qbo")):
        real = again(shop, api_url=None, environment=environment)
        realm = shop.settings.realm_id
        assert real.payment_link("812") == (
            f"https://{host}.intuit.com/app/login?pagereq=billpayment%3FtxnId%3D812"
            f"&deeplinkcompanyid={realm}"
        )
        real.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Pacific"},
        {"time_zone": "../etc"},
        {"time_zone": ""},
        {"realm_id": "12a"},
        {"environment": "live"},
        {"colour": "red"},
        {"refresh_token": "AB1-in-the-clear"},
    ],
)
def test_settings_refuse(shop: Shop, wrong: dict[str, object]) -> None:
    values = shop.settings.model_dump(mode="json") | wrong
    with pytest.raises(ValidationError):
        QuickBooksOnlineSettings.model_validate(values)


def test_settings_need_a_time_zone(shop: Shop) -> None:
    values = shop.settings.model_dump(mode="json")
    del values["time_zone"]
    with pytest.raises(ValidationError, match="time_zone"):
        QuickBooksOnlineSettings.model_validate(values)


def test_plain_http_is_refused_but_on_this_machine(shop: Shop) -> None:
    values = shop.settings.model_dump(mode="json")
    for name in ("api_url", "token_url"):
        with pytest.raises(ValidationError, match="not an https address"):
            QuickBooksOnlineSettings.model_validate(values | {name: "http://books.example"})
        QuickBooksOnlineSettings.model_validate(values | {name: "http://127.0.0.1:8080"})


def test_quota_keeps_below_both_limits() -> None:
    now = 0.0
    sent: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    quota = Quota(sleep=sleep, monotonic=lambda: now)
    for _ in range(1_200):
        assert quota.wait(120) is None
        quota.sent()
        sent.append(now)
        now += 0.01
    for count, seconds in LIMITS:
        gaps = [b - a for a, b in zip(sent, sent[count:], strict=False)]
        assert min(gaps) > seconds - 1e-6
