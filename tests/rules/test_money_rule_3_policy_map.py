"""Money-rules 3.2: bills that another tool exported, and bills that applications share."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paidsync import origin
from paidsync.policy import Policy, SplitBill, SplitPart
from tasks.splits import Splits, part_of
from tests.rules.builders import (
    ERP,
    ERP_COMPANY,
    Books,
    application,
    bill,
    outcome,
    payment,
    said,
    verdict,
)

START = date(2026, 1, 1)


def mapped(application_id: str = "a9", *bills: str) -> Policy:
    return Policy.model_validate(
        {"start_date": START, "map": [{"application": application_id, "bills": bills or ("640",)}]}
    )


def split(*parts: tuple[str, str], of: str = "640") -> Policy:
    named = [{"application": each, "percent": percent} for each, percent in parts]
    return Policy.model_validate({"start_date": START, "split": [{"bill": of, "parts": named}]})


HALVES = split(("a1", "50"), ("a2", "50"))


def test_rule_3_2_the_policy_names_the_application_of_a_bill() -> None:
    other_tools = application("640", application_id="a9", origin_id="GP-77", invoice_number="X")
    row = verdict(payment(), [other_tools], policy=mapped())
    assert said(row) == ("matched", None)
    assert (row["application_id"], row["rule"]) == ("a9", "by_policy")


def test_rule_3_2_several_bills_may_belong_to_one_application() -> None:
    joint = application("640", application_id="a9", origin_id="GP-77", invoice_number="X")
    payments = [payment("1", bill="640"), payment("2", bill="641")]
    books = Books.of(payments, [joint], policies={1: mapped("a9", "640", "641")})
    books.sync()
    assert {row["application_id"] for row in books.rows} == {"a9"}
    assert [outcome(books.plan(), each) for each in payments] == [("matched", "right")] * 2


def test_rule_3_2_an_application_that_procore_does_not_show_is_never_guessed() -> None:
    row = verdict(payment(), [application()], policy=mapped("a404"))
    assert said(row) == ("held", "ambiguous_match")
    assert "a404, which Procore does not show" in row["detail"]


def test_rule_3_2_a_policy_that_contradicts_the_bills_id_is_never_believed() -> None:
    both = [application(), application("641", application_id="a9", invoice_number="X")]
    row = verdict(payment(), both, policy=mapped())
    assert said(row) == ("held", "ambiguous_match")
    assert "application HRC-640 names it" in row["detail"]


def test_rule_3_2_the_policy_and_the_bills_id_may_say_the_same() -> None:
    row = verdict(payment(), [application(application_id="a9")], policy=mapped())
    assert said(row) == ("matched", None)


def test_rule_3_2_another_tools_id_that_happens_to_be_a_bills_is_overruled() -> None:
    chance = application(invoice_number="X", vendor_origin_id="99")  # names bill 640 by chance
    wanted = application("641", application_id="a9", origin_id="GP-77", invoice_number="Y")
    row = verdict(payment(), [chance, wanted], policy=mapped())
    assert (said(row), row["application_id"]) == (("matched", None), "a9")


def test_rule_3_2_an_application_of_the_policy_is_not_found_by_another_bills_number() -> None:
    given_away = application(application_id="a9", origin_id="GP-77")
    assert said(verdict(payment(), [given_away])) == ("matched", None)
    row = verdict(payment(), [given_away], policy=mapped("a9", "641"))
    assert said(row) == ("outside", "no_payment_application")


def test_rule_3_2_a_split_bill_goes_to_each_of_its_applications() -> None:
    parts = [
        application("640", application_id=each, origin_id=f"GP-{each}", invoice_number=each)
        for each in ("a1", "a2")
    ]
    payments = parts_of(payment(cash="100.01"), HALVES)
    books = Books.of(payments, parts, policies={1: HALVES})
    books.sync()
    assert sorted((r["application_id"], r["amount_minor"]) for r in books.rows) == [
        ("a1", 50_00),
        ("a2", 50_01),
    ]
    assert {origin.part(each["allocation_id"]) for each in payments} == {"a1", "a2"}


def parts_of(row: dict[str, Any], policy: Policy, **sent: int) -> list[dict[str, Any]]:
    columns = ("discount_minor", "credit_minor", "withheld_minor")
    whole = dict.fromkeys(columns, 0) | row
    return Splits({1: policy}, 1, sent).of(whole, ERP, ERP_COMPANY)


def test_rule_3_2_the_application_joins_the_id_of_each_part() -> None:
    ids = [each["allocation_id"] for each in parts_of(payment(), HALVES)]
    whole = payment()["allocation_id"]
    assert ids == [f"{whole}@a1", f"{whole}@a2"]
    assert all(origin.parse(f"{each}:3") == (each, 3) for each in ids)
    assert {origin.payment_and_bill(each) for each in ids} == {("p10457", "640")}


@given(
    st.integers(0, 10**13),
    st.lists(st.integers(1, 10**6), min_size=2, max_size=6),
)
def test_rule_3_2_the_parts_of_any_amount_add_up(minor: int, weights: list[int]) -> None:
    shares = [Decimal(100 * each) / sum(weights) for each in weights]
    shares[-1] = 100 - sum(shares[:-1])
    bill_ = SplitBill.model_construct(
        bill="640",
        parts=tuple(
            SplitPart.model_construct(application=f"a{k}", percent=share)
            for k, share in enumerate(shares)
        ),
    )
    parts = [part_of(minor, bill_, f"a{k}") for k in range(len(shares))]
    assert sum(parts) == minor


def test_rule_3_2_what_was_posted_whole_stays_whole() -> None:
    row = payment()
    assert (
        parts_of(row, HALVES, **{row["allocation_id"]: 1})[0]["allocation_id"]
        == (row["allocation_id"])
    )


def test_rule_3_2_a_part_that_was_posted_keeps_its_split_under_a_new_policy() -> None:
    row = {**payment(), "discount_minor": 0, "credit_minor": 0, "withheld_minor": 0}
    plain = Policy(start_date=START)
    sent = {f"{row['allocation_id']}@a1": 1}
    again = Splits({1: HALVES, 2: plain}, 2, sent).of(row, ERP, ERP_COMPANY)
    assert len(again) == 2
    assert len(Splits({1: HALVES, 2: plain}, 2, {}).of(row, ERP, ERP_COMPANY)) == 1


@pytest.mark.parametrize(
    ("parts", "said_"),
    [
        ((("a1", "50"), ("a2", "40")), "90 percent, not 100"),
        ((("a1", "50"), ("a1", "50")), "names an application twice"),
        ((("a1", "0"), ("a2", "100")), "greater than 0"),
        ((("a1", "100"),), "at least 2"),
    ],
)
def test_rule_3_2_a_split_that_is_not_whole_is_refused(
    parts: tuple[tuple[str, str], ...], said_: str
) -> None:
    with pytest.raises(ValueError, match=said_):
        split(*parts)


def test_rule_3_2_a_bill_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice in map and split: 640"):
        Policy.model_validate(
            {
                "start_date": START,
                "map": [{"application": "a9", "bills": ["640"]}],
                "split": [
                    {
                        "bill": "640",
                        "parts": [
                            {"application": "a1", "percent": "50"},
                            {"application": "a2", "percent": "50"},
                        ],
                    }
                ],
            }
        )


def test_rule_3_4_the_bills_of_one_application_add_up_to_what_is_due() -> None:
    joint = application("640", application_id="a9", origin_id="GP-77", due_minor=300_00)
    policy = mapped("a9", "640", "641")
    first = payment("1", bill="640", bill_total_minor=100_00)
    row = verdict(first, [joint], policy=policy, bills=[bill("641", total_minor=200_00)])
    assert said(row) == ("matched", None)
    row = verdict(first, [joint], policy=policy, bills=[bill("641", total_minor=190_00)])
    assert said(row) == ("held", "bill_total_differs")
    unknown = verdict(first, [joint], policy=policy, bills=[bill("641")])
    assert said(unknown) == ("matched", None)


def test_rule_3_4_a_part_of_a_split_bill_is_what_is_due_on_its_application() -> None:
    parts = [
        application(each, application_id=each, origin_id=f"GP-{each}", due_minor=due)
        for each, due in (("a1", 50_00), ("a2", 49_00))
    ]
    first, second = parts_of(payment(bill_total_minor=100_00), HALVES)
    assert said(verdict(first, parts, policy=HALVES)) == ("matched", None)
    assert said(verdict(second, parts, policy=HALVES)) == ("held", "bill_total_differs")
