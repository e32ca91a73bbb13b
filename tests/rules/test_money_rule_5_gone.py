"""Money-rules 5.3: a payment is gone on positive evidence only."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.erp import (
    Bill,
    BillPayment,
    Capabilities,
    ControlTotal,
    Cursor,
    Erp,
    ErpCompany,
    Page,
    PaymentStatus,
    VoidStyle,
)
from connectors.errors import AccessRefused, Garbled, OutsideError, RateLimited, TryLater
from paidsync.reasons import RunStopped, Stop
from paidsync.records import Standing
from tasks.gone import Evidence, judge_missing

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def paid(payment_id: str) -> BillPayment:
    return BillPayment(
        payment_id=payment_id,
        status=PaymentStatus.LIVE,
        number="10457",
        date=date(2026, 3, 14),
        method=None,
        currency="USD",
        total=Decimal(100),
        credits=None,
        unapplied=None,
        home_per_foreign=None,
        payee_id=None,
        allocations=(),
        modified_at=NOW,
        version="0",
    )


def bill(bill_id: str, *payments: str, silent: bool = False) -> Bill:
    """A bill that names the payments it was paid by; ``silent`` ones name none."""
    return Bill(
        bill_id=bill_id,
        number=None,
        vendor_id=None,
        vendor_name=None,
        date=None,
        currency="USD",
        total=None,
        net=None,
        tax=None,
        settled=None,
        paid_cash=None,
        payment_ids=None if silent else frozenset(payments),
    )


@dataclass
class RecordingErp:
    """An ERP in memory that writes down what it was asked; ``fails`` names a call that breaks."""

    there: dict[str, BillPayment] = field(default_factory=dict)
    its_bills: dict[str, Bill] = field(default_factory=dict)
    company_id: str = "9130"
    fails: dict[str, OutsideError] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    name: str = "recording"
    title: str = "Recording"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            change_feed=True,
            sees_deletes=True,
            direct_read=True,
            void_styles=frozenset({VoidStyle.STATUS}),
            gives_payment_method=True,
            parts_tax=True,
            bill_names_payments=True,
            control_count=False,
            control_sum=False,
            look_back_days=None,
            id_namespace="company",
        )
    )

    def _ask(self, call: str, ids: Iterable[str] = ()) -> None:
        self.asked.append((call, *sorted(ids)))
        if call in self.fails:
            raise self.fails[call]

    def company(self) -> ErpCompany:
        self._ask("company")
        return ErpCompany(self.company_id, "Harbour Builders", "USD", "America/Denver", NOW)

    def payments(self, ids: Collection[str]) -> dict[str, BillPayment]:
        self._ask("payments", ids)
        return {each: self.there[each] for each in ids if each in self.there}

    def bills(self, ids: Collection[str]) -> dict[str, Bill]:
        self._ask("bills", ids)
        return {each: self.its_bills[each] for each in ids if each in self.its_bills}

    def changed_payments(
        self, after: Cursor | None, *, since: date | None = None
    ) -> Iterator[Page]:
        raise AssertionError("nothing of the feed is asked here")

    def changed_bills(self, after: Cursor | None) -> tuple[list[Bill], Cursor]:
        raise AssertionError("nothing of the feed is asked here")

    def control_total(self, first: date, last: date, *, until: datetime) -> ControlTotal | None:
        return None

    def payment_link(self, payment_id: str) -> str | None:
        return None

    def close(self) -> None:
        return None


def company(**changes: object) -> RecordingErp:
    """A company in which control payment ``c`` stands and bill ``640`` shows no payment."""
    erp = RecordingErp(there={"c": paid("c")}, its_bills={"640": bill("640")})
    for name, value in changes.items():
        setattr(erp, name, value)
    return erp


def judge(
    erp: Erp,
    missing: Collection[str] = ("gone",),
    *,
    tombstones: Collection[str] = (),
    bills: Collection[str] = ("640",),
    control_ids: Iterable[str] = ("c",),
) -> tuple[set[str], dict[str, Evidence]]:
    found, evidence = judge_missing(
        erp,
        missing,
        company_id="9130",
        tombstones=tombstones,
        bills_of={each: set(bills) for each in missing},
        control_ids=control_ids,
    )
    return set(found), evidence


def standing(erp: Erp, **known: Collection[str]) -> str:
    found, evidence = judge(erp, **known)
    assert (found, set(evidence)) == (set(), {"gone"})
    return evidence["gone"].standing


def test_rule_5_3_a_tombstone_and_a_control_record_are_proof() -> None:
    assert standing(company(), tombstones=["gone"]) == Standing.DELETED


def test_rule_5_3_missing_twice_and_no_bill_shows_it_is_proof() -> None:
    erp = company(its_bills={"640": bill("640", "other"), "641": bill("641")})
    assert standing(erp, bills=["640", "641"]) == Standing.DELETED


def test_rule_5_3_the_evidence_is_read_in_this_order_and_once() -> None:
    erp = company()
    judge(erp)
    assert erp.asked == [
        ("company",),
        ("payments", "c"),
        ("payments", "gone"),
        ("bills", "640"),
    ]


@pytest.mark.parametrize("tombstones", [[], ["gone"]])
def test_rule_5_3_without_a_control_record_nothing_is_proved(tombstones: list[str]) -> None:
    assert standing(company(there={}), tombstones=tombstones) == Standing.DISAPPEARED


@pytest.mark.parametrize("company_id", ["9131", ""])
def test_rule_1_8_another_company_stops_the_run_before_it_judges_anything(company_id: str) -> None:
    with pytest.raises(RunStopped) as stop:
        standing(company(company_id=company_id), tombstones=["gone"])
    assert stop.value.reason is Stop.COMPANY_CHANGED


def test_rule_5_3_without_control_ids_nothing_is_proved() -> None:
    assert standing(company(), control_ids=[], tombstones=["gone"]) == Standing.DISAPPEARED


def test_rule_5_3_what_is_missing_is_no_control_record() -> None:
    erp = company(there={})
    _, evidence = judge(erp, ["gone", "gone too"], control_ids=["gone too"], tombstones=["gone"])
    assert {each.standing for each in evidence.values()} == {Standing.DISAPPEARED}


@pytest.mark.parametrize(
    ("its_bills", "concerned"),
    [
        ({"640": bill("640", "gone")}, ["640"]),
        ({"640": bill("640"), "641": bill("641", "gone", "x")}, ["640", "641"]),
        ({}, ["640"]),
        ({"640": bill("640")}, ["640", "641"]),
        ({"640": bill("640", silent=True)}, ["640"]),
        ({"640": bill("640"), "641": bill("641", silent=True)}, ["640", "641"]),
        ({"640": bill("640")}, []),
    ],
    ids=[
        "its bill shows it",
        "one of its bills shows it",
        "its bill is not found",
        "one of its bills is not found",
        "its bill names no payments",
        "one of its bills names none",
        "no bill of it is known",
    ],
)
def test_rule_5_3_a_bill_that_does_not_confirm_proves_nothing(
    its_bills: dict[str, Bill], concerned: list[str]
) -> None:
    assert standing(company(its_bills=its_bills), bills=concerned) == Standing.DISAPPEARED


def test_rule_5_3_without_direct_reads_absence_is_no_proof() -> None:
    erp = company()
    erp.capabilities = replace(erp.capabilities, direct_read=False)
    assert standing(erp) == Standing.DISAPPEARED
    assert standing(erp, tombstones=["gone"]) == Standing.DELETED


def test_rule_5_3_what_a_second_reading_finds_is_not_gone() -> None:
    erp = company(there={"c": paid("c"), "back": paid("back")})
    found, evidence = judge(erp, ["back", "gone"], tombstones=["back", "gone"])
    assert found == {"back"}
    assert set(evidence) == {"gone"}


@pytest.mark.parametrize("call", ["company", "payments", "bills"])
@pytest.mark.parametrize(
    "error",
    [
        AccessRefused("401", system="ERP", status=401),
        AccessRefused("403", system="ERP", status=403),
        RateLimited("429", system="ERP", until=NOW),
        TryLater("500", system="ERP", status=500),
        TryLater("time-out", system="ERP"),
        Garbled("half a page", system="ERP"),
    ],
    ids=lambda error: error.message,
)
def test_rule_5_3_an_error_proves_nothing_and_is_not_swallowed(
    call: str, error: OutsideError
) -> None:
    with pytest.raises(type(error)):
        judge(company(fails={call: error}), tombstones=["gone"])


def test_rule_5_3_nothing_missing_asks_nothing() -> None:
    erp = company()
    assert judge(erp, []) == (set(), {})
    assert erp.asked == []


@given(
    control=st.booleans(),
    tombstone=st.booleans(),
    shows=st.sampled_from(["silent", "names it", "names others", "not found"]),
    direct=st.booleans(),
    back=st.booleans(),
)
def test_rule_5_3_deleted_is_said_exactly_where_it_is_proved(
    *, control: bool, tombstone: bool, shows: str, direct: bool, back: bool
) -> None:
    erp = company()
    erp.there = {"c": paid("c")} if control else {}
    if back:
        erp.there["gone"] = paid("gone")
    erp.its_bills = {
        "silent": {"640": bill("640", silent=True)},
        "names it": {"640": bill("640", "gone")},
        "names others": {"640": bill("640", "other")},
        "not found": {},
    }[shows]
    erp.capabilities = replace(erp.capabilities, direct_read=direct)
    found, evidence = judge(erp, tombstones=["gone"] if tombstone else [])
    proved = control and not back and (tombstone or (direct and shows == "names others"))
    deleted = {key for key, each in evidence.items() if each.standing == Standing.DELETED}
    assert (deleted == {"gone"}) is proved
    assert found | set(evidence) == {"gone"}
