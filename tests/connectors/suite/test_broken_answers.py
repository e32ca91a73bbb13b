"""Answers that are not as documented: what passes is asked again, what stays is an error, and
neither is ever taken for 'nothing changed'."""

from typing import Any

import pytest

from connectors.errors import Garbled, TryLater
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office

BROKEN: dict[str, dict[str, Any]] = {
    "half a JSON text": {"kind": "truncated"},
    "an HTML page": {"kind": "html_error"},
    "an HTML page that says 200": {"kind": "html_error", "status": 200},
    "no answer": {"kind": "reset"},
    "an answer that is lost": {"kind": "lost_reply"},
    "500": {"kind": "500"},
    "503": {"kind": "503"},
    "an empty body": {"kind": "answer", "body": ""},
    "an empty object": {"kind": "answer", "body": {}},
    "nothing": {"kind": "answer", "body": "null"},
    "a number": {"kind": "answer", "body": "17"},
    "another object": {"kind": "answer", "body": {"maintenance": True}},
    "not JSON": {"kind": "answer", "body": "{'Status': OK}"},
}
SORTS = pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())


@SORTS
@pytest.mark.parametrize("feed", [False, True], ids=["all", "changes"])
def test_what_passes_loses_nothing(
    office: Office, desk: Desk, broken: dict[str, Any], feed: bool
) -> None:
    cursor = desk.read().until if feed else None
    bill, payment = office.paid("80.00")
    route = office.bench.feed if feed else office.bench.payments
    office.do("/faults", system=office.bench.name, route=route, count=2, **broken)
    assert (payment, bill) in desk.read(cursor).applied()


@SORTS
def test_what_stays_is_an_error_and_not_an_empty_answer(
    office: Office, desk: Desk, broken: dict[str, Any]
) -> None:
    bill, payment = office.paid("80.00")
    cursor = desk.read().until
    office.do("/faults", system=office.bench.name, count=500, **broken)
    for reading in (
        desk.read,
        lambda: desk.read(cursor),
        lambda: desk.erp.payments([payment]),
        lambda: desk.erp.bills([bill]),
        lambda: desk.erp.changed_bills(cursor),
        desk.erp.company,
    ):
        with pytest.raises((TryLater, Garbled)) as caught:
            reading()
        assert caught.value.system == desk.erp.title
        assert caught.value.action in str(caught.value)
    office.mend()
    assert (payment, bill) in desk.read(cursor).applied()


@pytest.mark.parametrize("count", [1, 500], ids=["once", "always"])
def test_an_empty_list_is_not_taken_for_nothing_changed(
    office: Office, desk: Desk, count: int
) -> None:
    """It may be what another address of the ERP answers, so it need not be asked for again."""
    cursor = desk.read().until
    bill, payment = office.paid("80.00")
    office.fault("answer", body=[], route=office.bench.feed, count=count)
    try:
        known = desk.read(cursor)
    except Garbled as error:
        assert error.system == desk.erp.title  # noqa: PT017 - either way is right
    else:
        assert count == 1
        assert (payment, bill) in known.applied()


def test_a_payment_without_an_id_stops_the_reading(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    office.paid("50.00")
    kind, field = office.bench.raw
    office.do("/erp/raw", kind=kind, id=payment, changes={field: None})
    with pytest.raises(Garbled) as caught:
        desk.read()
    assert caught.value.system == desk.erp.title
    office.do("/erp/raw", kind=kind, id=payment)
    assert payment in desk.read().payments
