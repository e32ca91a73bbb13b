"""Money-rules 3.1, 3.2, 1.3 and 2: which rule held a payment, and in which words."""

from datetime import date

from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from tasks.decisions import Decided
from tasks.strategies import Book, find
from tests.rules.builders import application, bill, fault, payment, said, verdict

MAPS = Policy.model_validate(
    {"start_date": date(2026, 1, 1), "map": [{"application": "a9", "bills": ["640"]}]}
)


def test_rule_3_2_the_hold_names_the_application_that_procore_does_not_show() -> None:
    for number, named in (("HRC-640", "HRC-640"), (None, "640")):
        row = verdict(payment(bill_number=number), [application()], policy=MAPS)
        assert (said(row), row["rule"], row["application_id"]) == (
            ("held", "ambiguous_match"),
            "by_policy",
            None,
        )
        assert row["detail"] == (
            f"The policy gives bill {named} to payment application a9, which Procore does not show."
        )


def test_rule_3_2_the_hold_names_both_applications() -> None:
    for number, named in (("HRC-640", "HRC-640"), (None, "640")):
        for invoice, theirs in (("P-9", "P-9"), (None, "a9")):
            mapped = application("9", origin_id="of another tool", invoice_number=invoice)
            both = [application(), mapped]
            row = verdict(payment(bill_number=number), both, policy=MAPS)
            assert (said(row), row["rule"], row["application_id"]) == (
                ("held", "ambiguous_match"),
                "by_policy",
                None,
            )
            assert row["detail"] == (
                f"The policy gives bill {named} to payment application {theirs}, but application "
                "HRC-640 names it."
            )


def test_rule_3_2_a_match_by_the_map_says_so() -> None:
    row = verdict(payment(), [application("9", origin_id="of another tool")], policy=MAPS)
    assert (said(row), row["rule"], row["application_id"]) == (("matched", None), "by_policy", "a9")


def test_rule_3_1_what_differs_still_shows_its_application() -> None:
    row = verdict(payment(vendor_id="57", bill_number="other"), [application()])
    assert (said(row), row["rule"]) == (("held", "vendor_differs"), "by_bill_id")
    assert (row["application_id"], row["commitment_id"]) == ("a640", "c1")


def test_rule_1_3_the_hold_says_why_the_credit_cannot_be_told_apart() -> None:
    both = [application("640"), application("641", "c2")]
    row = verdict(
        payment(split_in_proportion=True),
        both,
        beside=[payment(bill="641", split_in_proportion=True)],
    )
    assert row["detail"] == (
        "A credit is used on bills of several commitments, and the ERP does not say on which."
    )


def test_rule_2_a_hold_bears_the_rule_of_its_fault() -> None:
    row = payment()
    duplicate = fault(row, Hold.DUPLICATE_ALLOCATION, "BP-101") | {"detail": "Two versions."}
    held = verdict(row, [application()], faults=[duplicate])
    assert (said(held), held["rule"], held["detail"]) == (
        ("held", "duplicate_allocation"),
        "BP-101",
        "Two versions.",
    )
    late = fault(row, Hold.DATE_IN_FUTURE, "BP-131")
    assert verdict(row, [application()], faults=[late], bills=[bill("640")])["rule"] == "BP-131"


def test_rule_3_1_a_bill_that_the_erp_does_not_find_is_called_that() -> None:
    row = {**payment(vendor_id="57", bill_number="other"), "split_application": None}
    nameless = {"invoice_type": None, **application()}
    for known, seen in (([bill("640")], "is number other of Kestrel Plumbing"),
                        ([], "no reading of the ERP finds")):  # fmt: skip
        found = find(row, Book.of([nameless], known, Policy(start_date=date(2026, 1, 1))))
        assert found is not None
        assert found.hold is Hold.VENDOR_DIFFERS
        assert found.detail == f"Application HRC-640 names bill 640, which {seen}."


def test_rule_1_1_versions_that_contradict_each_other_on_a_bill_of_nobody_are_outside() -> None:
    rent = payment()
    twice = fault(rent, Hold.DUPLICATE_ALLOCATION)
    assert said(verdict(rent, faults=[twice])) == ("outside", "no_payment_application")


def test_rule_1_1_what_was_sent_and_lost_its_application_is_held_for_its_two_versions() -> None:
    sent = payment()
    twice = fault(sent, Hold.DUPLICATE_ALLOCATION)
    assert said(verdict(sent, faults=[twice], posted=[sent])) == ("held", "duplicate_allocation")


def test_rule_1_3_only_cash_that_is_less_than_what_was_settled_is_remarked() -> None:
    for cash, amber in (("60.00", "settled_without_cash"), ("100.00", None), ("0.00", None)):
        row = verdict(payment(cash=cash, settled="100.00"), [application()])
        assert row["amber"] == amber
    unknown = verdict(payment(cash_minor=None, settled="100.00"), [application()])
    assert unknown["amber"] is None


def test_rule_2_what_a_person_left_still_says_what_was_seen() -> None:
    late = payment()
    fixed = fault(late, Hold.DATE_IN_FUTURE) | {"detail": "Dated 3 March."}
    held = verdict(late, [application()], faults=[fixed])
    leave = Decided(Hold.DATE_IN_FUTURE, held["state"], Decision.LEAVE)
    decided = {late["allocation_id"]: [leave]}
    left = verdict(late, [application()], faults=[fixed], decisions=decided)
    assert (said(left), left["detail"]) == (("outside", "left_by_decision"), "Dated 3 March.")


def test_rule_2_a_state_is_sixteen_hexadecimal_digits_as_ledgers_have_it() -> None:
    state = verdict(payment(), [application()])["state"]
    assert len(state) == 16
    assert set(state) <= set("0123456789abcdef")
