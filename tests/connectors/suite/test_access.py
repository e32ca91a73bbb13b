"""Getting in and staying in: tokens that expire, rotate or are revoked, and secrets that stay
secret."""

import traceback
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import AccessRefused, OutsideError, TryLater, WrongSettings
from tests.connectors.suite.desk import Desk, seated
from tests.connectors.suite.office import Office, applied


def token_calls(desk: Desk) -> int:
    """How often the token endpoint was asked."""
    return sum(desk.office.bench.token in call.route for call in desk.calls)


def test_a_token_that_expires_in_the_middle_of_a_reading_is_renewed(
    office: Office, desk: Desk
) -> None:
    office.paid("80.00")

    def expire() -> None:
        if office.bench.payments in desk.calls[-1].route:
            desk.each_call = None
            office.do("/erp/tokens", expire_access=True)

    desk.each_call = expire
    assert desk.read().applied() == applied(office.world())
    desk.erp.company()
    assert 401 in desk.log
    assert desk.log.count(401) == 1


def test_a_token_that_is_too_old_is_renewed(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    known = desk.read()
    office.wait(timedelta(days=1))
    office.void(payment)
    assert desk.read(known.until).payments[payment] == desk.payment(payment)
    assert desk.erp.bills([bill])[bill].settled == 0
    assert desk.log.count(401) == 1


def test_a_token_that_stays_refused_is_not_asked_for_without_end(
    office: Office, desk: Desk
) -> None:
    desk.erp.company()
    office.fault("status", status=401, route=office.bench.payments, count=50)
    with pytest.raises(AccessRefused) as caught:
        desk.read()
    assert caught.value.status == 401
    assert len(desk.calls) < 12


def test_a_rotated_token_is_kept_before_it_is_used(office: Office, desk: Desk) -> None:
    kept: list[bool] = []

    def look() -> None:
        if office.bench.token not in desk.calls[-1].route:
            kept.append(office.keeper.token is not None)

    desk.each_call = look
    rotates = bool(desk.able.refreshes)
    assert kept
    assert all(one == rotates for one in kept)
    with seated(office) as other:  # another process, which finds the kept one
        assert other.erp.company().company_id == office.settings.company_id


def test_where_a_rotated_token_cannot_be_kept_nothing_is_read(office: Office, desk: Desk) -> None:
    office.keeper.broken = True
    if desk.erp.capabilities.refreshes:
        with pytest.raises(OSError, match="ledger is away"):
            desk.read()
        assert len(desk.calls) == token_calls(desk)
    else:
        assert desk.read().payments == {}


@pytest.mark.parametrize("begun", [False, True], ids=["at once", "in the middle"])
def test_a_revoked_connection_says_what_to_do(office: Office, desk: Desk, begun: bool) -> None:
    if begun:
        desk.erp.company()
    office.do("/erp/tokens", revoked=True, expire_access=True)
    with pytest.raises(AccessRefused) as caught:
        desk.read()
    assert caught.value.system == desk.erp.title
    assert caught.value.action in str(caught.value)
    assert "onnect" in caught.value.action
    assert "paidsync check" in caught.value.action
    assert len(desk.calls) < 12


def test_wrong_secrets_are_refused_with_what_to_check(office: Office, desk: Desk) -> None:
    office.spoil_secrets("wrong")
    with pytest.raises(AccessRefused) as caught:
        desk.erp.company()
    assert caught.value.system == desk.erp.title
    assert len(caught.value.action.split()) > 5


def test_a_missing_secret_says_which_file_is_missing(office: Office, desk: Desk) -> None:
    office.spoil_secrets(None)
    with pytest.raises(WrongSettings) as caught:
        desk.erp.company()
    assert "cannot be read" in str(caught.value)
    assert desk.calls == []


def test_a_token_endpoint_that_fails_once_is_asked_again(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    office.fault("503", route=office.bench.token)
    assert (payment, bill) in desk.read().applied()


def test_a_token_endpoint_that_is_down_is_not_asked_without_end(office: Office, desk: Desk) -> None:
    office.fault("503", route=office.bench.token, count=100)
    with pytest.raises(TryLater):
        desk.read()
    assert len(desk.calls) < 8


def test_every_call_is_reported_as_the_erp_saw_it(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    office.forget_calls()
    desk.erp.company()
    known = desk.read()
    office.fault("500", route=office.bench.feed)
    office.fault("reset", route=office.bench.feed)
    desk.read(known.until)
    desk.erp.payments([payment])
    desk.erp.bills([bill])
    desk.erp.changed_bills(known.until)
    desk.erp.control_total(office.today(), office.today(), until=office.now())
    assert len(desk.calls) == office.asked()
    assert Counter(str(call.status or "none") for call in desk.calls) == office.answered()
    for call in desk.calls:
        assert call.system == desk.erp.title
        assert call.route.startswith("/")
        assert call.method in ("GET", "POST")
        assert call.seconds >= 0
        shown = str(call.as_dict())
        assert not any(secret in shown for secret in secrets(office))
        for own in (payment, bill, office.settings.company_id):
            assert own not in call.route.split("/")


def secrets(office: Office) -> set[str]:
    """Everything that must never be shown."""
    kept = {office.keeper.token} if office.keeper.token else set()
    return office.secrets | kept | set(office.bench.token_marks)


def shown(error: BaseException, *others: Any) -> str:
    """All that a log could show of an error: its words, its causes and its trace."""
    seen = [error, *others]
    words = [f"{one} {one!r} {getattr(one, 'args', '')} {vars(error)}" for one in seen]
    return "\n".join([*words, *traceback.format_exception(error)])


TROUBLES: list[dict[str, Any]] = [
    *({"kind": "answer", "status": status} for status in (200, 400, 401, 403, 500)),
    {"kind": "html_error", "status": 403},
    {"kind": "truncated"},
    {"kind": "reset"},
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda one: f"{one['kind']} {one.get('status')}")
def test_no_error_of_the_token_endpoint_shows_a_secret(
    office: Office, desk: Desk, trouble: dict[str, Any]
) -> None:
    for secret in sorted(office.secrets):
        body = {"error": secret, "error_description": secret, "message": secret}
        office.fault(route=office.bench.token, count=50, body=body, **trouble)
        with pytest.raises(OutsideError) as caught:
            desk.erp.company()
        assert not any(one in shown(caught.value, desk.erp) for one in secrets(office))
        office.mend()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_no_error_of_the_books_shows_a_secret(office: Office, desk: Desk, status: int) -> None:
    desk.erp.company()
    office.fault("answer", status=status, route=office.bench.payments, count=50, body="<html>no")
    with pytest.raises(OutsideError) as caught:
        desk.read()
    assert caught.value.system == desk.erp.title
    assert caught.value.operation
    assert caught.value.action
    assert "html" not in str(caught.value)
    assert not any(one in shown(caught.value, desk.erp) for one in secrets(office))
    assert not any(one in repr(office.settings) for one in secrets(office))
