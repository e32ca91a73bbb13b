"""Money-rules 5.2 and 4.3: every field of what is sent: payments, reversals, and linked rows."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import Decision
from paidsync.records import ENTRIES, Standing, rows_of
from tasks.drafts import is_still_due, resumed
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    outcome,
    payment,
    standing_row,
)

START = date(2026, 1, 1)
PAID = payment(bill_total_minor=120_00, bill_net_minor=90_00)
ALLOCATION = "quickbooks_online:9130:p10457:640"
SENT = {
    "origin_id": f"{ALLOCATION}:1",
    "allocation_id": ALLOCATION,
    "n": 1,
    "kind": "payment",
    "reverses": None,
    "links": None,
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
    "tax_minor": 25_00,
    "policy_version": 1,
    "amber": None,
    "resumes": False,
}


def one(books: Books) -> Row:
    (entry,) = rows_of(books.plan().entries)
    return entry


def test_rule_5_a_payment_says_all_that_the_erp_says() -> None:
    assert one(Books.of(PAID)) == SENT


def test_rule_5_2_a_reversal_is_its_row_turned_round() -> None:
    books = Books.posted(PAID)
    books.erp_says(
        PAID,
        standing=Standing.VOIDED,
        reversal_date="2026-03-20",
        reversed_by="journal 99",
        # nothing of what the ERP says by now is taken over
        payment_number="0",
        payment_method="ach",
        bill_number="other",
        bill_date="2026-03-01",
    )
    assert one(books) == SENT | {
        "origin_id": f"{ALLOCATION}:2",
        "n": 2,
        "kind": "reversal",
        "reverses": f"{ALLOCATION}:1",
        "amount_minor": -100_00,
        "date": "2026-03-20",
        "notes": "VOIDED by journal 99: QuickBooks Online bill payment 0",
        "gross_minor": -100_00,
        "tax_minor": -25_00,
    }


def test_rule_5_2_a_reversal_bears_no_remark_of_the_match() -> None:
    numbered = PAID | {"bill_number": "typed otherwise"}
    books = Books.posted(numbered)
    books.erp_says(numbered, cash_minor=80_00)
    taken_back, again = rows_of(books.plan().entries)
    assert (taken_back["amber"], again["amber"]) == (None, "bill_number_differs")


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({"standing": Standing.VOIDED}, "VOIDED: QuickBooks Online bill payment 10457"),
        (
            {"standing": Standing.REAPPLIED},
            "RE-APPLIED: QuickBooks Online bill payment 10457 no longer pays this bill",
        ),
        ({"standing": Standing.DELETED}, "DELETED: QuickBooks Online bill payment 10457"),
        ({"cash_minor": 80_00}, "CORRECTED: QuickBooks Online bill payment 10457"),
        (
            {"standing": Standing.VOIDED, "payment_number": None},
            "VOIDED: QuickBooks Online bill payment p10457",
        ),
    ],
)
def test_rule_5_2_the_notes_say_why_it_was_taken_back(changes: Row, notes: str) -> None:
    books = Books.posted(PAID, policies={1: Policy(start_date=START, deleted_in_erp="reverse")})
    books.erp_says(PAID, **changes)
    assert rows_of(books.plan().entries)[0]["notes"] == notes


def test_rule_5_3_the_notes_say_that_a_person_took_it_back() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, standing=Standing.DISAPPEARED)
    books.decide(PAID, Decision.REVERSE)
    assert one(books)["notes"] == (
        "DISAPPEARED: QuickBooks Online bill payment 10457, taken back by decision"
    )


@pytest.mark.parametrize("unknown", [{"bill_net_minor": None}, {"bill_total_minor": None}])
def test_rule_1_4_the_tax_of_a_bill_that_does_not_say_it_is_unknown(unknown: Row) -> None:
    paid = PAID | unknown
    books = Books.posted(paid)
    (posted,) = books.entries[ALLOCATION]
    assert (posted["gross_minor"], posted["tax_minor"]) == (100_00, None)
    books.erp_says(paid, standing=Standing.VOIDED)
    assert (one(books)["gross_minor"], one(books)["tax_minor"]) == (-100_00, None)


def test_rule_5_2_an_entry_whose_gross_the_ledger_lost_is_taken_back_without_it() -> None:
    books = Books.posted(PAID)
    books.entries[ALLOCATION][0] |= {"gross_minor": None, "tax_minor": None}
    books.erp_says(PAID, standing=Standing.VOIDED)
    reversal = one(books)
    assert (reversal["amount_minor"], reversal["gross_minor"]) == (-100_00, None)


LINKS = {1: Policy(start_date=START, typed_rows="link")}


def typed(**columns: Any) -> Row:
    return standing_row(
        date="2026-03-16", invoice_number="their 640", check_number="77", notes="by Ann", **columns
    )


def test_rule_4_3_a_linked_row_keeps_its_own_fields() -> None:
    books = Books.of(PAID, policies=LINKS, rows=[typed()])
    assert one(books) == SENT | {
        "links": "typed",
        "application_id": None,
        "date": "2026-03-16",
        "invoice_number": "their 640",
        "check_number": "77",
        "notes": "by Ann",
        "amber": "linked",
    }


def test_rule_4_3_a_link_keeps_the_remarks_of_the_match() -> None:
    numbered = PAID | {"bill_number": "typed otherwise"}
    books = Books.of(numbered, policies=LINKS, rows=[typed()])
    assert one(books)["amber"] == "bill_number_differs,linked"


def test_rule_4_3_a_linked_row_moves_with_the_match() -> None:
    books = Books.of(PAID, policies=LINKS, rows=[typed(application_id="a640")])
    books.sync()
    assert amounts(books.plan()) == []
    books.applications["a640"] |= {"origin_id": "gone", "invoice_number": "another"}
    books.applications["a1"] = application(application_id="a1")
    planned = rows_of(books.plan().entries)
    assert [(each["amount_minor"], each["application_id"]) for each in planned] == [
        (-100_00, "a640"),
        (100_00, "a1"),
    ]


def test_rule_3_6_what_was_posted_without_an_application_moves_to_one_that_appears() -> None:
    retained = payment("9", bill="700", retainage_of="640")
    books = Books.of([payment(), retained], [application()])
    books.decide(retained, Decision.POST_WITHOUT_APPLICATION)
    books.sync()
    books.applications["a700"] = application("700", invoice_type="retainage_release")
    planned = rows_of(books.plan().entries)
    assert [(each["amount_minor"], each["application_id"]) for each in planned] == [
        (-100_00, None),
        (100_00, "a700"),
    ]


def test_rule_6_3_what_is_sent_again_is_the_frozen_entry() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.later(minutes=11)
    (frozen,) = books.entries[ALLOCATION]
    again = one(books)
    assert again == SENT | {"resumes": True}
    assert {name: frozen[name] for name in ENTRIES.columns if name != "resumes"} == {
        name: again[name] for name in ENTRIES.columns if name != "resumes"
    }


@pytest.mark.parametrize(
    "name",
    ["kind", "reverses", "links", "commitment_id", "application_id", "amount_minor", "date",
     "invoice_number", "check_number"],
)  # fmt: skip
def test_rule_6_3_another_fact_makes_it_another_entry(name: str) -> None:
    assert is_still_due(SENT, resumed(SENT))
    assert not is_still_due(SENT, resumed(SENT | {name: "other"}))
    assert not is_still_due(SENT | {name: "other"}, resumed(SENT | {name: None}))


def test_rule_6_3_an_empty_number_and_none_are_one() -> None:
    assert is_still_due(SENT | {"check_number": ""}, resumed(SENT | {"check_number": None}))


def test_rule_4_6_a_row_that_was_changed_says_how() -> None:
    books = Books.posted(PAID)
    books.rows[0] |= {
        "application_id": None,
        "amount_minor": 99_00,
        "date": "2026-03-15",
        "invoice_number": "x",
        "check_number": None,
    }
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "drift_in_procore")
    assert rows_of(planned.dispositions)[0]["detail"] == (
        "Row row 1 was changed in Procore: application - instead of a640, amount in minor units "
        "9900 instead of 10000, date 2026-03-15 instead of 2026-03-14, invoice number x instead "
        "of HRC-640, check number - instead of 10457."
    )


def test_rule_4_6_a_row_that_moved_says_from_where() -> None:
    unnumbered = payment(None, payment_id="p1")
    books = Books.posted(unnumbered)
    books.rows[0] |= {"commitment_id": "c2", "check_number": "9"}
    assert rows_of(books.plan().dispositions)[0]["detail"] == (
        "Row row 1 was changed in Procore: commitment c2 instead of c1, check number 9 instead "
        "of -."
    )


def test_rule_5_a_payment_without_a_number_is_named_without_one() -> None:
    entry = one(Books.of(payment(None, payment_id="p1")))
    assert (entry["check_number"], entry["notes"]) == (None, "QuickBooks Online bill payment")
