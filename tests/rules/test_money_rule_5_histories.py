"""The invariant under whatever happens: runs over random histories of ERP and Procore."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from paidsync import origin
from paidsync.policy import Policy
from paidsync.records import ALLOCATIONS, DISPOSITIONS, ENTRIES, Standing, rows_of, totals
from tasks.plan import Planned
from tests.rules.builders import (
    Books,
    Row,
    amounts,
    application,
    commitment,
    payment,
)

PAYMENTS = [
    payment("10457", "640", "100.00"),
    payment("10457", "641", "60.00"),
    payment("10458", "640", "100.00"),
]
ERP_EVENTS = [
    "pay", "pay another amount", "settle by credit", "void", "take off the bill", "delete",
    "disappear", "queue", "renumber", "redate",
]  # fmt: skip
PROCORE_EVENTS = ["move the application", "unlink the application", "link it again"]
FATES = st.lists(st.sampled_from(["ok", "ok", "ok", "refused", "lost", "landed"]), max_size=4)
EVENTS = st.tuples(
    st.sampled_from(ERP_EVENTS + PROCORE_EVENTS), st.integers(0, 2), st.integers(1, 999_99)
)


def happens(books: Books, event: str, of: Row, number: int) -> None:
    """One thing that people do in the ERP or in Procore."""
    ours = application(of["bill_id"])
    key = ours["application_id"]
    simple: dict[str, dict[str, Any]] = {
        "pay": {"standing": Standing.LIVE, "cash_minor": of["cash_minor"]},
        "pay another amount": {"standing": Standing.LIVE, "cash_minor": number},
        "settle by credit": {
            "standing": Standing.LIVE,
            "cash_minor": 0,
            "settled_minor": of["cash_minor"],
        },
        "void": {"standing": Standing.VOIDED},
        "take off the bill": {"standing": Standing.REAPPLIED},
        "delete": {"standing": Standing.DELETED},
        "disappear": {"standing": Standing.DISAPPEARED},
        "queue": {"standing": Standing.NOT_ISSUED},
        "renumber": {"payment_number": str(number)},
        "redate": {"payment_date": f"2026-03-{1 + number % 28:02d}"},
    }
    if event in simple:
        books.erp_says(of, **simple[event])
    elif event == "move the application":
        elsewhere = {"application_id": f"{key}x{number % 3}", "commitment_id": f"c{number % 3}"}
        _forget(books, of)
        books.applications[elsewhere["application_id"]] = ours | elsewhere
    elif event == "unlink the application":
        _forget(books, of)
    else:
        _forget(books, of)
        books.applications[key] = ours


def _forget(books: Books, of: Row) -> None:
    books.applications = {
        key: each for key, each in books.applications.items() if each["origin_id"] != of["bill_id"]
    }


def run(books: Books, fates: list[str]) -> Planned:
    """A run whose sends end in these ways, and what must be true of it."""
    before = {key: books.net(key) for key in books.payments}
    coming = iter(fates)
    planned = books.plan()
    _totals_tie(books, planned.dispositions)
    _ids_are_new_or_resumed(books, rows_of(planned.entries))
    books.post(planned, lambda _: next(coming, "ok"))
    wanted = {row["allocation_id"] for row in rows_of(planned.entries)}
    for row in rows_of(planned.dispositions):
        key = row["allocation_id"]
        if key not in wanted:
            assert books.net(key) == before[key], "money moved without a plan"
        if row["disposition"] != "matched":
            assert books.net(key) == before[key], "a hold moved money"
        if row["disposition"] == "outside":
            assert books.net(key) == 0
        if row["outcome"] == "right":
            assert books.net(key) == target(books, key)
    _never_paid_twice(books)
    return planned


def target(books: Books, allocation: str) -> int:
    """The cash now applied; nothing if voided or gone."""
    row = books.payments[allocation]
    return int(row["cash_minor"]) if row["standing"] == Standing.LIVE else 0


def _totals_tie(books: Books, decided: Any) -> None:
    """matched = right + planned + left, and everything is judged, to the minor unit."""
    DISPOSITIONS.check(decided)
    extracted = ALLOCATIONS.frame(books.payments.values())
    assert len(decided) == len(extracted)
    assert totals(decided, "cash_minor") == totals(extracted, "cash_minor")
    for row in rows_of(decided):
        assert (row["disposition"] == "matched") == (row["reason"] is None)
        if row["disposition"] == "matched":
            assert row["outcome"] in ("right", "planned", "left")


def _ids_are_new_or_resumed(books: Books, entries: list[Row]) -> None:
    ENTRIES.frame(entries)
    for entry in entries:
        highest = max(
            (each["n"] for each in books.entries.get(entry["allocation_id"], [])), default=0
        )
        assert (entry["origin_id"] in books.sent) == entry["resumes"]
        assert entry["resumes"] or entry["n"] > highest


def _never_paid_twice(books: Books) -> None:
    """At every moment an allocation stands once or not at all, under ids of its own."""
    seen: set[str] = set()
    standing: dict[str, list[int]] = {key: [0] for key in books.payments}
    for row in books.rows:
        assert row["origin_id"] not in seen
        seen.add(row["origin_id"])
        parsed = origin.parse(row["origin_id"])
        assert parsed is not None
        nets = standing[parsed.allocation_id]
        assert (nets[-1] == 0) == (row["amount_minor"] > 0)
        nets.append(nets[-1] + row["amount_minor"])
        assert nets[-1] in (0, row["amount_minor"])


HISTORIES = st.lists(st.tuples(st.lists(EVENTS, max_size=3), FATES), min_size=1, max_size=6)
POLICIES = st.builds(
    Policy,
    start_date=st.just(date(2026, 1, 1)),
    deleted_in_erp=st.sampled_from(["hold", "reverse"]),
    details_changed=st.sampled_from(["note", "repost"]),
)


@given(HISTORIES, POLICIES)
@settings(max_examples=20)
def test_rule_5_1_and_the_invariant_hold_under_any_history(
    history: list[tuple[list[tuple[str, int, int]], list[str]]], policy: Policy
) -> None:
    books = Books.of(PAYMENTS, policies={1: policy})
    books.commitments = {each: commitment(each) for each in ("c0", "c1", "c2")}
    for events, fates in history:
        for event, who, number in events:
            happens(books, event, PAYMENTS[who], number)
        run(books, fates)
        books.later(minutes=7)
    for _ in range(4):  # time and quiet: the invariant comes true, and nothing more is planned
        books.later(minutes=10)
        planned = run(books, [])
        if len(planned.entries) == 0:
            break
    assert amounts(planned) == []
    for row in rows_of(planned.dispositions):
        assert row["outcome"] in (None, "right")
        if row["outcome"] == "right":
            assert books.net(row["allocation_id"]) == target(books, row["allocation_id"])


@given(st.permutations(range(3)), st.lists(EVENTS, max_size=4))
@settings(max_examples=10)
def test_rule_5_the_order_of_the_extract_decides_nothing(
    order: list[int], events: list[tuple[str, int, int]]
) -> None:
    def plan(payments: list[Row]) -> list[Row]:
        books = Books.of(payments, [application("640"), application("641")])
        books.commitments = {each: commitment(each) for each in ("c0", "c1", "c2")}
        books.sync()
        for event, who, number in events:
            happens(books, event, PAYMENTS[who], number)
        return rows_of(books.plan().entries)

    assert plan([PAYMENTS[k] for k in order]) == plan(PAYMENTS)
