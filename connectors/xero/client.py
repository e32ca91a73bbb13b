"""The Xero connector: reads bill payments and bills, writes nothing."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from connectors.credentials import TokenKeeper
from connectors.erp import (
    Bill,
    BillPayment,
    Capabilities,
    ControlTotal,
    Cursor,
    ErpCompany,
    Page,
    VoidStyle,
)
from connectors.errors import AccessRefused, Garbled, WrongSettings
from connectors.http import Call
from connectors.xero import bills, query
from connectors.xero.api import Api
from connectors.xero.fields import Row, text
from connectors.xero.judge import NOT_CONNECTED
from connectors.xero.links import payment_page
from connectors.xero.payments import Payments
from connectors.xero.settings import SYSTEM, XeroSettings
from connectors.xero.zones import IANA

# Rows may become visible a little after their own time stamp; no guarantee is published. A cursor
# stays this far behind the server's clock, and lists are read again from this far before it.
LAG = timedelta(minutes=2)
OVERLAP = timedelta(minutes=5)
_IDS = 40  # in one call


class Xero:
    """One organisation of Xero (Accounting API 2.0)."""

    name = "xero"
    title = "Xero"

    def __init__(
        self,
        settings: XeroSettings,
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
        self._organisation: Row = {}
        self._api = Api(
            settings,
            tokens=tokens,
            on_call=on_call,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )
        self._payments = Payments(
            self._api, self._home_currency, batches_are_electronic=settings.batches_are_electronic
        )
        self.capabilities = Capabilities(
            change_feed=True,
            sees_deletes=True,  # the row stays
            direct_read=True,
            void_styles=frozenset({VoidStyle.STATUS}),
            gives_payment_method=False,
            parts_tax=True,
            bill_names_payments=True,
            control_count=True,
            control_sum=False,
            look_back_days=None,
            id_namespace="organisation (tenant): ids are GUIDs",
            refreshes=frozenset({"refresh_token"} if settings.refresh_token else ()),
        )

    def close(self) -> None:
        """Give connections back."""
        self._api.close()

    def company(self) -> ErpCompany:
        """The organisation of the connection file's tenant, which the app has to be connected to.

        Raises AccessRefused where it is not, WrongSettings where its time zone is unknown.
        Source: Xero: connections, organisation.
        """
        tenants = self._api.tenants()
        if self._settings.tenant_id not in tenants:
            others = ", ".join(f"{name} ({tenant})" for tenant, name in sorted(tenants.items()))
            raise AccessRefused(
                f"The app is not connected to {self._settings.tenant_id}, but to "
                f"{others or 'no organisation'}.",
                system=SYSTEM,
                action=NOT_CONNECTED,
            )
        self._organisation, now = self._api.organisation()
        return ErpCompany(
            company_id=self._settings.tenant_id,
            name=text(self._organisation, "Name") or text(self._organisation, "LegalName") or "",
            home_currency=self._home_currency(),
            time_zone=self._time_zone(),
            now=now,
        )

    def changed_payments(
        self, after: Cursor | None, *, since: date | None = None
    ) -> Iterator[Page]:
        """Payments, prepayments and overpayments that changed, deleted and voided ones too.

        What changed within the last minutes is delivered; only the cursor lags, by the server's
        clock at the first answer. A payment edited meanwhile may come twice. With ``since`` (a day
        of the organisation's calendar) older changes are missing, so no cursor is given.
        Source: Xero: payments, prepayments, overpayments.
        """
        begin = after.until - OVERLAP if after else None
        if since is not None:
            begin = datetime.combine(since, time_of_day(), ZoneInfo(self._time_zone()))
        began = None
        for payments, clock in self._payments.changed(begin):
            began = began or clock
            yield Page(tuple(payments))
        if since is None and began is not None:
            yield Page((), cursor=Cursor(began - LAG))

    def payments(self, ids: Collection[str]) -> dict[str, BillPayment]:
        """Payments by id; a deleted one is there. Source: Xero: payments, prepayments,
        overpayments."""
        return self._payments.by_ids(ids)

    def changed_bills(self, after: Cursor | None) -> tuple[list[Bill], Cursor]:
        """Bills that changed, deleted and voided ones too. Source: Xero: invoices."""
        if after is None:
            return [], Cursor(self._api.organisation()[1] - LAG)
        begin = after.until - OVERLAP
        ask = partial(self._page_of_bills, begin)
        sheets = list(query.walk(ask, query.BILLS.key))
        found = {each.bill_id: each for sheet in sheets for each in _bills(sheet.rows)}
        return list(found.values()), Cursor(sheets[0].time - LAG)

    def bills(self, ids: Collection[str]) -> dict[str, Bill]:
        """Bills by id. Source: Xero: invoices."""
        wanted = query.ids_of(query.BILLS, ids)
        found: dict[str, Bill] = {}
        for at in range(0, len(wanted), _IDS):
            rows = self._api.bills(wanted[at : at + _IDS])
            found |= {each.bill_id: each for each in _bills(rows)}
        return found

    def control_total(
        self,
        first: date,
        last: date,
        *,
        until: datetime,  # noqa: ARG002 - cannot be asked for
    ) -> ControlTotal:
        """How many payments, prepayments and overpayments are dated first..last, deleted and voided
        ones included, as they stay. It counts what changed after ``until``, too; the API cannot
        sum. Source: Xero: requests and responses, paging."""
        count = sum(self._api.count(kind, first, last) for kind in query.KINDS)
        return ControlTotal(first, last, count, None, bounded=False)

    def payment_link(self, payment_id: str) -> str | None:
        """The payment's page, in the right organisation once ``company`` was asked; None where the
        API is not Xero's own. Source: Xero: deep links."""
        app = self._settings.app_url
        ids = [one for kind in query.KINDS for one in query.ids_of(kind, [payment_id])]
        if app is None or not ids:
            return None
        return payment_page(app, ids[0], text(self._organisation, "ShortCode"))

    def _page_of_bills(self, since: datetime, page: int) -> query.Sheet:
        filters = query.of_kind(query.BILLS)
        return self._api.sheet(query.BILLS, filters, page=page, size=query.BILL_ROWS, since=since)

    def _known(self) -> Row:
        if not self._organisation:
            self._organisation, _ = self._api.organisation()
        return self._organisation

    def _home_currency(self) -> str:
        found = text(self._known(), "BaseCurrency")
        if found is None:
            raise Garbled("The organisation names no base currency.", system=SYSTEM)
        return found

    def _time_zone(self) -> str:
        """The setting, else the organisation's own. Raises WrongSettings for an unknown one."""
        theirs = text(self._known(), "Timezone") or "none"
        found = self._settings.time_zone or IANA.get(theirs)
        if found is None:
            raise WrongSettings(
                f"The organisation's time zone ({theirs}) is not one that PaidSync knows.",
                system=SYSTEM,
                action="Set `time_zone` in the connection file, to an IANA name such as "
                "Pacific/Auckland.",
            )
        return found


def _bills(rows: list[Row]) -> list[Bill]:
    """Every bill of some rows; one without an id cannot be held."""
    try:
        return [bills.bill(row) for row in rows if bills.is_bill(row)]
    except ValueError as error:
        raise Garbled(f"A record is not as documented ({error}).", system=SYSTEM) from error
