"""Where a person sees a payment in Xero (Xero: deep links)."""

from urllib.parse import quote


def payment_page(app_url: str, ident: str, short_code: str | None) -> str:
    """The page of a payment, prepayment or overpayment; with the organisation's short code it opens
    in that organisation, whichever one the person was in."""
    page = f"/Bank/ViewTransaction.aspx?bankTransactionID={ident}"
    if short_code is None:
        return f"{app_url}{page}"
    code = quote(short_code, safe="!")
    return f"{app_url}/organisationlogin/default.aspx?shortcode={code}&redirecturl={page}"
