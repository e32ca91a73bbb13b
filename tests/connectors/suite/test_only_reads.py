"""The connector reads. Nothing that it does changes anything in the ERP."""

from typing import Any

from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office


def books(office: Office) -> dict[str, Any]:
    """All that the world holds, but the time."""
    return {name: held for name, held in office.world().items() if name != "now"}


def everything(desk: Desk, payment: str, bill: str) -> None:
    """Every reading that there is."""
    erp, office = desk.erp, desk.office
    erp.company()
    known = desk.read()
    desk.read(known.until)
    desk.read(since=office.today())
    erp.payments([payment, "no-such-payment"])
    erp.bills([bill, "no-such-bill"])
    _, cursor = erp.changed_bills(None)
    erp.changed_bills(cursor)
    erp.control_total(office.today(), office.today(), until=office.now())
    erp.payment_link(payment)


def test_reading_changes_nothing_in_the_books(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    office.void(office.paid("50.00")[1])
    if office.bench.deleted:
        office.delete(office.paid("20.00")[1])
    before = books(office)
    everything(desk, payment, bill)
    assert books(office) == before


def test_reading_again_after_failures_changes_nothing_either(office: Office, desk: Desk) -> None:
    bill, payment = office.paid("80.00")
    desk.erp.company()
    before = books(office)
    office.forget_calls()
    for number, kind in enumerate(("lost_reply", "500", "truncated", "html_error", "reset")):
        office.fault(kind, after=2 * number, when="after")
    everything(desk, payment, bill)
    office.mend()
    assert books(office) == before
    assert office.see("/calls")["systems"].keys() == {office.bench.name}


def test_a_link_to_a_payment_is_no_call(office: Office, desk: Desk) -> None:
    _, payment = office.paid("80.00")
    link = desk.erp.payment_link(payment)
    assert link is None or link.startswith("https://")
    assert desk.calls == []
