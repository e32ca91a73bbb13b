"""OAuth 2.0 of Intuit (QuickBooks Online: OAuth 2.0)."""

from connectors.oauth import App
from connectors.quickbooks_online.judge import judge_token
from connectors.quickbooks_online.settings import SYSTEM, QuickBooksOnlineSettings


def app(settings: QuickBooksOnlineSettings) -> App:
    """The app of a connection, as Intuit's token endpoint knows it."""
    return App(
        system=SYSTEM,
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        refresh_token=settings.refresh_token,
        judge=judge_token,
        lifetime=3600,
        request_id_header="intuit_tid",
    )
