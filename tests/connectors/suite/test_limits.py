"""Rate limits are obeyed: a call waits, or the run is told until when, and nothing is sent
meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.erp import Page
from connectors.errors import RateLimited
from tests.connectors.suite.desk import Desk, seated
from tests.connectors.suite.office import Office, applied


def obeyed(desk: Desk) -> int:
    """How often the ERP said that a limit is used up; never was a call made before a pause."""
    limited = [at for at, what in enumerate(desk.log) if what == 429]
    for at in limited:
        assert at + 1 == len(desk.log) or desk.log[at + 1] == "pause", desk.log
    return len(limited)


def test_a_limit_is_waited_out(office: Office, desk: Desk) -> None:
    office.paid("80.00")
    office.fault("429", route=office.bench.payments, retry_after=30)
    assert desk.read().applied() == applied(office.world())
    assert obeyed(desk) == 1
    assert 30 <= max(desk.slept) < 40


def test_a_limit_that_does_not_say_how_long_is_waited_out_for_a_minute(
    office: Office, desk: Desk
) -> None:
    office.paid("80.00")
    office.fault("429", route=office.bench.payments)
    assert desk.read().applied() == applied(office.world())
    assert obeyed(desk) == 1
    assert 60 <= max(desk.slept) < 70


def test_the_erps_own_limit_is_never_run_against(office: Office, desk: Desk) -> None:
    office.do("/erp/rates", **office.bench.tight)
    bill, payment = office.paid("80.00")
    cursor = desk.read().until
    for _ in range(3):
        assert (payment, bill) in desk.read().applied()
        assert desk.erp.bills([bill])[bill].settled == 80
        desk.read(cursor)
    assert obeyed(desk) <= len(desk.slept)
    assert sum(desk.slept) > 30


@pytest.mark.parametrize("retry_after", [60, 80_000], ids=["a minute", "a day"])
def test_a_limit_that_lasts_longer_than_a_run_may_wait_ends_it(
    office: Office, retry_after: int
) -> None:
    _, payment = office.paid("80.00")
    with seated(office, longest_wait=5) as desk:
        desk.erp.company()
        office.fault("429", route=office.bench.payments, retry_after=retry_after)
        with pytest.raises(RateLimited) as caught:
            desk.read()
        left = caught.value.until - datetime.now(UTC)
        assert timedelta(seconds=retry_after - 10) < left <= timedelta(seconds=retry_after + 10)
        assert desk.erp.title in str(caught.value)
        office.forget_calls()
        for again in (desk.read, desk.erp.company, lambda: desk.erp.payments([payment])):
            with pytest.raises(RateLimited):
                again()
        assert office.asked() == 0


def test_the_last_page_of_a_limited_reading_is_not_given(office: Office) -> None:
    """What was read before the limit has no cursor, so the next run begins where this one did."""
    office.paid("80.00")
    with seated(office, longest_wait=5) as desk:
        cursor = desk.read().until
        office.fault("429", route=office.bench.feed, retry_after=600)
        pages: list[Page] = []
        with pytest.raises(RateLimited):
            pages += desk.erp.changed_payments(cursor)
        assert all(page.cursor is None for page in pages)
