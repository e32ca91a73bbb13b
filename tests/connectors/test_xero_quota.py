"""How the Xero connector keeps below the limits, and what it makes of an outage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.responses import Response

from connectors.errors import Garbled, RateLimited, TryLater
from connectors.xero.quota import DAY_PAUSE, LIMITS, Quota
from tests.connectors.xero_helpers import (
    TENANT,
    Organisation,
    organisation,
)


@pytest.fixture
def org(monkeypatch: pytest.MonkeyPatch) -> Any:
    with organisation(monkeypatch) as found:
        yield found


def limited(**headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Response("", 429, headers=names)


def test_a_minutes_limit_is_waited_for(org: Organisation) -> None:
    org.once(limited(x_rate_limit_problem="minute", retry_after="17"))
    org.erp.company()
    assert max(org.slept) == pytest.approx(17, abs=1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_rate_limit_problem": "day", "retry_after": "77000"}, 77_000),
        ({"x_rate_limit_problem": "day"}, DAY_PAUSE),
        ({"x_rate_limit_problem": "DayLimit"}, DAY_PAUSE),
    ],
)
def test_a_days_limit_is_not_waited_for(
    org: Organisation, headers: dict[str, str], seconds: float
) -> None:
    org.answers = [limited(**headers)]
    with pytest.raises(RateLimited) as error:
        org.erp.company()
    assert error.value.until - datetime.now(UTC) == pytest.approx(
        timedelta(seconds=seconds), abs=timedelta(seconds=5)
    )
    assert len(org.requests) == 1
    with pytest.raises(RateLimited):
        org.erp.company()
    assert len(org.requests) == 1  # nothing is sent while it lasts


def test_the_last_call_of_a_day_is_the_last_one_sent(org: Organisation) -> None:
    org.headers = {"X-DayLimit-Remaining": "0"}
    with pytest.raises(RateLimited):
        org.erp.company()
    assert len(org.requests) == 1


def test_an_organisation_that_is_offline_is_tried_again(org: Organisation) -> None:
    offline = Response("The Organisation is offline", 503, media_type="text/plain")
    org.once(lambda _: offline)
    assert org.erp.company().company_id == TENANT
    org.answers = [lambda _: offline]
    with pytest.raises(TryLater, match="The Organisation is offline"):
        org.erp.company()


def test_xml_is_no_answer(org: Organisation) -> None:
    org.answers = [lambda _: Response("<Response/>", media_type="text/xml")]
    with pytest.raises(Garbled, match="not the documented JSON"):
        org.erp.company()


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_no_minute_has_more_calls_than_are_ours() -> None:
    ((calls, seconds),) = LIMITS
    clock = Time()
    quota = Quota(monotonic=clock)
    for _ in range(calls):
        assert quota.wait_needed() == 0
        quota.sent()
        clock.now += 0.1
    assert quota.wait_needed() == pytest.approx(seconds - calls * 0.1)
    clock.now += quota.wait_needed()
    assert quota.wait_needed() == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-minlimit-remaining": "45", "x-appminlimit-remaining": "9999"}, 0),
        ({"x-minlimit-remaining": "9"}, 6),
        ({"x-minlimit-remaining": "59", "x-appminlimit-remaining": "2"}, 20),
        ({"x-minlimit-remaining": "0"}, 60),
        ({"x-minlimit-remaining": "many"}, 0),
        ({"x-daylimit-remaining": "1"}, 0),
        ({"x-daylimit-remaining": "0"}, DAY_PAUSE),
        ({}, 0),
    ],
)
def test_what_is_left_is_spread(headers: dict[str, str], seconds: float) -> None:
    quota = Quota(monotonic=Time())
    quota.sent()
    quota.heard(200, headers)
    assert quota.wait_needed() == pytest.approx(seconds)


def test_more_room_ends_the_spreading() -> None:
    quota = Quota(monotonic=Time())
    quota.sent()
    quota.heard(200, {"x-minlimit-remaining": "1"})
    quota.heard(200, {"x-minlimit-remaining": "30"})
    assert quota.wait_needed() == 0
