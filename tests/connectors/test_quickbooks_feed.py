"""What changed in QuickBooks Online: nothing is missing, whatever the size or the moment."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.erp import Cursor, PaymentStatus
from connectors.errors import Garbled
from connectors.quickbooks_online import query
from connectors.quickbooks_online.client import LAG, OVERLAP
from tests.connectors.quickbooks_helpers import ZONE, Shop, delivered, open_shop


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(monkeypatch) as opened:
        yield opened


def epoch(shop: Shop, **ago: float) -> int:
    return int((shop.now() - timedelta(**ago)).timestamp())


def test_first_load_is_everything_and_takes_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_shop(monkeypatch, "demo") as shop:
        pages = shop.read()
        assert delivered(pages).keys() == shop.truth()
        assert len(shop.truth()) > 30
        assert not pages[-1].complete_feed
        assert shop.routes() == ["bearer", "query", "preferences"]


def test_cursor_is_the_servers_clock_not_ours(shop: Shop) -> None:
    shop.books.clock.advance(90 * 86400)
    (page,) = shop.read()
    assert page.cursor is not None
    assert timedelta(0) <= shop.now() - LAG - page.cursor.until < timedelta(seconds=5)


def test_ten_thousand_payments_take_few_calls(shop: Shop) -> None:
    span = 4 * 365 * 86400
    shop.many([epoch(shop, days=1461) + n * span // 10_000 for n in range(10_000)])
    pages = shop.read()
    assert delivered(pages).keys() == shop.truth()
    assert all(len(page.payments) < 1000 for page in pages)
    assert shop.routes().count("query") <= 30


def test_uneven_history_is_whole_by_halving(shop: Shop) -> None:
    old = [epoch(shop, days=900) + n * 86400 for n in range(300)]
    burst = [epoch(shop, days=30) + n for n in range(4_500)]  # one each second: a long import
    shop.many(old + burst)
    pages = shop.read()
    assert delivered(pages).keys() == shop.truth()
    assert shop.routes().count("query") <= 40


def test_more_than_a_thousand_rows_in_one_second(shop: Shop) -> None:
    shop.many([epoch(shop, days=5)] * 2_350 + [epoch(shop, days=9), epoch(shop, hours=1)])
    pages = shop.read()
    assert delivered(pages).keys() == shop.truth()
    assert sum(len(page.payments) for page in pages) == 2_352


def test_more_than_a_thousand_rows_in_this_very_second(shop: Shop) -> None:
    shop.many([epoch(shop, seconds=0)] * 1_100)
    assert delivered(shop.read()).keys() == shop.truth()


def test_rows_stamped_ahead_of_the_servers_clock_are_delivered(shop: Shop) -> None:
    shop.many([epoch(shop, hours=-1)] * 1_050 + [epoch(shop, days=3)] * 20)
    assert delivered(shop.read()).keys() == shop.truth()


def test_since_asks_from_midnight_of_the_companys_day_and_gives_no_cursor(shop: Shop) -> None:
    day = date(2026, 3, 8)
    midnight = int(datetime(2026, 3, 8, tzinfo=ZoneInfo(ZONE)).timestamp())
    shop.books.clock.set(datetime(2026, 3, 20, tzinfo=UTC))
    shop.many([midnight - 1, midnight, midnight + 40_000])
    pages = list(shop.erp.changed_payments(None, since=day))
    found = delivered(pages)
    assert len(found) == 2
    assert pages[-1].cursor is None
    assert not pages[-1].complete_feed


def test_changed_a_moment_ago_is_delivered_and_comes_again(shop: Shop) -> None:
    cursor = shop.read()[-1].cursor
    paid = shop.pay((shop.bill("50.00"), "50.00"))
    shop.routes()
    for _ in range(2):
        (page,) = shop.read(cursor)
        assert [found.payment_id for found in page.payments] == [paid.id]
        assert page.complete_feed
        cursor = page.cursor
    assert shop.routes() == ["cdc", "preferences", "cdc"]


def test_feed_begins_before_the_cursor_by_the_overlap(shop: Shop) -> None:
    edge = epoch(shop, days=2)
    cursor = Cursor(datetime.fromtimestamp(edge, UTC) + OVERLAP)
    shop.many([edge - 1, edge, edge + 1])
    (page,) = shop.read(cursor)
    assert len(page.payments) == 2


def test_a_row_that_shows_up_late_is_not_missed(shop: Shop) -> None:
    cursor = shop.read()[-1].cursor
    assert cursor is not None
    shop.books.clock.advance(3600)
    cursor = shop.read(cursor)[-1].cursor
    shop.many([epoch(shop, minutes=4)])  # stamped before the last read, visible only now
    assert delivered(shop.read(cursor)).keys() == shop.truth()


def test_a_full_feed_is_not_believed(shop: Shop) -> None:
    cursor = shop.read()[-1].cursor
    shop.books.clock.advance(7200)
    shop.many([epoch(shop, minutes=90) + n for n in range(1_200)])
    pages = shop.read(cursor)
    assert delivered(pages).keys() == shop.truth()
    assert not any(page.complete_feed for page in pages)
    assert pages[-1].cursor is not None


@pytest.mark.parametrize(("objects", "believed"), [(999, True), (1000, False)])
def test_a_feed_is_believed_as_long_as_one_more_object_would_fit(
    shop: Shop, objects: int, believed: bool
) -> None:
    cursor = shop.read()[-1].cursor
    shop.many([epoch(shop, seconds=0) + n // 50 for n in range(objects)])
    pages = shop.read(cursor)
    assert pages[0].complete_feed is believed
    assert delivered(pages).keys() == shop.truth()


def test_tombstones_of_a_full_feed_are_still_handed_on(shop: Shop) -> None:
    cursor = shop.read()[-1].cursor
    paid = shop.pay((shop.bill("50.00"), "50.00"))
    shop.books.delete(paid)
    shop.many([epoch(shop, seconds=0) + n // 50 for n in range(999)])
    pages = shop.read(cursor)
    assert [gone.payment_id for page in pages for gone in page.gone] == [paid.id]
    assert not pages[0].complete_feed


@pytest.mark.parametrize("days", [29.5, 45])
def test_an_old_cursor_reads_windows(shop: Shop, days: float) -> None:
    cursor = Cursor(shop.now() - timedelta(days=days))
    shop.many([epoch(shop, days=days) + 60, epoch(shop, days=1), epoch(shop, days=60)])
    pages = shop.read(cursor)
    assert len(delivered(pages)) == 2
    assert not pages[-1].complete_feed
    assert pages[-1].cursor is not None


def test_a_void_keeps_the_record_and_forgets_its_bills(shop: Shop) -> None:
    bill = shop.bill("80.00")
    paid = shop.pay((bill, "80.00"), number="10457")
    cursor = shop.read()[-1].cursor
    shop.books.void(paid)
    found = delivered(shop.read(cursor))[paid.id]
    assert found.status is PaymentStatus.VOIDED
    assert found.allocations == ()
    assert (found.number, found.version, found.total) == ("10457", "1", Decimal(0))
    assert shop.erp.bills([bill.id])[bill.id].settled == 0


def test_bills_are_followed_in_the_same_way(shop: Shop) -> None:
    nothing, cursor = shop.erp.changed_bills(None)
    assert nothing == []
    assert timedelta(0) <= shop.now() - LAG - cursor.until < timedelta(seconds=5)
    bill = shop.bill("80.00")
    shop.pay((bill, "30.00"))
    (found,), later = shop.erp.changed_bills(cursor)
    assert (found.bill_id, found.settled, found.version) == (bill.id, Decimal(30), "1")
    assert later.until >= cursor.until
    shop.books.clock.advance(40 * 86400)
    (again,), _ = shop.erp.changed_bills(cursor)  # too old for the feed
    assert again == found


def test_a_single_second_that_keeps_changing_is_an_error_not_a_gap() -> None:
    stamp = {"LastUpdatedTime": "2026-01-01T00:00:00Z"}
    rows: list[query.Row] = [{"Id": str(n), "MetaData": stamp} for n in range(1_500)]
    counts = iter(range(1_500, 9_999))

    def ask(statement: str) -> query.Answer:
        now = datetime(2026, 1, 2, tzinfo=UTC)
        if "COUNT" in statement:
            return query.Answer([], next(counts), now)
        start = re.search(r"STARTPOSITION (\d+)", statement)
        at = int(start[1]) - 1 if start else 0
        return query.Answer(rows[at : at + 1000], None, now)

    with pytest.raises(Garbled, match="keep changing"):
        list(query.walk(ask, "BillPayment", None))


@settings(max_examples=150)
@given(
    seconds=st.lists(st.integers(0, 400) | st.integers(100, 104), max_size=60),
    since=st.none() | st.integers(0, 200),
    now=st.integers(150, 420),
)
def test_walk_delivers_each_row_of_any_history(
    seconds: list[int], since: int | None, now: int
) -> None:
    base = 1_700_000_000
    rows: list[query.Row] = [
        {
            "Id": str(n),
            "MetaData": {"LastUpdatedTime": query.instant(datetime.fromtimestamp(base + s, UTC))},
        }
        for n, s in enumerate(seconds)
    ]

    def ask(statement: str) -> query.Answer:
        def limit(sign: str) -> str | None:
            found = re.search(rf"LastUpdatedTime {sign} '([^']+)'", statement)
            return found[1] if found else None

        low, high = limit(">="), limit("<")
        hit = [
            row
            for row in rows
            if (low is None or row["MetaData"]["LastUpdatedTime"] >= low)
            and (high is None or row["MetaData"]["LastUpdatedTime"] < high)
        ]
        start = re.search(r"STARTPOSITION (\d+)", statement)
        at = int(start[1]) - 1 if start else 0
        clock = datetime.fromtimestamp(base + now, UTC)
        if "COUNT" in statement:
            return query.Answer([], len(hit), clock)
        return query.Answer(list(reversed(hit))[at : at + query.ROWS], None, clock)

    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ROWS", 10), ("AIM", 7), ("OVERLAP", 3)):
            patch.setattr(query, name, value)
        begin = None if since is None else datetime.fromtimestamp(base + since, UTC)
        chunks = list(query.walk(ask, "BillPayment", begin))
    ids = [row["Id"] for chunk in chunks for row in chunk.rows]
    assert len(ids) == len(set(ids))
    assert set(ids) == {str(n) for n, s in enumerate(seconds) if since is None or s >= since}
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
