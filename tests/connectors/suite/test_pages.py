"""Years of payments arrive page by page: each once, none missing, and the last page alone says how
far that is."""

from datetime import date, timedelta
from typing import Any

import pytest

from connectors.erp import Page, PaymentStatus
from connectors.errors import Garbled
from tests.connectors.suite.desk import Desk, Known, seated
from tests.connectors.suite.office import Office, applied

Books = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def books(archive: Office) -> Books:
    """All payments of the books; nothing in this file changes them."""
    return {payment["id"]: payment for payment in archive.world()["payments"]}


@pytest.fixture(scope="module")
def pages(archive: Office) -> list[Page]:
    """All pages, read once."""
    with seated(archive) as desk:
        return list(desk.erp.changed_payments(None))


def test_every_payment_is_delivered_once_and_the_last_page_has_the_cursor(
    pages: list[Page], books: Books
) -> None:
    assert len(pages) > 1
    delivered = [found.payment_id for page in pages for found in page.payments]
    assert len(delivered) == len(set(delivered))
    assert set(delivered) == set(books)
    assert [page.cursor is not None for page in pages] == [False] * (len(pages) - 1) + [True]


def test_every_payment_is_as_it_stands_in_the_books(pages: list[Page], books: Books) -> None:
    known = Known().take(pages)
    assert known.applied() == applied({"payments": books.values()})
    for ident, found in known.payments.items():
        booked = books[ident]
        assert (found.status is PaymentStatus.VOIDED) == (booked["state"] == "voided")
        assert str(found.date) == booked["date"]
        assert found.currency == booked["currency"]
        assert found.payee_id == booked["vendor_id"]


def test_a_reader_may_stop_after_a_page_and_begin_again(archivist: Desk, books: Books) -> None:
    begun = next(archivist.erp.changed_payments(None))
    assert begun.cursor is None
    assert set(archivist.read().payments) == set(books)


def test_reading_on_after_all_pages_brings_nothing_that_is_not_known(
    archivist: Desk, pages: list[Page]
) -> None:
    known = Known().take(pages)
    later = archivist.read(known.until)
    assert later.until.until >= known.until.until
    for ident, found in later.payments.items():
        assert found == known.payments[ident]


def test_a_page_that_repeats_is_noticed(archive: Office, archivist: Desk, books: Books) -> None:
    """Something between us and the ERP answers a call with the page before."""
    archive.fault("repeat", route=archive.bench.payments, after=2)
    try:
        known = archivist.read()
    except Garbled as error:
        assert error.system == archivist.erp.title  # noqa: PT017 - either way is right
    else:
        assert known.applied() == applied({"payments": books.values()})
    assert archive.see("/faults")["active"] == []


def test_many_payments_are_read_by_their_ids(archivist: Desk, books: Books) -> None:
    asked = [*list(books)[:450], "no-such-payment"]
    assert set(archivist.erp.payments(asked)) == set(asked[:450])


def test_the_erps_own_count_is_that_of_what_was_delivered(
    archivist: Desk, pages: list[Page]
) -> None:
    delivered = Known().take(pages).payments.values()
    days = sorted(found.date for found in delivered if found.date)
    middle = days[len(days) // 2]
    until = archivist.office.now() + timedelta(seconds=2)
    ranges: list[tuple[date, date]] = [(days[0], days[-1]), (middle, middle + timedelta(days=30))]
    for first, last in ranges:
        total = archivist.erp.control_total(first, last, until=until)
        assert (total is not None) == archivist.able.control_count
        if total is not None:
            assert total.count == sum(first <= day <= last for day in days)
            assert total.count > 0
