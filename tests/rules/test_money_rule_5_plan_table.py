"""Money-rules 5: the table, row by row, and 5.1 and 5.2 on numbers and reversals."""

from datetime import date
from typing import Any

import pytest

from paidsync import origin
from paidsync.policy import Policy
from paidsync.records import Standing
from tests.rules.builders import (
    PREFIX,
    Books,
    Row,
    amounts,
    application,
    commitment,
    outcome,
    payment,
    rows_of,
    standing_row,
)

PAID = payment()
NOTHING: list[tuple[str, int]] = []


def policy(**choices: Any) -> Policy:
    return Policy(start_date=date(2026, 1, 1), **choices)


def the(books: Books, kind: str) -> Row:
    """The only planned entry of a kind."""
    (entry,) = [each for each in rows_of(books.plan().entries) if each["kind"] == kind]
    return entry


def test_rule_5_live_and_nothing_in_procore_is_posted() -> None:
    books = Books.of(PAID)
    assert the(books, "payment") == {
        "origin_id": f"{PREFIX}p10457:640:1",
        "allocation_id": f"{PREFIX}p10457:640",
        "n": 1,
        "kind": "payment",
        "reverses": None,
        "payment_id": "p10457",
        "bill_id": "640",
        "project_id": "7",
        "commitment_id": "c1",
        "application_id": "a640",
        "application_number": "3",
        "amount_minor": 100_00,
        "currency": "USD",
        "date": "2026-03-14",
        "invoice_number": "HRC-640",
        "invoice_date": "2026-02-28",
        "check_number": "10457",
        "payment_method": "check",
        "notes": "QuickBooks Online bill payment 10457",
        "gross_minor": 100_00,
        "tax_minor": None,
        "links": None,
        "amber": None,
        "policy_version": 1,
        "resumes": False,
    }


def test_rule_5_live_and_the_same_in_procore_is_nothing() -> None:
    planned = Books.posted(PAID).plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "right"))


def test_rule_5_another_amount_is_a_reversal_and_a_payment() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    planned = books.sync()
    assert amounts(planned) == [("reversal", -100_00), ("payment", 80_00)]
    assert [row["n"] for row in rows_of(planned.entries)] == [2, 3]
    assert books.net(PAID) == 80_00
    assert the_notes(planned.entries, "reversal").startswith("CORRECTED")


def test_rule_5_a_bill_that_left_its_payment_is_reversed() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.REAPPLIED)
    planned = books.sync()
    assert (amounts(planned), books.net(PAID)) == ([("reversal", -100_00)], 0)
    assert the_notes(planned.entries, "reversal").startswith("RE-APPLIED")


def the_notes(entries: Any, kind: str) -> str:
    (row,) = [each for each in rows_of(entries) if each["kind"] == kind]
    return str(row["notes"])


@pytest.mark.parametrize("elsewhere", ["c1", "c2"])
def test_rule_5_another_application_is_a_reversal_there_and_a_payment_here(elsewhere: str) -> None:
    books = Books.posted(PAID)
    moved = application(application_id="a9", commitment_id=elsewhere, invoice_number="A-9")
    books.applications = {"a9": moved}
    books.commitments[elsewhere] = commitment(elsewhere)
    reversal, paid = rows_of(books.plan().entries)
    assert (reversal["commitment_id"], reversal["application_id"]) == ("c1", "a640")
    assert (paid["commitment_id"], paid["application_id"]) == (elsewhere, "a9")
    assert (reversal["amount_minor"], paid["amount_minor"]) == (-100_00, 100_00)
    books.sync()
    assert books.net_on(PAID, elsewhere) == 100_00
    assert books.net(PAID) == 100_00
    assert amounts(books.plan()) == NOTHING


def test_rule_5_voided_is_a_reversal_that_names_the_document() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.VOIDED, reversed_by="JE-77", reversal_date="2026-03-28")
    planned = books.sync()
    assert (amounts(planned), books.net(PAID)) == ([("reversal", -100_00)], 0)
    notes = the_notes(planned.entries, "reversal")
    assert notes == "VOIDED by JE-77: QuickBooks Online bill payment 10457"


@pytest.mark.parametrize("standing", [Standing.VOIDED, Standing.REAPPLIED, Standing.DELETED])
def test_rule_5_voided_or_gone_and_nothing_in_procore_is_nothing(standing: str) -> None:
    books = Books.of(PAID)
    books.erp_says(PAID, standing=standing)
    planned = books.plan()
    assert amounts(planned) == NOTHING
    assert outcome(planned, PAID) == ("outside", "voided_before_posting")


def test_rule_5_voided_after_a_refusal_is_nothing() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "refused")
    books.erp_says(PAID, standing=Standing.VOIDED)
    assert amounts(books.plan()) == NOTHING


def test_rule_5_live_again_after_a_void_is_a_payment_with_the_next_n() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.sync()
    books.erp_says(PAID, standing=Standing.LIVE, cash_minor=100_00)
    assert the(books, "payment")["n"] == 3
    books.sync()
    assert books.net(PAID) == 100_00


def test_rule_5_gone_on_proof_is_held() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.DELETED)
    planned = books.sync()
    assert outcome(planned, PAID) == ("held", "deleted_in_erp")
    assert books.net(PAID) == 100_00


def test_rule_5_gone_on_proof_is_reversed_where_the_policy_says_so() -> None:
    books = Books.posted(PAID, policies={1: policy(deleted_in_erp="reverse")})
    books.erp_says(PAID, standing=Standing.DELETED)
    planned = books.sync()
    assert (amounts(planned), books.net(PAID)) == ([("reversal", -100_00)], 0)
    assert the_notes(planned.entries, "reversal").startswith("DELETED")


DETAILS = [
    ({"payment_number": "10499"}, "check_number_changed"),
    ({"payment_date": "2026-03-15"}, "date_changed"),
]


@pytest.mark.parametrize(("change", "note"), DETAILS)
def test_rule_5_another_number_or_date_is_noted(change: Row, note: str) -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, **change)
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "right"))
    assert rows_of(planned.dispositions)[0]["amber"] == note


@pytest.mark.parametrize(("change", "note"), DETAILS)
def test_rule_5_another_number_or_date_is_posted_anew_where_the_policy_says_so(
    change: Row, note: str
) -> None:
    books = Books.posted(PAID, policies={1: policy(details_changed="repost")})
    books.erp_says(PAID, **change)
    planned = books.sync()
    assert amounts(planned) == [("reversal", -100_00), ("payment", 100_00)]
    assert rows_of(planned.dispositions)[0]["amber"] == note
    assert rows_of(planned.entries)[0]["date"] == "2026-03-14"
    assert amounts(books.plan()) == NOTHING


def test_rule_5_a_repost_is_not_posted_beside_a_typed_row() -> None:
    books = Books.posted(PAID, policies={1: policy(details_changed="repost")})
    books.erp_says(PAID, payment_number="10499")
    books.rows.append(standing_row("1.00", check_number="10499"))
    planned = books.plan()
    assert amounts(planned) == NOTHING
    assert outcome(planned, PAID) == ("held", "looks_like_manual_payment")


def test_rule_5_a_first_check_number_that_arrives_late_is_listed() -> None:
    books = Books.posted(payment(None, payment_id="p1"))
    (paid,) = books.payments.values()
    books.erp_says(paid, payment_number="10457")
    assert rows_of(books.plan().dispositions)[0]["amber"] == "check_number_changed"


DRIFTS: list[Row] = [
    {"amount_minor": 99_99},
    {"application_id": "a1"},
    {"application_id": None},
    {"date": "2026-03-15"},
    {"invoice_number": "HRC-641"},
    {"check_number": None},
]


@pytest.mark.parametrize("drift", [None, *DRIFTS], ids=lambda each: ",".join(each or ["gone"]))
@pytest.mark.parametrize("standing", [Standing.LIVE, Standing.VOIDED, Standing.DISAPPEARED])
def test_rule_5_a_row_of_ours_missing_or_changed_is_held(standing: str, drift: Row | None) -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=standing)
    if drift is None:
        books.rows.clear()
    else:
        books.rows[0] |= drift
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "drift_in_procore")
    assert amounts(planned) == NOTHING


def test_rule_5_a_row_of_ours_that_moved_to_another_commitment_is_held() -> None:
    books = Books.posted(PAID)
    books.rows[0]["commitment_id"] = "c2"
    assert outcome(books.plan(), PAID) == ("held", "drift_in_procore")


def test_rule_5_a_bill_now_settled_by_a_credit_is_reversed_and_then_left_alone() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=0, settled_minor=100_00)
    assert amounts(books.sync()) == [("reversal", -100_00)]
    planned = books.sync()
    assert amounts(planned) == NOTHING
    assert outcome(planned, PAID) == ("outside", "credit_application")
    assert books.net(PAID) == 0


def test_rule_5_a_credit_after_a_void_is_nothing() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.sync()
    books.erp_says(PAID, standing=Standing.LIVE, cash_minor=0, settled_minor=100_00)
    assert amounts(books.plan()) == NOTHING


def test_rule_5_a_switched_off_payments_tab_is_held_unless_nothing_is_to_be_posted() -> None:
    books = Books.posted(PAID)
    books.tabs = {"c1": False}
    assert outcome(books.plan(), PAID) == ("matched", "right")
    books.erp_says(PAID, cash_minor=80_00)
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "payments_tab_disabled")
    assert amounts(planned) == NOTHING


@pytest.mark.parametrize("tab", [True, None])
def test_rule_5_a_tab_that_is_on_or_unknown_is_no_hindrance(*, tab: bool | None) -> None:
    assert amounts(Books.of(PAID, tabs={"c1": tab}).plan()) == [("payment", 100_00)]


def test_rule_5_queued_again_after_posting_is_left_alone() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.NOT_ISSUED)
    planned = books.sync()
    assert (outcome(planned, PAID), books.net(PAID)) == (("pending", "not_issued_yet"), 100_00)


def test_rule_5_1_n_goes_on_from_the_highest_in_the_ledger() -> None:
    books = Books.of(PAID)
    for n in (1, 2, 3):
        assert [row["n"] for row in rows_of(books.sync(lambda _: "refused").entries)] == [n]


def test_rule_5_1_n_goes_on_from_the_highest_in_procore() -> None:
    books = Books.of(PAID, rows=[standing_row("1.00", of=PAID, n=7, date="2025-01-01")])
    assert the(books, "payment")["n"] == 8


def test_rule_5_1_n_above_nine_is_counted_and_not_spelled() -> None:
    books = Books.posted(PAID)
    for k in range(12):
        books.erp_says(PAID, cash_minor=100_00 + k + 1)
        books.sync()
    assert books.entries[PAID["allocation_id"]][-1]["n"] == 25
    assert len(set(books.sent)) == len(books.sent) == 25


def test_rule_5_2_a_reversal_copies_the_standing_row() -> None:
    books = Books.posted(PAID)
    books.erp_says(
        PAID,
        standing=Standing.VOIDED,
        payment_number="10499",
        payment_date="2026-03-20",
        payment_method="electronic",
        bill_number="HRC-999",
    )
    reversal = the(books, "reversal")
    (stands,) = books.rows
    copied = ("project_id", "commitment_id", "application_id", "invoice_number", "check_number")
    assert {name: reversal[name] for name in copied} == {name: stands[name] for name in copied}
    assert reversal["payment_method"] == "check"
    assert reversal["amount_minor"] == -stands["amount_minor"]
    assert reversal["reverses"] == stands["origin_id"]


@pytest.mark.parametrize(
    ("documents_date", "expected"), [("2026-03-28", "2026-03-28"), (None, "2026-03-14")]
)
def test_rule_5_2_a_reversal_has_the_erps_date_or_the_rows_never_todays(
    documents_date: str | None, expected: str
) -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.VOIDED, reversal_date=documents_date)
    assert the(books, "reversal")["date"] == expected


def test_rule_5_2_what_was_taken_back_is_not_taken_back_again() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.sync()
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "right"))


def test_rule_5_2_the_gross_and_the_tax_are_taken_back_too() -> None:
    books = Books.posted(PAID | {"bill_net_minor": 93_00, "bill_total_minor": 100_00})
    books.erp_says(PAID, standing=Standing.VOIDED)
    reversal = the(books, "reversal")
    assert (reversal["gross_minor"], reversal["tax_minor"]) == (-100_00, -7_00)


@pytest.mark.parametrize(
    ("standing", "reason"),
    [(Standing.DELETED, "deleted_in_erp"), (Standing.DISAPPEARED, "disappeared_from_erp")],
)
def test_rule_5_3_new_payments_of_a_bill_join_its_open_deletion(standing: str, reason: str) -> None:
    replacement, elsewhere = payment("10458"), payment("10459", bill="641")
    books = Books.posted(PAID)
    books.applications["a641"] = application("641")
    books.erp_says(PAID, standing=standing)
    books.payments |= {each["allocation_id"]: each for each in (replacement, elsewhere)}
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", reason)
    assert outcome(planned, replacement) == ("held", reason)
    assert outcome(planned, elsewhere) == ("matched", "planned")


@pytest.mark.parametrize("standing", [Standing.DELETED, Standing.DISAPPEARED])
def test_rule_5_3_without_a_hold_there_is_nothing_to_join(standing: str) -> None:
    """What went before anything was posted leaves nobody a decision to make."""
    replacement = payment("10458")
    books = Books.of([PAID, replacement])
    books.erp_says(PAID, standing=standing)
    planned = books.plan()
    assert outcome(planned, PAID)[0] == "outside"
    assert outcome(planned, replacement) == ("matched", "planned")


def test_rule_5_3_a_disappearance_is_never_a_void() -> None:
    books = Books.posted(PAID, policies={1: policy(deleted_in_erp="reverse")})
    books.erp_says(PAID, standing=Standing.DISAPPEARED)
    planned = books.sync()
    assert outcome(planned, PAID) == ("held", "disappeared_from_erp")
    assert books.net(PAID) == 100_00


def test_rule_5_5_an_entry_carries_the_policy_version_it_is_posted_under() -> None:
    (entry,) = rows_of(Books.of(PAID).plan().entries)
    assert entry["policy_version"] == 1


def test_rule_7_2_projects_filter_the_plan_and_nothing_else() -> None:
    there = payment("10458", bill="641")
    bills = [application("640"), application("641", project_id="8")]
    planned = Books.of([PAID, there], bills).plan(projects=["8"])
    assert [row["bill_id"] for row in rows_of(planned.entries)] == ["641"]
    assert outcome(planned, PAID) == ("matched", "not_asked")


def test_rule_7_2_a_void_in_another_project_is_left_too() -> None:
    books = Books.posted(PAID)
    books.applications.clear()
    books.erp_says(PAID, standing=Standing.VOIDED)
    assert amounts(books.plan(projects=["8"])) == NOTHING
    assert amounts(books.plan(projects=["7"])) == [("reversal", -100_00)]


def test_rule_5_1_the_same_allocation_is_planned_with_the_same_id_again() -> None:
    books = Books.of(PAID)
    first, second = books.plan(), books.plan()
    assert rows_of(first.entries) == rows_of(second.entries)
    (parsed,) = {origin.parse(each) for each in first.entries["origin_id"]}
    assert parsed == (PAID["allocation_id"], 1)
