"""Money-rules 4: what stands in Procore decides, and what we do not own is not posted beside."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidsync import origin
from paidsync.reasons import Hold, Outside, RunStopped, Stop
from tasks.lookalikes import look_alikes
from tasks.ours import ours, require_known, require_own
from tests.rules.builders import (
    PREFIX,
    Books,
    Row,
    amounts,
    application,
    outcome,
    payment,
    rows_of,
    standing_row,
)

PAID = payment()


def test_rule_4_1_rows_are_counted_under_the_allocations_own_prefix_only() -> None:
    other = payment("10458")
    rows = [
        standing_row(of=PAID, n=10),
        standing_row(of=other),
        standing_row(of=PAID, n=2),
        standing_row(origin_id="somebody else's"),
        standing_row(origin_id=f"{PREFIX}not:an:entry"),
        standing_row(origin_id=origin.entry_id("xero:9130:p10457:640", 1)),
        standing_row(),
    ]
    found = ours(rows, PREFIX)
    assert {key: len(rows_) for key, rows_ in found.items()} == {
        PAID["allocation_id"]: 2,
        other["allocation_id"]: 1,
    }
    numbers = [row["origin_id"][-2:] for row in found[PAID["allocation_id"]]]
    assert numbers == [":2", "10"]


def test_rule_4_1_a_company_whose_id_begins_like_ours_is_not_ours() -> None:
    longer = origin.allocation_id("quickbooks_online", "91300", "p1", "640")
    assert ours([standing_row(origin_id=f"{longer}:1")], PREFIX) == {}


def test_rule_4_1_the_ledger_alone_proves_nothing() -> None:
    books = Books.posted(PAID)
    books.rows.clear()
    planned = books.plan()
    assert len(planned.entries) == 0
    assert outcome(planned, PAID) == ("held", "drift_in_procore")


def test_rule_4_2_an_id_of_ours_that_the_ledger_never_sent_stops_the_run() -> None:
    row = standing_row(of=PAID)
    require_known([row, standing_row()], PREFIX, {row["origin_id"]})
    with pytest.raises(RunStopped) as stopped:
        require_known([row], PREFIX, set())
    assert stopped.value.reason is Stop.LEDGER_BEHIND
    assert "row 1" in stopped.value.message
    assert "c1" in stopped.value.message


@pytest.mark.parametrize("origin_id", [None, "", "abc", "xero:9130:p1:640:1", PREFIX + "a:b:0"])
def test_rule_4_2_somebody_elses_id_stops_nothing(origin_id: str | None) -> None:
    require_known([standing_row(origin_id=origin_id)], PREFIX, set())


TYPED = [
    ("check number", {"check_number": "10457", "date": "2025-01-01"}, "1.00"),
    ("check number, spelled", {"check_number": " #10457"}, "1.00"),
    ("amount", {}, "100.00"),
    ("amount, 7 days before", {"date": "2026-03-07"}, "100.00"),
    ("amount, 7 days after", {"date": "2026-03-21"}, "100.00"),
    ("the check's total", {}, "160.00"),
]


@pytest.mark.parametrize(
    ("columns", "amount"), [each[1:] for each in TYPED], ids=[each[0] for each in TYPED]
)
@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ({}, ("held", "looks_like_manual_payment")),
        ({"origin_id": "other tool 7"}, ("held", "other_integration_row")),
        ({"origin_id": PREFIX + "no entry of ours"}, ("held", "other_integration_row")),
        ({"external_payment_id": "pay_1"}, ("outside", "paid_by_procore_pay")),
    ],
    ids=["typed by hand", "another integration", "under our prefix, not of our shape", "Pay"],
)
def test_rule_4_3_nothing_is_posted_beside_a_row_that_looks_the_same(
    owner: Row, expected: tuple[str, str], columns: Row, amount: str
) -> None:
    beside = payment(bill="641", cash="60.00")
    books = Books.of([PAID, beside], rows=[standing_row(amount, **columns, **owner)])
    planned = books.plan()
    assert outcome(planned, PAID) == expected
    assert PAID["allocation_id"] not in set(planned.entries["allocation_id"])


@pytest.mark.parametrize(
    ("columns", "amount"),
    [
        ({"date": "2026-03-06"}, "100.00"),
        ({"date": "2026-03-22"}, "100.00"),
        ({"date": None}, "100.00"),
        ({"check_number": "10458"}, "99.99"),
        ({"commitment_id": "c2", "check_number": "10457"}, "100.00"),
        ({"check_number": "-"}, "1.00"),
    ],
    ids=["8 days before", "8 days after", "no date", "a cent less", "elsewhere", "no number"],
)
def test_rule_4_3_a_row_that_does_not_look_the_same_is_no_hindrance(
    columns: Row, amount: str
) -> None:
    books = Books.of(PAID, rows=[standing_row(amount, **columns)])
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_4_3_two_payments_without_a_check_number_are_not_the_same_check() -> None:
    books = Books.of(payment(None), rows=[standing_row("1.00", check_number=None)])
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_4_3_our_own_rows_are_never_in_the_way() -> None:
    first, second = payment("EFT"), payment("EFT", payment_id="next")
    books = Books.posted(first)
    books.payments[second["allocation_id"]] = second
    assert amounts(books.plan()) == [("payment", 100_00)]


def test_rule_4_3_a_correction_is_not_posted_beside_a_typed_row_either() -> None:
    books = Books.posted(PAID)
    books.erp_says(PAID, cash_minor=80_00)
    books.rows.append(standing_row("80.00", external_payment_id="pay_1"))
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "looks_like_manual_payment")
    assert (len(planned.entries), books.net(PAID)) == (0, 100_00)


def test_rule_4_3_the_checks_total_counts_bills_of_that_commitment_only() -> None:
    bills = [application("640"), application("641"), application("642", "c2")]
    checks = [payment(bill=each, cash="50.00") for each in ("640", "641", "642")]
    whole = Books.of(checks, bills, rows=[standing_row("150.00")]).plan()
    assert len(whole.entries) == 3
    here = Books.of(checks, bills, rows=[standing_row("100.00")]).plan()
    assert {row["bill_id"] for row in rows_of(here.entries)} == {"642"}


@given(
    days=st.integers(-10, 10),
    difference=st.integers(-1, 1),
    number=st.sampled_from([None, "10457", "00010457", "other"]),
)
def test_rule_4_3_what_looks_alike_is_exactly_the_number_or_amount_and_days(
    days: int, difference: int, number: str | None
) -> None:
    row: dict[str, Any] = standing_row(check_number=number, date=f"2026-03-{14 + days:02d}")
    row["amount_minor"] += difference
    found = look_alikes(PAID, amounts={100_00}, others=[row])
    assert bool(found) == (number == "10457" or (difference == 0 and abs(days) <= 7))
    for alike in found:
        assert isinstance(alike.reason, Hold | Outside)
        assert "typed" in alike.detail


@pytest.mark.parametrize("state", ["live", "voided", "held"])
def test_rule_4_6_two_rows_with_one_of_our_ids_are_held(state: str) -> None:
    books = Books.posted(PAID)
    books.rows.append(books.rows[0] | {"contract_payment_id": "twin"})
    if state == "voided":
        books.erp_says(PAID, standing="voided")
    if state == "held":
        books.applications.clear()
    planned = books.plan()
    assert outcome(planned, PAID) == ("held", "duplicate_in_procore")
    assert len(planned.entries) == 0


def test_rule_4_2_a_row_of_another_installation_stops_the_run() -> None:
    row = {**standing_row(of=PAID), "origin_data": '{"installation": "their-own"}'}
    with pytest.raises(RunStopped) as stop:
        require_own([row], PREFIX, "ours")
    assert stop.value.reason is Stop.LEDGER_BEHIND
    assert "their-own" in stop.value.message


@pytest.mark.parametrize("data", ['{"installation": "ours"}', "{}", "[1]", "not JSON", None])
def test_rule_4_2_a_row_of_this_installation_or_of_unknown_origin_passes(data: str | None) -> None:
    require_own([{**standing_row(of=PAID), "origin_data": data}], PREFIX, "ours")


def test_rule_4_2_what_others_write_into_their_rows_is_theirs() -> None:
    row = {
        **standing_row(origin_id="someone:else:1:2:3"),
        "origin_data": '{"installation": "their-own"}',
    }
    require_own([row], PREFIX, "ours")


def test_rule_4_3_what_procore_pay_made_is_outside_though_it_was_not_read_anew() -> None:
    books = Books.of(PAID | {"fresh": False})
    books.rows.append(standing_row(external_payment_id="pay-1"))
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("outside", "paid_by_procore_pay"))
    books.rows.clear()
    assert outcome(books.plan(), PAID) == ("matched", "left")
