"""The requests that the connector makes, and the server's clock in every answer."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.credentials import TokenKeeper
from connectors.errors import Garbled
from connectors.http import Call, Http, Reply
from connectors.oauth import Access
from connectors.quickbooks_online import query
from connectors.quickbooks_online.auth import app
from connectors.quickbooks_online.judge import judge
from connectors.quickbooks_online.query import Answer, Row
from connectors.quickbooks_online.quota import Quota
from connectors.quickbooks_online.settings import SYSTEM, QuickBooksOnlineSettings

# The floor since August 2025; sent so that a later floor changes nothing unseen.
_MINOR_VERSION = "75"


class Changes(NamedTuple):
    """One answer of change data capture."""

    rows: list[Row]  # of the entity asked for, tombstones among them
    objects: int  # of any kind
    time: datetime  # the server's clock, UTC


class Currencies(NamedTuple):
    """What a company's amounts may be in."""

    home: str  # ISO 4217 code
    several: bool  # then every transaction names its own


class Api:
    """One company's part of the Accounting API. Every method may raise an OutsideError."""

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
        self._realm = settings.realm_id
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
            judge=judge,
            on_call=on_call,
            headers=self._access.headers,
            renew=self._access.renew,
            request_id_header="intuit_tid",
            longest_wait=longest_wait,
            pace=Quota(sleep=sleep),
            transport=transport,
            sleep=sleep,
        )

    def close(self) -> None:
        """Give connections back."""
        self._http.close()
        self._access.close()

    def company_info(self) -> tuple[Mapping[str, Any], datetime]:
        """CompanyInfo, and the server's clock. Source: QuickBooks Online: CompanyInfo."""
        reply = self._read(f"companyinfo/{self._realm}", {}, route="companyinfo/{realm}")
        info = reply.body.get("CompanyInfo")
        if not isinstance(info, dict):
            raise garbled("The answer has no CompanyInfo.", reply)
        return info, server_time(reply)

    def currencies(self) -> Currencies:
        """The company's currencies. Source: QuickBooks Online: Preferences."""
        reply = self._read("preferences", {})
        try:
            found = reply.body["Preferences"]["CurrencyPrefs"]
            home = found["HomeCurrency"]["value"]
            several = found.get("MultiCurrencyEnabled") is True
        except (AttributeError, KeyError, TypeError) as error:
            raise garbled("The company's preferences name no home currency.", reply) from error
        return Currencies(str(home), several)

    def captured(self, entity: str, since: datetime) -> Changes:
        """What changed since an instant. Raises Rejected where that is too long ago.

        Source: QuickBooks Online: change data capture.
        """
        params = {"entities": entity, "changedSince": query.instant(since)}
        reply = self._read("cdc", params)
        try:
            groups = [g for part in reply.body["CDCResponse"] for g in part["QueryResponse"]]
            lists = [value for g in groups for value in g.values() if isinstance(value, list)]
            rows = [row for g in groups for row in g.get(entity, ())]
        except (AttributeError, KeyError, TypeError) as error:
            raise garbled("The change data capture answer is not as documented.", reply) from error
        return Changes(rows, sum(map(len, lists)), server_time(reply))

    def query(self, statement: str) -> Answer:
        """Rows, or a count. Source: QuickBooks Online: data queries."""
        # Posted: a list of ids would make the address too long.
        reply = self._read(
            "query", {}, method="POST", content=statement, content_type="application/text"
        )
        found = reply.body.get("QueryResponse")
        if not isinstance(found, dict):
            raise garbled("The answer has no QueryResponse.", reply)
        count = found.get("totalCount")
        # Without rows the entity's key is absent; everything else in the answer is a number.
        rows = next((value for value in found.values() if isinstance(value, list)), [])
        return Answer(rows, count if isinstance(count, int) else None, server_time(reply))

    def _read(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        route: str | None = None,
        method: str = "GET",
        content: str | None = None,
        content_type: str | None = None,
    ) -> Reply:
        # Here, so that a token endpoint that is down is not tried again for every try below.
        self._access.headers()
        return self._http.read(
            f"/v3/company/{self._realm}/{path}",
            route=f"/v3/company/{{realm}}/{route or path}",
            params={**params, "minorversion": _MINOR_VERSION},
            method=method,
            content=content,
            content_type=content_type,
        )


def server_time(reply: Reply) -> datetime:
    """The answer's own ``time``, UTC: the server's clock, whatever ours says."""
    try:
        moment = datetime.fromisoformat(reply.body["time"])
    except (KeyError, TypeError, ValueError):
        moment = None
    if moment is not None and moment.tzinfo is not None:
        return moment.astimezone(UTC)
    found = reply.server_time
    if found is None:
        raise garbled("The answer does not say the server's time.", reply)
    return found


def garbled(message: str, reply: Reply | None = None) -> Garbled:
    """An answer that is not as documented."""
    return Garbled(
        message,
        system=SYSTEM,
        operation=reply.operation if reply else "",
        status=reply.status if reply else None,
        request_id=reply.request_id if reply else None,
    )
