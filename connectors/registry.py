"""The ERPs that exist. A new one adds its settings here, and its line in ``open_erp``."""

from collections.abc import Callable

from connectors.credentials import TokenKeeper
from connectors.erp import Erp
from connectors.http import Call
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings

ErpSettings = QuickBooksOnlineSettings


def open_erp(
    settings: ErpSettings,
    *,
    tokens: TokenKeeper,
    on_call: Callable[[Call], None],
    longest_wait: float,
) -> Erp:
    """The connector that a connection's ERP settings ask for."""
    from connectors.quickbooks_online.client import QuickBooksOnline

    return QuickBooksOnline(settings, tokens=tokens, on_call=on_call, longest_wait=longest_wait)
