"""Money-rules 5.3 and 6.1: what a second person approves, as one, and what relies on it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from paidsync.policy import Over, Policy
from paidsync.records import Standing, rows_of
from tasks.approval import fingerprints, is_over, is_what_was_approved, part, told
from tests.rules.builders import Books, payment

Row = dict[str, Any]


def policy(**choices: Any) -> Policy:
    return Policy.model_validate({"start_date": "2026-01-01", **choices})


NEVER, REVERSALS, ALWAYS = (policy(approval=each) for each in ("never", "reversals", "always"))


def entry(
    allocation: str = "a",
    n: int = 1,
    amount: int = 100_00,
    *,
    bill: str = "b1",
    application: str | None = "p1",
    **more: Any,
) -> Row:
    return {
        "origin_id": f"{allocation}:{n}",
        "allocation_id": allocation,
        "n": n,
        "kind": "payment" if amount > 0 else "reversal",
        "bill_id": bill,
        "application_id": application,
        "amount_minor": amount,
        "currency": "USD",
        "resumes": False,
        **more,
    }


def ids(entries: Iterable[Row]) -> list[str]:
    return [each["origin_id"] for each in entries]


A_CORRECTION = [entry("a", 2, -100_00), entry("a", 3, 90_00)]
ANOTHER = entry("z", bill="b9", application="p9")


def test_nothing_waits_where_the_policy_asks_for_no_approval() -> None:
    parted = part([*A_CORRECTION, ANOTHER], NEVER)
    assert (ids(parted.free), parted.waiting) == (["a:2", "a:3", "z:1"], [])


def test_rule_6_1_a_reversal_and_its_replacement_wait_as_one() -> None:
    parted = part([*A_CORRECTION, ANOTHER], REVERSALS)
    assert (ids(parted.free), ids(parted.waiting)) == (["z:1"], ["a:2", "a:3"])


def test_rule_6_1_the_order_of_sending_stays_in_both_parts() -> None:
    mixed = [A_CORRECTION[0], ANOTHER, A_CORRECTION[1], entry("y", bill="b8", application="p8")]
    parted = part(mixed, REVERSALS)
    assert (ids(parted.free), ids(parted.waiting)) == (["z:1", "y:1"], ["a:2", "a:3"])


@pytest.mark.parametrize(
    "beside",
    [
        entry("c", bill="b1", application="p2"),
        entry("c", bill="b2", application="p1"),
        entry("c", bill="b1", application=None),
    ],
    ids=["same bill", "same application", "same bill, no application"],
)
def test_rule_5_3_a_payment_on_the_bill_or_application_of_a_waiting_reversal_waits(
    beside: Row,
) -> None:
    parted = part([A_CORRECTION[0], beside, ANOTHER], REVERSALS)
    assert ids(parted.waiting) == ["a:2", "c:1"]
    assert "belongs with a reversal" in parted.why["c"]


def test_rule_5_3_what_relies_on_what_relies_on_it_waits_too() -> None:
    chain = [
        entry("a", 2, -30_000_00),
        entry("c", 2, -5_00, bill="b2"),  # shares the application with a
        entry("c", 3, 4_00, bill="b2"),
        entry("d", 1, 3_00, bill="b2", application="p7"),  # shares the bill with c
        entry("e", 1, 3_00, bill="b7", application="p7"),  # d takes nothing back
    ]
    parted = part(chain, policy(approval={"over": "25000"}))
    assert (ids(parted.waiting), ids(parted.free)) == (["a:2", "c:2", "c:3", "d:1"], ["e:1"])


def test_applications_that_are_none_have_nothing_in_common() -> None:
    pair = [entry("a", 2, -1_00, application=None), entry("c", bill="b2", application=None)]
    assert ids(part(pair, REVERSALS).waiting) == ["a:2"]


def test_rule_6_1_what_was_sent_already_waits_for_nobody() -> None:
    sent = [entry("a", 2, -100_00, resumes=True)]
    assert part(sent, ALWAYS).waiting == []
    half = [*sent, entry("a", 3, 90_00)]
    assert ids(part(half, ALWAYS).waiting) == ["a:2", "a:3"]


def test_rule_5_4_a_whole_plan_that_waits_waits_whole() -> None:
    parted = part([*A_CORRECTION, ANOTHER], NEVER, whole="far too much")
    assert (parted.free, len(parted.waiting)) == ([], 3)
    assert set(parted.why.values()) == {"far too much"}


@pytest.mark.parametrize(
    ("minor", "currency", "over"),
    [
        (25_000_00, "USD", False),
        (25_000_01, "USD", True),
        (-25_000_01, "USD", True),
        (25_000, "JPY", False),
        (25_001, "JPY", True),
        (25_000_001, "KWD", True),
        (2_500_001, "JPY", True),
    ],
)
def test_over_is_more_than_so_many_major_units_of_the_entrys_own_currency(
    minor: int, currency: str, *, over: bool
) -> None:
    assert is_over(minor, currency, Decimal("25000.00")) is over


@pytest.mark.parametrize("wrong", [0, -1, 25000.5, "much", {"above": "1"}, "sometimes"])
def test_an_approval_that_means_nothing_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        policy(approval={"over": wrong} if not isinstance(wrong, dict) else wrong)
    with pytest.raises(ValidationError):
        policy(approval=wrong)


def test_proof_is_asked_for_unless_nothing_needs_approval() -> None:
    assert [each.needs_proof for each in (NEVER, REVERSALS, ALWAYS)] == [False, True, True]
    assert policy(approval={"over": "1"}).needs_proof
    assert not policy(approval="always", require_proof=False).needs_proof
    assert policy(require_proof=True).needs_proof


def test_a_policy_is_stored_and_read_again_as_it_was() -> None:
    for each in (ALWAYS, policy(approval={"over": "25000.00"})):
        assert Policy.model_validate(each.model_dump(mode="json")) == each
    assert policy(approval={"over": "25000.00"}).approval == Over(over=Decimal(25000))


entries = st.lists(
    st.builds(
        entry,
        st.sampled_from("abcdef"),
        st.integers(1, 3),
        st.sampled_from([-300_00, -100_00, 100_00, 300_00]),
        bill=st.sampled_from(["b1", "b2", "b3"]),
        application=st.sampled_from(["p1", "p2", "p3", None]),
        resumes=st.booleans(),
    ),
    unique_by=lambda each: each["origin_id"],
    max_size=12,
)
policies = st.sampled_from([NEVER, REVERSALS, ALWAYS, policy(approval={"over": "200"})])


@given(entries, policies)
def test_rule_6_1_both_parts_are_the_plan_and_no_allocation_is_in_both(
    planned: list[Row], chosen: Policy
) -> None:
    parted = part(planned, chosen)
    assert sorted(ids([*parted.free, *parted.waiting])) == sorted(ids(planned))
    assert not {e["allocation_id"] for e in parted.free} & {
        e["allocation_id"] for e in parted.waiting
    }
    assert parted.why.keys() == {e["allocation_id"] for e in parted.waiting}


@given(entries, policies)
def test_rule_5_3_nothing_new_is_sent_where_a_reversal_waits(
    planned: list[Row], chosen: Policy
) -> None:
    parted = part(planned, chosen)
    bills = {e["bill_id"] for e in parted.waiting if e["kind"] == "reversal"}
    places = {e["application_id"] for e in parted.waiting if e["kind"] == "reversal"} - {None}
    for each in parted.free:
        group = [e for e in planned if e["allocation_id"] == each["allocation_id"]]
        if not all(e["resumes"] for e in group):
            assert each["bill_id"] not in bills
            assert each["application_id"] not in places


# Exactly what was approved


def planned() -> list[Row]:
    books = Books.posted([payment(), payment("10458", "641")])
    for each in list(books.payments.values()):
        books.erp_says(each, cash_minor=50_00)
    return rows_of(books.plan().entries)


def test_rule_6_1_only_exactly_what_was_approved_is_sent() -> None:
    approved = planned()
    contents = fingerprints(approved)
    assert is_what_was_approved(contents, [], planned())
    assert not is_what_was_approved(contents, [], approved[1:])
    assert not is_what_was_approved(contents, [], [*approved, entry("new")])
    changed = [{**approved[0], "check_number": "another"}, *approved[1:]]
    assert not is_what_was_approved(contents, [], changed)


def test_rule_6_1_what_was_sent_under_the_approval_is_not_asked_for_again() -> None:
    approved = planned()
    contents = fingerprints(approved)
    first = approved[0]["origin_id"]
    assert is_what_was_approved(contents, [first], approved[1:])
    unanswered = [{**approved[0], "resumes": True}, *approved[1:]]
    assert is_what_was_approved(contents, [first], unanswered)
    assert not is_what_was_approved(contents, [], unanswered)


def test_a_payment_that_was_voided_and_paid_again_waits_as_one_plan() -> None:
    old, new = payment(), payment("10458", "640")
    books = Books.posted([old])
    books.erp_says(old, standing=Standing.VOIDED)
    books.payments[new["allocation_id"]] = new
    parted = part(rows_of(books.plan().entries), REVERSALS)
    assert told(parted.waiting) == ("reversal of 100.00 USD, payment of 100.00 USD"), parted
    assert parted.free == []
