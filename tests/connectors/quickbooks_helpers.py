"""One QuickBooks Online company of the sandbox, opened by the connector over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.credentials import SecretRef
from connectors.erp import BillPayment, Cursor, Page
from connectors.http import Call
from connectors.quickbooks_online.client import QuickBooksOnline
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings
from sandbox.books import acts
from sandbox.books.records import Bill, BillLine, PaymentLine, Vendor
from sandbox.books.records import BillPayment as Paid
from sandbox.server import RunningSandbox, start
from tests.connectors.keeper import MemoryKeeper

ZONE = "America/Los_Angeles"


@dataclass
class Shop:
    """A company, the connector on it, and what passed between them."""

    box: RunningSandbox
    keeper: MemoryKeeper
    settings: QuickBooksOnlineSettings
    erp: QuickBooksOnline
    calls: list[Call]
    slept: list[float]
    vendor: Vendor = field(init=False)

    def __post_init__(self) -> None:
        self.vendor = acts.add_vendor(self.books, "Kestrel Plumbing")

    @property
    def books(self) -> Any:
        return self.box.world.erp

    def routes(self) -> list[str]:
        """What was asked since the last time, without the realm."""
        found = [call.route.rpartition("/")[2] for call in self.calls]
        self.calls.clear()
        return found

    def fault(self, kind: str, **spec: Any) -> None:
        self.box.faults.add({"system": "quickbooks_online", "kind": kind, **spec})

    def read(self, after: Cursor | None = None) -> list[Page]:
        return list(self.erp.changed_payments(after))

    def now(self) -> datetime:
        found: datetime = self.books.clock.now()
        return found

    def bill(self, amount: str, number: str | None = "KPL-1") -> Bill:
        lines = [BillLine(Decimal(amount), "Work in place")]
        today = self.now().date()
        return acts.add_bill(
            self.books, vendor_id=self.vendor.id, lines=lines, txn_date=today, number=number
        )

    def pay(self, *parts: tuple[Bill, str], **more: Any) -> Paid:
        lines = [acts.line(Decimal(amount), "Bill", row.id) for row, amount in parts]
        return acts.add_payment(
            self.books,
            vendor_id=self.vendor.id,
            lines=more.pop("lines", lines),
            txn_date=more.pop("txn_date", self.now().date()),
            **more,
        )

    def many(self, seconds: list[int]) -> None:
        """Lay payments, each last changed in its second; for volume only, they pay one bill."""
        bill = self.bill("1.00", None)
        for second in seconds:
            self.books.payments.load(
                Paid(
                    self.books.transaction_id(),
                    0,
                    second,
                    second,
                    vendor_id=self.vendor.id,
                    txn_date=datetime.fromtimestamp(second, UTC).date(),
                    number="1",
                    total=Decimal("1.00"),
                    lines=[PaymentLine(Decimal("1.00"), [("Bill", bill.id)])],
                )
            )

    def truth(self) -> set[str]:
        return set(self.books.payments.rows)


def connector_settings(ready: dict[str, Any], **changes: Any) -> QuickBooksOnlineSettings:
    """Settings for the sandbox; secrets come from the environment, as in production."""
    values = {
        "type": "quickbooks_online",
        "realm_id": ready["realm_id"],
        "time_zone": ZONE,
        "client_id": ready["client_id"],
        "client_secret": SecretRef(env="QBO_TEST_SECRET"),
        "refresh_token": SecretRef(env="QBO_TEST_REFRESH"),
        "api_url": ready["api_url"],
        "token_url": ready["token_url"],
    }
    return QuickBooksOnlineSettings.model_validate(values | changes)


@contextmanager
def open_shop(
    monkeypatch: pytest.MonkeyPatch,
    size: str = "empty",
    *,
    keeper: MemoryKeeper | None = None,
    **changes: Any,
) -> Iterator[Shop]:
    """A running sandbox with the connector on it; nothing really sleeps."""
    keeper = keeper or MemoryKeeper()
    calls: list[Call] = []
    slept: list[float] = []

    def on_call(call: Call) -> None:
        calls.append(call)
        keeper.events.append(f"{call.status} {call.route.rpartition('/')[2]}")

    with start(size) as box:
        ready = box.ready["quickbooks_online"]
        monkeypatch.setenv("QBO_TEST_SECRET", ready["client_secret"])
        monkeypatch.setenv("QBO_TEST_REFRESH", ready["refresh_token"])
        settings = connector_settings(ready, **changes)
        erp = QuickBooksOnline(
            settings, tokens=keeper, on_call=on_call, longest_wait=120, sleep=slept.append
        )
        try:
            yield Shop(box, keeper, settings, erp, calls, slept)
        finally:
            erp.close()


def delivered(pages: list[Page]) -> dict[str, BillPayment]:
    """The newest version of each payment on these pages; exactly the last may have a cursor."""
    assert all(page.cursor is None for page in pages[:-1])
    return {found.payment_id: found for page in pages for found in page.payments}
