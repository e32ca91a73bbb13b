"""Money-rules 4.3 policy link, and 4.4: typed rows that become ours, and other integrations."""

from datetime import date
from typing import Any

import pytest

from paidsync.policy import Policy
from paidsync.reasons import RunStopped, Stop
from paidsync.records import Standing
from tasks.alone import stop_at_others
from tests.rules.builders import (
    PREFIX,
    Books,
    amounts,
    outcome,
    payment,
    rows_of,
    standing_row,
)

PAID = payment()
LINKS = {1: Policy(start_date=date(2026, 1, 1), typed_rows="link")}
HELD = ("held", "looks_like_manual_payment")


def typed(**columns: Any) -> dict[str, Any]:
    return standing_row(date="2026-03-16", invoice_number="640", check_number=None, **columns)


def books_with(*rows: dict[str, Any], policies: dict[int, Policy] = LINKS) -> Books:
    books = Books.of(PAID, policies=policies)
    books.rows += rows
    return books


@pytest.mark.parametrize("application", [None, "a640"])
def test_rule_4_3_one_typed_row_of_one_payment_gets_our_id(application: str | None) -> None:
    books = books_with(typed(application_id=application))
    (entry,) = rows_of(books.sync().entries)
    assert (entry["links"], entry["n"], entry["kind"]) == ("typed", 1, "payment")
    assert len(books.rows) == 1
    assert books.net(PAID) == 100_00
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], ("matched", "right"))


def test_rule_4_3_the_typed_rows_own_fields_are_what_stands() -> None:
    books = books_with(typed())
    (entry,) = rows_of(books.plan().entries)
    shown = {name: entry[name] for name in ("date", "invoice_number", "check_number", "amber")}
    assert shown == {
        "date": "2026-03-16",
        "invoice_number": "640",
        "check_number": None,
        "amber": "linked",
    }


def test_rule_4_3_a_linked_row_is_never_posted_anew_for_its_date_or_number() -> None:
    reposts = {1: LINKS[1].model_copy(update={"details_changed": "repost"})}
    books = books_with(typed(), policies=reposts)
    books.sync()
    assert amounts(books.plan()) == []


def test_rule_4_3_a_linked_row_is_taken_back_like_any_other() -> None:
    books = books_with(typed())
    books.sync()
    books.erp_says(PAID, standing=Standing.VOIDED)
    (entry,) = rows_of(books.sync().entries)
    assert (entry["kind"], entry["application_id"], entry["invoice_number"]) == (
        "reversal",
        None,
        "640",
    )
    assert books.net(PAID) == 0


@pytest.mark.parametrize(
    "row",
    [
        typed(application_id="a641"),
        standing_row("99.00", check_number="10457"),
        typed(external_payment_id="pay-1"),
        typed(origin_id="other:1"),
    ],
    ids=["on another application", "another amount", "Procore Pay's", "another integration's"],
)
def test_rule_4_3_any_other_row_is_never_touched(row: dict[str, Any]) -> None:
    planned = books_with(row).plan()
    assert amounts(planned) == []
    assert outcome(planned, PAID)[0] in ("held", "outside")


def test_rule_4_3_two_rows_that_look_alike_are_never_guessed() -> None:
    books = books_with(typed(), typed() | {"contract_payment_id": "typed too"})
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], HELD)


def test_rule_4_3_one_row_that_looks_like_two_payments_is_never_guessed() -> None:
    twin = payment("10458", bill="641")
    books = Books.of([PAID, twin], policies=LINKS)
    books.rows.append(typed())
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID), outcome(planned, twin)) == ([], HELD, HELD)


def test_rule_4_3_a_correction_links_nothing() -> None:
    books = Books.posted(PAID, policies=LINKS)
    books.erp_says(PAID, cash_minor=80_00)
    books.rows.append(typed() | {"amount_minor": 80_00})
    planned = books.plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], HELD)


def test_rule_4_3_without_the_policy_a_typed_row_is_held() -> None:
    planned = Books.of(PAID, rows=[typed()]).plan()
    assert (amounts(planned), outcome(planned, PAID)) == ([], HELD)


def alone(row: dict[str, Any], **policy: Any) -> None:
    chosen = Policy(start_date=date(2026, 1, 1), **policy)
    stop_at_others([row], chosen, [PREFIX], "America/Los_Angeles")


def foreign(
    made: str | None, origin_id: str | None = "gateway-77", **columns: Any
) -> dict[str, Any]:
    return standing_row(created_at=made, origin_id=origin_id, **columns)


def test_rule_4_4_another_integrations_row_stops_the_run() -> None:
    with pytest.raises(RunStopped, match="gateway-77") as stopped:
        alone(foreign("2026-03-14T12:00:00+00:00"))
    assert stopped.value.reason is Stop.OTHER_INTEGRATION_ACTIVE
    assert "the policy names no cut-over" in str(stopped.value)


def test_rule_4_4_rows_from_before_the_start_are_history() -> None:
    alone(foreign("2025-12-31T12:00:00+00:00"))


def test_rule_4_4_rows_from_before_the_named_cut_over_are_history() -> None:
    alone(foreign("2026-03-14T12:00:00+00:00"), cut_over=date(2026, 3, 15))
    with pytest.raises(RunStopped, match="on or after the cut-over"):
        alone(foreign("2026-03-15T12:00:00+00:00"), cut_over=date(2026, 3, 15))


def test_rule_4_4_the_day_is_that_of_the_erp_companys_calendar() -> None:
    alone(foreign("2026-03-15T06:59:00+00:00"), cut_over=date(2026, 3, 15))  # still the 14th there
    with pytest.raises(RunStopped):
        alone(foreign("2026-03-15T07:00:00+00:00"), cut_over=date(2026, 3, 15))


@pytest.mark.parametrize("origin_id", [None, f"{PREFIX}p1:b1:1"])
def test_rule_4_4_typed_rows_and_our_own_stop_nothing(origin_id: str | None) -> None:
    alone(foreign("2026-03-14T12:00:00+00:00", origin_id))


def test_rule_4_4_another_companys_ids_are_not_ours() -> None:
    with pytest.raises(RunStopped):
        alone(foreign("2026-03-14T12:00:00+00:00", "xero:t1:p1:b1:1"))


def test_rule_4_4_a_row_that_does_not_say_when_it_was_made_is_taken_by_its_date() -> None:
    alone(foreign(None, date="2025-12-31"))
    for day in ("2026-01-01", None):
        with pytest.raises(RunStopped):
            alone(foreign(None, date=day))
