"""The control API moves the world, and the truth moves with it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quickbooks_helpers import Player


def rows(player: Player) -> list[dict[str, Any]]:
    return [row for one in player.see("/truth")["commitments"] for row in one["rows"]]


def held(player: Player) -> dict[str, int]:
    return player.see("/truth")["held"]


def test_a_paid_bill_must_stand_in_procore(sandbox_empty: Player) -> None:
    payment, bill, application = sandbox_empty.paid("1000.10")
    (row,) = rows(sandbox_empty)
    realm = sandbox_empty.qbo["realm_id"]
    assert row["origin_prefix"] == f"quickbooks_online:{realm}:{payment}:{bill}"
    assert (row["amount_minor"], row["requisition_id"]) == (100010, application)
    assert sandbox_empty.see("/truth")["totals"] == {"USD": 100010}
    (missing,) = sandbox_empty.see("/differences")
    assert (missing["expected_minor"], missing["standing_minor"]) == (100010, 0)
    sandbox_empty.post_truth()
    assert sandbox_empty.see("/differences") == []


def test_the_demo_is_equal_once_everything_is_posted(sandbox_demo: Player) -> None:
    assert len(sandbox_demo.see("/differences")) == 25
    sandbox_demo.post_truth()
    assert sandbox_demo.see("/differences") == []
    assert sandbox_demo.see("/truth")["matched"] == 25


def test_a_part_payment_and_one_check_over_three_bills(sandbox_empty: Player) -> None:
    bills = [sandbox_empty.billed(f"{n}00.00", n % 2)["bill_id"] for n in (1, 2, 3)]
    vendor = {sandbox_empty.world.erp.bills.rows[b].vendor_id for b in bills}
    assert len(vendor) == 2
    sandbox_empty.do("/erp/pay", bills=[{"bill_id": bills[0], "amount": "40.00"}])
    sandbox_empty.do("/erp/pay", bills=[{"bill_id": b} for b in bills])
    assert sorted(row["amount_minor"] for row in rows(sandbox_empty)) == [4000, 6000, 20000, 30000]


def test_a_void_nets_to_nothing(sandbox_empty: Player) -> None:
    payment, _, _ = sandbox_empty.paid("500.00")
    (row,) = rows(sandbox_empty)
    sandbox_empty.post_truth()
    sandbox_empty.do("/erp/void", payment_id=payment)
    assert rows(sandbox_empty) == []
    (difference,) = sandbox_empty.see("/differences")
    assert (difference["expected_minor"], difference["standing_minor"]) == (0, 50000)
    sandbox_empty.world.erp.payments.rows[payment].txn_date  # noqa: B018 - still readable
    sandbox_empty.post(row, sandbox_empty.commitments[0], -50000, n=2)
    assert sandbox_empty.see("/differences") == []
    assert "void already" in sandbox_empty.cannot("/erp/void", payment_id=payment)


def test_a_deleted_payment_stays_until_a_person_decides(sandbox_empty: Player) -> None:
    payment, bill, _ = sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    sandbox_empty.do("/erp/delete", payment_id=payment)
    assert held(sandbox_empty) == {"deleted_in_erp": 1}
    assert sandbox_empty.see("/differences") == []
    sandbox_empty.do("/erp/pay", bills=[{"bill_id": bill}])
    assert held(sandbox_empty) == {"deleted_in_erp": 2}
    assert sandbox_empty.see("/differences") == []


def test_a_payment_deleted_before_it_was_posted_is_nothing(sandbox_empty: Player) -> None:
    payment, _, _ = sandbox_empty.paid("500.00")
    sandbox_empty.do("/erp/delete", payment_id=payment)
    assert rows(sandbox_empty) == []
    assert held(sandbox_empty) == {}


def test_an_edit_and_a_reapplication(sandbox_empty: Player) -> None:
    payment, bill, _ = sandbox_empty.paid("500.00")
    other = sandbox_empty.billed("800.00")["bill_id"]
    sandbox_empty.post_truth()
    sandbox_empty.do("/erp/edit", payment_id=payment, bills=[{"bill_id": bill, "amount": "450"}])
    assert [row["amount_minor"] for row in rows(sandbox_empty)] == [45000]
    sandbox_empty.do("/erp/reapply", payment_id=payment, from_bill=bill, to_bill=other)
    assert [(row["bill_id"], row["amount_minor"]) for row in rows(sandbox_empty)] == [
        (other, 45000)
    ]
    kinds = {d["origin_prefix"].rsplit(":", 1)[1] for d in sandbox_empty.see("/differences")}
    assert kinds == {bill, other}


def test_a_number_that_arrives_late_is_no_difference(sandbox_empty: Player) -> None:
    payment, _, _ = sandbox_empty.paid("500.00", number=None)
    sandbox_empty.post_truth()
    sandbox_empty.do("/erp/edit", payment_id=payment, number="10999")
    assert sandbox_empty.see("/differences") == []


def test_a_credit_is_taken_off_the_cash(sandbox_empty: Player) -> None:
    first, second = (sandbox_empty.billed(a)["bill_id"] for a in ("300.00", "100.00"))
    vendor = sandbox_empty.world.erp.bills.rows[first].vendor_id
    credit = sandbox_empty.do("/erp/credit", vendor_id=vendor, amount="40.00")["credit_id"]
    bills = [{"bill_id": first}, {"bill_id": second}]
    paid = sandbox_empty.do("/erp/pay", bills=bills, credits=[{"credit_id": credit}])
    assert Decimal(paid["total"]) == 360
    assert [row["amount_minor"] for row in rows(sandbox_empty)] == [27000, 9000]


def test_a_credit_over_two_commitments_is_held(sandbox_empty: Player) -> None:
    first, second = (sandbox_empty.billed("300.00", c)["bill_id"] for c in (0, 3))
    vendor = sandbox_empty.world.erp.bills.rows[first].vendor_id
    credit = sandbox_empty.do("/erp/credit", vendor_id=vendor, amount="40.00")["credit_id"]
    bills = [{"bill_id": first}, {"bill_id": second}]
    sandbox_empty.do("/erp/pay", bills=bills, credits=[{"credit_id": credit}])
    assert held(sandbox_empty) == {"cash_split_unknown": 2}


def test_an_unlinked_application_never_moves_money(sandbox_empty: Player) -> None:
    _, bill, application = sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    sandbox_empty.do("/procore/application/unlink", requisition_id=application)
    assert held(sandbox_empty) == {"application_unlinked": 1}
    assert sandbox_empty.see("/differences") == []
    sandbox_empty.do("/procore/application/export", requisition_id=application, bill_id=bill)
    assert held(sandbox_empty) == {}


def test_a_moved_application_moves_its_payment(sandbox_empty: Player) -> None:
    _, _, application = sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    target = sandbox_empty.commitments[3]
    sandbox_empty.do(
        "/procore/application/export", requisition_id=application, commitment_id=target
    )
    found = {d["commitment_id"]: d["expected_minor"] for d in sandbox_empty.see("/differences")}
    assert found == {sandbox_empty.commitments[0]: 0, target: 50000}


def test_rows_of_others_are_not_posted_beside(sandbox_empty: Player) -> None:
    commitment = sandbox_empty.commitments[0]
    for amount, more in (
        ("500.00", {}),
        ("600.00", {"origin_id": "other-tool:1"}),
        ("700.00", {"external_payment_id": "0b6f1f9e-0000-4000-8000-000000000001"}),
    ):
        sandbox_empty.paid(amount)
        sandbox_empty.do("/procore/row", commitment_id=commitment, amount=amount, **more)
    truth = sandbox_empty.see("/truth")
    assert truth["held"] == {"looks_like_manual_payment": 1, "other_integration_row": 1}
    assert truth["outside_reasons"] == {"paid_by_procore_pay": 1}
    assert sandbox_empty.see("/differences") == []


def test_a_row_typed_after_ours_changes_nothing(sandbox_empty: Player) -> None:
    sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    sandbox_empty.do("/procore/row", commitment_id=sandbox_empty.commitments[0], amount="500.00")
    assert sandbox_empty.see("/truth")["matched"] == 1
    assert sandbox_empty.see("/differences") == []


def test_changed_rows_of_others_are_flagged(sandbox_empty: Player) -> None:
    commitment = sandbox_empty.commitments[0]
    row = sandbox_empty.do("/procore/row", commitment_id=commitment, amount="5.00")
    ident = row["payment_row_id"]
    sandbox_empty.world.procore.edit_payment(ident, amount=Decimal("6.00"))
    assert [d["kind"] for d in sandbox_empty.see("/differences")] == ["foreign_row_changed"]
    sandbox_empty.world.procore.remove_payment(ident)
    assert [d["kind"] for d in sandbox_empty.see("/differences")] == ["foreign_row_missing"]
    sandbox_empty.world.procore.type_payment(
        commitment_id=commitment, amount=Decimal(7), date=sandbox_empty.world.today
    )
    kinds = {d["kind"] for d in sandbox_empty.see("/differences")}
    assert kinds == {"foreign_row_missing", "row_without_owner"}


def test_our_row_removed_is_drift(sandbox_empty: Player) -> None:
    sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    (row,) = sandbox_empty.world.procore.payments()
    sandbox_empty.do("/procore/row/remove", payment_row_id=row.id)
    assert held(sandbox_empty) == {"drift_in_procore": 1}
    assert sandbox_empty.see("/differences") == []


def test_the_same_origin_id_twice_is_flagged(sandbox_empty: Player) -> None:
    sandbox_empty.paid("500.00")
    sandbox_empty.post_truth()
    (row,) = sandbox_empty.world.procore.payments()
    sandbox_empty.do(
        "/procore/row",
        commitment_id=row.contract_id,
        amount="500.00",
        requisition_id=row.requisition_id,
        origin_id=row.origin_id,
        duplicate_origin=True,
    )
    kinds = {d["kind"] for d in sandbox_empty.see("/differences")}
    assert {"amount", "duplicate_origin_id"} <= kinds
    assert held(sandbox_empty) == {"duplicate_in_procore": 1}


def test_a_row_on_the_wrong_application_is_a_difference(sandbox_empty: Player) -> None:
    sandbox_empty.paid("500.00")
    other = sandbox_empty.billed("900.00")["requisition_id"]
    (row,) = rows(sandbox_empty)
    sandbox_empty.post({**row, "requisition_id": other}, sandbox_empty.commitments[0], 50000)
    assert len(sandbox_empty.see("/differences")) == 2


def test_places_where_nothing_may_be_written(sandbox_empty: Player) -> None:
    for position in (0, 1, 4):
        sandbox_empty.paid("500.00", position)
    first, second, third = (sandbox_empty.commitments[p] for p in (0, 1, 4))
    sandbox_empty.do("/procore/commitment", id=first, allow_payments=False)
    sandbox_empty.do("/procore/commitment", id=second, status="Void")
    project = sandbox_empty.world.procore.commitments[third].project_id
    sandbox_empty.do("/procore/project", id=project, active=False)
    assert held(sandbox_empty) == {
        "payments_tab_disabled": 1,
        "commitment_void": 1,
        "project_not_active": 1,
    }


def test_totals_and_ceilings(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("500.00", due="499.00")["bill_id"]
    sandbox_empty.do("/erp/pay", bills=[{"bill_id": bill}])
    assert held(sandbox_empty) == {"bill_total_differs": 1}
    sandbox_empty.do("/erp/edit", bill_id=bill, amount="499.01")
    assert held(sandbox_empty) == {"amount_exceeds_bill": 1}


def test_currencies_keep_their_own_minor_units(sandbox_empty: Player) -> None:
    from sandbox.money import from_minor, spread, to_minor

    assert to_minor(Decimal(1234), "JPY") == 1234
    assert to_minor(Decimal("1.234"), "KWD") == 1234
    assert from_minor(1234, "USD") == Decimal("12.34")
    assert spread(100, [1, 1, 1]) == [34, 33, 33]
    sandbox_empty.paid("77.70", 8)
    assert sandbox_empty.see("/truth")["totals"] == {"CAD": 7770}


def test_a_late_row_appears_with_an_old_timestamp(sandbox_empty: Player) -> None:
    bill = sandbox_empty.billed("500.00")["bill_id"]
    stamp = "2026-01-15T10:00:00-08:00"
    late = sandbox_empty.do("/erp/late", bills=[{"bill_id": bill}], appeared_at=stamp)
    found = sandbox_empty.read("BillPayment", late["payment_id"])
    assert found["MetaData"]["LastUpdatedTime"] == stamp
    assert "needs 'appeared_at'" in sandbox_empty.cannot("/erp/late", bills=[{"bill_id": bill}])


def test_the_clock_moves_a_future_payment_into_reach(sandbox_demo: Player) -> None:
    assert sandbox_demo.see("/truth")["held"]["date_in_future"] == 1
    sandbox_demo.do("/clock", advance_seconds=11 * 86400)
    assert "date_in_future" not in sandbox_demo.see("/truth")["held"]
    assert sandbox_demo.see("/clock")["offset_seconds"] > 900_000
    shown = sandbox_demo.do("/clock", set="2030-01-01T12:00:00Z")
    assert shown["now"].startswith("2030-01-01T12:00:0")


def test_calls_are_counted_per_route(sandbox_demo: Player) -> None:
    sandbox_demo.do("/calls/reset")
    sandbox_demo.query("SELECT COUNT(*) FROM Bill")
    sandbox_demo.call("GET", "bill/150")
    calls = sandbox_demo.see("/calls")
    assert calls["systems"]["quickbooks_online"] == {
        "GET /v3/company/{realm}/query": 1,
        "GET /v3/company/{realm}/bill/{id}": 1,
    }
    assert calls["total"] == 2
    assert sandbox_demo.do("/calls/reset")["total"] == 0


def test_mistakes_are_told_in_sentences(sandbox_empty: Player) -> None:
    assert sandbox_empty.cannot("/erp/pay", bills=[{"bill_id": "1"}]) == "There is no bill 1."
    assert sandbox_empty.cannot("/erp/void") == "The request needs 'payment_id'."
    assert "means nothing here" in sandbox_empty.cannot(
        "/erp/bill", amount="1", colour="red", commitment_id=sandbox_empty.commitments[0]
    )
    assert "must be an amount" in sandbox_empty.cannot("/erp/bill", amount="much")
    assert "instant" in sandbox_empty.cannot("/clock", set="tomorrow")
    assert "level is one of" in sandbox_empty.cannot(
        "/procore/tool", name="erp_integrations", enabled=True, level="king"
    )


def test_procore_limits_and_tools(sandbox_empty: Player) -> None:
    assert sandbox_empty.do("/procore/rates", hourly=50, spike=5) == {"hourly": 50, "spike": 5}
    done = sandbox_empty.do("/procore/tool", name="erp_integrations", enabled=False, level="none")
    assert done["enabled"] is False


def test_an_application_without_a_bill(sandbox_empty: Player) -> None:
    commitment = sandbox_empty.commitments[0]
    ident = sandbox_empty.do(
        "/procore/application/add",
        commitment_id=commitment,
        due="50.00",
        retainage="5.00",
        tax="2.50",
        invoice_number="A-7",
        invoice_type="progress_and_retainage_release",
        origin_id="other-tool-7",
    )["requisition_id"]
    made = sandbox_empty.world.procore.requisitions[ident]
    assert (made.commitment_id, made.invoice_number, made.origin_id) == (
        commitment,
        "A-7",
        "other-tool-7",
    )
    assert (made.due, made.retainage, made.tax) == (50, 5, Decimal("2.5"))
    assert made.invoice_type == "progress_and_retainage_release"
    assert "invoice_type is one of" in sandbox_empty.cannot(
        "/procore/application/add", commitment_id=commitment, due="1", invoice_type="final"
    )
    assert "'invoice_type' is one of" in sandbox_empty.cannot(
        "/erp/bill", commitment_id=commitment, amount="1", invoice_type="final"
    )


def test_a_row_can_be_older_than_it_is(sandbox_empty: Player) -> None:
    ident = sandbox_empty.do(
        "/procore/row",
        commitment_id=sandbox_empty.commitments[0],
        amount="5.00",
        created_at="2025-03-01T06:00:00Z",
    )["payment_row_id"]
    made = sandbox_empty.world.procore.payment_rows.by_id[ident]
    assert made.created_at.isoformat() == "2025-03-01T06:00:00+00:00"


def test_the_truth_tells_of_single_allocations(sandbox_empty: Player) -> None:
    payment, bill, application = sandbox_empty.paid("500.00")
    sandbox_empty.paid("20.00", 1)
    (one,) = sandbox_empty.see(f"/truth?payment_id={payment}")["allocations"]
    assert sandbox_empty.see(f"/truth?bill_id={bill}")["allocations"] == [one]
    assert (one["requisition_id"], one["target_minor"]) == (application, 50000)
    assert sandbox_empty.see("/truth?payment_id=1")["allocations"] == []
