"""QuickBooks Online writes its instants with Pacific offsets, and these flip twice a year: no
payment is lost or told too late, in the hour that comes twice or in the one that never comes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.erp import Cursor
from connectors.quickbooks_online.client import LAG, OVERLAP
from tests.connectors.quickbooks_helpers import ZONE, Shop, delivered, open_shop

HOUR = timedelta(hours=1)
AUTUMN = datetime(2026, 11, 1, 9, tzinfo=UTC)  # 02:00 -07:00 becomes 01:00 -08:00
SPRING = datetime(2027, 3, 14, 10, tzinfo=UTC)  # 02:00 -08:00 becomes 03:00 -07:00
FLIPS = pytest.mark.parametrize("flip", [AUTUMN, SPRING], ids=["autumn", "spring"])


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with open_shop(monkeypatch) as opened:
        opened.books.clock.set(AUTUMN - timedelta(days=3))
        yield opened


def at(shop: Shop, moment: datetime) -> None:
    """It becomes this moment; whoever reads now and then keeps the refresh token."""
    while moment - shop.now() > timedelta(days=60):
        shop.books.clock.advance(60 * 86_400)
        shop.read()
    shop.books.clock.set(moment)


def second(moment: datetime) -> int:
    return int(moment.timestamp())


def changed(shop: Shop) -> dict[str, datetime]:
    """When each payment last changed, as the books have it."""
    rows = shop.books.payments.rows
    return {key: datetime.fromtimestamp(row.updated, UTC) for key, row in rows.items()}


def offsets(shop: Shop) -> set[str]:
    """The offsets with which the API writes when payments changed."""
    rows = shop.books.payments.rows.values()
    return {shop.box.world.face.shape(row)["MetaData"]["LastUpdatedTime"][-6:] for row in rows}


@FLIPS
def test_runs_before_and_after_a_flip_lose_nothing(shop: Shop, flip: datetime) -> None:
    at(shop, flip - 2 * HOUR)
    cursor = shop.read()[-1].cursor
    told: dict[str, datetime | None] = {}
    bill = shop.bill("1000.00")
    for _ in range(8):
        shop.books.clock.advance(30 * 60)
        shop.pay((bill, "1.00"))
        pages = shop.read(cursor)
        assert all(page.complete_feed for page in pages)
        told |= {key: found.modified_at for key, found in delivered(pages).items()}
        later = pages[-1].cursor
        assert cursor is not None
        assert later is not None
        assert later.until - cursor.until >= timedelta(minutes=25)
        assert timedelta(0) <= shop.now() - LAG - later.until < timedelta(seconds=5)
        cursor = later
    assert told == changed(shop)
    assert offsets(shop) == {"-07:00", "-08:00"}


@FLIPS
@pytest.mark.parametrize("feed", [True, False], ids=["feed", "windows"])
def test_one_reading_over_a_flip_is_whole(shop: Shop, flip: datetime, feed: bool) -> None:
    """The windows are of thousands of rows, so that some end within the hours of the flip."""
    at(shop, flip - 3 * HOUR)
    cursor = shop.read()[-1].cursor
    apart = 60 if feed else 4
    begin, end = second(flip - 2 * HOUR), second(flip + 2 * HOUR)
    shop.many(list(range(begin, end, apart)))
    at(shop, flip + 3 * HOUR)
    pages = shop.read(cursor if feed else None)
    assert pages[0].complete_feed is feed
    found = {key: each.modified_at for key, each in delivered(pages).items()}
    assert found == changed(shop)
    assert sum(len(page.payments) for page in pages) == len(found)
    assert offsets(shop) == {"-07:00", "-08:00"}


def test_the_hour_that_comes_twice_is_two_hours(shop: Shop) -> None:
    """01:30 in the summer and 01:30 in the winter are told apart, by every way of asking."""
    first, again = AUTUMN - HOUR / 2, AUTUMN + HOUR / 2
    shop.many([second(first), second(again)])
    shop.books.clock.set(AUTUMN + 2 * HOUR)
    shape = shop.box.world.face.shape
    texts = [shape(row)["MetaData"]["LastUpdatedTime"] for row in shop.books.payments.rows.values()]
    assert texts == ["2026-11-01T01:30:00-07:00", "2026-11-01T01:30:00-08:00"]
    summer, winter = shop.books.payments.rows
    assert delivered(shop.read(Cursor(AUTUMN + OVERLAP))).keys() == {winter}
    assert delivered(shop.read(Cursor(first + OVERLAP))).keys() == {summer, winter}
    days = date(2026, 10, 30), date(2026, 11, 3)
    for until, count in ((first, 0), (AUTUMN, 1), (again, 1), (again + HOUR, 2)):
        assert shop.erp.control_total(*days, until=until).count == count


@FLIPS
def test_the_day_of_a_flip_is_as_long_as_it_is(shop: Shop, flip: datetime) -> None:
    day = flip.astimezone(ZoneInfo(ZONE)).date()
    midnight, next_one = (
        second(datetime(one.year, one.month, one.day, tzinfo=ZoneInfo(ZONE)))
        for one in (day, day + timedelta(days=1))
    )
    assert next_one - midnight in (23 * 3600, 25 * 3600)
    at(shop, flip + timedelta(days=2))
    shop.many([midnight - 1, midnight, next_one - 1, next_one])
    before, *rest = shop.books.payments.rows
    for since, expected in ((day, set(rest)), (day + timedelta(days=1), {rest[-1]})):
        found = delivered(list(shop.erp.changed_payments(None, since=since)))
        assert found.keys() == expected
        assert before not in found
