"""Every allocation ever seen, and what the last run judged of it."""

from typing import Any

import pytest
from ledger_rows import UK, US, allocation, entry, judgement, posted, store

from paidsync.ledger import Ledger
from paidsync.records import ALLOCATIONS


def stored(ledger: Ledger, payment: str = "100") -> dict[str, Any]:
    [row] = ledger.allocations.of_payments(US, [payment])
    assert row.keys() == ALLOCATIONS.columns.keys()
    return row


def open_ids(ledger: Ledger) -> set[str]:
    return {row["payment_id"] for row in ledger.allocations.open(US)}


def judge(ledger: Ledger, *rows: dict[str, Any], run: str = "run-1") -> None:
    ledger.allocations.judged(US, rows, run)


def test_an_allocation_comes_back_as_it_was_stored(ledger: Ledger) -> None:
    row = allocation(cash_minor=2**62, home_per_foreign="1.3370000000000000001")
    store(ledger, row)
    found = stored(ledger)
    assert {name: found[name] for name in row} == row
    assert found["fresh"] is False


def test_the_bill_s_columns_come_from_the_bill_as_last_read(ledger: Ledger) -> None:
    bill = {
        "bill_id": "200",
        "number": "INV-7",
        "vendor_id": "v1",
        "vendor_name": "Zoë & Sons",
        "date": "2026-02-01",
        "currency": "USD",
        "total_minor": 300_000,
        "net_minor": None,
        "tax_minor": None,
        "settled_minor": 125_000,
        "retainage_of": None,
        "named_commitments": None,
        "version": "1",
    }
    store(ledger, allocation())
    with ledger.engine.begin() as db:
        ledger.mirror.store_bills(db, US, [bill])
        ledger.mirror.store_bills(db, UK, [bill | {"number": "other"}])
    found = stored(ledger)
    assert (found["bill_number"], found["bill_total_minor"]) == ("INV-7", 300_000)
    assert found["vendor_name"] == "Zoë & Sons"


def test_an_allocation_whose_bill_is_not_known_is_there_all_the_same(ledger: Ledger) -> None:
    store(ledger, allocation())
    assert stored(ledger)["bill_number"] is None


def test_a_new_allocation_is_open_and_unfinished(ledger: Ledger) -> None:
    store(ledger, allocation())
    assert open_ids(ledger) == {"100"}
    assert ledger.allocations.unfinished_payments(US) == {"100"}


def test_open_lists_exactly_what_was_not_seen_settled(ledger: Ledger) -> None:
    rows = {name: allocation(name) for name in ("settled", "held", "pending", "outside", "new")}
    left = allocation("left")
    store(ledger, *rows.values(), left)
    judge(
        ledger,
        judgement(rows["settled"]),
        judgement(rows["held"], "held"),
        judgement(rows["pending"], "pending"),
        judgement(rows["outside"], "outside"),
        judgement(left, settled=False),
    )
    assert open_ids(ledger) == {"held", "pending", "outside", "new", "left"}
    assert ledger.allocations.unfinished_payments(US) == {"held", "pending", "new", "left"}


@pytest.mark.parametrize(
    "change",
    [
        {"standing": "voided"},
        {"payment_number": "4712"},
        {"payment_number": None},
        {"payment_date": "2026-03-03"},
        {"payment_method": "electronic"},
        {"currency": "CAD"},
        {"settled_minor": 1},
        {"cash_minor": 124_999},
        {"cash_minor": None},
        {"discount_minor": 1},
        {"credit_minor": 1},
        {"withheld_minor": 1},
        {"reversal_date": "2026-03-09"},
        {"fault": "cash_split_unknown"},
        {"split_in_proportion": True},
    ],
    ids=str,
)
def test_a_changed_allocation_is_told(ledger: Ledger, change: dict[str, Any]) -> None:
    row = allocation()
    store(ledger, row)
    assert ledger.allocations.changed(US, [row]) == []
    assert ledger.allocations.changed(US, [row | change]) == [row["allocation_id"]]


def test_an_allocation_read_again_without_a_change_is_judged_again(ledger: Ledger) -> None:
    row, other = allocation(), allocation("101", split_in_proportion=True, cash_minor=None)
    store(ledger, row, other)
    judge(ledger, judgement(row), judgement(other, "outside"))
    store(ledger, row, run="run-2")
    assert open_ids(ledger) == {"100", "101"}
    assert ledger.allocations.unfinished_payments(US) == {"100"}


def test_what_is_not_as_it_is_kept_is_told_before_it_is_stored(ledger: Ledger) -> None:
    row, other, new = (allocation(payment) for payment in ("100", "101", "102"))
    store(ledger, row, other)
    store(ledger, new, connection=UK)
    read = [row | {"version": "9"}, other | {"cash_minor": 1}, new]
    changed = ledger.allocations.changed(US, read)
    assert changed == [other["allocation_id"], new["allocation_id"]]
    assert {row["payment_id"] for row in ledger.allocations.all(US)} == {"100", "101"}
    assert stored(ledger, "101")["cash_minor"] == 125_000


def test_what_is_looked_at_again_loses_its_judgement(ledger: Ledger) -> None:
    row, other = allocation(), allocation("101")
    store(ledger, row, other)
    judge(ledger, judgement(row), judgement(other))
    with ledger.engine.begin() as db:
        ledger.allocations.judge_anew(db, US, [row["allocation_id"]])
    assert open_ids(ledger) == {"100"}


def test_opening_history_stays_what_it_was_at_first_sight(ledger: Ledger) -> None:
    store(ledger, allocation(opening=True))
    store(ledger, allocation(opening=False, cash_minor=1), run="run-2")
    assert stored(ledger)["opening"] is True
    with ledger.engine.begin() as db:
        row = db.exec_driver_sql("SELECT first_seen_run, last_read_run FROM allocation").one()
    assert tuple(row) == ("run-1", "run-2")


def test_an_allocation_first_seen_later_is_in_scope(ledger: Ledger) -> None:
    store(ledger, allocation(opening=True))
    store(ledger, allocation("101", payment_date="2020-01-01"), run="run-2")
    assert stored(ledger, "101")["opening"] is False


def test_of_two_versions_in_one_delivery_the_last_counts(ledger: Ledger) -> None:
    store(ledger, allocation(cash_minor=1), allocation(cash_minor=2))
    assert stored(ledger)["cash_minor"] == 2


def test_connections_do_not_see_each_other_s_allocations(ledger: Ledger) -> None:
    store(ledger, allocation())
    store(ledger, allocation(cash_minor=5), connection=UK)
    judge(ledger, judgement(allocation()))
    assert stored(ledger)["cash_minor"] == 125_000
    assert open_ids(ledger) == set()
    assert len(ledger.allocations.open(UK)) == 1


def test_payments_are_found_by_their_date_while_they_are_in_the_erp(ledger: Ledger) -> None:
    store(
        ledger,
        allocation("first", payment_date="2026-03-01"),
        allocation("last", payment_date="2026-03-31"),
        allocation("last", "201", payment_date="2026-03-31"),
        allocation("voided", payment_date="2026-03-15", standing="voided"),
        allocation("reapplied", payment_date="2026-03-15", standing="reapplied"),
        allocation("queued", payment_date="2026-03-15", standing="not_issued"),
        allocation("deleted", payment_date="2026-03-15", standing="deleted"),
        allocation("vanished", payment_date="2026-03-15", standing="disappeared"),
        allocation("before", payment_date="2026-02-28"),
        allocation("after", payment_date="2026-04-01"),
        allocation("undated", payment_date=None),
    )
    found = ledger.allocations.payments_dated(US, "2026-03-01", "2026-03-31")
    assert found == {"first", "last", "voided", "reapplied", "queued"}


def test_a_prepayment_is_counted_on_the_day_it_was_paid(ledger: Ledger) -> None:
    store(
        ledger,
        allocation("advance", payment_date="2026-04-09", document_date="2026-03-02"),
        allocation("kept before", payment_date="2026-03-02", document_date=None),
    )
    march = ledger.allocations.payments_dated(US, "2026-03-01", "2026-03-31")
    assert march == {"advance", "kept before"}
    assert ledger.allocations.payments_dated(US, "2026-04-01", "2026-04-30") == set()


def test_a_sweep_asks_for_payments_that_stood_when_last_read(ledger: Ledger) -> None:
    store(
        ledger,
        allocation("b"),
        allocation("b", "201"),
        allocation("a", standing="not_issued"),
        allocation("c", standing="voided"),
        allocation("d", standing="deleted"),
    )
    assert ledger.allocations.live_payment_ids(US) == ["a", "b"]
    assert ledger.allocations.known_payment_ids(US, ["a", "d", "z"]) == {"a", "d"}


def test_allocations_are_found_by_bill_and_by_the_application_they_were_posted_to(
    ledger: Ledger,
) -> None:
    store(ledger, allocation(), allocation("101"), allocation("101", "201"))
    posted(ledger, entry(payment="101", bill="201", application_id="a9"))
    on_bill = ledger.allocations.of_bills(US, ["200"])
    assert {row["payment_id"] for row in on_bill} == {"100", "101"}
    assert [row["bill_id"] for row in ledger.allocations.posted_to(US, ["a9"])] == ["201"]
    assert ledger.allocations.posted_to(US, ["nothing"]) == []
    assert ledger.allocations.of_bills(US, []) == []


def test_more_rows_than_a_statement_takes_are_stored_and_found(ledger: Ledger) -> None:
    rows = [allocation(str(number)) for number in range(6_000)]
    store(ledger, *rows)
    judge(ledger, *(judgement(row) for row in rows))
    store(ledger, *({**row, "cash_minor": 1} for row in rows[:5_500]), run="run-2")
    ids = [row["payment_id"] for row in rows]
    assert len(ledger.allocations.of_payments(US, ids)) == 6_000
    assert len(open_ids(ledger)) == 5_500
