"""The ERPs that exist. A new one adds its settings here, and its line in ``open_erp``."""

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field

from connectors.credentials import TokenKeeper
from connectors.erp import Erp
from connectors.http import Call
from connectors.quickbooks_online import webhooks as quickbooks_online_webhooks
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings
from connectors.webhooks import Check
from connectors.xero.settings import XeroSettings

ErpSettings = Annotated[QuickBooksOnlineSettings | XeroSettings, Field(discriminator="type")]


# How the webhooks of an ERP are checked, for those that PaidSync listens to.
WEBHOOKS: Mapping[str, Check] = {"quickbooks_online": quickbooks_online_webhooks.check}


def open_erp(
    settings: ErpSettings,
    *,
    tokens: TokenKeeper,
    on_call: Callable[[Call], None],
    longest_wait: float,
) -> Erp:
    """The connector that a connection's ERP settings ask for."""
    match settings:
        case QuickBooksOnlineSettings():
            from connectors.quickbooks_online.client import QuickBooksOnline

            return QuickBooksOnline(
                settings, tokens=tokens, on_call=on_call, longest_wait=longest_wait
            )
        case XeroSettings():
            from connectors.xero.client import Xero

            return Xero(settings, tokens=tokens, on_call=on_call, longest_wait=longest_wait)
