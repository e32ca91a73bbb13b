"""Money-rules 5.5: an entry is judged by the policy version that it was posted under."""

from datetime import date

from paidsync.policy import Policy
from paidsync.records import Standing
from tests.rules.builders import Books, amounts, outcome, payment, rows_of

START = date(2026, 1, 1)
TAXED = {"bill_total_minor": 120_00, "bill_net_minor": 100_00}
PAID = payment(cash="60.00", **TAXED)


def test_rule_5_5_a_new_policy_governs_new_allocations() -> None:
    books = Books.posted(PAID)
    books.new_policy(tax="exclude")
    new = payment("2", bill="641", cash="60.00", **TAXED)
    books.payments[new["allocation_id"]] = new
    books.applications["a641"] = dict(books.applications["a640"]) | {
        "application_id": "a641",
        "origin_id": "641",
        "invoice_number": "HRC-641",
    }
    (entry,) = rows_of(books.sync().entries)
    assert (entry["amount_minor"], entry["policy_version"]) == (50_00, 2)
    assert books.net(PAID) == 60_00


def test_rule_5_5_what_is_posted_is_corrected_by_its_own_policy() -> None:
    books = Books.posted(PAID)
    books.new_policy(tax="exclude")
    books.erp_says(PAID, cash_minor=72_00)
    entries = rows_of(books.sync().entries)
    assert [(each["amount_minor"], each["policy_version"]) for each in entries] == [
        (-60_00, 1),
        (72_00, 1),
    ]


def test_rule_5_5_after_a_void_the_new_policy_governs() -> None:
    books = Books.posted(PAID)
    books.new_policy(tax="exclude")
    books.erp_says(PAID, standing=Standing.VOIDED)
    books.sync()
    books.erp_says(PAID, standing=Standing.LIVE, cash_minor=60_00)
    (entry,) = rows_of(books.sync().entries)
    assert (entry["amount_minor"], entry["policy_version"]) == (50_00, 2)


def test_rule_5_5_a_deletion_is_judged_by_the_policy_of_its_entry() -> None:
    books = Books.posted(PAID)
    books.new_policy(deleted_in_erp="reverse")
    books.erp_says(PAID, standing=Standing.DELETED)
    assert outcome(books.plan(), PAID) == ("held", "deleted_in_erp")
    later = Books.posted(PAID, policies={1: Policy(start_date=START, deleted_in_erp="reverse")})
    later.new_policy(deleted_in_erp="hold")
    later.erp_says(PAID, standing=Standing.DELETED)
    assert amounts(later.plan()) == [("reversal", -60_00)]


def test_rule_5_5_a_changed_number_is_judged_by_the_policy_of_its_entry() -> None:
    books = Books.posted(PAID)
    books.new_policy(details_changed="repost")
    books.erp_says(PAID, payment_number="10499")
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("matched", "right"))


def test_rule_5_5_a_restatement_judges_what_is_posted_by_the_present_policy() -> None:
    books = Books.posted(PAID)
    books.new_policy(tax="exclude")
    books.restate = True
    entries = rows_of(books.sync().entries)
    assert [(each["amount_minor"], each["policy_version"]) for each in entries] == [
        (-60_00, 1),
        (50_00, 2),
    ]
    books.restate = False
    assert amounts(books.plan()) == []
    books.erp_says(PAID, cash_minor=72_00)
    assert amounts(books.plan()) == [("reversal", -50_00), ("payment", 60_00)]


def test_rule_5_5_a_restatement_under_an_unchanged_policy_is_nothing() -> None:
    books = Books.posted(PAID, policies={1: Policy(start_date=START, tax="exclude")})
    books.restate = True
    assert amounts(books.plan()) == []
