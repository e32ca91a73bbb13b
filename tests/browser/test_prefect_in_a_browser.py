"""What accountants do in the Prefect UI, in a real browser, and what then stands in Procore."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.prefect_ui import PrefectUi
from tests.browser.premises import ACCOUNTANT, CONNECTION, CONTROLLER, Paid, Premises

pytestmark = pytest.mark.timeout(900)


def _stand_once(premises: Premises, paid: dict[str, Paid]) -> None:
    """Each payment, by its amount, stands in Procore once, and nothing else is wrong there."""
    assert {amount: premises.rows(each) for amount, each in paid.items()} == {
        amount: [amount] for amount in paid
    }
    assert premises.see("/differences") == []


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 240
    while not done():
        assert time.monotonic() < end, f"In 240 s it never was so that {what}."
        time.sleep(0.1)


def test_a_run_from_the_form_posts_a_payment_and_its_tables_say_so(
    premises: Premises, ui: PrefectUi
) -> None:
    paid = premises.paid("1204.50", "2401-SC-001")
    ui.fill_sync(CONNECTION, ACCOUNTANT, deployment="preview")
    run = ui.submit()
    assert ui.wait_for_end() == "Held"  # the demo's story has payments that are held

    summary = ui.read_summary()
    assert "Done; some payments wait for a person." in summary
    read_back = re.search(r"Read back and verified: (\d+) of (\d+)\.", summary)
    assert read_back is not None
    assert read_back[1] == read_back[2] != "0"

    ui.page.goto(run)
    cells = ui.look_up("verified", paid.bill_number)
    assert "1,204.50 USD" in cells
    assert "green" in cells
    _stand_once(premises, {"1204.50": paid})


def test_a_retry_of_a_failed_run_posts_the_rest_and_nothing_twice(
    premises: Premises, ui: PrefectUi
) -> None:
    paid = {
        amount: premises.paid(amount, commitment)
        for amount, commitment in (("811.10", "2402-SC-001"), ("822.20", "2402-SC-002"))
    }
    # While the first row is on its way, Procore stops showing any.
    kinds = {"system": "procore", "route": "contract_payments"}
    slow = premises.do("/faults", **kinds, kind="slow", method="POST", when="after", seconds=8)
    ui.fill_sync(CONNECTION, ACCOUNTANT)
    ui.submit()
    _until(
        lambda: slow["id"] in [each["id"] for each in premises.see("/faults")["fired"]],
        "a row is posted",
    )
    premises.do("/faults", **kinds, kind="status", status=403, rate=1)
    assert ui.wait_for_end() == "Failed"
    assert "Forbidden. Give the service account the permission" in ui.details()
    assert [] in [premises.rows(each) for each in paid.values()]

    premises.mend()
    ui.retry()
    assert ui.wait_for_end() == "Held"
    _stand_once(premises, paid)


def test_a_plan_is_asked_for_by_one_person_and_approved_by_another(
    premises: Premises, ui: PrefectUi
) -> None:
    phone = premises.enrol(CONTROLLER)
    paid = premises.paid("250000.00", "2401-SC-002")
    ui.fill_sync(CONNECTION, ACCOUNTANT)
    ui.submit()
    assert ui.wait_for_end() == "AwaitingApproval"
    summary = ui.read_summary()
    assert "250,000.00 USD in all" in summary
    plan = re.search(r"Plan ([0-9a-f]{12}) waits for approval", summary)
    assert plan is not None

    ui.fill_decision(CONNECTION, plan[1], ACCOUNTANT, "000000", note="My own.")
    ui.submit()
    assert ui.wait_for_end() == "Refused"
    assert "somebody else has to approve it" in ui.details()
    assert premises.rows(paid) == []

    ui.fill_decision(CONNECTION, plan[1], CONTROLLER, phone.code(), note="Checked.")
    ui.submit()
    assert ui.wait_for_end() == "Held"
    _stand_once(premises, {"250000.00": paid})


def test_a_held_payment_is_posted_after_a_person_decided(premises: Premises, ui: PrefectUi) -> None:
    paid = premises.paid("933.30", "2403-SC-001")
    premises.do(
        "/procore/row",
        commitment_id=premises.commitment("2403-SC-001"),
        amount="933.30",
        check_number=paid.check,
    )
    ui.fill_sync(CONNECTION, ACCOUNTANT)
    ui.submit()
    assert ui.wait_for_end() == "Held"
    cells = ui.look_up("held", paid.bill_number)
    assert {"933.30 USD", "looks_like_manual_payment", "post, leave, retry"} <= set(cells)
    assert premises.rows(paid) == []

    ui.fill_hold_decision(
        CONNECTION, cells[0], "Post it: this reason does not hold it", ACCOUNTANT,
        note="The typed row is another payment.",
    )  # fmt: skip
    ui.submit()
    assert ui.wait_for_end() == "Completed"
    assert "This one reason no longer holds it" in ui.details()
    ids = {"payment_id": paid.payment_id, "bill_id": paid.bill_id}
    premises.do("/decide", **ids, reason="looks_like_manual_payment", decision="post")
    ui.open_newest_run("sync-payments")
    assert ui.wait_for_end() == "Held"
    _stand_once(premises, {"933.30": paid})


def test_a_press_of_procores_button_is_answered_after_the_payment_was_posted(
    premises: Premises, ui: PrefectUi
) -> None:
    paid = premises.paid("1044.40", "2402-PO-003")
    began = time.monotonic()
    press = premises.do("/procore/button")
    [told] = press["deliveries"]
    assert told["answered"] == [204]
    assert told["seconds"][0] < 5

    def request() -> dict[str, Any]:
        rows = premises.see("/procore/button")["requests"]
        return next(each for each in rows if each["request_id"] == press["request_id"])

    _until(lambda: request()["status"] != "in_progress", "the request is closed")
    assert time.monotonic() - began < 60
    ui.open_newest_run(f"button {press['request_id']}")
    assert ui.wait_for_end() == "Completed"
    assert "Answered success" in ui.details()
    assert request()["status"] == "success"
    assert any(line.startswith("Posted ") for line in request()["messages"])
    _stand_once(premises, {"1044.40": paid})
