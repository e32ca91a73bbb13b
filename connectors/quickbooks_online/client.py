"""The QuickBooks Online connector: reads bill payments and bills, writes nothing."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.credentials import TokenKeeper
from connectors.erp import (
    Bill,
    BillPayment,
    Capabilities,
    ControlTotal,
    Cursor,
    ErpCompany,
    Gone,
    Page,
    VoidStyle,
)
from connectors.errors import Rejected
from connectors.http import Call
from connectors.quickbooks_online import mapping, query
from connectors.quickbooks_online.api import Api, Currencies, garbled
from connectors.quickbooks_online.query import Row
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings

# Rows may become visible a little after their own timestamp; no guarantee is published. A cursor
# stays this far behind the server's clock, and a feed is read again from this far before it.
LAG = timedelta(minutes=2)
OVERLAP = timedelta(minutes=5)
# Change data capture reaches back 30 days; a day of room.
LOOK_BACK = timedelta(days=29)
_CDC_OBJECTS = 1000  # of any kind in one answer; beyond them it is cut without a word
_IDS = 200  # in one statement
_LONGEST_ID = 19

_Record = TypeVar("_Record")


class _Feed(NamedTuple):
    """Rows and tombstones of change data capture; ``until`` (UTC) is None where some lack."""

    rows: list[Row]
    until: datetime | None


class QuickBooksOnline:
    """One company of QuickBooks Online (Accounting API v3)."""

    name = "quickbooks_online"
    title = "QuickBooks Online"
    capabilities = Capabilities(
        change_feed=True,
        sees_deletes=True,
        direct_read=True,
        void_styles=frozenset({VoidStyle.ZEROED_IN_PLACE}),
        gives_payment_method=True,
        parts_tax=True,
        bill_names_payments=True,
        control_count=True,
        control_sum=False,
        look_back_days=LOOK_BACK.days,
        id_namespace="company (realm): all kinds of transactions share one sequence of ids",
        refreshes=frozenset({"refresh_token"}),
    )

    def __init__(
        self,
        settings: QuickBooksOnlineSettings,
        *,
        tokens: TokenKeeper,
        on_call: Callable[[Call], None],
        longest_wait: float,
        transport: Any = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``longest_wait`` in seconds is for rate limits; ``transport`` and ``sleep`` are for
        tests."""
        self._settings = settings
        self._known: Currencies | None = None
        self._api = Api(
            settings,
            tokens=tokens,
            on_call=on_call,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )

    def close(self) -> None:
        """Give connections back."""
        self._api.close()

    def company(self) -> ErpCompany:
        """The company of the connection file's realm, which the API has just opened.

        No answer names the realm; a wrong one is refused (AccessRefused, code 3100).
        Source: QuickBooks Online: CompanyInfo, Preferences.
        """
        info, now = self._api.company_info()
        self._known = self._api.currencies()
        return ErpCompany(
            company_id=self._settings.realm_id,
            name=str(info.get("CompanyName") or info.get("LegalName") or ""),
            home_currency=self._known.home,
            time_zone=self._settings.time_zone,
            now=now,
        )

    def changed_payments(
        self, after: Cursor | None, *, since: date | None = None
    ) -> Iterator[Page]:
        """Payments that changed, by change data capture where it reaches, else by windows.

        Windows cannot see deletes, so their pages say ``complete_feed=False``. What changed
        within the last minutes is delivered too; only the cursor lags, by the server's clock. A
        payment edited meanwhile may come twice: the later version is the newer. With ``since``
        (a day of the company's calendar) older changes are missing, so no cursor is given.
        Source: QuickBooks Online: change data capture, data queries.
        """
        if since is not None:
            zone = ZoneInfo(self._settings.time_zone)
            midnight = datetime.combine(since, time_of_day(), zone)
            yield from self._walked_payments(midnight, (), with_cursor=False)
            return
        if after is None:
            yield from self._walked_payments(None, ())
            return
        begin = after.until - OVERLAP
        feed = self._feed("BillPayment", begin)
        dead = tuple(_each(mapping.gone, [row for row in feed.rows if mapping.is_tombstone(row)]))
        if feed.until is None:
            yield from self._walked_payments(begin, dead)
        else:
            yield Page(tuple(self._payments(feed.rows)), dead, Cursor(feed.until))

    def payments(self, ids: Collection[str]) -> dict[str, BillPayment]:
        """Payments by id; a voided one is there, a deleted one is not.

        Source: QuickBooks Online: data queries.
        """
        return {
            found.payment_id: found for found in self._payments(self._by_ids("BillPayment", ids))
        }

    def changed_bills(self, after: Cursor | None) -> tuple[list[Bill], Cursor]:
        """Bills that changed; of one that comes twice, the newer version. Deletes are not told.

        Source: QuickBooks Online: change data capture, data queries.
        """
        if after is None:
            return [], Cursor(self._api.company_info()[1] - LAG)
        begin = after.until - OVERLAP
        rows, until = self._feed("Bill", begin)
        if until is None:
            chunks = list(query.walk(self._api.query, "Bill", begin))
            rows = [row for chunk in chunks for row in chunk.rows]
            until = chunks[0].began - LAG
        found = {bill.bill_id: bill for bill in self._bills(rows)}
        return list(found.values()), Cursor(until)

    def bills(self, ids: Collection[str]) -> dict[str, Bill]:
        """Bills by id. Source: QuickBooks Online: data queries."""
        return {found.bill_id: found for found in self._bills(self._by_ids("Bill", ids))}

    def control_total(self, first: date, last: date, *, until: datetime) -> ControlTotal:
        """How many payments are dated first..last and last changed before ``until``, voided ones
        included; the API cannot sum. Source: QuickBooks Online: data queries, COUNT."""
        # Timestamps have whole seconds: before 10:00:00.4 is before 10:00:01.
        end = until.replace(microsecond=0)
        if until.microsecond:
            end += timedelta(seconds=1)
        answer = self._api.query(query.count_dated("BillPayment", first, last, before=end))
        if answer.total is None:
            raise garbled("A count is missing in the answer.")
        return ControlTotal(first, last, answer.total, None)

    def payment_link(self, payment_id: str) -> str | None:
        """The payment's page, in the right company; None where the API is not Intuit's own."""
        app = self._settings.app_url
        if app is None:
            return None
        page = quote(f"billpayment?txnId={payment_id}", safe="")
        return f"{app}/app/login?pagereq={page}&deeplinkcompanyid={self._settings.realm_id}"

    def _walked_payments(
        self, begin: datetime | None, dead: tuple[Gone, ...], *, with_cursor: bool = True
    ) -> Iterator[Page]:
        for chunk in query.walk(self._api.query, "BillPayment", begin):
            cursor = Cursor(chunk.began - LAG) if chunk.last and with_cursor else None
            found = tuple(self._payments(chunk.rows))
            yield Page(found, dead, cursor, complete_feed=False)
            dead = ()

    def _feed(self, entity: str, begin: datetime) -> _Feed:
        """Change data capture since ``begin``, judged whole or not.

        It is not where the answer is full, or where ``begin`` is further back than it reaches.
        """
        try:
            changes = self._api.captured(entity, begin)
        except Rejected:
            # Too far back, by the server's own judgement; windows find the same without the feed.
            return _Feed([], None)
        whole = changes.objects < _CDC_OBJECTS and changes.time - begin <= LOOK_BACK
        return _Feed(changes.rows, changes.time - LAG if whole else None)

    def _by_ids(self, entity: str, ids: Collection[str]) -> list[Row]:
        # An id that is not one of QuickBooks' would make the whole statement invalid.
        known = sorted(
            {one for one in ids if one.isascii() and one.isdigit() and len(one) <= _LONGEST_ID}
        )
        rows: list[Row] = []
        for at in range(0, len(known), _IDS):
            rows += self._api.query(query.by_ids(entity, known[at : at + _IDS])).rows
        return rows

    def _payments(self, rows: list[Row]) -> list[BillPayment]:
        return self._converted(mapping.payment, rows)

    def _bills(self, rows: list[Row]) -> list[Bill]:
        return self._converted(mapping.bill, rows)

    def _converted(self, convert: Callable[..., _Record], rows: list[Row]) -> list[_Record]:
        """All rows but tombstones."""
        live = [row for row in rows if not mapping.is_tombstone(row)]
        if not live:
            return []
        known = self._known = self._known or self._api.currencies()
        return _each(lambda row: convert(row, known.home, several=known.several), live)


def _each(convert: Callable[[Row], _Record], rows: Collection[Row]) -> list[_Record]:
    """Every row converted; one that is no record at all, or has no id, cannot be held."""
    found = []
    for row in rows:
        try:
            found.append(convert(row))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise garbled(f"A record is not as documented ({error}).") from error
    return found
