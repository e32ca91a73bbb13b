"""Intuit's webhooks: which of them tell of payments (Intuit: webhooks, CloudEvents)."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import sha256

from connectors.webhooks import Event, Forged, id_of, parsed, same

SIGNATURE = "intuit-signature"
_PREFIXES = ("qbo.billpayment.", "qbo.bill.")


def check(body: bytes, headers: Mapping[str, str], secret: str) -> list[Event]:
    """Bills and bill payments that changed; ``secret`` is the app's verifier token.

    One body is a list and may mix companies; types that are unknown are passed over, because a
    refusal would hold back the events after it. Raises Forged and Unreadable.
    """
    expected = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()
    if not same(headers.get(SIGNATURE, ""), expected):
        raise Forged
    told = parsed(body)
    found = []
    for each in told if isinstance(told, list) else ():
        if not isinstance(each, Mapping) or not str(each.get("type", "")).startswith(_PREFIXES):
            continue
        event_id, company, record_id = map(
            id_of, (each.get("id"), each.get("intuitaccountid"), each.get("intuitentityid"))
        )
        if event_id is not None and company is not None and record_id is not None:
            what = id_of(each["type"]) or ""
            found.append(Event(event_id=event_id, company=company, what=what, record_id=record_id))
    return found
