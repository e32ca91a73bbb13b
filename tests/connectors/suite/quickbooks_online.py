"""QuickBooks Online in the connector suite."""

from datetime import timedelta

from connectors.quickbooks_online.client import QuickBooksOnline
from tests.connectors.suite.bench import Bench, Can, Deleted

BENCH = Bench(
    name="quickbooks_online",
    opened=QuickBooksOnline,
    can=frozenset({Can.EDIT, Can.EDIT_PAID_BILL, Can.REAPPLY, Can.LINES, Can.PRINT_QUEUE}),
    deleted=Deleted.GONE,
    one_document=True,
    gives_rate=True,
    late=timedelta(minutes=4),
    payments="/query",
    feed="/cdc",
    token="/oauth2",
    tight={"per_minute": 3},
    raw=("BillPayment", "Id"),
    token_marks=("AB1-sandbox", "eyJ-sandbox"),
)
