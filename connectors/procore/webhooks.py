"""Procore's webhooks: which of them press the button (Procore: webhooks).

No signature is published: a webhook carries the Authorization header that its hook was made with.
"""

from collections.abc import Mapping

from connectors.webhooks import Event, Forged, id_of, parsed, same

RESOURCE = "ERP Requests"
EVENT = "create"


def bearer(secret: str) -> str:
    """The Authorization header of a hook."""
    return f"Bearer {secret}"


def check(body: bytes, headers: Mapping[str, str], secret: str) -> list[Event]:
    """The new ERP Request that a webhook tells of, if it does; payload versions 2.0 to 4.0.

    Raises Forged and Unreadable.
    """
    if not same(headers.get("authorization", ""), bearer(secret)):
        raise Forged
    told = parsed(body)
    if not isinstance(told, Mapping):
        return []
    resource = told.get("resource_name") or told.get("resource_type")
    happened = told.get("event_type") or told.get("reason")
    if resource != RESOURCE or happened != EVENT:
        return []
    event_id, company, request_id = map(
        id_of, (told.get("id") or told.get("ulid"), told.get("company_id"), told.get("resource_id"))
    )
    if event_id is None or company is None or request_id is None or not request_id.isdigit():
        return []
    return [Event(event_id=event_id, company=company, what=RESOURCE, record_id=request_id)]
