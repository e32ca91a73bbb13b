"""OAuth 2.0 of Xero, for web apps and for custom connections (Xero: OAuth 2.0 FAQ).

The refresh token of a web app changes at each use; the one before it is taken for another 30
minutes, so a lost answer is no lost connection.
"""

from connectors.oauth import App
from connectors.xero.judge import judge_token
from connectors.xero.settings import SYSTEM, XeroSettings

REQUEST_ID = "xero-correlation-id"


def app(settings: XeroSettings) -> App:
    """The app of a connection, as Xero's token endpoint knows it."""
    return App(
        system=SYSTEM,
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        refresh_token=settings.refresh_token,
        judge=judge_token,
        lifetime=1800,
        request_id_header=REQUEST_ID,
        scopes=settings.scopes,
    )
