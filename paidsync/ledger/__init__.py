"""What PaidSync knows and did: a small database that can be rebuilt (house plan 7)."""

from paidsync.ledger.store import Ledger
from paidsync.ledger.trouble import LedgerUnusable

__all__ = ["Ledger", "LedgerUnusable"]
