"""Tokens and rate windows: renewed in time, obeyed always, never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from connectors.errors import AccessRefused, Garbled, RateLimited, TryLater, WrongSettings
from connectors.procore.client import Procore
from tests.connectors.procore_company import (
    CLIENT_SECRET,
    SECRET_NAME,
    Company,
    company,
    host,
    scripted,
    settings,
)

TOKEN = "/oauth/token"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)


@pytest.fixture(name="here")
def _here() -> Iterator[Company]:
    with company() as found:
        yield found


def me(_: Request) -> Response:
    return JSONResponse({"id": 1, "login": "x"})


def test_one_token_serves_many_calls_and_its_call_is_counted(here: Company) -> None:
    for _ in range(3):
        here.procore.caller()
    assert here.routes() == [TOKEN, *["/rest/v1.0/me"] * 3]
    assert [call.system for call in here.calls] == ["Procore login", *["Procore"] * 3]


def test_a_token_that_procore_calls_expired_is_renewed_once(here: Company) -> None:
    here.procore.caller()
    here.clock.advance(5401)
    here.type_payments(3)
    assert here.procore.contract_payments(here.project, here.commitment).complete
    assert here.statuses() == [200, 200, 401, 200, 200]
    assert here.routes().count(TOKEN) == 2


def test_a_token_about_to_expire_is_renewed_before_it_is_sent() -> None:
    with scripted(me, lifetime=100) as there:
        there.procore.caller()
        there.procore.caller()
    sent = [request.headers["authorization"] for request in there.requests]
    assert sent == ["Bearer token-1", "Bearer token-2"]


def test_the_company_header_goes_to_the_api_with_every_call() -> None:
    with scripted(me) as there:
        there.procore.caller()
    assert there.requests[0].headers["procore-company-id"].isdigit()


def test_a_token_that_stays_refused_ends_the_call() -> None:
    refusal = JSONResponse({"message": "The access token is invalid"}, status_code=401)
    with scripted(lambda _: refusal) as there, pytest.raises(AccessRefused) as error:
        there.procore.caller()
    assert len(there.requests) == 2
    assert "disconnected" in error.value.action


def test_wrong_credentials_are_refused_in_plain_words(
    here: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, "not-the-secret")
    with pytest.raises(AccessRefused, match="credentials are refused") as error:
        here.procore.caller()
    assert "not-the-secret" not in repr(error.value) + str(error.value)
    assert here.routes() == [TOKEN]


def test_a_missing_secret_names_the_variable(
    here: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET_NAME)
    with pytest.raises(WrongSettings, match=SECRET_NAME):
        here.procore.caller()
    assert here.calls == []


def test_nothing_secret_is_in_the_call_log(here: Company) -> None:
    here.procore.caller()
    log = "".join(str(call.as_dict()) for call in here.calls)
    assert CLIENT_SECRET not in log
    assert "Bearer" not in log
    assert "client_id" not in log
    assert all(call.request_id for call in here.calls)


@pytest.mark.parametrize("lifetime", ["90", True, 1.5])
def test_a_lifetime_that_is_no_number_of_seconds_is_garbled(lifetime: object) -> None:
    with scripted(me, lifetime=lifetime) as there, pytest.raises(Garbled):
        there.procore.caller()


def test_a_token_without_a_stated_lifetime_lives_as_documented() -> None:
    with scripted(me, lifetime=None) as there:
        there.procore.caller()
        there.procore.caller()
    assert len([call for call in there.calls if call.route == TOKEN]) == 1


def test_a_host_that_is_not_there_is_worth_another_try(here: Company) -> None:
    nowhere = Procore(
        settings("http://127.0.0.1:9"),
        on_call=here.calls.append,
        longest_wait=1.0,
        sleep=here.waits.append,
    )
    with pytest.raises(TryLater):
        nowhere.caller()
    nowhere.close()


def test_the_spike_window_is_obeyed_without_ever_being_refused(here: Company) -> None:
    here.rates.set(spike=5)
    here.type_payments(1)
    for _ in range(30):
        here.procore.contract_payments(here.project, here.commitment)
    assert 429 not in here.statuses()
    assert here.statuses().count(200) == 31
    assert sum(here.waits) < 30 / 5 * 10 * 2


def test_an_hourly_window_that_is_used_up_is_left_to_the_next_run(here: Company) -> None:
    here.rates.set(hourly=4)

    def many_calls() -> None:
        for _ in range(10):
            here.procore.caller()

    with pytest.raises(RateLimited) as error:
        many_calls()
    assert 429 not in here.statuses()
    assert here.procore.calls_left is not None
    assert error.value.until.tzinfo is not None


def test_a_429_is_waited_out_until_the_window_resets(here: Company) -> None:
    here.procore.caller()
    # Somebody else uses the window up: this client could not know.
    here.rates.set(spike=1)
    here.procore.caller()
    assert here.statuses()[-2:] == [429, 200]
    assert max(here.waits) > 5


def test_a_429_without_headers_is_waited_out_for_a_minute() -> None:
    answers: list[Response] = [
        PlainTextResponse("Too many", status_code=429),
        me(Request({"type": "http"})),
    ]
    with scripted(lambda _: answers.pop(0)) as there:
        there.procore.caller()
    assert max(there.waits) > 59


def test_calls_left_are_known_after_the_first_answer(here: Company) -> None:
    assert here.procore.calls_left is None
    here.rates.set(hourly=600, spike=100)
    here.procore.caller()
    assert here.procore.calls_left == 99


def test_the_secret_stays_out_of_the_settings_text() -> None:
    assert CLIENT_SECRET not in repr(settings(host().address))
