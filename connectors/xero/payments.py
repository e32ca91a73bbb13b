"""Reads payments, prepayments and overpayments, and what else says something of them."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial

from connectors.erp import BillPayment
from connectors.errors import Garbled, Rejected
from connectors.xero import advances, mapping, query
from connectors.xero.api import Api
from connectors.xero.fields import Row, text
from connectors.xero.mapping import Account, Books
from connectors.xero.query import BATCHES, KINDS, PAYMENTS, Kind
from connectors.xero.settings import SYSTEM

_IDS = 25  # in one filter
_FEW_BATCHES = 5  # up to so many are read one by one


class Payments:
    """The documents of one organisation that pay bills."""

    def __init__(
        self, api: Api, home_currency: Callable[[], str], *, batches_are_electronic: bool
    ) -> None:
        self._api = api
        self._home_currency = home_currency
        self._batches_are_electronic = batches_are_electronic
        self._accounts: dict[str, Account] | None = None
        self._batch_words: dict[str, str | None] = {}

    def changed(self, since: datetime | None) -> Iterator[tuple[list[BillPayment], datetime]]:
        """All that changed at or after an instant, page by page, and the server's clock at each;
        everything without one."""
        for kind in KINDS:
            for sheet in query.walk(partial(self._page, kind, since), kind.key):
                yield self._converted(kind, sheet.rows, since), sheet.time

    def by_ids(self, ids: Collection[str]) -> dict[str, BillPayment]:
        """Those with these ids. Payments are looked for many at a time; what a list does not show
        is read on its own before it counts as not found."""
        found: dict[str, BillPayment] = {}
        for kind in KINDS:
            wanted = query.ids_of(kind, ids)
            rows = self._listed(wanted) if kind is PAYMENTS and len(wanted) > 1 else []
            there = {(text(row, kind.key) or "").lower() for row in rows}
            for one in wanted:
                row = None if one.lower() in there else self._api.one(kind, one)
                rows += [row] if row is not None else []
            found |= {each.payment_id: each for each in self._converted(kind, rows, None)}
        return found

    def _page(self, kind: Kind, since: datetime | None, page: int) -> query.Sheet:
        return self._api.sheet(kind, query.of_kind(kind), page=page, since=since)

    def _listed(self, ids: list[str]) -> list[Row]:
        rows: list[Row] = []
        for at in range(0, len(ids), _IDS):
            filters = query.by_ids(PAYMENTS, ids[at : at + _IDS])
            rows += self._api.sheet(PAYMENTS, filters).rows
        return rows

    def _converted(self, kind: Kind, rows: list[Row], since: datetime | None) -> list[BillPayment]:
        ours = [row for row in rows if kind is not PAYMENTS or mapping.is_ours(row)]
        if not ours:
            return []
        try:
            books = self._books(ours if kind is PAYMENTS else [], since)
            if kind is PAYMENTS:
                return [mapping.payment(row, books) for row in ours]
            return [advances.advance(self._whole(kind, row), kind, books) for row in ours]
        except ValueError as error:
            raise Garbled(f"A record is not as documented ({error}).", system=SYSTEM) from error

    def _whole(self, kind: Kind, row: Row) -> Row:
        """A row whose applications to bills are left out in the list, read on its own."""
        ident = text(row, kind.key)
        if ident is None or advances.closes(row):
            return row
        return self._api.one(kind, ident) or row

    def _books(self, payments: list[Row], since: datetime | None) -> Books:
        if self._accounts is None and payments:
            self._accounts = {
                ident: mapping.account(row)
                for row in self._api.accounts()
                if (ident := text(row, "AccountID"))
            }
        named = {batch for row in payments if (batch := mapping.batch_without_words(row))}
        self._learn_batches(named - set(self._batch_words), since)
        return Books(
            self._home_currency(),
            self._batches_are_electronic,
            self._accounts or {},
            self._batch_words,
        )

    def _learn_batches(self, missing: set[str], since: datetime | None) -> None:
        """What batches say of themselves, for payments that say nothing: all that changed in one
        answer where many are asked for, the rest one by one."""
        if len(missing) > _FEW_BATCHES:
            for row in self._changed_batches(since):
                self._batch_words[text(row, BATCHES.key) or ""] = mapping.batch_words(row)
        for batch in query.ids_of(BATCHES, missing - set(self._batch_words)):
            self._batch_words[batch] = mapping.batch_words(self._api.one(BATCHES, batch) or {})

    def _changed_batches(self, since: datetime | None) -> list[Row]:
        try:
            return self._api.batches(since)
        except Rejected:
            return []  # more than the 100,000 that one answer may hold
