"""The requests that the connector makes, and the server's clock in every answer."""

import time
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any

from connectors.credentials import TokenKeeper
from connectors.errors import AccessRefused, Garbled, NotThere, OutsideError
from connectors.http import Call, Http, Reply
from connectors.oauth import Access
from connectors.xero import query
from connectors.xero.auth import REQUEST_ID, app
from connectors.xero.fields import Row, moment, text
from connectors.xero.judge import judge
from connectors.xero.query import Kind, Sheet
from connectors.xero.quota import Quota
from connectors.xero.settings import SYSTEM, XeroSettings

_ROOT = "/api.xro/2.0"


class Api:
    """One organisation's part of the Accounting API. Every method may raise an OutsideError."""

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
        self._tenant = settings.tenant_id
        self._quota = Quota(sleep=sleep)
        self._access = Access(
            app(settings),
            tokens=tokens,
            on_call=on_call,
            longest_wait=longest_wait,
            transport=transport,
            sleep=sleep,
        )
        self._http = Http(
            system=SYSTEM,
            base_url=settings.base_url,
            judge=self._judge,
            on_call=on_call,
            headers=self._headers,
            renew=self._access.renew,
            request_id_header=REQUEST_ID,
            longest_wait=longest_wait,
            pace=self._quota,
            transport=transport,
            sleep=sleep,
        )

    def close(self) -> None:
        """Give connections back."""
        self._http.close()
        self._access.close()

    def tenants(self) -> dict[str, str]:
        """What the app is connected to: names by tenant id. Source: Xero: connections."""
        reply = self._read("/connections")
        if not isinstance(reply.body, list):
            raise _garbled("The answer is no list of connections.", reply)
        rows = [row for row in reply.body if isinstance(row, dict)]
        return {
            (text(row, "tenantId") or "").lower(): text(row, "tenantName") or "" for row in rows
        }

    def organisation(self) -> tuple[Row, datetime]:
        """The organisation, and the server's clock. Source: Xero: organisation."""
        reply = self._read(f"{_ROOT}/Organisation")
        rows = _rows(reply, "Organisations")
        if not rows:
            raise _garbled("The answer names no organisation.", reply)
        return rows[0], server_time(reply)

    def accounts(self) -> list[Row]:
        """The chart of accounts; empty where the app may not read it. Source: Xero: accounts."""
        try:
            return _rows(self._read(f"{_ROOT}/Accounts"), "Accounts")
        except AccessRefused as error:
            if error.status != 403:
                raise
            return []

    def sheet(
        self,
        kind: Kind,
        filters: Mapping[str, str],
        *,
        page: int = 1,
        size: int = query.ROWS,
        since: datetime | None = None,
    ) -> Sheet:
        """One page of a list. Source: Xero: requests and responses, paging."""
        params = {**filters, "page": str(page), "pageSize": str(size)}
        reply = self._read(f"{_ROOT}/{kind.resource}", params, since=since)
        rows = _rows(reply, kind.resource)
        about = reply.body.get("pagination")
        if about is None and not rows:
            return Sheet([], 0, 0, server_time(reply))
        numbers = [about.get(name) if isinstance(about, dict) else None for name in _PAGINATION]
        at, pages, items = (each if type(each) is int else -1 for each in numbers)
        if at != page or pages < 0 or items < 0:
            raise _garbled("The answer does not say which page of how many it is.", reply)
        return Sheet(rows, pages, items, server_time(reply))

    def one(self, kind: Kind, ident: str) -> Row | None:
        """A document by its id, read whole; None where there is none."""
        try:
            reply = self._read(
                f"{_ROOT}/{kind.resource}/{ident}", route=f"{_ROOT}/{kind.resource}/{{id}}"
            )
        except NotThere:
            return None
        return next(iter(_rows(reply, kind.resource)), None)

    def batches(self, since: datetime | None) -> list[Row]:
        """All batches of bill payments that changed since, in one answer, as they are not paged.
        Source: Xero: batch payments."""
        params = {"where": query.BATCHES.where}
        return _rows(
            self._read(f"{_ROOT}/{query.BATCHES.resource}", params, since=since),
            query.BATCHES.resource,
        )

    def bills(self, ids: Collection[str]) -> list[Row]:
        """Bills by their ids, whole; at most 40, or the address gets too long. Source: Xero:
        invoices."""
        return self.sheet(query.BILLS, {"IDs": ",".join(ids)}, size=query.BILL_ROWS).rows

    def count(self, kind: Kind, first: date, last: date) -> int:
        """How many of a kind are dated first..last, both included."""
        return self.sheet(kind, query.dated(kind, first, last), size=1).items

    def _read(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        route: str | None = None,
        since: datetime | None = None,
    ) -> Reply:
        # Here, so that a token endpoint that is down is not tried again for every try below.
        self._access.headers()
        return self._http.read(
            path,
            route=route or path,
            params=params,
            headers={"if-modified-since": query.instant(since)} if since else None,
        )

    def _headers(self) -> Mapping[str, str]:
        return {**self._access.headers(), "xero-tenant-id": self._tenant}

    def _judge(self, reply: Reply) -> OutsideError | None:
        self._quota.heard(reply.status, reply.headers)
        return judge(reply)


_PAGINATION = ("page", "pageCount", "itemCount")


def server_time(reply: Reply) -> datetime:
    """The answer's own ``DateTimeUTC``: the server's clock, whatever ours says."""
    found = moment(reply.body, "DateTimeUTC") or reply.server_time
    if found is None:
        raise _garbled("The answer does not say the server's time.", reply)
    return found


def _rows(reply: Reply, name: str) -> list[Row]:
    """The collection of an answer; one document comes as a list, too."""
    found = reply.body.get(name) if isinstance(reply.body, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _garbled(f"The answer has no list of {name}.", reply)
    return found


def _garbled(message: str, reply: Reply) -> Garbled:
    return Garbled(
        message,
        system=SYSTEM,
        operation=reply.operation,
        status=reply.status,
        request_id=reply.request_id,
    )
