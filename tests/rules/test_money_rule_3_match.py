"""Money-rules 3: how an allocation finds its payment application, and when it must not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync.records import Standing
from tests.rules.builders import (
    Books,
    Row,
    application,
    bill,
    judged,
    outcome,
    payment,
    rows_of,
    said,
    verdict,
)


def by_number(**columns: object) -> Row:
    """An application of the bill's vendor with the bill's number, linked to no bill we know."""
    return application(origin_id="exported by another tool", **columns)


def test_rule_3_1_the_bills_id_and_its_vendor_agree() -> None:
    row = verdict(payment(), [application()])
    assert said(row) == ("matched", None)
    assert (row["application_id"], row["commitment_id"], row["rule"]) == (
        "a640",
        "c1",
        "by_bill_id",
    )


def test_rule_3_1_the_number_is_enough_beside_the_id() -> None:
    assert said(verdict(payment(vendor_id="57"), [application()])) == ("matched", None)


@pytest.mark.parametrize("vendor", ["57", None])
def test_rule_3_1_neither_vendor_nor_number_is_held(vendor: str | None) -> None:
    row = payment(vendor_id=vendor, bill_number="other")
    assert said(verdict(row, [application()])) == ("held", "vendor_differs")


def test_rule_3_1_two_missing_vendors_do_not_agree() -> None:
    row = payment(vendor_id=None, bill_number="other")
    answer = verdict(row, [application(vendor_origin_id=None)])
    assert said(answer) == ("held", "vendor_differs")


def test_rule_3_1_two_missing_numbers_do_not_agree() -> None:
    row = payment(vendor_id="57", bill_number=None)
    assert said(verdict(row, [application(invoice_number=None)])) == ("held", "vendor_differs")


def test_rule_3_1_two_applications_of_one_bill_are_never_guessed() -> None:
    both = [application(), application(application_id="a2", commitment_id="c2")]
    assert said(verdict(payment(), both)) == ("held", "ambiguous_match")


def test_rule_3_1_the_id_decides_before_the_number() -> None:
    elsewhere = by_number(application_id="a2", commitment_id="c2")
    assert verdict(payment(), [elsewhere, application()])["application_id"] == "a640"


def test_rule_3_3_vendor_and_number_match() -> None:
    row = verdict(payment(bill_number="hrc 640"), [by_number()])
    assert said(row) == ("matched", None)
    assert (row["application_id"], row["rule"]) == ("a640", "by_vendor_and_number")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (payment(vendor_id="57"), [by_number()]),
        (payment(vendor_id=None), [by_number(vendor_origin_id=None)]),
        (payment(bill_number=None), [by_number(invoice_number=None)]),
        (payment(bill_number="-- / --"), [by_number(invoice_number="//")]),
        (payment(bill_number="HRC-0640"), [by_number()]),
    ],
    ids=["other vendor", "no vendor", "no number", "nothing of a number", "a zero in front"],
)
def test_rule_3_3_half_a_match_is_none(row: Row, found: list[Row]) -> None:
    assert said(verdict(row, found)) == ("outside", "no_payment_application")


def test_rule_3_3_two_applications_with_the_number_are_never_guessed() -> None:
    both = [by_number(), by_number(application_id="a2", invoice_number="HRC 640")]
    assert said(verdict(payment(), both)) == ("held", "ambiguous_match")


def test_rule_3_3_two_bills_with_the_number_are_never_guessed() -> None:
    answer = verdict(payment(), [by_number()], bills=[bill("555", "hrc640")])
    assert said(answer) == ("held", "ambiguous_match")


def test_rule_3_3_another_vendors_bill_with_the_number_is_no_tie() -> None:
    answer = verdict(payment(), [by_number()], bills=[bill("555", "HRC-640", vendor="57")])
    assert said(answer) == ("matched", None)


def test_rule_3_3_never_an_application_that_names_another_known_bill() -> None:
    taken = application(origin_id="555")
    answer = verdict(payment(), [taken], bills=[bill("555", "another number")])
    assert said(answer) == ("outside", "no_payment_application")


def test_rule_3_3_an_application_that_is_taken_still_counts_as_a_tie() -> None:
    taken = application(application_id="a2", origin_id="555")
    answer = verdict(payment(), [by_number(), taken], bills=[bill("555", "another number")])
    assert said(answer) == ("held", "ambiguous_match")


def test_rule_3_3_an_application_that_is_not_synced_yet_is_pending() -> None:
    answer = verdict(payment(), [application(origin_id=None)])
    assert said(answer) == ("pending", "application_not_synced")


def test_rule_3_5_another_number_beside_the_same_id_is_amber() -> None:
    row = verdict(payment(bill_number="typed otherwise"), [application()])
    assert (said(row), row["amber"]) == (("matched", None), "bill_number_differs")


@pytest.mark.parametrize("number", ["hrc640", "HRC 640", "ＨＲＣ－６４０"])
def test_rule_3_5_spelling_is_no_difference(number: str) -> None:
    assert verdict(payment(bill_number=number), [application()])["amber"] is None


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ([], "application_unlinked"),
        ([application(origin_id=None)], "application_unlinked"),
        ([application(vendor_origin_id="57", invoice_number="other")], "vendor_differs"),
        ([application(), application(application_id="a2")], "ambiguous_match"),
    ],
    ids=["gone", "not synced any more", "of another vendor", "two of them"],
)
def test_rule_3_8_a_match_that_is_lost_never_moves_money(now: list[Row], reason: str) -> None:
    paid = payment()
    books = Books.posted(paid)
    books.applications = {row["application_id"]: row for row in now}
    planned = books.sync()
    assert outcome(planned, paid) == ("held", reason)
    assert len(planned.entries) == 0
    assert books.net(paid) == 100_00


def test_rule_3_8_a_void_is_taken_back_though_the_match_is_lost() -> None:
    paid = payment()
    books = Books.posted(paid)
    books.applications.clear()
    books.erp_says(paid, standing=Standing.VOIDED)
    (entry,) = rows_of(books.sync().entries)
    assert (entry["application_id"], books.net(paid)) == ("a640", 0)


@given(order=st.permutations(range(6)))
@settings(max_examples=25)
def test_rule_3_the_order_of_rows_decides_nothing(order: list[int]) -> None:
    applications = [
        application("640"),
        application("641"),
        application("642", origin_id=None),
        by_number(application_id="a9", invoice_number="HRC-643"),
        by_number(application_id="a8", invoice_number="HRC-643"),
        application("645", origin_id="640"),
    ]
    rows = [payment(bill=each) for each in ("640", "641", "642", "643", "645", "646")]

    def answers(ours: list[Row], theirs: list[Row]) -> dict[str, tuple[str, str | None]]:
        return {row["allocation_id"]: said(row) for row in rows_of(judged(ours, theirs))}

    shuffled = answers([rows[k] for k in order], [applications[k] for k in order])
    assert shuffled == answers(rows, applications)
