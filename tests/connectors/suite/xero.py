"""Xero in the connector suite."""

from datetime import timedelta

from connectors.xero.client import Xero
from tests.connectors.suite.bench import Bench, Can, Deleted

BENCH = Bench(
    name="xero",
    opened=Xero,
    can=frozenset({Can.LINES, Can.PREPAY, Can.APPLY, Can.UNAPPLY}),
    deleted=Deleted.VOIDED,
    one_document=False,
    gives_rate=True,
    late=timedelta(minutes=4),
    payments="/Payments",
    feed="/Payments",
    token="/connect/token",
    tight={"per_minute": 3},
    raw=("Payment", "PaymentID"),
    token_marks=("sandbox-refresh", "eyJ"),
)
