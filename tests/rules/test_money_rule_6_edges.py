"""Money-rules 6.2, 6.3, 4.3 and 4.6: the edges of what was sent, and what is not ours."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import Decision, Hold
from paidsync.records import rows_of
from tasks.decisions import Decided
from tests.rules.builders import (
    GRACE,
    Books,
    Row,
    amounts,
    application,
    fault,
    outcome,
    payment,
    standing_row,
)

PAID = payment()
NOTHING: list[tuple[str, int]] = []


def policy(**choices: Any) -> Policy:
    return Policy(start_date=date(2026, 1, 1), **choices)


def shown(books: Books, of: Row = PAID) -> Row:
    frame = books.plan().dispositions
    (row,) = rows_of(frame[frame["allocation_id"] == of["allocation_id"]])
    return row


def test_rule_4_6_the_hold_names_the_id_that_stands_twice() -> None:
    books = Books.posted(PAID)
    books.rows.append(books.rows[0] | {"contract_payment_id": "twin"})
    assert shown(books)["detail"] == (
        "Two rows in Procore bear quickbooks_online:9130:p10457:640:1."
    )


@pytest.mark.parametrize("state", ["refused", "superseded", "sending"])
def test_rule_6_2_what_stands_under_an_id_must_be_what_was_sent(state: str) -> None:
    books = Books.posted(PAID)
    books.entries[PAID["allocation_id"]][0]["state"] = state
    books.rows[0]["amount_minor"] = 99_00
    row = shown(books)
    assert (row["disposition"], row["reason"]) == ("held", "origin_id_conflict")
    assert row["detail"] == (
        "Row row 1 bears quickbooks_online:9130:p10457:640:1 but is not what was sent: amount in "
        "minor units 9900 instead of 10000."
    )


@pytest.mark.parametrize(
    ("name", "value"), [("commitment_id", "c2"), ("application_id", "a9"), ("amount_minor", 1)]
)
def test_rule_6_2_each_of_place_and_amount_must_be_the_same(name: str, value: Any) -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    books.rows[0][name] = value
    assert outcome(books.plan(), PAID) == ("held", "origin_id_conflict")


def test_rule_6_2_an_adopted_entry_may_differ_in_words() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "landed")
    books.rows[0]["notes"] = "added by Ann"
    (entry,) = rows_of(books.plan().entries)
    assert (entry["resumes"], entry["n"]) == (True, 1)


@pytest.mark.parametrize(("short_of", "waits"), [(1, True), (0, False), (-1, False)])
def test_rule_6_3_an_answer_is_waited_for_until_the_grace_is_over(
    short_of: int, *, waits: bool
) -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.later(seconds=GRACE.total_seconds() - short_of)
    planned = books.plan()
    assert outcome(planned, PAID)[1] == ("left" if waits else "planned")
    if waits:
        assert rows_of(planned.dispositions)[0]["detail"] == (
            "Waits for the next run: the answer to quickbooks_online:9130:p10457:640:1 is not "
            "known yet."
        )


def test_rule_6_3_what_is_due_now_takes_the_next_n_and_the_old_is_never_sent() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.erp_says(PAID, cash_minor=80_00)
    books.later(minutes=11)
    planned = books.plan()
    (entry,) = rows_of(planned.entries)
    assert (entry["n"], entry["amount_minor"], entry["resumes"]) == (2, 80_00, False)
    assert entry["origin_id"] == "quickbooks_online:9130:p10457:640:2"
    assert planned.superseded == ["quickbooks_online:9130:p10457:640:1"]
    assert planned.missing == []


def test_rule_6_3_what_was_not_read_waits_and_says_so() -> None:
    books = Books.of(PAID | {"fresh": False})
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == (NOTHING, ("matched", "left"))
    assert rows_of(planned.dispositions)[0]["detail"] == (
        "Waits for the next run: it was not read from the ERP in this run."
    )


def test_rule_4_3_what_procore_pay_paid_is_outside_and_says_which_row() -> None:
    typed = standing_row(external_payment_id="pay_1", check_number=None)
    row = shown(Books.of(PAID, rows=[typed]))
    assert (row["disposition"], row["reason"]) == ("outside", "paid_by_procore_pay")
    assert row["detail"] == (
        "Row typed of 2026-03-14 has the same amount within seven days (check -)."
    )


def test_rule_4_3_the_hold_says_which_row_looks_the_same_and_why() -> None:
    books = Books.of(PAID, rows=[standing_row("1.00", check_number="#10457")])
    assert shown(books)["detail"] == (
        "Row typed of 2026-03-14 has the same check number (check #10457)."
    )
    books.rows[0]["origin_id"] = "other tool 7"
    assert shown(books)["detail"] == (
        "Row typed of 2026-03-14 has the same check number (check #10457). Its origin is other "
        "tool 7."
    )


def test_rule_4_3_the_gross_counts_where_the_net_is_posted() -> None:
    taxed: Row = {"bill_total_minor": 120_00, "bill_net_minor": 100_00, "bill_settled_minor": 60_00}
    paid = payment(cash="60.00", **taxed)
    for amount, expected in (
        ("50.00", "looks_like_manual_payment"),
        ("60.00", "looks_like_manual_payment"),
        ("55.00", "planned"),
    ):
        books = Books.of(paid, policies={1: policy(tax="exclude")}, rows=[standing_row(amount)])
        assert outcome(books.plan(), paid)[1] == expected


@pytest.mark.parametrize(
    ("owner", "expected"),
    [({}, "planned"), ({"origin_id": "other tool 7"}, "other_integration_row")],
)
def test_rule_4_3_one_row_that_is_called_another_payment_does_not_excuse_the_next(
    owner: Row, expected: str
) -> None:
    books = Books.of(PAID, rows=[standing_row()])
    books.decide(PAID, Decision.POST)
    books.rows.append(standing_row(contract_payment_id="next", **owner))
    assert outcome(books.plan(), PAID)[1] == expected


def test_rule_4_3_an_allocation_without_an_amount_adds_nothing_to_its_check() -> None:
    odd = payment(bill="642", cash_minor=None)
    check = [payment(cash="60.00"), payment(bill="641", cash="40.00"), odd]
    books = Books.of(check, rows=[standing_row("100.00")])
    books.faults = [fault(odd, Hold.MISSING_AMOUNT)]
    planned = books.plan()
    assert [outcome(planned, each)[1] for each in check] == [
        "looks_like_manual_payment",
        "looks_like_manual_payment",
        "missing_amount",
    ]


def test_rule_4_3_a_closed_commitment_is_asked_before_somebodys_row() -> None:
    books = Books.of(PAID, tabs={"c1": False}, rows=[standing_row()])
    assert outcome(books.plan(), PAID) == ("held", "payments_tab_disabled")


def test_rule_6_3_while_it_is_held_or_not_read_nothing_is_given_up() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "lost")
    books.later(minutes=11)
    books.rows.append(standing_row())
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "looks_like_manual_payment")
    assert planned.superseded == []
    books.rows.clear()
    books.erp_says(PAID, fresh=False)
    planned = books.plan()
    assert (outcome(planned, PAID), planned.superseded) == (("matched", "left"), [])


def test_rule_6_2_the_hold_names_the_id_that_was_taken() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "refused")
    books.entries[PAID["allocation_id"]][0]["message"] = f"{Hold.ORIGIN_ID_CONFLICT}: taken"
    books.erp_says(PAID, cash_minor=80_00)
    row = shown(books)
    assert (row["reason"], row["detail"]) == (
        "origin_id_conflict",
        (
            "Procore has quickbooks_online:9130:p10457:640:1 on some row that was not read, so "
            "nothing is posted beside it."
        ),
    )


def test_rule_5_what_is_left_after_a_refusal_says_what_procore_said() -> None:
    books = Books.of(PAID)
    books.sync(lambda _: "refused")
    books.entries[PAID["allocation_id"]][0]["message"] = "Amount is odd."
    left = Decided(Hold.REFUSED_BY_PROCORE, shown(books)["state"], Decision.LEAVE)
    books.decisions[PAID["allocation_id"]] = [left]
    row = shown(books)
    assert (row["reason"], row["detail"]) == ("left_by_decision", "Amount is odd.")


def test_rule_5_one_minor_unit_is_an_amount() -> None:
    assert amounts(Books.of(payment(cash="0.01")).plan()) == [("payment", 1)]


def test_rule_6_1_a_commitment_waits_for_all_that_give_to_it() -> None:
    moves = [payment(str(k), bill=str(640 + k)) for k in range(3)]
    origins = [application(str(640 + k), f"c{5 + k}") for k in range(3)]
    books = Books.posted(moves, origins)
    for k in range(3):
        books.applications[f"a{640 + k}"] |= {"commitment_id": "c1", "application_id": f"b{k}"}
    books.commitments["c1"] = books.commitments["c5"] | {"commitment_id": "c1"}
    places = [entry["commitment_id"] for entry in rows_of(books.plan().entries)]
    assert places == ["c5", "c6", "c7", "c1", "c1", "c1"]
