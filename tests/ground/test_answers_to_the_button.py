"""What a person who pressed Procore's button reads: what was posted, what is held and why, what to
do; never the inside of a fault.
"""

from typing import Any

import pytest

from tasks.answer import Answer, answer_of, busy, given_up
from tasks.summary import STATES, Summary


def answer(state: str = "Completed", **more: Any) -> Answer:
    """The answer that a run's summary makes."""
    summary = Summary(connection="acme-us", mode="sync", run_id="r-1", state=state, **more)
    return answer_of(summary.as_dict(), erp="quickbooks_online", run_id="r-1")


def test_what_was_posted_is_counted_with_its_money() -> None:
    said = answer(posted=2, reversed=1, money={"USD": 125050, "CAD": -100}, already_right=1)
    assert said.status == "success"
    assert said.messages == (
        "Posted 2 payments and took back 1, 1,250.50 USD, -1.00 CAD together.",
        "1 payment already stood in Procore as in the ERP.",
        "PaidSync run r-1 has the whole result.",
    )


def test_nothing_to_do_is_a_success() -> None:
    said = answer("NothingToDo")
    assert (said.status, said.messages[0]) == ("success", "There was nothing new to post.")


def test_holds_are_told_with_what_to_do_and_the_most_frequent_first() -> None:
    said = answer("Held", held={"vendor_differs": 1, "missing_bill_number": 3})
    assert said.status == "success"
    assert said.messages[1] == (
        "Held: 3 payments. The bill has no bill number in the ERP. Enter the vendor's invoice "
        "number on the bill in the ERP."
    )
    assert said.messages[2].startswith("Held: 1 payment. ")


def test_what_is_only_pending_is_told_as_not_yet() -> None:
    said = answer(pending={"not_issued_yet": 2})
    assert said.messages[1].startswith("Not yet: 2 payments. The payment is queued")


def test_more_reasons_than_fit_are_counted() -> None:
    reasons = {f"reason_{number}": 1 for number in range(11)}
    said = answer("Held", held=reasons)
    assert len([line for line in said.messages if line.startswith("Held: ")]) == 9
    assert "Held: 3 payments for other reasons." in said.messages


def test_a_partial_run_says_that_the_next_goes_on() -> None:
    said = answer("Partial", posted=5, left=7, money={"USD": 100})
    assert said.status == "success"
    assert "the next one goes on by itself" in said.messages[1]


@pytest.mark.parametrize(("posted", "status"), [(0, "failed"), (3, "success")])
def test_what_waits_for_approval_is_said(posted: int, status: str) -> None:
    said = answer("AwaitingApproval", posted=posted, awaiting="A mass change waits.")
    assert said.status == status
    assert any("waits for approval" in line for line in said.messages)


def test_a_refusal_says_why_and_what_to_do() -> None:
    said = answer("Refused", message="erp_tool_off: Procore company Acme shows no tool to us.")
    assert said.status == "failed"
    assert said.messages[0].startswith("Nothing was posted. The ERP Integrations tool is off")
    assert said.messages[0].endswith("Procore company Acme shows no tool to us.")
    assert said.messages[1].startswith("Have Procore switch the tool on")


@pytest.mark.parametrize(
    "message",
    [
        "Procore, GET /rest/v1.0/me: This is not permitted. Check the credentials.",
        "Procore login: The app's credentials are refused (401). Check client_id.",
        "QuickBooks Online, GET /query: No answer (ReadTimeout). Nothing to mend here.",
        "ledger: There is no connection 'x'. Connect it with `paidsync connect FILE.toml`.",
    ],
)
def test_an_error_that_names_its_system_is_told(message: str) -> None:
    said = answer("Failed", message=message)
    assert said.status == "failed"
    assert message in said.messages


@pytest.mark.parametrize(
    "message",
    [
        "'allocation_id'",
        "(sqlite3.OperationalError) database is locked [SQL: UPDATE token SET ciphertext=?]",
        "Traceback (most recent call last): File x.py",
        "[Errno 13] Permission denied: '/srv/paidsync/runs'",
        "",
    ],
)
def test_the_inside_of_a_fault_is_not_told(message: str) -> None:
    said = answer("Failed", message=message)
    assert said.status == "failed"
    assert said.messages == (
        "The sync failed before it posted.",
        "Ask the people who run PaidSync; what was posted stays and is not posted twice.",
        "PaidSync run r-1 has the whole result.",
    )


def test_totals_that_differ_name_no_figures() -> None:
    said = answer("TotalsDiffer", message="posted 3, the ledger has 2", posted=3)
    assert said.status == "failed"
    assert said.messages[:2] == (
        "The sync did not come to its end.",
        "Its control totals do not tie, so a person has to look at it.",
    )


def test_a_run_without_a_summary_failed() -> None:
    assert answer_of(None, erp="xero", run_id="r-2").status == "failed"


def test_who_is_at_work_is_said() -> None:
    said = busy("lease_held: Run r-9 of acme-us is writing until 10:00 UTC at the latest.")
    assert said.messages[0] == (
        "Another sync is at work. Run r-9 of acme-us is writing until 10:00 UTC at the latest."
    )
    assert given_up(5).status == "failed"


def test_long_words_are_cut_and_lines_stay_lines() -> None:
    said = answer("Failed", message=f"Procore: {'x' * 900}\nand more")
    assert all(len(line) <= 403 and "\n" not in line for line in said.messages)


@pytest.mark.parametrize("state", sorted(STATES))
def test_every_state_has_an_answer(state: str) -> None:
    assert answer(state).status in ("success", "failed")
