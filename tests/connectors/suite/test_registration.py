"""What an ERP says of itself in the suite, in the registry and in its capabilities is true."""

from collections.abc import Callable

import pytest

from connectors.erp import Erp
from connectors.registry import open_erp
from sandbox.erps import ERPS
from tests.connectors.suite.bench import Bench, Can
from tests.connectors.suite.desk import Desk
from tests.connectors.suite.office import Office
from tests.connectors.suite.registered import REGISTERED


def edit(office: Office) -> str | None:
    bill, payment = office.paid("80.00")
    parts = [{"bill_id": bill, "amount": "30.00"}]
    return office.refused(
        "/erp/edit", payment_id=payment, number="9", date="2026-01-31", bills=parts
    )


def edit_paid_bill(office: Office) -> str | None:
    bill = office.bill("80.00")
    office.pay((bill, "30.00"))
    return office.refused("/erp/edit", bill_id=bill, amount="90.00")


def lines(office: Office) -> str | None:
    bill = office.bill("80.00")
    linked = [{"type": "Bill", "id": bill}]
    two = [{"amount": amount, "linked": linked} for amount in ("30.00", "50.00")]
    return office.refused("/erp/pay", lines=two)


def reapply(office: Office) -> str | None:
    bill, payment = office.paid("80.00")
    other = office.bill("80.00")
    return office.refused("/erp/reapply", payment_id=payment, from_bill=bill, to_bill=other)


def print_queue(office: Office) -> str | None:
    bills = [{"bill_id": office.bill("80.00")}]
    return office.refused("/erp/pay", bills=bills, print_status="NeedToPrint")


def prepay(office: Office) -> str | None:
    return office.refused("/erp/prepay", vendor_id=office.vendor(), amount="500.00")


def apply(office: Office) -> str | None:
    bills = [{"bill_id": office.bill("80.00")}]
    made = office.do("/erp/pay", bills=bills, total="500.00")["payments"]
    return office.refused(
        "/erp/apply", payment_id=made[-1]["payment_id"], bill_id=office.bill("30.00")
    )


def unapply(office: Office) -> str | None:
    bill = office.bill("80.00")
    made = office.do("/erp/pay", bills=[{"bill_id": bill}], total="500.00")["payments"]
    ahead, other = made[-1]["payment_id"], office.bill("30.00")
    if Can.APPLY in office.bench.can:
        office.do("/erp/apply", payment_id=ahead, bill_id=other)
    return office.refused("/erp/unapply", payment_id=ahead, bill_id=other)


TRIES: dict[Can, Callable[[Office], str | None]] = {
    Can.EDIT: edit,
    Can.EDIT_PAID_BILL: edit_paid_bill,
    Can.REAPPLY: reapply,
    Can.LINES: lines,
    Can.PRINT_QUEUE: print_queue,
    Can.PREPAY: prepay,
    Can.APPLY: apply,
    Can.UNAPPLY: unapply,
}


def test_every_erp_of_the_sandbox_is_registered_once() -> None:
    assert [bench.name for bench in REGISTERED] == list(ERPS)
    assert set(TRIES) == set(Can)


def test_what_people_can_do_is_what_the_sandbox_says(bench: Bench, office: Office) -> None:
    assert set(office.world()["cannot"]) == set(Can) - bench.can


@pytest.mark.parametrize("act", list(Can), ids=lambda act: act.value)
def test_what_people_cannot_do_is_refused_with_a_sentence(office: Office, act: Can) -> None:
    refused = TRIES[act](office)
    registered = act in office.bench.can
    assert (refused is None) == registered, f"{act} of {office.bench.name}: {refused}"
    if refused is not None:
        assert refused[0].isupper()
        assert refused.endswith(".")
        assert len(refused.split()) > 3


def test_it_is_the_connector_that_the_registry_opens(bench: Bench, desk: Desk) -> None:
    opened: Erp = open_erp(
        desk.office.settings, tokens=desk.office.keeper, on_call=desk.calls.append, longest_wait=1
    )
    assert type(opened) is type(desk.erp)
    assert opened.name == desk.office.settings.type == bench.name
    assert opened.title[0].isupper()
    opened.close()


def test_the_company_is_the_one_that_the_credentials_open(desk: Desk) -> None:
    found = desk.erp.company()
    world = desk.office.world()
    assert found.name == world["company"]
    assert found.company_id == desk.office.settings.company_id == world["erp_company"]
    assert found.home_currency == "USD"
    assert found.time_zone == "America/Los_Angeles"
    assert abs((found.now - desk.office.now()).total_seconds()) < 5


def test_the_company_is_read_anew_each_time(desk: Desk) -> None:
    desk.erp.company()
    before = len(desk.calls)
    desk.erp.company()
    assert len(desk.calls) > before


def test_capabilities_promise_what_the_suite_was_told(bench: Bench, desk: Desk) -> None:
    able = desk.able
    assert able.change_feed
    assert able.sees_deletes == (bench.deleted is not None)
    assert able.void_styles
    assert able.id_namespace
    assert able.refreshes <= {"refresh_token"}
