"""Lists: every row once, and no list taken for whole that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors.errors import Garbled, is_transient
from tests.connectors.procore_company import (
    CLIENT_SECRET,
    DAY,
    SECRET_NAME,
    Company,
    company,
    host,
    scripted,
)

PAYMENTS = "/rest/v1.0/contract_payments"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)


@pytest.fixture(name="here")
def _here() -> Iterator[Company]:
    with company() as found:
        yield found


def test_two_hundred_and_fifty_payments_come_in_three_pages_each_once(here: Company) -> None:
    here.type_payments(250)
    listing = here.procore.contract_payments(here.project, here.commitment)
    assert listing.complete
    assert [row.amount for row in listing.rows] == [Decimal(n) for n in range(1, 251)]
    assert len({row.contract_payment_id for row in listing.rows}) == 250
    assert here.routes().count(PAYMENTS) == 3


def test_a_commitment_without_payments_is_complete(here: Company) -> None:
    listing = here.procore.contract_payments(here.project, here.commitment)
    assert (listing.rows, listing.complete) == ((), True)


@pytest.mark.parametrize("count", [100, 101, 200])
def test_page_borders_neither_lose_nor_double_rows(here: Company, count: int) -> None:
    here.type_payments(count)
    listing = here.procore.contract_payments(here.project, here.commitment)
    assert (len(listing.rows), listing.complete) == (count, True)


def test_filters_travel_along_to_every_page(here: Company) -> None:
    for number in range(130):
        here.add_application(f"OLD-{number}")
    here.clock.advance(3600)
    since = here.clock.now()
    for number in range(130):
        here.add_application(f"NEW-{number}")
    found = here.procore.applications(here.project, updated_since=since)
    assert len(found) == 130
    assert all(a.invoice_number and a.invoice_number.startswith("NEW") for a in found)


def test_a_row_removed_between_pages_leaves_the_listing_incomplete(here: Company) -> None:
    here.type_payments(150)
    first = here.store.payments(int(here.commitment))[0].id
    _between_pages(here, lambda: here.store.remove_payment(first))
    listing = here.procore.contract_payments(here.project, here.commitment)
    # Row 101 slipped to the first page when that had been read already.
    assert not listing.complete
    assert len(listing.rows) == 149
    assert here.procore.contract_payments(here.project, here.commitment).complete


def test_a_row_added_at_the_end_between_pages_is_simply_read(here: Company) -> None:
    here.type_payments(150)
    _between_pages(here, lambda: _type_one(here))
    listing = here.procore.contract_payments(here.project, here.commitment)
    assert (len(listing.rows), listing.complete) == (151, True)


# Hosts that do what Procore should not.


def rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": number, "amount": "1.0"} for number in range(first, last + 1)]


def paged(
    pages: Mapping[int, tuple[list[dict[str, Any]], int | None, str | None]],
) -> Callable[[Request], Response]:
    """Per page: its rows, its Total, and the query of its next link."""

    def answer(request: Request) -> Response:
        found, total, link = pages[int(request.query_params["page"])]
        headers = {} if total is None else {"Total": str(total)}
        if link is not None:
            headers["Link"] = f'<{host().address}{request.url.path}?{link}>; rel="next"'
        return JSONResponse(found, headers=headers)

    return answer


INCOMPLETE = {
    "total_too_high": {1: (rows(1, 5), 6, None)},
    "total_too_low": {1: (rows(1, 5), 4, None)},
    "page_repeats": {
        1: (rows(1, 100), 200, "page=2"),
        2: (rows(1, 100), 200, "page=3"),
        3: (rows(101, 200), 200, None),
    },
    "rows_overlap": {1: (rows(1, 100), 150, "page=2"), 2: (rows(100, 149), 150, None)},
    "row_doubled_in_page": {1: ([*rows(1, 3), *rows(3, 3)], 4, None)},
    "next_leads_to_itself": {1: (rows(1, 100), 150, "page=1")},
    "next_leads_to_nothing": {1: (rows(1, 100), 150, "page=2"), 2: ([], 150, "page=3")},
    "total_shrinks": {1: (rows(1, 100), 103, "page=2"), 2: (rows(101, 102), 102, None)},
}


@pytest.mark.parametrize("pages", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_payments_that_do_not_add_up_are_given_once_each_and_incomplete(pages: Any) -> None:
    with scripted(paged(pages)) as there:
        listing = there.procore.contract_payments("1", "2")
        ids = [row.contract_payment_id for row in listing.rows]
    assert not listing.complete
    assert len(ids) == len(set(ids))
    assert ids


@pytest.mark.parametrize("pages", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_other_lists_that_do_not_add_up_are_to_be_read_anew(pages: Any) -> None:
    with scripted(paged(pages)) as there, pytest.raises(Garbled) as error:
        there.procore.applications("1")
    assert is_transient(error.value)


def test_payments_without_a_total_prove_nothing() -> None:
    with scripted(paged({1: (rows(1, 5), None, None)})) as there:
        listing = there.procore.contract_payments("1", "2")
    assert (len(listing.rows), listing.complete) == (5, False)


def test_a_list_without_paging_headers_is_asked_until_a_page_is_not_full() -> None:
    pages: dict[int, Any] = {1: (rows(1, 100), None, None), 2: (rows(101, 120), None, None)}
    with scripted(paged(pages)) as there:
        assert len(there.procore.applications("1")) == 120


def test_next_is_found_by_its_name_whichever_place_it_has() -> None:
    def answer(request: Request) -> Response:
        base = f"{host().address}{request.url.path}"
        if request.query_params["page"] == "2":
            links = f'<{base}?page=1>; rel="first", <{base}?page=1>; rel="prev"'
            return JSONResponse(rows(101, 110), headers={"Total": "110", "Link": links})
        links = f'<{base}?page=2>; rel="last", <{base}?page=2&x=a,b>; title="more"; rel=next'
        return JSONResponse(rows(1, 100), headers={"Total": "110", "Link": links})

    with scripted(answer) as there:
        assert there.procore.contract_payments("1", "2").complete
        assert there.requests[1].query_params["x"] == "a,b"


@pytest.mark.parametrize(
    "elsewhere", ["https://procore.example/rest", "http://127.0.0.1:9/rest", "//procore.example/x"]
)
def test_a_next_link_to_another_host_is_not_followed(elsewhere: str) -> None:
    def answer(_: Request) -> Response:
        headers = {"Total": "200", "Link": f'<{elsewhere}>; rel="next"'}
        return JSONResponse(rows(1, 100), headers=headers)

    with scripted(answer) as there, pytest.raises(Garbled, match="another host"):
        there.procore.contract_payments("1", "2")
    assert len(there.requests) == 1


@pytest.mark.parametrize(
    "body", [{"id": 1}, [{"amount": "1.0"}], [{"id": None}], [7], [{"id": True}], [{"id": {}}]]
)
def test_a_list_of_something_else_is_garbled(body: Any) -> None:
    def answer(_: Request) -> Response:
        return JSONResponse(body, headers={"Total": "1"})

    with scripted(answer) as there, pytest.raises(Garbled):
        there.procore.contract_payments("1", "2")


def _type_one(here: Company) -> None:
    here.store.type_payment(commitment_id=int(here.commitment), amount=Decimal(9), date=DAY)


def _between_pages(here: Company, change: Callable[[], object]) -> None:
    """Let something happen once, right after the first page was answered."""
    inner = host().app
    left = [change]

    async def outer(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)
        if left and scope["path"] == PAYMENTS:
            left.pop()()

    host().app = outer
