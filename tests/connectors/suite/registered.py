"""The ERPs that the suite runs against, in the sandbox's order."""

from tests.connectors.suite import quickbooks_online, xero
from tests.connectors.suite.bench import Bench

REGISTERED: tuple[Bench, ...] = (quickbooks_online.BENCH, xero.BENCH)
