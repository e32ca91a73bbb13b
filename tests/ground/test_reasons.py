"""Each reason says in plain English what is the matter and what to do (money-rules 8)."""

import pytest

from paidsync.reasons import (
    Decision,
    Disposition,
    Hold,
    Outside,
    Pending,
    Remark,
    RunState,
    RunStopped,
    Stop,
)

HOLDS = [
    "missing_bill_number",
    "bad_bill_number",
    "missing_amount",
    "amount_not_positive",
    "amount_exceeds_bill",
    "amount_precision",
    "bad_currency",
    "currency_differs",
    "date_in_future",
    "duplicate_allocation",
    "unknown_erp_status",
    "unknown_payment_method",
    "ambiguous_match",
    "vendor_differs",
    "bill_total_differs",
    "bill_spans_commitments",
    "retainage_without_application",
    "cash_split_unknown",
    "prepayment_date_unknown",
    "overpays_payment_application",
    "exceeds_erp_paid",
    "looks_like_manual_payment",
    "other_integration_row",
    "payments_tab_disabled",
    "project_not_active",
    "commitment_void",
    "application_unlinked",
    "deleted_in_erp",
    "disappeared_from_erp",
    "changed_before_start",
    "drift_in_procore",
    "duplicate_in_procore",
    "origin_id_conflict",
    "refused_by_procore",
    "awaiting_approval",
]
STOPS = [
    "not_permitted",
    "wrong_request",
    "not_proven",
    "erp_tool_off",
    "other_integration_active",
    "ledger_behind",
    "plan_stale",
    "mass_change",
    "wrong_id_format",
    "company_changed",
    "schema_changed",
    "lease_held",
]
OUTSIDE = [
    "credit_application",
    "opening_history",
    "voided_before_posting",
    "other_connection",
    "paid_by_procore_pay",
]
EVERY = [*Outside, *Pending, *Hold, *Stop, *Decision, *Remark]


def test_rule_8_the_hold_reasons_are_those_of_the_rules() -> None:
    assert sorted(Hold) == sorted(HOLDS)


def test_rule_8_the_run_stops_are_those_of_the_rules() -> None:
    assert sorted(Stop) == sorted(STOPS)


def test_the_rules_own_reasons_for_outside_and_pending_are_there() -> None:
    assert set(OUTSIDE) <= set(Outside)
    assert "not_issued_yet" in set(Pending)


def test_an_allocation_has_one_of_four_dispositions() -> None:
    assert sorted(Disposition) == ["held", "matched", "outside", "pending"]


@pytest.mark.parametrize("reason", EVERY, ids=str)
def test_rule_8_a_reason_has_one_sentence_of_what_and_one_of_what_to_do(reason: Hold) -> None:
    _says_what_and_what_to_do(reason)
    assert reason.value == reason.name.lower()


@pytest.mark.parametrize("state", list(RunState), ids=str)
def test_a_state_of_a_run_has_one_sentence_of_what_and_one_of_what_to_do(state: RunState) -> None:
    _says_what_and_what_to_do(state)
    assert state.value.lower() == state.name.replace("_", "").lower()


def _says_what_and_what_to_do(reason: Hold | RunState) -> None:
    for sentence in (reason.plain, reason.action):
        assert sentence == sentence.strip()
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "\n" not in sentence
    assert reason.plain != reason.action


def test_no_two_reasons_share_a_code_or_a_description() -> None:
    assert len({str(reason) for reason in EVERY}) == len(EVERY)
    assert len({reason.plain for reason in EVERY}) == len(EVERY)


def test_a_stopped_run_says_what_was_seen_and_what_to_do() -> None:
    stopped = RunStopped(Stop.MASS_CHANGE, "40 of 50 payments would be reversed.")
    assert str(stopped) == (
        "40 of 50 payments would be reversed. "
        "Check the ERP; if it is right, approve exactly this plan."
    )
