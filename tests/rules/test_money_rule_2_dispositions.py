"""Money-rules 2: one disposition each, totals that tie, holds that bind to a state."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync.reasons import Disposition, Hold, Outside, Pending
from paidsync.records import ALLOCATIONS, DISPOSITIONS, Standing, rows_of, totals
from tasks.match import fingerprint
from tasks.rows import NO_BILL
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    commitment,
    fault,
    judged,
    outcome,
    payment,
    said,
    verdict,
)

STANDINGS = [
    Standing.LIVE,
    Standing.NOT_ISSUED,
    Standing.VOIDED,
    Standing.REAPPLIED,
    Standing.DELETED,
    Standing.DISAPPEARED,
]


@st.composite
def extracts(draw: st.DrawFn) -> tuple[list[Row], dict[str, Any]]:
    """Anything that an extract may hold, sensible or not."""
    payments = []
    for k in range(draw(st.integers(0, 8))):
        cash = draw(st.integers(0, 10**7))
        payments.append(
            payment(
                str(k // 2),
                draw(st.sampled_from(["640", "641", "642", "643", NO_BILL])) + str(k % 2) * (k % 2),
                standing=draw(st.sampled_from(STANDINGS)),
                currency=draw(st.sampled_from(["USD", "CAD"])),
            )
            | {
                "cash_minor": cash,
                "settled_minor": cash + draw(st.integers(0, 500)),
                "vendor_id": draw(st.sampled_from(["56", "57", None])),
                "bill_number": draw(st.sampled_from(["HRC-640", "HRC-641", "hrc 641", None])),
                "opening": draw(st.booleans()),
                "split_in_proportion": draw(st.booleans()),
            }
        )
    applications = [
        application(bill, draw(st.sampled_from(["c1", "c2", "c3"])))
        | {
            "origin_id": draw(st.sampled_from([bill, bill, "640", None])),
            "vendor_origin_id": draw(st.sampled_from(["56", "57", None])),
        }
        for bill in draw(st.lists(st.sampled_from(["640", "641", "6421"]), unique=True))
    ]
    known = {
        "applications": applications,
        "commitments": [commitment("c1"), commitment("c2", status="void")],
        "faults": [
            fault(each, draw(st.sampled_from(list(Hold))))
            for each in payments
            if draw(st.integers(0, 5)) == 0
        ],
        "posted": [each for each in payments if draw(st.booleans())],
    }
    return payments, known


@given(extracts())
@settings(max_examples=25)
def test_rule_2_every_allocation_has_exactly_one_disposition(
    extract: tuple[list[Row], dict[str, Any]],
) -> None:
    payments, known = extract
    frame = DISPOSITIONS.check(judged(payments, **known))
    rows = rows_of(frame)
    assert [row["allocation_id"] for row in rows] == [row["allocation_id"] for row in payments]
    kinds = {"outside": Outside, "pending": Pending, "held": Hold}
    for row in rows:
        if row["disposition"] == Disposition.MATCHED:
            assert row["reason"] is None
            assert row["outcome"] is None
        else:
            assert kinds[row["disposition"]](row["reason"])
        if row["disposition"] == Disposition.HELD:
            assert row["detail"]


@given(extracts())
@settings(max_examples=25)
def test_rule_2_extracted_is_outside_pending_held_and_matched_to_the_minor_unit(
    extract: tuple[list[Row], dict[str, Any]],
) -> None:
    payments, known = extract
    frame = judged(payments, **known)
    assert totals(frame, "cash_minor") == totals(ALLOCATIONS.frame(payments), "cash_minor")
    parts: Counter[str] = Counter()
    for _, part in frame.groupby("disposition"):
        parts.update(totals(part, "cash_minor"))
    assert dict(parts) == totals(frame, "cash_minor")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (payment(bill="900"), "no_payment_application"),
        (payment(opening=True), "opening_history"),
        (payment(bill=NO_BILL), "unapplied"),
        (payment(cash="0.00", settled="100.00"), "credit_application"),
        (payment(standing=Standing.VOIDED, cash="0.00"), "voided_before_posting"),
        (payment(standing=Standing.REAPPLIED, cash="0.00"), "voided_before_posting"),
        (payment(standing=Standing.DELETED, cash="0.00"), "voided_before_posting"),
    ],
    ids=["rent", "history", "unapplied", "credit", "voided", "moved", "deleted"],
)
def test_rule_2_outside_is_never_a_hold(row: Row, reason: str) -> None:
    assert said(verdict(row, [application()])) == ("outside", reason)


@pytest.mark.parametrize("broken", [Hold.MISSING_BILL_NUMBER, Hold.AMOUNT_EXCEEDS_BILL])
def test_rule_2_a_fault_on_a_rent_payment_is_no_hold(broken: Hold) -> None:
    row = payment(bill="900")
    assert said(verdict(row, faults=[fault(row, broken)])) == ("outside", "no_payment_application")


def test_rule_2_a_fault_holds_with_its_reason_its_rule_and_what_was_seen() -> None:
    row = payment()
    answer = verdict(row, [application()], faults=[fault(row, Hold.DATE_IN_FUTURE, "BP-131")])
    assert said(answer) == ("held", "date_in_future")
    assert (answer["rule"], answer["detail"]) == ("BP-131", Hold.DATE_IN_FUTURE.plain)


def test_rule_2_the_first_fault_is_the_reason() -> None:
    row = payment()
    faults = [fault(row, Hold.MISSING_AMOUNT), fault(row, Hold.MISSING_BILL_NUMBER)]
    assert said(verdict(row, [application()], faults=faults)) == ("held", "missing_amount")


def test_rule_2_a_fault_of_the_application_holds_its_payment() -> None:
    faults = [fault(application(), Hold.BAD_CURRENCY, "PA-110")]
    assert said(verdict(payment(), [application()], faults=faults)) == ("held", "bad_currency")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (commitment(status="Void"), "commitment_void"),
        (commitment(status="terminated"), "commitment_void"),
        (commitment(project_active=False), "project_not_active"),
    ],
)
def test_rule_2_a_commitment_that_takes_no_payments_holds_what_would_be_written(
    place: Row, reason: str
) -> None:
    paid = payment()
    books = Books.posted(paid)
    books.commitments["c1"] = place
    assert outcome(books.plan(), paid) == ("matched", "right")
    for change in ({"cash_minor": 80_00}, {"standing": Standing.VOIDED}):
        books.erp_says(paid, **change)
        planned = books.plan()
        assert (amounts(planned), outcome(planned, paid)) == ([], ("held", reason))
    new = payment("2", bill="641")
    books.payments = {new["allocation_id"]: new}
    books.applications["a641"] = application("641")
    assert outcome(books.plan(), new) == ("held", reason)


def test_rule_2_a_commitment_that_was_never_seen_holds() -> None:
    row = verdict(payment(), [application()], commitments=[commitment("c9")])
    assert said(row) == ("held", "project_not_active")


@pytest.mark.parametrize(
    "change",
    [
        {"cash_minor": 99_99},
        {"currency": "CAD"},
        {"bill_id": "641"},
        {"bill_number": "HRC-999"},
        {"vendor_id": "57"},
        {"standing": Standing.VOIDED},
    ],
)
def test_rule_2_a_change_of_amount_bill_or_vendor_reopens_a_decision(change: Row) -> None:
    row = payment()
    assert fingerprint(row | change, "a640") != fingerprint(row, "a640")


def test_rule_2_another_application_reopens_a_decision_and_a_new_reading_does_not() -> None:
    row = payment()
    assert fingerprint(row, "a641") != fingerprint(row, "a640")
    seen_again = row | {"version": "7", "modified_at": "2026-03-30T00:00:00+00:00", "fresh": False}
    assert fingerprint(seen_again, "a640") == fingerprint(row, "a640")


def test_rule_2_a_hold_closes_when_its_cause_goes() -> None:
    paid = payment()
    books = Books.of(paid, faults=[fault(paid, Hold.MISSING_BILL_NUMBER)])
    assert len(books.sync().entries) == 0
    books.faults.clear()
    assert len(books.sync().entries) == 1
    assert books.net(paid) == 100_00


@pytest.mark.parametrize("change", [{"cash_minor": 80_00}, {"standing": Standing.VOIDED}])
def test_rule_2_nothing_is_posted_for_what_this_run_did_not_read(change: Row) -> None:
    paid = payment()
    books = Books.posted(paid)
    books.erp_says(paid, fresh=False, **change)
    planned = books.plan()
    assert len(planned.entries) == 0
    assert rows_of(planned.dispositions)[0]["outcome"] == "left"


def test_rule_2_a_first_payment_is_not_posted_from_an_earlier_reading() -> None:
    assert len(Books.of(payment(fresh=False)).plan().entries) == 0
